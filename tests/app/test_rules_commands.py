"""`packshot rules ...` on files alone and in an installation."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

import imaging
import rules
from app import rulebook
from app.commands import rulebook as commands
from app.kit import Kit
from app.models import Placement, Setting, Verdict
from app.states import ListingState
from rules.upkeep import Upkeep
from tests.app.conftest import Run
from tests.app.factories import account, item, listing, placement, product, rendition

SOURCE = "  source: {page: my notes, read: 2026-11-20, says: s}\n"
GOOD = "- id: ebay-jpeg-quality\n  limit: 85\n  passes: [85, 92]\n  fails: [84, 50]\n" + SOURCE


@pytest.fixture
def packshot(command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """On 1 December 2026, beside a folder of a seller's own rules."""
    monkeypatch.setattr(commands, "_today", lambda: dt.date(2026, 12, 1))
    (tmp_path / "own").mkdir()
    return command


def own(text: str, name: str = "ebay.yaml") -> None:
    Path("own", name).write_text(text)


def test_the_shipped_rules_are_pinned_down_whole(packshot: Run) -> None:
    code, out, err = packshot("rules", "test")

    assert (code, err) == (0, "")
    assert "cases: all hold" in out
    assert out.endswith("caught by a case: 100.0 %.\n")


def test_a_rule_that_its_cases_do_not_pin_down_is_told_at_its_limit(packshot: Run) -> None:
    own(GOOD.replace("[84, 50]", "[50]"))

    code, out, err = packshot("rules", "test", "--rules", "own")

    assert code == 1
    assert "100.0 %" not in out
    assert err == "packshot: own/ebay.yaml:2:10: ebay-jpeg-quality: no case would notice if it asked for at least 84; add 84 to fails\n"


CONTRADICTORY = "- id: ebay-mine\n  fact: longest_side\n  operator: at_most\n  limit: 400\n  level: stop\n  message: m\n  passes: [400]\n  fails: [401]\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CONTRADICTORY + SOURCE, "own/ebay.yaml:4:10: ebay-mine: asks for longest_side at most 400, and no value can keep that and ebay-"),
        (GOOD.replace("2026-11-20", "2024-11-20"), "own/ebay.yaml:5:34: ebay-jpeg-quality: source: read on 2024-11-20, more than 12 months ago"),
        (GOOD.replace("2026-11-20", "2027-11-20"), "own/ebay.yaml:5:34: ebay-jpeg-quality: source: read on 2027-11-20, which is still to come"),
        (
            CONTRADICTORY.replace("longest_side", "longest_sid") + SOURCE,
            "own/ebay.yaml:2:9: ebay-mine: fact: unknown fact 'longest_sid'; is longest_side meant?",
        ),
        (CONTRADICTORY.replace("  fails: [401]\n", "") + SOURCE, "own/ebay.yaml:1:3: ebay-mine: fails: is missing"),
        (CONTRADICTORY.replace("[401]", "[]") + SOURCE, "own/ebay.yaml:8:10: ebay-mine: fails: needs at least one failing case"),
        ("- &a {id: x}\n- [*a, *a]\n", "own/ebay.yaml:1:3: not readable as YAML: aliases and anchors are not allowed here"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(packshot: Run, text: str, told: str) -> None:
    own(text)

    code, _, err = packshot("rules", "test", "--rules", "own")

    assert code == 1
    assert any(line.startswith(f"packshot: {told}") for line in err.splitlines()), err


def test_a_stale_source_never_stops_a_house_or_a_check(packshot: Run, kit: Kit) -> None:
    own(GOOD.replace("2026-11-20", "2001-01-01"))

    assert rules.load(imaging.FACTS, Path("own")).by_id["ebay-jpeg-quality"].limit == 85
    code, out, _ = packshot("rules", "doctor", "--rules", "own")
    assert code == 1
    assert out.startswith("BAD   own/ebay.yaml:5:34: ebay-jpeg-quality: source: read on 2001-01-01")


def test_doctor_only_notes_that_shipped_sources_grew_old(packshot: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert packshot("rules", "doctor") == (0, f"ok    {len(rules.load(imaging.FACTS).rules)} rules, nothing doubtful.\n", "")

    monkeypatch.setattr(commands, "_today", lambda: dt.date(2030, 1, 1))
    code, out, _ = packshot("rules", "doctor")

    assert code == 0
    assert out.startswith("note  rules/amazon.yaml:")
    assert packshot("rules", "test")[0] == 0


def test_doctor_notes_a_rule_that_says_nothing_new(packshot: Run) -> None:
    own(CONTRADICTORY.replace("at_most", "at_least").replace("[400]", "[401, 400]").replace("fails: [401]", "fails: [399]") + SOURCE)

    code, out, _ = packshot("rules", "doctor", "--rules", "own")

    assert (code, out) == (0, "note  own/ebay.yaml:1:3: ebay-mine: says nothing that ebay-longest-side does not say\n")


def test_two_sets_are_told_apart_in_words(packshot: Run) -> None:
    own(GOOD)
    packshot("rules", "export", "--rules", "own", "--out", "kept.yaml")

    there = packshot("rules", "diff", "shipped", "own")[1]
    back = packshot("rules", "diff", "kept.yaml", "shipped")[1]
    by_file = packshot("rules", "diff", "shipped", "own/ebay.yaml")[1]

    assert "ebay-jpeg-quality: jpeg_quality at least 90 becomes jpeg_quality at least 85 (looser)" in there
    assert "ebay-jpeg-quality: jpeg_quality at least 85 becomes jpeg_quality at least 90 (stricter)" in back
    assert by_file == there
    assert packshot("rules", "diff", "kept.yaml", "own")[1] == "Nothing: the two sets say the same.\n"
    assert packshot("rules", "diff", "shipped", "nowhere")[0] == 1


def test_the_schema_is_written_for_editors(packshot: Run) -> None:
    assert packshot("rules", "schema", "--out", "rules.schema.json")[0] == 0

    assert json.loads(Path("rules.schema.json").read_text()) == json.loads(packshot("rules", "schema")[1]) == rules.json_schema(imaging.FACTS)


class Judged:
    """One picture on eBay, judged once against `ebay-longest-side`, let through by ann, and live for two months."""

    def __init__(self, kit: Kit) -> None:
        of, on = product(kit, "W-1"), account(kit)
        dial = item(kit, of)
        made = rendition(kit, dial)
        case = placement(kit, dial, on, made)
        side = {"W-1": {"main": made.file_sha256}}
        listing(kit, of, on, ListingState.LIVE, pushed=side, live_at=kit.now() - dt.timedelta(days=61))
        with kit.db.writing() as session:
            row = session.get_one(Placement, case.id)
            row.approved_id, row.waived = made.id, {"rendition": made.id, "rules": ["ebay-longest-side"], "who": "ann", "why": "so"}
            self.rule_set = str(rulebook.active_hash(session))
            findings = [{"rule": "ebay-longest-side", "level": "stop"}]
            values = {"placement_id": case.id, "rendition_id": made.id, "file_sha256": str(made.file_sha256), "at": kit.now()}
            session.add(Verdict(rule_set=self.rule_set, findings=findings, **values))


def test_in_an_installation_the_list_says_what_became_of_each_rule(packshot: Run, kit: Kit) -> None:
    Judged(kit)

    heads, *lines = packshot("rules", "list", "--authority", "ebay")[1].splitlines()
    (line,) = (line for line in lines if " ebay-longest-side " in line)
    told = [json.loads(each) for each in packshot("rules", "list", "--json")[1].splitlines()]

    assert heads.split()[:6] == ["authority", "level", "rule", "fired", "overridden", "escaped"]
    assert line.split()[:6] == ["ebay", "stop", "ebay-longest-side", "1", "1", "0"]
    assert {(each["fired"], each["overridden"]) for each in told if each["id"] == "ebay-longest-side"} == {(1, 1)}
    assert len(told) == len(rules.load(imaging.FACTS).rules)


def test_in_an_installation_doctor_doubts_rules_by_what_became_of_them(packshot: Run, kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    Judged(kit)
    monkeypatch.setattr(rules, "upkeep", lambda: replace(real, asked_at_least=1))
    real = Upkeep(stale_after_months={}, lived_days=60, asked_at_least=2)
    monkeypatch.setattr("app.commands.common.open_house", lambda: nullcontext(kit))

    code, out, _ = packshot("rules", "doctor")
    told = [line.split(": ", 1)[1] for line in out.splitlines()]

    assert code == 0
    assert "ebay-bytes: never fired in 1 verdicts" in told
    assert "ebay-longest-side: 1 listing live for 60 days or more with its finding waived and no notice: is it right?" in told
    assert not any("ebay-longest-side: never" in line or "amazon" in line or "ebay-alt" in line for line in told)

    monkeypatch.setattr(rules, "upkeep", lambda: replace(real, lived_days=62))
    assert packshot("rules", "doctor")[1].startswith("ok ")


def test_a_set_that_was_in_force_is_named_by_the_first_letters_of_its_hash(packshot: Run, kit: Kit) -> None:
    with kit.db.reading() as session:
        digest = str(rulebook.active_hash(session))

    assert packshot("rules", "diff", digest[:10], "active")[:2] == (0, "Nothing: the two sets say the same.\n")
    assert packshot("rules", "diff", "f" * 12, "active")[::2] == (
        1,
        f"packshot: {'f' * 12}: no file, and no rule set that was in force here begins like this\n",
    )


def test_an_exported_file_that_was_spoilt_is_refused_with_its_line(packshot: Run) -> None:
    packshot("rules", "export", "--out", "kept.yaml")
    text = Path("kept.yaml").read_text()
    line = text[: text.index("operator: at_least")].count("\n") + 1
    Path("kept.yaml").write_text(text.replace("operator: at_least", "operator: about", 1))

    code, _, err = packshot("rules", "diff", "shipped", "kept.yaml")

    assert code == 1
    assert err.startswith(f"packshot: kept.yaml:{line}:13: ")
    assert "operator: must be one of at_least" in err


def test_an_exported_file_is_held_to_what_a_person_writes(packshot: Run) -> None:
    own(GOOD)
    packshot("rules", "export", "--rules", "own", "--out", "kept.yaml")

    made = rules.load_file(Path("kept.yaml"), imaging.FACTS)

    assert (made, made.own) == (rules.load(imaging.FACTS, Path("own")), {"ebay-jpeg-quality"})
    text = Path("kept.yaml").read_text()
    Path("kept.yaml").write_text(text + CONTRADICTORY + SOURCE)
    with pytest.raises(rules.RuleError, match=r"kept.yaml:\d+:\d+: ebay-.* no value can keep that and "):
        rules.load_file(Path("kept.yaml"), imaging.FACTS)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"- id: a\n  level: st\xffop\n", "ebay.yaml:2:12: "),
        (b"- id: a\n  level: \0\n", "ebay.yaml:2:10: "),
        (b"# nothing\n" * 600_000, "ebay.yaml:100001:1: longer than 1,000,000 characters"),
    ],
)
def test_bytes_that_are_no_text_are_refused_by_a_running_house_at_their_line(make_kit: Callable[..., Kit], tmp_path: Path, data: bytes, told: str) -> None:
    folder = tmp_path / "overlay"
    kit = make_kit(rules_dir=folder)
    before = rulebook.renew(kit, "tests", "start")
    folder.mkdir()
    (folder / "ebay.yaml").write_bytes(data)

    with pytest.raises(rules.RuleError) as caught:
        rulebook.renew(kit, "tests", "a changed file")

    assert caught.value.problems[0].startswith(told)
    with kit.db.reading() as session:
        assert rulebook.active_hash(session) == before
        banner = session.get_one(Setting, rulebook.BROKEN)
    assert banner.value == {"problems": list(caught.value.problems)}
