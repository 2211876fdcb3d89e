"""Who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import people
from app.db import Database
from app.errors import Refusal
from app.models import ApiKey, Base, Event, User

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    database = Database(f"sqlite:///{tmp_path / 'house.db'}")
    Base.metadata.create_all(database.engine)
    with database.writing() as session:
        yield session
    database.close()


def test_a_user_signs_in_with_the_password_and_no_other(session: Session) -> None:
    ann = people.create_user(session, "ann", PASSWORD, "operator", NOW)

    assert people.check_password(session, "ann", PASSWORD) is ann
    assert people.check_password(session, "ann", PASSWORD + "!") is None
    assert people.check_password(session, "bob", PASSWORD) is None


def test_a_password_is_kept_as_argon2(session: Session) -> None:
    ann = people.create_user(session, "ann", PASSWORD, "operator", NOW)

    assert ann.password_hash.startswith("$argon2id$")
    assert PASSWORD not in ann.password_hash


@pytest.mark.parametrize("password", ["", "123456789", "x" * 5000])
def test_a_password_too_short_or_absurdly_long_is_refused(session: Session, password: str) -> None:
    with pytest.raises(Refusal, match="10 to 1024 characters"):
        people.create_user(session, "ann", password, "operator", NOW)


@pytest.mark.parametrize("name", ["", " ann", "a:b", "a\nb", "x" * 200])
def test_a_name_that_cannot_be_shown_is_refused(session: Session, name: str) -> None:
    with pytest.raises(Refusal):
        people.create_user(session, name, PASSWORD, "operator", NOW)


def test_a_name_is_taken_once(session: Session) -> None:
    people.create_user(session, "ann", PASSWORD, "operator", NOW)

    with pytest.raises(Refusal, match="already"):
        people.create_user(session, "ann", PASSWORD, "viewer", NOW)


def test_an_unknown_role_is_refused(session: Session) -> None:
    with pytest.raises(Refusal, match="viewer, operator, admin"):
        people.create_user(session, "ann", PASSWORD, "root", NOW)


def test_a_new_password_ends_the_old_one(session: Session) -> None:
    ann = people.create_user(session, "ann", PASSWORD, "operator", NOW)

    people.set_password(session, ann, "another long one", NOW)

    assert people.check_password(session, "ann", PASSWORD) is None
    assert people.check_password(session, "ann", "another long one") is ann


def test_a_disabled_user_cannot_sign_in(session: Session) -> None:
    people.create_user(session, "root", PASSWORD, "admin", NOW)
    ann = people.create_user(session, "ann", PASSWORD, "admin", NOW)

    people.set_active(session, ann, False, NOW)

    assert people.check_password(session, "ann", PASSWORD) is None


def test_the_last_admin_stays(session: Session) -> None:
    ann = people.create_user(session, "ann", PASSWORD, "admin", NOW)

    with pytest.raises(Refusal, match="last admin"):
        people.set_active(session, ann, False, NOW)
    with pytest.raises(Refusal, match="last admin"):
        people.set_role(session, ann, "viewer", NOW)


@pytest.mark.parametrize(
    ("role", "needed", "reaches"),
    [
        ("viewer", "viewer", True),
        ("viewer", "operator", False),
        ("operator", "viewer", True),
        ("operator", "admin", False),
        ("admin", "operator", True),
        ("x", "viewer", False),
    ],
)
def test_roles_ascend(role: str, needed: str, reaches: bool) -> None:
    assert people.may(role, needed) is reaches


def test_a_key_is_shown_once_and_kept_as_its_hash(session: Session) -> None:
    key = people.create_api_key(session, "warehouse", "operator", NOW)

    row = session.scalars(sa.select(ApiKey)).one()
    assert key.startswith("pk_")
    assert len(key) == 35
    assert key not in repr(vars(row))
    assert people.find_api_key(session, key) is row


@pytest.mark.parametrize("key", ["", "pk_", "pk_" + "a" * 32, "sk_" + "a" * 32, "pk_" + "é" * 32])
def test_a_key_that_was_never_shown_is_nobodys(session: Session, key: str) -> None:
    people.create_api_key(session, "warehouse", "operator", NOW)

    assert people.find_api_key(session, key) is None


def test_a_revoked_key_opens_nothing(session: Session) -> None:
    key = people.create_api_key(session, "warehouse", "operator", NOW)

    people.revoke_api_key(session, "warehouse", NOW)

    assert people.find_api_key(session, key) is None


def test_history_names_who_made_whom_and_holds_no_secret(session: Session) -> None:
    people.create_user(session, "ann", PASSWORD, "operator", NOW, who="root")
    key = people.create_api_key(session, "warehouse", "viewer", NOW, who="root")

    lines = session.scalars(sa.select(Event).order_by(Event.id)).all()
    assert [(line.kind, line.what, line.to, line.who) for line in lines] == [("user", "created", "operator", "root"), ("apikey", "created", "viewer", "root")]
    assert PASSWORD not in repr([vars(line) for line in lines])
    assert key not in repr([vars(line) for line in lines])


def test_nobody_is_found_by_a_name_that_is_not_there(session: Session) -> None:
    people.create_user(session, "ann", PASSWORD, "operator", NOW)

    assert isinstance(people.find_user(session, "ann"), User)
    with pytest.raises(Refusal):
        people.find_user(session, "bob")
