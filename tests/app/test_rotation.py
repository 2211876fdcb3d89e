"""Changing the secret key loses no secret, wherever it is interrupted, and says when the old one may go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from app import doctor, rotation
from app.kit import Kit
from app.models import Account, Setting
from app.secretbox import SecretBox, SecretsLost
from tests.app.conftest import Run
from tests.app.factories import account

OLD, NEW = "an old key for tests only", "a new key for tests only"
KEYS = [f"ebay-uk:{name}" for name in ("a", "b", "c", "d")]


@pytest.fixture
def kit(make_kit: Callable[..., Kit]) -> Kit:
    """A house whose key was just changed: four accounts and a pending consent, all under the old one."""
    before = make_kit(secret_key=OLD)
    for key in KEYS:
        with before.db.writing() as session:
            session.merge(account(before, key)).credentials = before.box.seal({"refresh_token": key})
    with before.db.writing() as session:
        session.add(Setting(name="consent:1", value={"key": KEYS[0], "sealed": before.box.seal({"client_id": "x"})}, at=before.now(), who="ann"))
    return make_kit(secret_key=f"{NEW},{OLD}")


def opened(kit: Kit, key: str) -> list[str]:
    box = SecretBox((key,))
    with kit.db.reading() as session:
        return [box.open(a.credentials)["refresh_token"] for a in session.scalars(sa.select(Account).order_by(Account.key))]


def secrets(kit: Kit) -> list[tuple[bool, str]]:
    return list(dict(doctor.PARTS)["secrets"](kit))


def test_every_secret_is_readable_by_the_new_key_alone(kit: Kit) -> None:
    assert secrets(kit)[1] == (False, "5 still under an older key: `packshot accounts rotate`, and only then remove that key")

    done = rotation.rotate(kit, "ann")

    assert (done.changed, done.already, done.lost) == (5, 0, [])
    assert opened(kit, NEW) == KEYS
    assert secrets(kit) == [(True, "5 under the newest key; PACKSHOT_SECRET_KEY holds 1 older, needed by none")]
    with pytest.raises(SecretsLost):
        opened(kit, OLD)


def test_a_second_run_changes_nothing(kit: Kit) -> None:
    rotation.rotate(kit, "ann")

    done = rotation.rotate(kit, "ann")

    assert (done.changed, done.already) == (0, 5)


@pytest.mark.parametrize("after", [0, 1, 2, 4])
def test_killed_half_way_nothing_is_lost_and_the_next_run_does_the_rest(kit: Kit, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    rotate, done = SecretBox.rotate, []

    def dies(box: SecretBox, token: str) -> str:
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(token)
        return rotate(box, token)

    monkeypatch.setattr(SecretBox, "rotate", dies)
    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(kit, "ann")
    monkeypatch.setattr(SecretBox, "rotate", rotate)

    with kit.db.reading() as session:
        assert [kit.box.open(a.credentials)["refresh_token"] for a in session.scalars(sa.select(Account).order_by(Account.key))] == KEYS
    left = rotation.rotate(kit, "ann")
    assert (left.changed, left.already) == (5 - after, after)
    assert opened(kit, NEW) == KEYS


def test_one_that_no_key_opens_is_named_and_stops_no_other(kit: Kit) -> None:
    with kit.db.writing() as session:
        session.scalars(sa.select(Account).where(Account.key == KEYS[1])).one().credentials = "gAAAAAB-not-ours"

    done = rotation.rotate(kit, "ann")

    assert (done.changed, done.lost) == (4, [f"credentials of {KEYS[1]}"])
    assert (False, f"no key of PACKSHOT_SECRET_KEY opens the credentials of {KEYS[1]}") in secrets(kit)


def test_the_command_says_how_many(kit: Kit, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_SECRET_KEY", SecretStr(f"{NEW},{OLD}").get_secret_value())

    code, out, _ = command("accounts", "rotate")

    assert (code, out.splitlines()[0]) == (0, "5 secrets encrypted again under the newest key, 0 were already.")
    assert "remove them" in out
    assert opened(kit, NEW) == KEYS
