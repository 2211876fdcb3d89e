"""Access tokens of both marketplaces: a refresh token "practice-NAME" signs in seller NAME, anything else is refused."""

import secrets

from flask import request
from sqlalchemy import delete
from sqlalchemy.orm import Session

from integrations.practice.store import Seller, Token
from integrations.practice.world import World

PREFIX = "practice-"


def issue(world: World, connector: str, refresh: str | None) -> str | None:
    """A fresh access token, or None (invalid_grant) for an unknown or revoked refresh token."""
    if not refresh or not refresh.startswith(PREFIX) or refresh == PREFIX:
        return None
    name = refresh.removeprefix(PREFIX)
    with world.store.write() as session:
        seller = session.get(Seller, (connector, name)) or Seller(connector=connector, name=name, revoked=False)
        session.add(seller)
        if seller.revoked:
            return None
        session.execute(delete(Token).where(Token.expires < world.now() - 86400))
        text = f"{'Atza|' if connector == 'amazon' else 'v^1.1#i^1#'}{secrets.token_urlsafe(32)}"
        session.add(Token(token=text, connector=connector, seller=name, expires=world.now() + world.hidden.timing.token_life))
    return text


def holder(world: World, connector: str, text: str | None) -> tuple[str | None, str]:
    """(seller, "ok"), or (None, "missing" | "unknown" | "expired")."""
    if not text:
        return None, "missing"
    with world.store.read() as session:
        token = session.get(Token, text)
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
