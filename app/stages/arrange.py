"""An image set -> placements, renditions and listings: which picture goes where. Restated whole each time, so it may run at any moment, twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
import yaml
from sqlalchemy.orm import Session

import imaging
import integrations
from app import work
from app.db import insert, lock, move, record
from app.kit import Kit
from app.models import Account, ImageSetItem, Placement, Product, Release, Remake, Rendition
from app.stages import backdrop
from app.stages.listed import listing_for
from app.stages.run import Stage
from app.stages.together import is_several
from app.states import PhotoState, PlacementState, RenditionState

SETTLED = (PlacementState.REJECTED, PlacementState.RETOUCH)  # what a person said of a photo at a place, whatever it is made by


def arrange(session: Session, kit: Kit, product: Product) -> None:
    """State which picture each account should have at each position, and wake what is missing. One transaction at a time per product."""
    lock(session, product)
    items = in_order(product.category, current_items(session, product))
    for account in session.scalars(sa.select(Account).order_by(Account.id)):
        if offers(product, account):
            member = listing_for(session, kit, product, account)
            _place(session, kit, product, account, items, several=member is not None and is_several(member.listing, member.listing.members))
    work.wake(session, "want", product.id, at=kit.now(), lead=work.head_start_of(product))


def offers(product: Product, account: Account) -> bool:
    """Whether a product belongs on an account: the inventory says so, or the account's policy creates listings."""
    return account.key in product.offered_on or bool(account.policy.get("create"))


def current_items(session: Session, product: Product) -> list[ImageSetItem]:
    """The items of the image set that have a place: all but the rejected, and a flagged one only where it stands in for no other that is there."""
    items = session.scalars(sa.select(ImageSetItem).where(ImageSetItem.product_id == product.id, ImageSetItem.state != PhotoState.REJECTED)).all()
    there = {item.id for item in items}
    return [item for item in items if item.state != PhotoState.FLAGGED or item.replaces_id not in there]


def in_order(category: str, items: Sequence[ImageSetItem]) -> list[ImageSetItem]:
    """Items as buyers should see them: by the category's template, then by the given order, then by arrival."""
    template = _templates().get(category) or _templates()["default"]
    rank = {shot: n for n, shot in enumerate(template)}
    return sorted(items, key=lambda item: (rank.get(item.shot, len(rank)), item.order, item.id))


def current_release(session: Session, kit: Kit) -> str:
    """The id of the release in force; its row is made on first use."""
    release = kit.release
    session.execute(insert(session, Release).values(**release, created_at=kit.now()).on_conflict_do_nothing())
    return str(release["id"])


@dataclass(frozen=True)
class Asked:
    """A render request as it is stored; one of an older release may have a shape that only its id is still taken from."""

    values: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Of the rendition."""
        return imaging.request_id(self.values)

    @property
    def recipe(self) -> str:
        """Its name."""
        return str(self.values["recipe"]["name"])


@dataclass(frozen=True)
class Wish:
    """The recipe of a place; with a shot, that or what the release has in place of it for the shot; `white`: never one that keeps the background."""

    recipe: str
    shot: str = ""
    white: bool = False

    def under(self, recipes: Mapping[str, Any]) -> dict[str, Any]:
        """The recipe's values among a release's. KeyError names one that the release lacks."""
        values: dict[str, Any] = recipes[imaging.for_shot(recipes, self.recipe, self.shot) if self.shot else self.recipe]
        return values

    def granted_by(self, release: Release) -> bool:
        """Whether a release has a recipe that may make it."""
        return self.recipe in release.recipes and not (self.white and _keeps_background(self.under(release.recipes)))


def request_for(session: Session, kit: Kit, item: ImageSetItem, wish: Wish) -> Asked:
    """The render request of a photo under the release it is pinned to. KeyError names a recipe the release lacks.

    Each release says itself which recipe a shot gets, so that a photo changes its recipe only together with its release. What was made stays, by
    whichever release; what was not made before a newer release came into force can only be made by that one, and a photo of which nothing was
    made is pinned to it. Nothing is pinned to an older release than it is: where a worker from before a rollout asks, the pinned one's is asked for.
    """
    pinned = session.get_one(Release, item.release_id)
    if pinned.id == kit.release["id"]:
        return _request(session, pinned, item, wish)
    inforce = session.get_one(Release, current_release(session, kit))
    older = inforce.created_at < pinned.created_at
    if wish.granted_by(pinned):
        request = _request(session, pinned, item, wish)
        if older or _made(session, [request.id]):
            return request
    if older:
        return _request(session, inforce, item, wish)
    if not _made(session, [_request(session, pinned, item, Wish(name)).id for name in pinned.recipes]):
        item.release_id = inforce.id
        return _request(session, inforce, item, wish)
    return _made_since(session, pinned, item, wish) or _request(session, inforce, item, wish)


def is_ahead(session: Session, kit: Kit, item: ImageSetItem) -> bool:
    """Whether a photo is pinned to a newer release than the one in force: this worker is from before a rollout, or somebody went back since."""
    inforce, pinned = session.get_one(Release, current_release(session, kit)), session.get(Release, item.release_id) if item.release_id else None
    return pinned is not None and inforce.created_at < pinned.created_at


def _made(session: Session, requests: Iterable[str]) -> set[str]:
    """Those of the requests whose picture is there."""
    return set(session.scalars(sa.select(Rendition.id).where(Rendition.id.in_(list(requests)), Rendition.state == RenditionState.RENDERED)))


def _made_since(session: Session, pinned: Release, item: ImageSetItem, wish: Wish) -> Asked | None:
    """What a release that came after the pinned one made of a photo for want of the pinned; by the first of them, so that it stays the same."""
    releases = session.scalars(sa.select(Release).where(Release.created_at > pinned.created_at).order_by(Release.created_at, Release.id))
    requests = {request.id: request for request in (_request(session, release, item, wish) for release in releases if wish.granted_by(release))}
    made = _made(session, requests)
    return next((request for name, request in requests.items() if name in made), None)


def _request(session: Session, release: Release, item: ImageSetItem, wish: Wish) -> Asked:
    """As `imaging.RenderRequest.to_dict` has it, from the release and what was taken down on the item. KeyError names a recipe the release lacks."""
    recipe, cutout = wish.under(release.recipes), None
    if not _keeps_background(recipe):
        mask_input = backdrop.input_under(session, release, item)
        cutout = imaging.cutout_id(item.photo_sha256, release.model_sha256, mask_input, version=release.cutout_version)
    mm_per_px, lengths = imaging.scale_for(recipe, item.category, item.shot, item.size_mm) or (None, {})
    return Asked(
        {
            "photo": item.photo_sha256,
            "cutout": cutout,
            "recipe": imaging.finishing(recipe),
            "mm_per_px": mm_per_px,
            "backdrop": None,
            "adjustments": lengths,
            "finish": release.finish_version,
        }
    )


def _is_cut_out(session: Session, kit: Kit, item: ImageSetItem, wish: Wish) -> bool:
    """Whether the item's own release or the one in force would cut it out for a place."""
    pinned = session.get(Release, item.release_id) if item.release_id else None
    among = [kit.release["recipes"], *([pinned.recipes] if pinned else [])]
    return any(wish.recipe in recipes and not _keeps_background(wish.under(recipes)) for recipes in among)


def _keeps_background(recipe: Mapping[str, Any]) -> bool:
    return recipe.get("background") == "own"


def _wish(kit: Kit, account: Account, position: str, shot: str) -> Wish:
    """What the account's policy says of a position, else the marketplace's recipe, which at an alternate may give way to one for the shot."""
    recipes, site = kit.release["recipes"], integrations.SITES[account.marketplace]
    said = account.policy.get("recipes", {}).get(position)
    main = position == "main"
    if said in recipes and not (main and _keeps_background(recipes[said])):  # one that was taken out of the recipes file stops nothing
        return Wish(said, white=main)
    return Wish(site.recipe_for(position), "" if main else shot, white=main)


def _place(session: Session, kit: Kit, product: Product, account: Account, items: Sequence[ImageSetItem], *, several: bool) -> None:
    site = integrations.SITES[account.marketplace]
    there = {p.position: p for p in session.scalars(sa.select(Placement).where(Placement.product_id == product.id, Placement.account_id == account.id))}
    positions = site.positions_for(product.condition)
    positions = positions[: site.limits.get("variation_pictures", len(positions))] if several else positions
    rejected = {p.item_id for p in there.values() if p.state == PlacementState.REJECTED and p.item_id}
    remade = _remade(session, there.values())
    for position, item in zip(positions, items, strict=False):
        rendition = _rendition(session, kit, product, item, _wish(kit, account, position, item.shot), remade.get(position, {}))
        _put(session, kit, product, account, there.get(position), position, item, rendition, rejected)
    filled = set(positions[: len(items)])
    for position, placement in there.items():
        lock(session, placement)  # a verdict may land meanwhile
        if position not in filled and placement.state != PlacementState.VACANT:
            move(
                session,
                placement,
                PlacementState.VACANT,
                now=kit.now(),
                sku=product.sku,
                why="no photo for this place any more",
                item_id=None,
                rendition_id=None,
            )


def _put(
    session: Session,
    kit: Kit,
    product: Product,
    account: Account,
    placement: Placement | None,
    position: str,
    item: ImageSetItem,
    rendition: Rendition | None,
    rejected: Collection[int],
) -> None:
    now, wish = kit.now(), rendition.id if rendition else None
    if placement is not None:
        lock(session, placement)  # a verdict may land meanwhile
    if placement is None:
        values = {"product_id": product.id, "account_id": account.id, "position": position, "item_id": item.id, "rendition_id": wish}
        session.execute(
            insert(session, Placement)
            .values(**values, state=PlacementState.WAITING, findings=[], waived={}, changed_at=now)
            .on_conflict_do_nothing(index_elements=["product_id", "position", "account_id"])
        )
        placement = session.scalars(
            sa.select(Placement).where(Placement.product_id == product.id, Placement.account_id == account.id, Placement.position == position)
        ).one()
        record(session, placement, "placed", now=now, sku=product.sku, to=position, why=f"{item.shot or 'photo'} for {account.key}")
    elif placement.item_id == item.id and placement.state in SETTLED:
        _follow(session, kit, product, placement, wish)
        return
    elif placement.rendition_id != wish or placement.item_id != item.id:
        changes: dict[str, Any] = {"item_id": item.id, "rendition_id": wish, "findings": [], "judged_file": None, "judged_rules": None, "changed_at": now}
        move(session, placement, PlacementState.WAITING, now=now, sku=product.sku, why=f"now shows {item.shot or 'another photo'}", **changes)
    else:
        rejected = ()
    if item.id in rejected:
        why = "this photo was rejected at another place of this account"
        move(session, placement, PlacementState.REJECTED, now=now, sku=product.sku, why=why, approved_id=None)
        return
    if (
        rendition is not None
        and rendition.state != RenditionState.QUEUED
        and (placement.judged_rules is None or placement.judged_file != rendition.file_sha256)
    ):
        work.wake(session, "check", placement.id, at=now, lead=work.head_start_of(product))


def _follow(session: Session, kit: Kit, product: Product, placement: Placement, wish: str | None) -> None:
    """Another picture of a photo that a person rejected or sent to retouch: what the person said stays, and it is judged once it is asked for again."""
    lock(session, placement)
    if placement.state not in SETTLED or placement.rendition_id == wish:
        return
    if placement.state == PlacementState.REJECTED and placement.approved_id == placement.rendition_id:
        placement.approved_id = None  # approved once and then rejected: no rollout brings it back
    placement.rendition_id, placement.judged_rules, placement.judged_file = wish, None, None
    record(session, placement, "made anew", now=kit.now(), sku=product.sku, why=f"by another recipe or release; still {placement.state}")


def _remade(session: Session, there: Collection[Placement]) -> dict[str, dict[str, Mapping[str, float]]]:
    """Position -> what would be shown there -> the adjustments with which it was made again, the newest."""
    positions = {placement.id: placement.position for placement in there}
    found: dict[str, dict[str, Mapping[str, float]]] = {}
    for row in session.scalars(sa.select(Remake).where(Remake.placement_id.in_(positions)).order_by(Remake.id)):
        found.setdefault(positions[row.placement_id], {})[row.base_id] = row.adjustments
    return found


def _rendition(session: Session, kit: Kit, product: Product, item: ImageSetItem, wish: Wish, remade: Mapping[str, Mapping[str, float]]) -> Rendition | None:
    """The rendition row of an accepted photo, made and woken if need be; None while the photo is not accepted, or waits for its batch's backdrop."""
    if item.state != PhotoState.ACCEPTED or (_is_cut_out(session, kit, item, wish) and not backdrop.decide(session, kit, product, item)):
        return None
    request = request_for(session, kit, item, wish)
    if request.id in remade:
        again = Asked({**request.values, "adjustments": dict(remade[request.id])})
        if _is_or_can_be_made(session, kit, again):
            request = again
        else:  # an older release's, or it failed: the picture without stands, and a person is asked
            session.execute(sa.update(Remake).where(Remake.rendition_id == again.id, Remake.passed.is_(None)).values(passed=False))
    return queued(session, kit, product, request)


def _is_or_can_be_made(session: Session, kit: Kit, request: Asked) -> bool:
    there = session.get(Rendition, request.id)
    if there is not None and there.state != RenditionState.QUEUED:
        return there.state == RenditionState.RENDERED
    return bool(request.values["finish"] == kit.release["finish_version"])


def queued(session: Session, kit: Kit, product: Product, request: Asked) -> Rendition:
    """The rendition row of a request, there already or made now; woken while it is not rendered."""
    session.execute(
        insert(session, Rendition)
        .values(
            id=request.id,
            photo_sha256=request.values["photo"],
            cutout_id=request.values["cutout"],
            recipe=request.recipe,
            request=dict(request.values),
            state=RenditionState.QUEUED,
            notes=[],
            ms={},
            created_at=kit.now(),
        )
        .on_conflict_do_nothing(index_elements=["id"])
    )
    rendition = session.get_one(Rendition, request.id)
    if rendition.state == RenditionState.QUEUED:
        work.wake(session, "render", rendition.id, at=kit.now(), lead=work.head_start_of(product))
    return rendition


@cache
def _templates() -> dict[str, list[str]]:
    found: dict[str, list[str]] = yaml.safe_load(files("app").joinpath("shots.yaml").read_text("utf-8"))
    return found


# --- the stage: products that nothing new came for, because an account was added or its policy changed ---------------------


def arrange_existing(session: Session, kit: Kit, account: Account) -> None:
    """Look at every product again: this account is new, or offers more than before."""
    session.flush()
    lead = Product.priority * work.PRIORITY_HEAD_START_S
    work.wake_every(session, "arrange", sa.select(Product.id, lead).where(Product.archived.is_(False)), at=kit.now())
    record(session, account, "offered", now=kit.now(), why="products that are here already are arranged for it")


def gather(session: Session, kit: Kit, row: str) -> int | None:
    product = session.get(Product, int(row))
    return None if product is None or product.archived else product.id


def do(kit: Kit, product_id: int) -> None:
    """Nothing slow to do."""


def apply(session: Session, kit: Kit, product_id: int, _result: None) -> datetime | None:
    arrange(session, kit, session.get_one(Product, product_id))
    return None


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Nothing: the wish is written with the account itself."""
    return 0


STAGE = Stage("arrange", gather, do, apply, mark, lease_s=60, in_flight=16)
