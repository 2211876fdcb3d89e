"""Access tokens of both marketplaces: a refresh token "practice-NAME" signs in seller NAME, anything else is refused."""

import secrets

from flask import request
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from integrations.practice.limits import mark
from integrations.practice.store import Seller, Token
from integrations.practice.world import World

PREFIX = "practice-"
OF = "#a^"  # between a token's secret and the application it was given to


def issue(world: World, connector: str, refresh: str | None, client: str) -> str | None:
    """A fresh access token for this client id, or None (invalid_grant) for an unknown or revoked refresh token."""
    if not refresh or not refresh.startswith(PREFIX) or refresh == PREFIX:
        return None
    name = refresh.removeprefix(PREFIX)
    with world.store.write() as session:
        seller = session.get(Seller, (connector, name)) or Seller(connector=connector, name=name, revoked=False)
        session.add(seller)
        if seller.revoked:
            return None
        session.execute(delete(Token).where(Token.expires < world.now() - 86400))
        text = f"{'Atza|' if connector == 'amazon' else 'v^1.1#i^1#'}{secrets.token_urlsafe(32)}{OF}{mark(client)}"
        session.add(Token(token=text, connector=connector, seller=name, expires=world.now() + world.hidden.timing.token_life))
    return text


def consent(world: World, connector: str, name: str) -> str:
    """The code that a seller's browser carries back; good once and for five minutes."""
    text = secrets.token_urlsafe(24)
    with world.store.write() as session:
        session.add(Token(token=text, connector=f"{connector} code", seller=name, expires=world.now() + 300))
    return text


def exchange(world: World, connector: str, code: str | None, client: str) -> tuple[str, str] | None:
    """(refresh token, access token) for a code, which is used up by it; None for one that is not good."""
    with world.store.write() as session:
        found = session.get(Token, code or "")
        if found is None or found.connector != f"{connector} code":
            return None
        session.delete(found)
        if found.expires <= world.now():
            return None
        refresh = PREFIX + found.seller
    access = issue(world, connector, refresh, client)
    return None if access is None else (refresh, access)


def application(text: str | None) -> str:
    """The application a token was given to, as `limits.mark` has it; empty for a token of an earlier version."""
    return (text or "").partition(OF)[2]


_TOKEN = select(Token.connector, Token.seller, Token.expires).where(Token.token == bindparam("text"))


def holder(world: World, connector: str, text: str | None) -> tuple[str | None, str]:
    """(seller, "ok"), or (None, "missing" | "unknown" | "expired")."""
    if not text:
        return None, "missing"
    with world.store.read() as session:
        token = session.execute(_TOKEN, {"text": text}).one_or_none()
    if token is None or token.connector != connector:
        return None, "unknown"
    if request.environ.get("practice.expire_token"):
        with world.store.write() as session:
            expire(session, connector, token.seller, world.now())
        return None, "expired"
    return (None, "expired") if token.expires <= world.now() else (token.seller, "ok")


def expire(session: Session, connector: str, seller: str, now: float) -> int:
    """All of a seller's access tokens end now; answers how many."""
    tokens = session.query(Token).filter(Token.connector == connector, Token.seller == seller, Token.expires > now).all()
    for token in tokens:
        token.expires = now
    return len(tokens)
