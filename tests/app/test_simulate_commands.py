"""`packshot rules simulate` and `activate`: words for people, one object for programs, exit codes, and nothing changed where it must not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import cli
from app.kit import Kit
from app.models import RuleActivation
from tests import simulated
from tests.app.conftest import Clock
from tests.reload import changed

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(kit: Kit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("PACKSHOT_VAR", str(kit.settings.var))
    monkeypatch.setenv("PACKSHOT_SECRET_KEY", "a secret key for tests only")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["rules", *arguments])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "changed"
    made.mkdir()
    for name, text in simulated.CHANGED.items():
        (made / name).write_text(text)
    return made


def sets(kit: Kit) -> int:
    with kit.db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(RuleActivation)) or 0


def test_a_simulation_is_told_in_words_and_as_one_object(kit: Kit, run: Run, folder: Path) -> None:
    simulated.build(kit, 60, seed=3)

    code, words, _ = run("simulate", str(folder))
    again, text, _ = run("simulate", str(folder), "--json")

    told = json.loads(text)
    assert (code, again, sets(kit)) == (0, 0, 1)
    assert words.startswith(f"{told['failing']} pictures of {told['products_failing']} products would newly wait for a person")
    assert f"{told['listings_failing']} of {told['listings']} live listings would fail" in words
    assert "amazon-sharpness: sharpness at least 3 becomes sharpness at least 7.5 (stricter)" in words
    assert len([line for line in told["lines"] if line["proposed"]]) == told["failing"] + told["passing"] > 20
    assert "--json has every one" in words


def test_activation_asks_for_force_and_force_for_a_reason(kit: Kit, run: Run, folder: Path) -> None:
    simulated.build(kit, 60, seed=3)

    blocked = run("activate", str(folder), "--why", "they changed it")
    unexplained = run("activate", str(folder), "--force")
    assert (blocked[0], unexplained[0], sets(kit)) == (1, 2, 1)
    assert "live listings" in blocked[2]
    assert "--force needs --why" in unexplained[2]

    done = run("activate", str(folder), "--force", "--why", "they changed it")
    again = run("activate", str(folder), "--force", "--why", "they changed it")
    assert (done[0], again[0], sets(kit)) == (0, 0, 2)
    assert "is in force already" in again[1]


def test_a_broken_file_is_refused_by_line(run: Run, kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "amazon.yaml").write_text("- id: amazon-mine\n  fact: none\n")

    code, _, error = run("activate", str(tmp_path / "amazon.yaml"))

    assert (code, sets(kit)) == (1, 1)
    assert error.startswith("packshot: amazon.yaml:2:9: amazon-mine: fact: unknown fact 'none'")


def test_without_an_installation_it_says_so(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setenv("PACKSHOT_VAR", str(tmp_path / "nowhere"))
    (tmp_path / "amazon.yaml").write_text(changed(9))

    code, _, error = run("simulate", str(tmp_path / "amazon.yaml"))

    assert (code, (tmp_path / "nowhere").exists()) == (1, False)
    assert "there is no installation here" in error
