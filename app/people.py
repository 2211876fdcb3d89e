"""People and API keys: who may do what.

Passwords are argon2 hashes. An API key is shown once; only its SHA-256 is kept, so a stolen database opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from app.db import mutex, record
from app.errors import Refusal
from app.models import ApiKey, User

ROLES = ("viewer", "operator", "admin")  # ascending: each may do what those before it may
PASSWORD_MINIMUM = 10
PASSWORD_MAXIMUM = 1024  # hashing megabytes would be an attack
KEY_PREFIX = "pk_"

_NAME = re.compile(r"^[^\s:][^\x00-\x1f\x7f:]{0,126}$")
_KEY = re.compile(r"^pk_[A-Za-z0-9_-]{32}$")
_HASHER = PasswordHasher()


def may(role: str, needed: str) -> bool:
    """Whether a role reaches as far as the needed one. An unknown role reaches nowhere."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def create_user(session: Session, name: str, password: str, role: str, now: datetime, who: str = "packshot") -> User:
    """A person who can sign in from now on. Raises Refusal: name or role not usable, name taken, password under 10 characters."""
    _check(name, role)
    if session.scalar(sa.select(User.id).where(User.name == name)):
        raise Refusal(f"there is already a user named {name}")
    user = User(name=name, password_hash=_hashed(password), role=role, active=True, created_at=now)
    session.add(user)
    session.flush()
    record(session, user, "created", now=now, to=role, why=f"user {name}", who=who)
    return user


def find_user(session: Session, name: str) -> User:
    """The person of that name. Raises Refusal where there is none."""
    user = session.scalar(sa.select(User).where(User.name == name))
    if user is None:
        raise Refusal(f"there is no user named {name}")
    return user


def check_password(session: Session, name: str, password: str) -> User | None:
    """The active user whose password this is, else None. An unknown name takes as long as a wrong password."""
    user = session.scalar(sa.select(User).where(User.name == name))
    try:
        _HASHER.verify(user.password_hash if user else _nobody(), password[:PASSWORD_MAXIMUM])
    except (VerificationError, InvalidHashError):
        return None
    return user if user is not None and user.active else None


def set_password(session: Session, user: User, password: str, now: datetime, who: str = "packshot") -> None:
    """Give a user another password. Raises Refusal for one under 10 characters."""
    user.password_hash = _hashed(password)
    record(session, user, "password", now=now, why=f"new password for {user.name}", who=who)


def set_role(session: Session, user: User, role: str, now: datetime, who: str = "packshot") -> None:
    """Give a user another role. Raises Refusal for an unknown role and for the last admin."""
    _check(user.name, role)
    if role != "admin":
        _not_the_last_admin(session, user)
    record(session, user, "role", now=now, was=user.role, to=role, why=f"user {user.name}", who=who)
    user.role = role


def set_active(session: Session, user: User, active: bool, now: datetime, who: str = "packshot") -> None:
    """Let a user sign in, or no longer. Raises Refusal for the last admin."""
    if not active:
        _not_the_last_admin(session, user)
    record(session, user, "enabled" if active else "disabled", now=now, why=f"user {user.name}", who=who)
    user.active = active


def create_api_key(session: Session, name: str, role: str, now: datetime, who: str = "packshot") -> str:
    """A new key for a program, to be shown this once. Raises Refusal: name or role not usable, name taken."""
    _check(name, role)
    if session.scalar(sa.select(ApiKey.id).where(ApiKey.name == name)):
        raise Refusal(f"there is already an API key named {name}")
    key = KEY_PREFIX + secrets.token_urlsafe(24)  # 24 bytes are 32 characters
    row = ApiKey(name=name, key_sha256=_digest(key), role=role, active=True, created_at=now)
    session.add(row)
    session.flush()
    record(session, row, "created", now=now, to=role, why=f"API key {name}", who=who)
    return key


def find_api_key(session: Session, key: str) -> ApiKey | None:
    """The active key that was shown as `key`, else None. Found by its hash and compared in constant time."""
    if not _KEY.fullmatch(key):
        return None
    digest = _digest(key)
    row = session.scalar(sa.select(ApiKey).where(ApiKey.key_sha256 == digest))
    return row if row is not None and hmac.compare_digest(row.key_sha256, digest) and row.active else None


def revoke_api_key(session: Session, name: str, now: datetime, who: str = "packshot") -> ApiKey:
    """Make a key useless for ever. Raises Refusal where there is none of that name."""
    row = session.scalar(sa.select(ApiKey).where(ApiKey.name == name))
    if row is None:
        raise Refusal(f"there is no API key named {name}")
    if row.active:
        row.active = False
        record(session, row, "revoked", now=now, why=f"API key {name}", who=who)
    return row


def _check(name: str, role: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refusal("a name has 1 to 127 characters, no colon, no control character, and does not begin with a space")
    if role not in ROLES:
        raise Refusal(f"there is no role {role}; there are {', '.join(ROLES)}")


def _not_the_last_admin(session: Session, user: User) -> None:
    mutex(session, "admins")  # two who take it from each other at once
    session.refresh(user)
    others = sa.select(sa.func.count()).select_from(User).where(User.role == "admin", User.active.is_(True), User.id != user.id)
    if user.role == "admin" and user.active and not session.scalar(others):
        raise Refusal(f"{user.name} is the last admin: make another one first")


def _hashed(password: str) -> str:
    if not PASSWORD_MINIMUM <= len(password) <= PASSWORD_MAXIMUM:
        raise Refusal(f"a password has {PASSWORD_MINIMUM} to {PASSWORD_MAXIMUM} characters")
    return _HASHER.hash(password)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@cache
def _nobody() -> str:
    """A hash no password fits, so that an unknown name costs the same time as a known one."""
    return _HASHER.hash(secrets.token_urlsafe(32))
