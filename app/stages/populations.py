"""The two populations of one reason: what was objected to for it, and what was shown long enough with nobody objecting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
import rules
from app.models import Account, Cutout, FileFacts, Listing, ListingMember, Notice, Product, Rendition, Showing
from app.stages.check import facts_from
from app.stages.notices import TEACHES, is_vague

MOST = 3000  # pictures of either population, the newest
MOST_MEASURED = 40  # files of an older measure version that one look measures again


@dataclass(frozen=True)
class Seen:
    """A picture at a place, before its facts are known to be of today's measure version: `facts` is None where the file must be measured again."""

    name: str
    file: str
    facts: Mapping[str, Any] | None
    rest: Mapping[str, Any]  # facts that no file tells: the cutout's, whether the background was kept
    pieces: int
    scope: rules.Scope
    objected: bool
    at: datetime
    imported: bool

    def observation(self, file_facts: Mapping[str, Any]) -> rules.Observation:
        """With the facts of the file."""
        facts = dict(file_facts) if self.imported else facts_from(file_facts, self.rest, bool(self.rest.get("background_kept")), self.pieces)
        return rules.Observation(self.name, facts, self.scope, self.objected, self.at, self.imported)


def populations(session: Session, connector: str, reason: str | None, code: str, now: datetime) -> list[Seen]:
    """Both populations on all accounts of one connector; one picture at one product's position counts once, as objected to if it ever was."""
    found: dict[str, Seen] = {}
    for one in (*_objected(session, connector, reason, code), *_accepted(session, connector, now)):
        found.setdefault(one.name, one)
    return list(found.values())


def noticed() -> sa.Select[Notice, str, Product]:
    """Every notice with its marketplace and the product that it is about."""
    return (
        sa.select(Notice, Account.marketplace, Product)
        .join(Listing, Listing.id == Notice.listing_id)
        .join(Account, Account.id == Listing.account_id)
        .join(ListingMember, sa.and_(ListingMember.listing_id == Listing.id, ListingMember.merchant_sku == Notice.merchant_sku))
        .join(Product, Product.id == ListingMember.product_id)
    )


def _objected(session: Session, connector: str, reason: str | None, code: str) -> Iterator[Seen]:
    same = Notice.reason == reason if reason is not None else sa.and_(Notice.reason.is_(None), Notice.code == code)
    rows = session.execute(
        noticed().where(same, Notice.kind.in_(TEACHES), Account.marketplace.startswith(f"{connector}-")).order_by(Notice.id.desc()).limit(MOST)
    ).all()
    clear = [row for row in rows if not is_vague(row[0])]
    boxes = [(notice, marketplace, product, position, box) for notice, marketplace, product in clear for position, box in notice.black_box.items()]
    fresh = _file_facts(session, {box["file"] for *_, box in boxes})
    for notice, marketplace, product, position, box in boxes:
        facts = fresh.get(box["file"])
        if facts is None and box.get("measured") == imaging.MEASURE_VERSION and box["facts"]:
            facts = box["facts"]
        yield Seen(
            name=_name(product, position, box["file"]),
            file=box["file"],
            facts=facts,
            rest={name: value for name, value in box["facts"].items() if name.startswith("cutout_") or name == "background_kept"},
            pieces=product.pieces,
            scope=_scope(marketplace, product, position),
            objected=True,
            at=notice.begin,
            imported=not box.get("ours", True),
        )


def _accepted(session: Session, connector: str, now: datetime) -> Iterator[Seen]:
    """Shown for at least the account's time to settle, and no notice of any reason in that time: the first objection may hide others."""
    rows = session.execute(
        sa.select(Showing, Account.marketplace, Account.policy, Product)
        .join(Listing, Listing.id == Showing.listing_id)
        .join(Account, Account.id == Listing.account_id)
        .join(ListingMember, sa.and_(ListingMember.listing_id == Listing.id, ListingMember.merchant_sku == Showing.merchant_sku))
        .join(Product, Product.id == ListingMember.product_id)
        .where(Account.marketplace.startswith(f"{connector}-"))
        .order_by(Showing.id.desc())
        .limit(MOST)
    ).all()
    against = _notices(session, {showing.listing_id for showing, *_ in rows})
    files = {showing.file_sha256 for showing, *_ in rows}
    fresh, made = _file_facts(session, files), _made(session, files)
    for showing, marketplace, policy, product in rows:
        settled = showing.begin + timedelta(seconds=float(policy["pace"]["settle_s"]))
        if settled > (showing.end or now) or any(_meets(notice, showing) for notice in against.get((showing.listing_id, showing.merchant_sku), ())):
            continue
        yield Seen(
            name=_name(product, showing.position, showing.file_sha256),
            file=showing.file_sha256,
            facts=fresh.get(showing.file_sha256),
            rest=made.get(showing.file_sha256, {}) if showing.ours else {},
            pieces=product.pieces,
            scope=_scope(marketplace, product, showing.position),
            objected=False,
            at=settled,
            imported=not showing.ours,
        )


def _notices(session: Session, listings: Iterable[int]) -> dict[tuple[int, str], list[Notice]]:
    found: dict[tuple[int, str], list[Notice]] = {}
    for some in _parts(sorted(listings)):
        for notice in session.scalars(sa.select(Notice).where(Notice.listing_id.in_(some), Notice.kind.in_(TEACHES))):
            found.setdefault((notice.listing_id, notice.merchant_sku), []).append(notice)
    return found


def _meets(notice: Notice, showing: Showing) -> bool:
    """Whether a notice was open on that position while the picture was shown, or on any where it is not known whose picture it is about."""
    return (
        (is_vague(notice) or showing.position in (notice.positions or ("main",)))
        and (notice.end is None or notice.end > showing.begin)
        and (showing.end is None or notice.begin <= showing.end)
    )


def _file_facts(session: Session, files: Iterable[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for some in _parts(sorted(files)):
        rows = session.execute(
            sa.select(FileFacts.file_sha256, FileFacts.facts).where(FileFacts.file_sha256.in_(some), FileFacts.measure_version == imaging.MEASURE_VERSION)
        )
        found.update((file, facts) for file, facts in rows)
    return found


def _made(session: Session, files: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the house knows of its files beyond their bytes."""
    found: dict[str, dict[str, Any]] = {}
    for some in _parts(sorted(files)):
        rows = session.execute(
            sa.select(Rendition.file_sha256, Rendition.cutout_id, Cutout.facts)
            .outerjoin(Cutout, Cutout.id == Rendition.cutout_id)
            .where(Rendition.file_sha256.in_(some))
            .order_by(Rendition.id)
        )
        found.update((str(file), {**(facts or {}), "background_kept": cutout is None}) for file, cutout, facts in rows)
    return found


def _parts(values: list[Any], size: int = 500) -> Iterator[list[Any]]:
    yield from (values[n : n + size] for n in range(0, len(values), size))


def _name(product: Product, position: str, file: str) -> str:
    return f"{product.sku}/{position}/{file}"


def _scope(marketplace: str, product: Product, position: str) -> rules.Scope:
    site = integrations.SITES[marketplace]
    return rules.Scope(marketplace=site.key, country=site.country, category=product.category, position=position, condition=product.condition)
