"""draft: what new listings of a category would say on an account, and what each product still lacks. Asked for by people; nothing is written outside.

A marketplace is slow and its answers are kept: one row for each account and category. A look goes on over several jobs, each
bounded in time, and what was found so far can be read meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
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
TRIES = 3  # of a product about which the marketplace cannot be asked while it answers about others: then that is what is said of it
AWAY = 3  # products in a row about which it cannot be asked: then it is away, and the rest waits
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
    answered: bool  # it has an answer about one product at least


@dataclass
class Found:
    """What was learned: `lacks` by SKU, `fields` by attribute. `rest` was not tried; `failed` says by SKU why the marketplace could not be asked."""

    kind: str = ""
    title: str = ""
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    lacks: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    rest: int = 0
    failed: dict[str, integrations.TryLater] = field(default_factory=dict)
    away: integrations.TryLater | None = None  # why the rest waits, where that is not for want of time

    @property
    def delay(self) -> float:
        """Seconds until it is worth asking again; 0 where nothing was in the way."""
        return max((error.delay for error in [*self.failed.values(), *filter(None, [self.away])]), default=0.0)


def ask(session: Session, kit: Kit, account: Account, categories: Sequence[str]) -> None:
    """Somebody wants to know what these categories lack on an account, by the mapping that is in force now."""
    for category in categories:
        values = {"account_id": account.id, "category": category, "asked_at": kit.now(), "kind": "", "title": "", "fields": [], "found": {}, "tries": {}}
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

    A refusal is something that the product lacks. One about which it cannot be asked now holds up no other, unless it is several in a row. Raises
    NotAuthorised.
    """
    connector, found, until = kit.marketplace(account), Found(), time.monotonic() + longest_s
    if not isinstance(connector, integrations.Drafting):
        raise integrations.Refused(f"{account.key}: this marketplace cannot say beforehand what a new listing needs")
    in_a_row = 0
    for n, (sku, facts) in enumerate(products):
        if n and time.monotonic() > until and (found.lacks or not found.failed):  # one that takes all the time must not be all that is ever tried
            found.rest = len(products) - n
            break
        try:
            made = connector.draft(facts)
        except integrations.Refused as error:
            codes = [problem.code for problem in error.issues] or [""]
            found.lacks[sku] = [{"attribute": codes[0], "words": str(error)}]
            in_a_row = 0
            continue
        except integrations.Throttled as error:  # our own measure: it is about no product
            found.rest, found.away = len(products) - n, error
            break
        except integrations.TryLater as error:
            found.failed[sku], in_a_row = error, in_a_row + 1
            if in_a_row < AWAY or n + 1 == len(products):
                continue
            found.rest, found.away = len(products) - n - 1, error
            break
        in_a_row = 0
        found.kind, found.title = found.kind or made.kind, found.title or made.title
        found.lacks[sku] = [{"attribute": lack.attribute, "words": lack.words} for lack in made.lacks]
        _merge(found.fields, {one.name: {**asdict(one), "said": {one.said: [sku]} if one.said else {}} for one in made.fields})
    return found


def in_vain(error: integrations.TryLater) -> list[dict[str, str]]:
    """What is said of a product about which the marketplace could not be asked, however often that was tried."""
    return [{"attribute": "", "words": f"the marketplace could not be asked about it, {TRIES} times: {error}"}]


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
    left = [p for p in products_of(session, account, draft.category) if p.sku not in known]
    if begun:  # those that were tried in vain come last
        left.sort(key=lambda product: int(draft.tries.get(product.sku, 0)))
    return Task(draft.id, account.id, account, draft.asked_at, tuple((p.sku, facts_of(p, account)) for p in left), begun, bool(known))


def do(kit: Kit, task: Task) -> Found:
    """The marketplace's answers, for as long as one job may take. Raises TryLater where it has answered about no product yet."""
    found = look(kit, task.account, task.products)
    failures = [*found.failed.values(), *filter(None, [found.away])]
    if failures and not found.lacks and not (task.answered and found.failed):
        raise failures[0]
    return found


def apply(session: Session, kit: Kit, task: Task, result: Found) -> datetime | None:
    draft = session.get_one(ListingDraft, task.draft_id)
    if draft.asked_at != task.asked_at:
        return kit.now()  # the mapping has changed meanwhile
    fields = {one["name"]: one for one in draft.fields} if task.begun else {}
    _merge(fields, result.fields)
    if result.kind or not task.begun:
        draft.kind, draft.title = result.kind, result.title
    draft.fields = sorted(fields.values(), key=lambda one: (not one["required"], not one["advised"]))
    tries = dict(draft.tries) if task.begun else {}
    tries |= {sku: int(tries.get(sku, 0)) + 1 for sku in result.failed}
    given_up = {sku: in_vain(error) for sku, error in result.failed.items() if tries[sku] >= TRIES}
    draft.tries, draft.found = tries, {**(draft.found if task.begun else {}), **result.lacks, **given_up}
    goes_on = bool(result.rest or len(given_up) < len(result.failed))
    draft.answers, draft.at = task.asked_at, None if goes_on else kit.now()
    waits = result.delay if result.away is not None or not result.rest else 0.0
    return kit.now() + timedelta(seconds=waits) if goes_on else None


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
