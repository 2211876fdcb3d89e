"""The flight simulator: what another rule set would make of everything here, by stored facts alone and before anybody is touched by it.

It asks what the check stage would ask (`check.facts_from`, its states, its waivers), the pictures that marketplaces show now, and every
notice there ever was. Products are read in lots, so memory does not grow with the house.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
import rules
from app import excuses
from app.config import Settings
from app.excuses import Excuses
from app.models import Account, Cutout, FileFacts, ImageSetItem, Listing, ListingMember, Notice, Photo, Placement, Product, Rendition, Retouch
from app.stages import check
from app.stages.notices import TEACHES
from app.states import ListingState, PhotoState, RenditionState

LOT = 250  # products read at once
CACHE_KB, USUAL_CACHE_KB = 32_000, 2_000  # of SQLite: keys are hashes, and their indexes are larger than its usual cache
LISTED = 1000  # changed pictures and notices told one by one; all are counted
ENOUGH = 10  # retouches with their minutes, before their mean is believed
DOWN = (ListingState.EMPTY, ListingState.ENDED)


@dataclass(frozen=True)
class Line:
    """One picture that newly fails or passes: where it is, by which rules, and whether the marketplace shows it now."""

    sku: str
    account: str
    position: str
    file: str
    fails: bool
    rules: tuple[str, ...]
    live: bool
    proposed: bool  # False: it is live, and another picture is proposed for its place


@dataclass(frozen=True)
class PastLine:
    """A notice of the past that the new set would have prevented, or that it would let happen again."""

    sku: str
    account: str
    code: str
    message: str
    began: str  # ISO 8601
    file: str
    rules: tuple[str, ...]


@dataclass
class Simulation:
    """What would change. Pictures are placements (a picture in a place); money is minor units by currency, price x stock, each product once."""

    before: str
    after: str
    changes: list[str]
    pictures: int = 0  # looked at: those whose authority's rules differ
    unmeasured: int = 0  # those and live ones without facts of this measure version: judged when they are measured, not here
    failing: int = 0
    passing: int = 0
    products_failing: int = 0
    products_passing: int = 0
    by_rule: dict[str, dict[str, int]] = field(default_factory=dict)  # rule -> newly failing, newly passing: a picture counts for each of its rules
    listings: int = 0  # that show pictures of ours now
    listings_failing: int = 0  # of them with a picture that newly fails
    accepted: int = 0  # live pictures that newly fail and that no open notice is against
    money_failing: dict[str, int] = field(default_factory=dict)
    money_passing: dict[str, int] = field(default_factory=dict)
    money_live: dict[str, int] = field(default_factory=dict)  # of the live listings that would fail
    minutes_a_case: float = 0.0
    minutes_basis: str = ""
    notices: int = 0  # ever, with the facts of what was live
    notices_caught: int = 0
    notices_missed: int = 0
    photos_flagged: int = 0  # that came in and would be flagged by the new intake rules; those here are not judged again
    photos_let_in: int = 0
    lines: list[Line] = field(default_factory=list)  # the first of them; newly failing before newly passing within a product
    past: list[PastLine] = field(default_factory=list)
    past_missed: list[PastLine] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the live listings, the share that would newly fail."""
        return self.listings_failing / self.listings if self.listings else 0.0

    @property
    def minutes(self) -> float:
        """Review minutes that the newly failing pictures would cost."""
        return self.failing * self.minutes_a_case

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {**asdict(self), "share": self.share, "minutes": self.minutes}


def simulate(session: Session, settings: Settings, old: rules.RuleSet, new: rules.RuleSet, now: datetime, *, listed: int | None = LISTED) -> Simulation:
    """Replay the change from one set to another over all that is stored; reads only. `listed`: how many lines are told, None for all."""
    told = Simulation(old.hash, new.hash, rules.diff(old, new))
    told.minutes_a_case, told.minutes_basis = _minutes(session, settings)
    told.listings = session.scalar(sa.select(sa.func.count()).select_from(Listing).where(*_UP)) or 0
    compared = rules.Comparison(old, new)
    accounts = {row.id: row for row in session.scalars(sa.select(Account)) if integrations.SITES[row.marketplace].connector in compared.authorities}
    if accounts:
        house = _House(compared, accounts, told, listed, excuses.read(session, now))
        listings_failing: set[int] = set()
        _cache(session, CACHE_KB)
        for first, last in _lots(session):
            listings_failing |= house.lot(session, first, last)
        told.listings_failing = len(listings_failing)
        house.history(session)
        _cache(session, USUAL_CACHE_KB)
    if "intake" in compared.authorities:
        _photos(session, compared, told)
    return told


_UP = (Listing.state.not_in(DOWN), Listing.pushed_print.is_not(None))


def _cache(session: Session, kilobytes: int) -> None:
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text(f"PRAGMA cache_size=-{kilobytes}"))


def _lots(session: Session) -> Iterator[tuple[int, int]]:
    """Ranges of product ids, about LOT products each."""
    last = 0
    while True:
        lot = sa.select(Product.id).where(Product.id > last).order_by(Product.id).limit(LOT).subquery()
        first, end = session.execute(sa.select(sa.func.min(lot.c.id), sa.func.max(lot.c.id))).one()
        if end is None:
            return
        yield first, end
        last = end


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture in a place, with all that is asked of it. `proposed`: what the check stage would judge; `live`: what the marketplace shows."""

    account: int
    position: str
    file: str
    facts: Mapping[str, Any] | None
    waived: frozenset[str]
    proposed: bool
    live: int | None  # the listing


@dataclass
class _House:
    compared: rules.Comparison
    accounts: Mapping[int, Account]
    told: Simulation
    listed: int | None
    excuses: Excuses

    def lot(self, session: Session, first: int, last: int) -> set[int]:
        """Count what changes for the products of one range; the live listings that would fail."""
        told, down = self.told, set[int]()
        complained = set(session.scalars(_open_notices(first, last)))
        for product, shown in self._pictures(session, first, last):
            failing = passing = live_failing = 0
            for picture in shown:
                told.pictures += picture.proposed
                if picture.facts is None:
                    told.unmeasured += 1
                    continue
                change = self.compared.change(self._site(picture.account).connector, picture.facts, self._scope(product, picture), picture.waived)
                if change is None:
                    continue
                if picture.live is not None and change.newly_fails:
                    live_failing += 1
                    down.add(picture.live)
                    told.accepted += picture.live not in complained
                if picture.proposed and change.newly_fails:
                    failing += 1
                    self._tell(product, picture, change)
                elif picture.proposed and change.newly_passes:
                    passing += 1
                    self._tell(product, picture, change)
                elif change.newly_fails:  # live, while another picture is proposed for its place
                    self._tell(product, picture, change)
            told.failing, told.passing = told.failing + failing, told.passing + passing
            told.products_failing, told.products_passing = told.products_failing + bool(failing), told.products_passing + bool(passing)
            for many, stake in ((failing, told.money_failing), (passing, told.money_passing), (live_failing, told.money_live)):
                if many and product.price_minor and product.currency and product.quantity:
                    stake[product.currency] = stake.get(product.currency, 0) + product.price_minor * product.quantity
        return down

    def _pictures(self, session: Session, first: int, last: int) -> Iterator[tuple[Any, list[_Shown]]]:
        products = session.execute(
            sa.select(Product.id, Product.sku, Product.category, Product.condition, Product.pieces, Product.price_minor, Product.currency, Product.quantity)
            .where(Product.id.between(first, last))
            .order_by(Product.id)
        ).all()
        live = _live(session, first, last)
        rows, placed = _placed(session, first, last, self.accounts), defaultdict[int, list[Any]](list)
        for row in rows:
            placed[row.product_id].append(row)
        elsewhere = _facts_by_file(session, {file for sides in live.values() for _, file in sides.values()} - {row.file_sha256 for row in rows})
        cutouts = _cutouts(session, (*rows, *elsewhere.values()))
        for product in products:
            shown, sides = [], dict(live.get(product.id, {}))
            at = {(row.account_id, row.position): row.id for row in placed.get(product.id, ())}
            for row in placed.get(product.id, ()):
                listing, file = sides.get((row.account_id, row.position), (None, None))
                same = file == row.file_sha256
                if same:
                    sides.pop((row.account_id, row.position))
                facts = _complete(row, cutouts, product.pieces)
                waived = self.excuses.names(product.id, row.account_id, row.id, row.file_sha256)
                if row.waived.get("rendition") == row.rendition_id:
                    waived |= frozenset(row.waived.get("rules", ()))
                shown.append(_Shown(row.account_id, row.position, row.file_sha256, facts, waived, True, listing if same else None))
            for (account, position), (listing, file) in sides.items():
                if account in self.accounts and (made := elsewhere.get(file)) is not None:
                    waived = self.excuses.names(product.id, account, at.get((account, position)), file)
                    shown.append(_Shown(account, position, file, _complete(made, cutouts, product.pieces), waived, False, listing))
            yield product, shown

    def _tell(self, product: Any, picture: _Shown, change: rules.Change) -> None:
        kind, names = ("failing", change.began) if change.newly_fails else ("passing", change.ended)
        if picture.proposed:
            for name in names:
                self.told.by_rule.setdefault(name, {"failing": 0, "passing": 0})[kind] += 1
        if self.listed is None or len(self.told.lines) < self.listed:
            account = self.accounts[picture.account].key
            self.told.lines.append(
                Line(product.sku, account, picture.position, picture.file, change.newly_fails, names, picture.live is not None, picture.proposed)
            )

    def history(self, session: Session) -> None:
        """Every notice there ever was, against the facts of what was live when it began."""
        rows = session.execute(
            sa.select(
                Notice.code,
                Notice.message,
                Notice.begin,
                Notice.black_box,
                Listing.account_id,
                Product.sku,
                Product.category,
                Product.condition,
                Product.pieces,
            )
            .select_from(Notice)
            .join(Listing, Listing.id == Notice.listing_id)
            .join(ListingMember, sa.and_(ListingMember.listing_id == Notice.listing_id, ListingMember.merchant_sku == Notice.merchant_sku))
            .join(Product, Product.id == ListingMember.product_id)
            .where(Notice.kind.in_(TEACHES), Listing.account_id.in_(list(self.accounts)))
            .order_by(Notice.id)
            .execution_options(yield_per=LOT)
        )
        for lot in rows.partitions(LOT):
            made = _made(session, {box.get("rendition") for row in lot for box in row.black_box.values()} - {None})
            cutouts = _cutouts(session, made.values())
            for row in lot:
                self._recall(row, made, cutouts)

    def _recall(self, row: Any, made: Mapping[str, Any], cutouts: Mapping[str, Any]) -> None:
        site, told = self._site(row.account_id), self.told
        boxes = {position: box for position, box in row.black_box.items() if box.get("facts") and box.get("file")}  # else nothing was measured then
        told.notices += bool(boxes)
        caught, missed = dict[str, tuple[str, ...]](), dict[str, tuple[str, ...]]()
        for position, box in boxes.items():
            rendition = made.get(box.get("rendition") or "")
            cutout = rendition.cutout_id if rendition else ""  # no rendition: nothing is known of a cutout
            facts = check.facts_from(box["facts"], cutouts.get(cutout), cutout is None, row.pieces)
            scope = rules.Scope(site.key, site.country, row.category, position, row.condition)
            change = self.compared.change(site.connector, facts, scope)
            if change is not None and change.newly_fails:
                caught[box["file"]] = change.began
            elif change is not None and change.newly_passes:
                missed[box["file"]] = change.ended
        for found, count, lines in ((caught, "notices_caught", told.past), (missed, "notices_missed", told.past_missed)):
            if found:
                setattr(told, count, getattr(told, count) + 1)
                if self.listed is None or len(lines) < self.listed:
                    file, names = next(iter(found.items()))
                    account = self.accounts[row.account_id].key
                    lines.append(PastLine(row.sku, account, row.code, row.message, row.begin.isoformat(), file, names))

    def _site(self, account: int) -> integrations.Site:
        return integrations.SITES[self.accounts[account].marketplace]

    def _scope(self, product: Any, picture: _Shown) -> rules.Scope:
        site = self._site(picture.account)
        return rules.Scope(site.key, site.country, product.category, picture.position, product.condition)


_FACTS = sa.select(Rendition.id.label("rendition_id"), Rendition.file_sha256, Rendition.cutout_id, FileFacts.facts.label("file_facts")).outerjoin(
    FileFacts, sa.and_(FileFacts.file_sha256 == Rendition.file_sha256, FileFacts.measure_version == sa.bindparam("version"))
)


def _placed(session: Session, first: int, last: int, accounts: Mapping[int, Account]) -> list[Any]:
    """What the check stage would judge of these products, with its facts.

    States are looked at here: SQLite would rather search all pictures of one state, for every lot again, than these products.
    """
    rows = session.execute(
        _FACTS.add_columns(
            Placement.id, Placement.product_id, Placement.account_id, Placement.position, Placement.waived, Placement.state, Rendition.state.label("made")
        )
        .join(Placement, Placement.rendition_id == Rendition.id)
        .where(Placement.product_id.between(first, last))
        .order_by(Placement.product_id, Placement.position, Placement.account_id)
        .params(version=imaging.MEASURE_VERSION)
    )
    judged = (row for row in rows if row.state in check.JUDGED and row.made == RenditionState.RENDERED and row.file_sha256)
    return [row for row in judged if row.account_id in accounts]


def _complete(row: Any, cutouts: Mapping[str, Any], pieces: int) -> Mapping[str, Any] | None:
    """The facts as the check stage puts them together; None where the file was not measured under this version."""
    return None if row.file_facts is None else check.facts_from(row.file_facts, cutouts.get(row.cutout_id), row.cutout_id is None, pieces)


def _live(session: Session, first: int, last: int) -> dict[int, dict[tuple[int, str], tuple[int, str]]]:
    """product -> (account, position) -> (listing, file): what marketplaces show of these products, as far as we sent it."""
    found: dict[int, dict[tuple[int, str], tuple[int, str]]] = defaultdict(dict)
    rows = session.execute(
        sa.select(ListingMember.product_id, ListingMember.account_id, ListingMember.merchant_sku, Listing.id, Listing.pushed)
        .join(Listing, Listing.id == ListingMember.listing_id)
        .where(ListingMember.product_id.between(first, last), *_UP)
    )
    for product, account, merchant_sku, listing, pushed in rows:
        for position, file in pushed.get(merchant_sku, {}).items():
            found[product][account, position] = (listing, file)
    return found


def _open_notices(first: int, last: int) -> sa.Select[Any]:
    members = sa.select(ListingMember.listing_id).where(ListingMember.product_id.between(first, last))
    return sa.select(Notice.listing_id).where(Notice.end.is_(None), Notice.kind.in_(TEACHES), Notice.listing_id.in_(members))


def _facts_by_file(session: Session, files: set[str]) -> dict[str, Any]:
    return {row.file_sha256: row for row in _in_lots(session, _FACTS.params(version=imaging.MEASURE_VERSION), Rendition.file_sha256, files)}


def _made(session: Session, renditions: set[str]) -> dict[str, Any]:
    """Rendition -> its cutout, as far as renditions are still there."""
    return {row.id: row for row in _in_lots(session, sa.select(Rendition.id, Rendition.cutout_id), Rendition.id, renditions)}


def _cutouts(session: Session, rows: Iterable[Any]) -> dict[str, Any]:
    """The facts of each cutout once, however many pictures were made of it."""
    wanted = {row.cutout_id for row in rows} - {None}
    return {row.id: row.facts for row in _in_lots(session, sa.select(Cutout.id, Cutout.facts), Cutout.id, wanted)}


def _in_lots(session: Session, select: sa.Select[*tuple[Any, ...]], column: Any, keys: set[str]) -> Iterator[Any]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), 500):
        yield from session.execute(select.where(column.in_(ordered[start : start + 500])))


def _photos(session: Session, compared: rules.Comparison, told: Simulation) -> None:
    """Photos as they came in, under the new intake rules."""
    others = Counter[str]()
    for sha, count in session.execute(
        sa.select(ImageSetItem.photo_sha256, sa.func.count(ImageSetItem.product_id.distinct())).group_by(ImageSetItem.photo_sha256)
    ):
        if count > 1:
            others[sha] = count
    rows = session.execute(
        sa.select(Photo.sha256, Photo.facts, Product.category, Product.condition)
        .join(ImageSetItem, ImageSetItem.photo_sha256 == Photo.sha256)
        .join(Product, Product.id == ImageSetItem.product_id)
        .where(Photo.problem.is_(None), ImageSetItem.state != PhotoState.REJECTED)
        .execution_options(yield_per=LOT)
    )
    for sha, facts, category, condition in rows:
        change = compared.change("intake", {**facts, "products_with_photo": others[sha] or 1}, rules.Scope("intake", "", category, "", condition))
        if change is not None:
            told.photos_flagged, told.photos_let_in = told.photos_flagged + change.newly_fails, told.photos_let_in + change.newly_passes


def _minutes(session: Session, settings: Settings) -> tuple[float, str]:
    """Minutes of a person for one case, and what that rests on."""
    count, mean = session.execute(sa.select(sa.func.count(Retouch.minutes), sa.func.avg(Retouch.minutes))).one()
    if count >= ENOUGH:
        return round(float(mean), 1), f"the mean of {count} retouches"
    return settings.review_minutes, "PACKSHOT_REVIEW_MINUTES"
