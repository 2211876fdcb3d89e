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
    with pytest.raises(config.ConfigError, match=r"PACKSHOT_SECRET_KEY_FILE: .*key is empty"):
        config.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_SECRET", "whsec_$$$"),
        ("WEBHOOK_SECRET", "whsec_"),
        ("WEBHOOK_SECRET", "nonsense!"),
        ("WEBHOOK_SECRET", "whsec_AAAAA"),
        ("MEDIA_BASE_URL", "https://"),
        ("ALERT_URL", "https:///path"),
        ("MODEL", "no-such-model.onnx"),
    ],
)
def test_what_cannot_work_refuses_to_start_and_names_its_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PACKSHOT_{name}", value)
    with pytest.raises(config.ConfigError, match=f"^PACKSHOT_{name}: "):
        config.load()


def test_an_address_for_alarms_is_kept_to_the_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_ALERT_URL", "https://hooks.example/in/")
    monkeypatch.setenv("PACKSHOT_S3_ENDPOINT", "https://s3.example/")
    monkeypatch.setenv("PACKSHOT_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    settings = config.load()
    assert (settings.alert_url, settings.s3_endpoint) == ("https://hooks.example/in/", "https://s3.example")
