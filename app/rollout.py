"""Moves what is here to the release in force, because a person says so; nothing else moves a picture that was made.

A rollout is a wish: such a share of all products, which the scheduler brings about a few at a time. The products of a share are always the same
ones, and a larger share holds the smaller. It halts by itself where too many of the new pictures need a person who passed before.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import work
from app.db import insert, lock, record
from app.errors import Refusal
from app.kit import Kit
from app.models import ImageSetItem, Placement, Product, Release, Setting, Work
from app.stages import backdrop
from app.stages.arrange import current_release
from app.states import PlacementState

WISH = "rollout"  # the setting: {release, since, share, most_to_review, halted, done}
MOST_TO_REVIEW = 0.15  # of the new pictures; ours: half as much again as the tenth that a person looks at in any case
LEAST_JUDGED = 20  # new pictures before their share says anything
_BY_A_PERSON = (PlacementState.REVIEW, PlacementState.REJECTED, PlacementState.RETOUCH)
_AT_ONCE = 100  # products in one turn of the scheduler, each in its own transaction
_PAGE = 5000


def roll_out(session: Session, kit: Kit, product: Product, who: str) -> int:
    """Pin a product's photos to the release in force and have its pictures made by it; how many were of another, or would be made from something else.

    What they are made from beside photo and release (the batch's backdrop, the product's category and sizes) is taken down anew as well.

    What is live stays until its successor passes, and the new set goes out together. What a person rejected or sent to retouch stays so.
    """
    lock(session, product)
    inforce = current_release(session, kit)
    every = session.scalars(sa.select(ImageSetItem).where(ImageSetItem.product_id == product.id)).all()
    items = [item for item in every if backdrop.renew(session, kit, product, item) or item.release_id != inforce]
    for item in items:
        item.release_id = inforce
    if items:
        product.photos_since = product.photos_since or kit.now()
        photos = f"{len(items)} photo{'s' * (len(items) != 1)}"
        record(session, product, "rolled out", now=kit.now(), sku=product.sku, why=f"{photos} to release {inforce[:12]}", who=who)
    # also where none moved: a worker that still ran on the former release may have arranged them since
    work.wake(session, "arrange", product.id, at=kit.now(), lead=work.head_start_of(product))
    return len(items)


def begin(session: Session, kit: Kit, share: float, who: str, most_to_review: float = MOST_TO_REVIEW) -> None:
    """Ask for `share` (above 0, at most 1) of all products to move to the release in force. A halted rollout goes on. Raises Refusal."""
    if not 0 < share <= 1:
        raise Refusal("a rollout takes more than 0 and at most 100 % of the products")
    if not 0 < most_to_review <= 1:
        raise Refusal("the share of pictures that may need a person is more than 0 and at most 100 %")
    inforce = current_release(session, kit)
    since = _since(session, kit, session.get_one(Release, inforce))
    value: dict[str, Any] = {"release": inforce, "since": since.isoformat(), "share": share, "most_to_review": most_to_review}
    statement = insert(session, Setting).values(name=WISH, value=value, at=kit.now(), who=who)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value, "at": kit.now(), "who": who}))
    record(session, value["release"], "rollout begun", kind="release", now=kit.now(), why=f"{share:.0%} of the products", who=who)


def _since(session: Session, kit: Kit, release: Release) -> datetime:
    """From when on pictures that move to this release count: its first day, or for one that is gone back to the first wish for it."""
    wish = session.get(Setting, WISH)
    if wish is not None and wish.value["release"] == release.id and "since" in wish.value:
        return datetime.fromisoformat(wish.value["since"])
    gone_back_to = session.scalar(sa.select(sa.exists().where(Release.created_at > release.created_at)))
    return kit.now() if gone_back_to else release.created_at


def halt(session: Session, kit: Kit, why: str, who: str) -> bool:
    """Move no further product until a person asks again; False where nothing was under way. What has moved stays moved."""
    wish = session.get(Setting, WISH, with_for_update=True, populate_existing=True)
    if wish is None or wish.value.get("halted") or wish.value.get("done"):
        return False
    wish.value = {**wish.value, "halted": why[:500]}
    record(session, wish.value["release"], "rollout halted", kind="release", now=kit.now(), why=why, who=who)
    return True


def go_on(kit: Kit) -> int:
    """One turn: some more products of the share move, or the rollout halts, or it is done; how many moved. May run twice and at the same time."""
    with kit.db.reading() as session:
        wish = session.get(Setting, WISH)
        if wish is None or wish.value.get("halted") or wish.value.get("done") or wish.value["release"] != kit.release["id"]:
            return 0  # the last: this process is from before, or after, the release that was meant
        outcome, skus, who, at = outcome_of(session, kit, wish.value["release"]), list(_next(session, wish.value)), wish.who, wish.at
        arranging = session.scalar(sa.select(sa.func.count()).where(Work.stage == "arrange", sa.or_(Work.due_at.is_not(None), Work.leased_until.is_not(None))))
    if why := _too_many(outcome, wish.value["most_to_review"]):
        with kit.db.writing() as session:
            if _stands(session, at):
                halt(session, kit, why, "packshot")
        return 0
    if outcome.coming + (arranging or 0) >= _AT_ONCE:
        return 0  # no faster than they are judged: else the halt would come after everything has moved
    for sku in skus:
        with kit.db.writing() as session:
            if not _stands(session, at):
                return 0
            roll_out(session, kit, session.scalars(sa.select(Product).where(Product.sku == sku)).one(), who)
    if not skus:
        with kit.db.writing() as session:
            now = session.get(Setting, WISH, with_for_update=True)
            if now is not None and now.at == at and not now.value.get("halted"):
                now.value = {**now.value, "done": True}
                record(session, now.value["release"], "rollout done", kind="release", now=kit.now(), why=f"{now.value['share']:.0%} of the products")
    return len(skus)


def _stands(session: Session, at: datetime) -> bool:
    """Whether the wish is still the one of that time, and nobody has halted it."""
    wish = session.get(Setting, WISH, with_for_update=True, populate_existing=True)
    return wish is not None and wish.at == at and not wish.value.get("halted")


@dataclass(frozen=True)
class Outcome:
    """What became of the new pictures of photos that moved: judged good, sent to a person though an earlier one had passed, not judged yet.

    Whatever the person decided since: that one was needed is what counts.
    """

    good: int
    to_review: int
    coming: int

    @property
    def share(self) -> float:
        """Of what was judged, 0..1."""
        return self.to_review / max(1, self.good + self.to_review)


def outcome_of(session: Session, kit: Kit, release: str) -> Outcome:
    """The pictures of photos that were here before the rollout of this release, and were moved to it."""
    row = session.get(Release, release)
    if row is None:
        return Outcome(0, 0, 0)
    since = _since(session, kit, row)
    overridden = sa.and_(Placement.state == PlacementState.APPROVED, sa.cast(Placement.waived, sa.String) != "{}").label("overridden")
    moved = (
        sa.select(Placement.state, overridden, sa.func.count())
        .join(ImageSetItem, ImageSetItem.id == Placement.item_id)
        .where(ImageSetItem.release_id == release, ImageSetItem.created_at < since, Placement.changed_at >= since)
        .group_by(Placement.state, overridden)
    )
    good = sa.and_(Placement.state == PlacementState.APPROVED, Placement.approved_id == Placement.rendition_id)
    replaced = sa.and_(Placement.approved_id.is_not(None), Placement.approved_id.is_distinct_from(Placement.rendition_id))
    new = sa.or_(good, sa.and_(Placement.state.in_((*_BY_A_PERSON, PlacementState.WAITING)), replaced))
    counts: Counter[str] = Counter()
    for state, by_a_person, number in session.execute(moved.where(new)):
        counts["to review" if by_a_person or state in _BY_A_PERSON else str(state)] += number
    return Outcome(counts[PlacementState.APPROVED], counts["to review"], counts[PlacementState.WAITING])


@dataclass(frozen=True)
class Standing:
    """Where a rollout is: products with photos that are made by the release in force, and by another; what is wished; how it goes."""

    release: Release
    former: Release | None
    moved: int
    behind: int
    wish: Mapping[str, Any] | None
    who: str
    outcome: Outcome

    @property
    def word(self) -> str:
        """`idle`, `under way`, `halted`, `done` (of the share asked for)."""
        if self.wish is None or self.wish["release"] != self.release.id:
            return "idle"
        return "halted" if self.wish.get("halted") else "done" if self.wish.get("done") else "under way"


def standing(session: Session, kit: Kit) -> Standing:
    """Where the rollout of the release in force is."""
    inforce, wish = kit.release["id"], session.get(Setting, WISH)
    release = session.get(Release, inforce) or Release(**kit.release, created_at=kit.now())
    earlier = sa.select(Release).where(Release.id != inforce, Release.created_at <= release.created_at)
    former = session.scalar(earlier.order_by(Release.created_at.desc()).limit(1))
    with_photos = sa.select(sa.func.count(sa.distinct(Product.id))).join(ImageSetItem, ImageSetItem.product_id == Product.id)
    with_photos = with_photos.where(Product.archived.is_(False))
    behind = session.scalar(with_photos.where(_older(inforce))) or 0
    everything = session.scalar(with_photos) or 0
    return Standing(release, former, everything - behind, behind, wish.value if wish else None, wish.who if wish else "", outcome_of(session, kit, inforce))


def in_share(release: str, sku: str, share: float) -> bool:
    """Whether a SKU is among the `share` (0..1) of products that a release reaches first."""
    digest = hashlib.sha256(f"{release}:{sku}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def changes(old: Release, new: Release) -> list[str]:
    """What differs between two releases, a sentence each; what only decides which recipe is chosen included."""
    found = []
    if old.model_sha256 != new.model_sha256:
        found.append(f"the cut-out model: {old.model_sha256[:12]} → {new.model_sha256[:12]}")
    versions = (("the finish", old.finish_version, new.finish_version), ("the cut-out", old.cutout_version, new.cutout_version))
    found += [f"{what}: version {was} → {now}" for what, was, now in versions if was != now]
    found += [f"recipe {name} is {'new' if name in new.recipes else 'gone'}" for name in sorted(old.recipes.keys() ^ new.recipes.keys())]
    for name in sorted(old.recipes.keys() & new.recipes.keys()):
        former, present = dict(_flat(old.recipes[name])), dict(_flat(new.recipes[name]))
        pairs = [(key, former.get(key, "not said"), present.get(key, "not said")) for key in sorted(former.keys() | present.keys())]
        found += [f"recipe {name}: {key}: {was} → {now}" for key, was, now in pairs if was != now]
    return found


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _older(release: str) -> sa.ColumnElement[bool]:
    return sa.or_(ImageSetItem.release_id.is_(None), ImageSetItem.release_id != release)


def _next(session: Session, wish: Mapping[str, Any]) -> Iterator[str]:
    """The next few SKUs of the share whose photos are of another release."""
    last, found = 0, 0
    pinned_elsewhere = sa.exists().where(ImageSetItem.product_id == Product.id, _older(wish["release"]))
    while found < _AT_ONCE:
        page = session.execute(
            sa.select(Product.id, Product.sku).where(Product.id > last, Product.archived.is_(False), pinned_elsewhere).order_by(Product.id).limit(_PAGE)
        ).all()
        for number, sku in page:
            last = number
            if found < _AT_ONCE and in_share(wish["release"], sku, wish["share"]):
                found += 1
                yield sku
        if len(page) < _PAGE:
            return


def _too_many(outcome: Outcome, most: float) -> str | None:
    if outcome.good + outcome.to_review < LEAST_JUDGED or outcome.share <= most:
        return None
    return f"{outcome.to_review} of {outcome.good + outcome.to_review} new pictures need a person whose former ones passed: more than {most:.0%}"
