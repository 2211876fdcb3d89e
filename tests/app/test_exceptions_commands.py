"""`packshot waivers` and `packshot rules baseline`: what is said, what is refused, what the history keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import config
from app.cli import main
from app.kit import Kit
from app.models import Event
from app.states import ListingState, PlacementState
from tests.app.factories import account, item, listing, placement, product, rendition

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def packshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on an installation in a temporary folder with one live picture that eBay's smallest side is too much for."""
    monkeypatch.setenv("PACKSHOT_VAR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    assert run("migrate")[0] == 0
    kit = Kit(config.load())
    on, of = account(kit), product(kit, "W-1")
    dial = item(kit, of)
    made = rendition(kit, dial, facts={"longest_side": 400})
    listing(kit, of, on, ListingState.LIVE, pushed={"W-1": {"main": made.file_sha256}})
    placement(kit, dial, on, made, state=PlacementState.APPROVED)
    kit.close()
    return run


def history() -> list[tuple[str, str]]:
    kit = Kit(config.load())
    with kit.db.reading() as session:
        found = [(e.kind, e.what) for e in session.scalars(sa.select(Event).where(Event.kind.in_(("waiver", "baseline"))).order_by(Event.id))]
    kit.close()
    return found


def test_a_rule_is_waived_listed_and_revoked(packshot: Run) -> None:
    assert "every rule holds everywhere" in packshot("waivers", "list")[1]
    code, out, _ = packshot("waivers", "add", "ebay-longest-side", "--sku", "W-1", "--account", "ebay-uk:main", "--days", "30", "--why", "old stock")
    assert code == 0
    assert out.startswith("Waiver 1: ebay-longest-side for W-1 on ebay-uk:main until ")
    assert "old stock" in packshot("waivers", "list")[1]

    assert packshot("waivers", "revoke", "1", "--why", "new photos")[0] == 0
    assert "revoked" in packshot("waivers", "list", "--ended")[1]
    assert history() == [("waiver", "waived"), ("waiver", "revoked")]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("add", "ebay-longest-side", "--sku", "W-1", "--why", "x"), 2, "say how long"),
        (("add", "ebay-longest-side", "--why", "x", "--days", "3"), 1, "name a product"),
        (("add", "ebay-longest-side", "--sku", "W-9", "--why", "x", "--days", "3"), 1, "there is no product W-9"),
        (("add", "ebay-longest-side", "--sku", "W-1", "--why", "x", "--until", "2020-01-01"), 1, "in the future"),
        (("add", "ebay-longest-side", "--sku", "W-1", "--days", "3"), 2, "--why"),
        (("revoke", "7", "--why", "x"), 1, "there is no waiver 7"),
    ],
)
def test_what_cannot_be_waived_is_told_in_one_line(packshot: Run, arguments: tuple[str, ...], code: int, says: str) -> None:
    ended, _, err = packshot("waivers", *arguments)

    assert ended == code
    assert says in err
    assert err.count("\n") == 1


def test_a_baseline_is_taken_shown_and_dropped(packshot: Run) -> None:
    assert "full rules" in packshot("rules", "baseline", "show")[1]
    code, out, _ = packshot("rules", "baseline", "take", "--account", "ebay-uk:main", "--rule", "ebay-longest-side", "--why", "before the stricter rule")
    assert (code, out) == (0, "1 findings of 1 live pictures are known; 1 live pictures were looked at.\n")
    assert "ebay-longest-side" in packshot("rules", "baseline", "show")[1]

    assert packshot("rules", "baseline", "drop", "--why", "they are photographed again")[1] == "1 findings are no longer known.\n"
    assert packshot("rules", "baseline", "take", "--rule", "ebay-nothing", "--why", "x")[0] == 1
    assert history() == [("baseline", "taken"), ("baseline", "dropped")]


@pytest.mark.parametrize(
    "command",
    [
        ("resume", "--account", ""),
        ("stop", "--account", ""),
        ("waivers", "add", "ebay-longest-side", "--sku", "", "--account", "ebay-uk:main", "--days", "3", "--why", "x"),
        ("rules", "baseline", "drop", "--account", "", "--why", "x"),
    ],
)
def test_an_option_that_came_out_empty_does_not_mean_everything(packshot: Run, command: tuple[str, ...]) -> None:
    code, _out, said = packshot(*command)
    assert code == 1
    assert "there is no" in said
