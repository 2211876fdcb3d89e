"""Settings from the environment: what is wrong refuses to start and names its variable, what is blank is not set."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import config

KEY = "a key that is long enough"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_VAR", str(tmp_path / "var"))


def test_a_blank_secret_leaves_the_word_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("PACKSHOT_SECRET_KEY_FILE", str(tmp_path / "key"))
    for blank in ("", "  "):
        monkeypatch.setenv("PACKSHOT_SECRET_KEY", blank)
        assert config.load().keys == (KEY,)
    assert not (tmp_path / "var" / "secret_key").exists()


def test_a_secret_and_a_file_that_say_two_things_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(KEY)
    monkeypatch.setenv("PACKSHOT_SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("PACKSHOT_SECRET_KEY", KEY)
    assert config.load().keys == (KEY,)
    monkeypatch.setenv("PACKSHOT_SECRET_KEY", "another that is long enough")
    with pytest.raises(config.ConfigError, match="PACKSHOT_SECRET_KEY and PACKSHOT_SECRET_KEY_FILE"):
        config.load()


def test_an_empty_file_of_a_secret_is_refused_and_not_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").touch()
    monkeypatch.setenv("PACKSHOT_SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(config.ConfigError, match="PACKSHOT_SECRET_KEY_FILE: .* is empty"):
        config.load()
