"""A house with one row of every noun, number 1 of each, for the tests of the API."""

from __future__ import annotations

from datetime import timedelta

from app import accounts, endpoints
from app.models import (
    Arrival,
    Batch,
    ImageSetItem,
    Lesson,
    Listing,
    ListingMember,
    Notice,
    Photo,
    Placement,
    Push,
    Rendition,
    Retouch,
    Verdict,
    Waiver,
)
from app.rulebook import active_hash
from app.states import ArrivalState, LessonState, ListingState, PhotoState, PlacementState, PushState, RenditionState
from tests.web.machine import House

FINDING = {
    "rule": "amazon-main-white-border",
    "level": "stop",
    "fact": "border_min_level",
    "value": 250,
    "limit": 255,
    "message": "white",
    "source": {},
    "fix": None,
    "region": None,
}
PHOTO, FILE, CUTOUT = "a" * 64, "b" * 64, "c" * 64
RENDITION = "d" * 64


def fill(house: House) -> House:
    """A house with one row of every noun: number 1 of each."""
    product_id, now, kit = house.add_product("W-1", price_minor=123400, currency="GBP"), house.kit.now(), house.kit
    with house.writing() as session:
        account = accounts.add_account(
            session, kit, "ebay-uk:main", seller_id="S1", credentials={"refresh_token": "very secret token"}, practice=True, who="tests"
        )
        endpoints.add(session, kit, "https://shop.example/packshot?token=very-secret", (), "tests")
        batch = Batch(source="upload", name="Monday", created_at=now)
        lesson = Lesson(
            subject="amazon-main-white-border", authority="amazon", proposal={"summary": "stricter"}, evidence=[], state=LessonState.PROPOSED, proposed_at=now
        )
        session.add_all([Photo(sha256=PHOTO, bytes=9, facts={"width": 10}, regions={}, received_at=now), batch, lesson])
        session.flush()
        session.add(Arrival(source="upload", key="1", name="x.jpg", batch_id=batch.id, state=ArrivalState.UNMATCHED, created_at=now))
        item = ImageSetItem(
            product_id=product_id, photo_sha256=PHOTO, batch_id=batch.id, shot="dial", state=PhotoState.FLAGGED, findings=[FINDING], created_at=now
        )
        rendition = Rendition(
            id=RENDITION, photo_sha256=PHOTO, cutout_id=CUTOUT, recipe="ebay-main", request={}, state=RenditionState.RENDERED, file_sha256=FILE, created_at=now
        )
        listing = Listing(
            account_id=account.id, external_id="123456", state=ListingState.TO_SEND, wanted={"W-1": {"main": FILE}}, wanted_print="w", created_at=now
        )
        session.add_all([item, rendition, listing])
        session.flush()
        placement = Placement(
            product_id=product_id,
            account_id=account.id,
            position="main",
            item_id=item.id,
            rendition_id=RENDITION,
            state=PlacementState.REVIEW,
            findings=[FINDING],
            changed_at=now,
        )
        session.add(placement)
        session.flush()
        session.add_all(
            [
                ListingMember(listing_id=listing.id, account_id=account.id, product_id=product_id, merchant_sku="W-1"),
                Push(listing_id=listing.id, number=1, key="e" * 32, fingerprint="w", content={}, state=PushState.ACCEPTED, at=now),
                Notice(listing_id=listing.id, merchant_sku="W-1", code="21916", kind="warning", message="small", begin=now),
                Waiver(rule="ebay-longest-side", product_id=product_id, who="ann", why="old stock", at=now, until=now + timedelta(days=3)),
                Retouch(item_id=item.id, placement_id=placement.id, to="studio", sent_at=now),
                Verdict(placement_id=placement.id, rule_set=active_hash(session), rendition_id=RENDITION, file_sha256=FILE, findings=[FINDING], at=now),
            ]
        )
    return house
