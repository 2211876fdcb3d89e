"""How each category of products is listed on an account: what a page, a command and a program are told of it, and the one way to change it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import accounts
from app.db import lock
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, ListingDraft, Product, Work
from app.secretbox import SecretsLost
from app.stages import draft
from app.stages.creating import facts_of

OLD = timedelta(hours=1)  # kinds change: what was found is asked for again when somebody looks after so long
LOOKED_THROUGH = 500  # products of a category whose attributes are offered as sources
VALUES = 24  # different values of a source that are offered for translation

OFF: Mapping[str, Any] = {"value": ""}  # says nothing, whatever else would be said

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Gap:
    """One thing that products of a category lack, in words, and which products."""

    attribute: str
    words: str
    skus: tuple[str, ...]


@dataclass(frozen=True)
class Category:
    """A category of the seller's on one account. `checked` of `looked_at` products are known; `at` is None while that goes on or nobody has asked."""

    name: str
    products: int
    unlisted: int
    kind: str
    title: str
    chosen: bool  # the seller named the kind
    rows: Mapping[str, Row]
    looked_at: int
    checked: int
    gaps: tuple[Gap, ...]
    asked: bool
    at: datetime | None
    changed_at: datetime  # when the inventory last told of one of its products
    trouble: str | None  # why the marketplace cannot be asked now, or the settings are not understood

    @property
    def state(self) -> str:
        """unasked | looking | missing | complete."""
        if not self.asked:
            return "unasked"
        if self.at is None:
            return "looking"
        return "missing" if self.gaps else "complete"


def categories(session: Session, kit: Kit, account: Account, only: str | None = None) -> list[Category]:
    """Every category that has products, or one of them, by name: a handful of selects, and nobody outside is asked."""
    left = sa.func.sum(sa.case((draft.unlisted(account), 1), else_=0))
    counts = sa.select(Product.category, sa.func.count(), left, sa.func.max(Product.updated_at)).where(Product.archived.is_(False))
    if only is not None:
        counts = counts.where(Product.category == only)
    counts = counts.group_by(Product.category).order_by(Product.category)
    drafts = {row.category: row for row in session.scalars(sa.select(ListingDraft).where(ListingDraft.account_id == account.id))}
    ids = [str(row.id) for row in drafts.values()]
    errors = {row.row: row.error for row in session.scalars(sa.select(Work).where(Work.stage == "draft", Work.row.in_(ids)))}
    told = []
    for name, products, unlisted, changed_at in session.execute(counts):
        known = drafts.get(name)
        trouble = errors.get(str(known.id)) if known and known.at is None else None
        try:
            how = mapped(kit, account, name)
        except Refusal as refusal:
            how, trouble = integrations.CategoryMap("", "", {}), str(refusal)
        kind = how.kind or (known.kind if known else "") or how.usual
        found = known.found if known and known.answers == known.asked_at else {}
        told.append(
            Category(
                name=name,
                products=products,
                unlisted=unlisted,
                kind=kind,
                title=known.title if known and known.kind == kind else "",
                chosen=bool(how.kind),
                rows={attribute: row for attribute, row in how.rows.items() if row != OFF},
                looked_at=min(unlisted or min(products, draft.SAMPLE), draft.MOST),
                checked=len(found),
                gaps=gaps_of(found),
                asked=known is not None,
                at=known.at if known else None,
                changed_at=changed_at,
                trouble=trouble,
            )
        )
    return told


def gaps_of(found: Mapping[str, Sequence[Mapping[str, str]]]) -> tuple[Gap, ...]:
    """What lacks, the most frequent first."""
    skus: dict[tuple[str, str], list[str]] = defaultdict(list)
    for sku, lacks in found.items():
        for lack in lacks:
            skus[lack["attribute"], lack["words"]].append(sku)
    return tuple(sorted((Gap(*what, tuple(sorted(which))) for what, which in skus.items()), key=lambda gap: (-len(gap.skus), gap.attribute)))


def to_list(session: Session, account: Account) -> dict[str, list[tuple[str, integrations.ProductFacts]]]:
    """Every product that has no listing on the account, by category."""
    rows = sa.select(Product).where(Product.archived.is_(False), draft.unlisted(account)).order_by(Product.category, Product.sku)
    found: dict[str, list[tuple[str, integrations.ProductFacts]]] = defaultdict(list)
    for product in session.scalars(rows):
        found[product.category].append((product.sku, facts_of(product, account)))
    return dict(found)


def missing(kit: Kit, account: Account, wanted: Mapping[str, Sequence[tuple[str, integrations.ProductFacts]]]) -> Iterator[dict[str, str]]:
    """What each product lacks, as it comes: sku, category, attribute, words. Asks the marketplace for as long as it takes.

    One about which it cannot be asked is tried again after the others, and that is said of it in the end. Raises NotAuthorised and Refused, and TryLater
    where the marketplace is away: it answers about none, however many are tried.
    """
    for category, products in wanted.items():
        left, tries = list(products), Counter[str]()
        while left:
            found = draft.look(kit, account, left)
            if found.away is not None and not found.lacks:
                raise found.away
            tries.update(list(found.failed))
            lacks = found.lacks | {sku: draft.in_vain(error) for sku, error in found.failed.items() if tries[sku] >= draft.TRIES}
            yield from ({"sku": sku, "category": category, **lack} for sku, many in lacks.items() for lack in many)
            left = sorted((one for one in left if one[0] not in lacks), key=lambda one: tries[one[0]])


def is_old(category: Category, now: datetime) -> bool:
    """Whether it is worth asking again before somebody reads it."""
    return not category.asked or (category.at is not None and category.at < max(category.changed_at, now - OLD))


def ask(session: Session, kit: Kit, account: Account, names: Iterable[str] | None = None) -> None:
    """Have the marketplace asked what these categories lack; all of them where not named. Raises Refusal for one that has no product."""
    there = session.scalars(sa.select(Product.category).where(Product.archived.is_(False)).distinct()).all()
    wanted = list(there if names is None else names)
    if unknown := sorted(set(wanted) - set(there)):
        raise Refusal(f"no product has the category {unknown[0]!r}")
    draft.ask(session, kit, account, wanted)


def connector_of(kit: Kit, account: Account) -> integrations.Drafting:
    """The account's connector, if it can draft. Refusal where it cannot, or where its credentials cannot be read."""
    try:
        found = kit.marketplace(account)
    except (SecretsLost, integrations.NotAuthorised, ValueError, KeyError) as error:
        raise Refusal(f"{account.key}: {error}") from None
    if not isinstance(found, integrations.Drafting):
        raise Refusal(f"{account.key}: this marketplace cannot say beforehand what a new listing needs")
    return found


def mapped(kit: Kit, account: Account, category: str) -> integrations.CategoryMap:
    """How a category is listed, by the account's settings. Raises Refusal where these are not understood."""
    try:
        return connector_of(kit, account).mapped(category)
    except integrations.Refused as error:
        raise Refusal(str(error)) from None


def set_mapping(session: Session, kit: Kit, account: Account, category: str, kind: str, rows: Mapping[str, Any], who: str) -> None:
    """List a category as `kind` by exactly these rows: the account's policy is changed, and what was refused is tried again.

    Raises Refusal naming the attribute or value that the marketplace does not have, as far as it was asked about this kind.
    """
    lock(session, account)
    kind = kind.strip()
    if category == "*" or not session.scalar(sa.select(Product.id).where(Product.category == category).limit(1)):
        raise Refusal(f"no product has the category {category!r}")
    known = session.scalar(sa.select(ListingDraft).where(ListingDraft.account_id == account.id, ListingDraft.category == category))
    if known is not None and known.fields and kind in ("", known.kind):
        _refuse_strangers(known, rows)
    try:
        listing = connector_of(kit, account).remapped(category, kind, rows)
    except integrations.Refused as error:
        raise Refusal(str(error)) from None
    accounts.set_policy(session, kit, account, who, listing=listing)


def _refuse_strangers(known: ListingDraft, rows: Mapping[str, Any]) -> None:
    """Refusal for an attribute that the kind does not have, a constant that it does not take, a unit that it does not know."""
    fields = {one["name"]: one for one in known.fields}
    for name, row in rows.items():
        if not isinstance(row, Mapping) or row == OFF:
            continue
        if (one := fields.get(name)) is None:
            raise Refusal(f"{known.kind} has no attribute {name!r}; it has {_some(fields)}")
        taken = {str(choice).lower() for choice in one["choices"]}
        given = [*_listed(row.get("value")), *(row["words"].values() if isinstance(row.get("words"), Mapping) else ())]
        stranger = next((value for value in given if taken and str(value) and str(value).lower() not in taken), None)
        if stranger is not None:
            raise Refusal(f"{one['title']} ({name}) does not take {stranger!r}; it takes {_some(one['choices'])}")
        if row.get("unit") and one["units"] and row["unit"] not in one["units"]:
            raise Refusal(f"{one['title']} ({name}) is not measured in {row['unit']!r}; it takes {_some(one['units'])}")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _some(names: Iterable[Any]) -> str:
    words = [str(name) for name in names]
    return ", ".join(words[:12]) + (f" and {len(words) - 12} more" if len(words) > 12 else "")


# --- the table of one category -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One attribute on the page: what the marketplace says of it, the row that fills it (None: nothing does), and what becomes of it."""

    field: Mapping[str, Any]
    row: Row | None
    said: Mapping[str, Sequence[str]]  # value -> some SKUs
    lacking: int  # products that lack it, or whose value is wrong
    translate: tuple[str, ...]  # values of the products that may need the marketplace's word


@dataclass(frozen=True)
class Table:
    """A category's attributes: those asked for, advised or filled as lines, the rest by name. `sources` are what products can fill them from."""

    lines: tuple[Line, ...]
    rest: tuple[Mapping[str, Any], ...]
    sources: tuple[str, ...]


def table(session: Session, kit: Kit, account: Account, category: str) -> Table:
    """What the page of one category shows. Raises Refusal where the settings are not understood."""
    known = session.scalar(sa.select(ListingDraft).where(ListingDraft.account_id == account.id, ListingDraft.category == category))
    rows = {name: row for name, row in mapped(kit, account, category).rows.items() if row != OFF}
    fields = {one["name"]: one for one in (known.fields if known else [])}
    for name in rows:
        fields.setdefault(name, {**asdict(integrations.DraftField(name, name, required=False)), "said": {}})
    found = known.found if known else {}
    lacking = {name: sum(any(lack["attribute"] == name for lack in lacks) for lacks in found.values()) for name in fields}
    facts = [_facts(product) for product in draft.products_of(session, account, category, LOOKED_THROUGH)]
    shown = [one for one in fields.values() if one["required"] or one["advised"] or one["name"] in rows or lacking[one["name"]] or one["said"]]
    lines = tuple(Line(one, rows.get(one["name"]), one["said"], lacking[one["name"]], _values(one, rows.get(one["name"]), facts)) for one in shown)
    paths = sorted({path for one in facts for path in one if path not in integrations.FACTS})
    used = {str(row["from"]) for row in rows.values() if "from" in row}
    sources = tuple(dict.fromkeys([*integrations.FACTS, *paths, *sorted(used)]))
    names = {one["name"] for one in shown}
    return Table(lines, tuple(one for name, one in fields.items() if name not in names), sources)


def _facts(product: Product) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(product, name) for name in integrations.FACTS}
    for name, value in product.attributes.items():
        inner = {f"{name}.{step}": one for step, one in value.items()} if isinstance(value, Mapping) else {name: value}
        told |= {f"attributes.{path}": one for path, one in inner.items() if path != "description"}
    return told | {f"size_mm.{name}": value for name, value in product.size_mm.items()}


def _values(one: Mapping[str, Any], row: Row | None, facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the products say that the marketplace does not take as it is, and what is translated already."""
    if row is None or "from" not in row or not one["choices"]:
        return ()
    taken = {str(choice).lower() for choice in one["choices"]}
    said = {str(value) for fact in facts for value in _listed(fact.get(str(row["from"]))) if not isinstance(value, Mapping) and str(value)}
    strangers = sorted(value for value in said if value.lower() not in taken)
    return tuple(dict.fromkeys([*(row.get("words") or {}), *strangers]))[:VALUES]
