"""Hidden rules that change over the practice world's time, and what is live then, judged again a little later ("enforced later")."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from integrations.practice import judge
from integrations.practice.config import Hidden, HiddenRule
from integrations.practice.orders import Settled
from integrations.practice.store import Effect, Image, Listing, Move, Slot

WAVES = 24  # in which what is live is judged again: all at once would be no delay, each by itself a step of the clock for each


def order(session: Session, changes: Sequence[Settled], replace: bool) -> None:
    """Remember changes that are still to come; one that is known already is not doubled. `replace` forgets those that were to come."""
    if replace:
        session.execute(delete(Move).where(Move.done.is_(None)))
    for change in changes:
        values = vars(change)
        same = select(Move.id).where(*(getattr(Move, name) == value for name, value in values.items()))
        if session.scalar(same.limit(1)) is None:
            session.add(Move(**values))
    session.flush()


def present(session: Session, hidden: Hidden) -> dict[str, tuple[HiddenRule, ...]]:
    """The rules as they are now: those of the file, each with the limit that it was last changed to."""
    limits = {(move.connector, move.code): move.limit for move in session.scalars(select(Move).where(Move.done.is_not(None)).order_by(Move.done, Move.id))}
    rules = {"amazon": hidden.amazon.rules, "ebay": hidden.ebay.rules}
    return {name: tuple(changed(rule, limits.get((name, rule.code))) for rule in of) for name, of in rules.items()}


def changed(rule: HiddenRule, limit: float | None) -> HiddenRule:
    """The rule with another limit, on the side on which it has one."""
    return rule if limit is None else rule.model_copy(update={"at_least" if rule.at_least is not None else "at_most": limit})


def enforce(session: Session, move: Move, before: tuple[HiddenRule, ...], after: tuple[HiddenRule, ...], seed: int) -> int:
    """Have every live picture judged again that the change makes a difference to, within its delay; how many there are."""
    shown = (
        select(Slot.listing_id, Slot.position, Slot.image_id)
        .join(Listing)
        .where(Listing.connector == move.connector, Listing.state == "active", Slot.image_id.is_not(None))
        .order_by(Slot.id)
    )
    facts: dict[str, dict[str, Any]] = {}
    told: dict[tuple[str, str], bool] = {}
    due = []
    for listing_id, position, name in session.execute(shown.execution_options(yield_per=5000)):
        image_id = str(name)
        if image_id not in facts:
            facts[image_id] = session.scalars(select(Image.facts).where(Image.id == image_id)).one()
        key = (image_id, position)
        if key not in told:
            told[key] = codes(before, facts[image_id], position) != codes(after, facts[image_id], position)
        if told[key]:
            share = random.Random(f"{seed}/{move.id}/{listing_id}").randrange(1, WAVES + 1) / WAVES  # noqa: S311 - repeatable on purpose
            payload = {"position": position, "image": image_id, "exempt": move.grace}
            due.append({"listing_id": listing_id, "due": move.at + share * move.delay, "kind": "judge", "payload": payload})
    if due:
        session.execute(insert(Effect), due)
    return len(due)


def codes(rules: tuple[HiddenRule, ...], facts: dict[str, Any], position: str) -> list[str]:
    """The codes of the rules that a picture breaks."""
    return [rule.code for rule in judge.broken(rules, facts, position)]
