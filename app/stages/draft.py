"""draft: what new listings of a category would say on an account, and what each product still lacks. Asked for by people; nothing is written outside.

A marketplace is slow and its answers are kept: one row for each account and category. A look goes on over several jobs, each
bounded in time, and what was found so far can be read meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import work
from app.db import insert
from app.kit import Kit
from app.models import Account, Listing, ListingDraft, ListingMember, Product
from app.stages.creating import facts_of
from app.stages.intake import wake_missing
from app.stages.run import Stage

MOST = 200  # products of a category that are looked at for a page, the most urgent first
SAMPLE = 3  # of those that are listed already, where none is left to list: their kind's attributes are shown all the same
LONGEST_S = 15.0  # of one job: then the rest waits for the next one
SAID_MOST = 30  # different values of an attribute that are kept


@dataclass(frozen=True)
class Task:
    """The products of one category that are still to be looked at."""

    draft_id: int
    account_id: int
    account: Account
    asked_at: datetime
    products: tuple[tuple[str, integrations.ProductFacts], ...]
    begun: bool  # an earlier job of the same wish has found something


@dataclass
class Found:
    """What was learned: `lacks` by SKU, `fields` by attribute. `rest` is what there was no time for."""

    kind: str = ""
    title: str = ""
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    lacks: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    rest: int = 0


def ask(session: Session, kit: Kit, account: Account, categories: Sequence[str]) -> None:
    """Somebody wants to know what these categories lack on an account, by the mapping that is in force now."""
    for category in categories:
        values = {"account_id": account.id, "category": category, "asked_at": kit.now(), "kind": "", "title": "", "fields": [], "found": {}}
        added = insert(session, ListingDraft).values(**values)
        session.execute(added.on_conflict_do_update(index_elements=["account_id", "category"], set_={"asked_at": kit.now(), "answers": None, "at": None}))
    ids = sa.select(ListingDraft.id).where(ListingDraft.account_id == account.id, ListingDraft.category.in_(categories))
    for number in session.scalars(ids):
        work.wake(session, "draft", number, at=kit.now())


def ask_again(session: Session, kit: Kit, account: Account) -> None:
    """The account's mapping has changed: what was known of its categories is old."""
    ask(session, kit, account, session.scalars(sa.select(ListingDraft.category).where(ListingDraft.account_id == account.id)).all())


def unlisted(account: Account) -> sa.ColumnElement[bool]:
    """Products that have no listing on the account: neither one that is known there, nor one that was accepted."""
    member = sa.select(ListingMember.id).join(Listing).where(ListingMember.product_id == Product.id, ListingMember.account_id == account.id)
    return ~member.where(sa.or_(Listing.external_id.is_not(None), Listing.sent_at.is_not(None))).exists()


def products_of(session: Session, account: Account, category: str, most: int | None = MOST) -> list[Product]:
    """The products of a category that a look is about: those to list, the most urgent first; a few that are listed where none is left."""
    rows = sa.select(Product).where(Product.category == category, Product.archived.is_(False)).order_by(Product.priority.desc(), Product.id.desc())
    found = list(session.scalars(rows.where(unlisted(account)).limit(most)))
    return found or list(session.scalars(rows.limit(SAMPLE)))


def look(kit: Kit, account: Account, products: Sequence[tuple[str, integrations.ProductFacts]], longest_s: float = LONGEST_S) -> Found:
    """Ask the marketplace about products, one after the other, for so long at most; at least about one. Hold no transaction.

    Raises TryLater and NotAuthorised where not even the first could be asked about; a refusal is something that the product lacks.
    """
    connector, found, until = kit.marketplace(account), Found(), time.monotonic() + longest_s
    if not isinstance(connector, integrations.Drafting):
        raise integrations.Refused(f"{account.key}: this marketplace cannot say beforehand what a new listing needs")
    for n, (sku, facts) in enumerate(products):
        try:
            if n and time.monotonic() > until:
                raise integrations.TryLater(0, "no time left")
            made = connector.draft(facts)
        except integrations.Refused as error:
            codes = [problem.code for problem in error.issues] or [""]
            found.lacks[sku] = [{"attribute": codes[0], "words": str(error)}]
            continue
        except integrations.TryLater:
            if n == 0:
                raise
            found.rest = len(products) - n
            break
        found.kind, found.title = found.kind or made.kind, found.title or made.title
        found.lacks[sku] = [{"attribute": lack.attribute, "words": lack.words} for lack in made.lacks]
        _merge(found.fields, {one.name: {**asdict(one), "said": {one.said: [sku]} if one.said else {}} for one in made.fields})
    return found


def _merge(fields: dict[str, dict[str, Any]], more: dict[str, dict[str, Any]]) -> None:
    """An attribute is required where it is for any product; what is said is collected, a few SKUs for each value."""
    for name, one in more.items():
        known = fields.setdefault(name, {**one, "said": {}})
        known["required"] = known["required"] or one["required"]
        for value, skus in one["said"].items():
            if value in known["said"] or len(known["said"]) < SAID_MOST:
                known["said"][value] = [*known["said"].get(value, []), *skus][:SAMPLE]


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    draft = session.get(ListingDraft, int(row))
    if draft is None:
        return None
    account, begun = session.get_one(Account, draft.account_id), draft.answers == draft.asked_at
    if begun and draft.at is not None:
        return None
    known = draft.found if begun else {}
    products = tuple((p.sku, facts_of(p, account)) for p in products_of(session, account, draft.category) if p.sku not in known)
    return Task(draft.id, account.id, account, draft.asked_at, products, begun)


def do(kit: Kit, task: Task) -> Found:
    """The marketplace's answers, for as long as one job may take."""
    return look(kit, task.account, task.products)


def apply(session: Session, kit: Kit, task: Task, result: Found) -> datetime | None:
    draft = session.get_one(ListingDraft, task.draft_id)
    if draft.asked_at != task.asked_at:
        return kit.now()  # the mapping has changed meanwhile
    fields = {one["name"]: one for one in draft.fields} if task.begun else {}
    _merge(fields, result.fields)
    if result.kind or not task.begun:
        draft.kind, draft.title = result.kind, result.title
    draft.fields = sorted(fields.values(), key=lambda one: (not one["required"], not one["advised"]))
    draft.found = {**(draft.found if task.begun else {}), **result.lacks}
    draft.answers, draft.at = task.asked_at, None if result.rest else kit.now()
    return kit.now() if result.rest else None


def refused(session: Session, kit: Kit, task: Task, failure: integrations.Refused) -> None:
    """A connector that cannot draft at all: said of every product."""
    apply(session, kit, task, Found(lacks={sku: [{"attribute": "", "words": str(failure)}] for sku, _ in task.products}))


def forbidden(session: Session, kit: Kit, task: Task, failure: integrations.NotAuthorised) -> None:
    """They do not let us ask (eBay in our own name, Amazon's product types): said of every product. Publishing has its own permission, and goes on."""
    words = f"Not known: {task.account.key} is not allowed to ask what a new listing needs ({failure}). Publishing is not held up by this."
    apply(session, kit, task, Found(lacks={sku: [{"attribute": "", "words": words}] for sku, _ in task.products}))


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """What somebody asked for and was not answered."""
    return wake_missing(session, "draft", sa.select(ListingDraft.id).where(ListingDraft.at.is_(None)), now)


STAGE = Stage("draft", gather, do, apply, mark, refused=refused, forbidden=forbidden, lease_s=300, in_flight=4)
