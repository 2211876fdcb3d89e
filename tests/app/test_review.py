"""A person's decisions: overrides need a reason and hold for one picture; nothing is decided twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import views, work
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Arrival, ImageSetItem, Listing, Placement, Product, Work
from app.stages import STAGES, check, publish, review
from app.stages.run import settle_all
from app.states import ArrivalState, PhotoState, PlacementState
from tests.app.factories import account, item, listing, new_batch, placement, product, rendition


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    """Every test of this stage runs on both databases."""
    return each_kit


FINDING = {
    "rule": "ebay-longest-side",
    "level": "stop",
    "fact": "longest_side",
    "value": 400,
    "limit": 500,
    "message": "Too small.",
    "source": None,
    "fix": None,
    "region": [0, 0, 9, 9],
}


def waiting(kit: Kit, **facts: object) -> Placement:
    on, of = account(kit), product(kit, "W-1")
    listing(kit, of, on)
    dial = item(kit, of)
    return placement(kit, dial, on, rendition(kit, dial, facts=dict(facts)), state=PlacementState.REVIEW, findings=[FINDING])


def test_an_override_needs_a_reason_and_survives_being_judged_again(kit: Kit) -> None:
    case = waiting(kit, longest_side=400)
    with kit.db.writing() as session, pytest.raises(Refusal, match="say why"):
        review.approve(session, kit, session.get_one(Placement, case.id), "ann")
    with kit.db.writing() as session:
        review.approve(session, kit, session.get_one(Placement, case.id), "ann", "the buyer knows")
    with kit.db.writing() as session:
        work.wake(session, "check", case.id, at=kit.now())
    settle_all(kit, {"check": STAGES["check"]})

    with kit.db.reading() as session:
        again = session.get_one(Placement, case.id)
        assert (again.state, again.decided_by) == (PlacementState.APPROVED, "ann")
        assert again.findings[0]["rule"] == "ebay-longest-side", "the finding stays to be seen"


def test_an_override_is_for_this_very_picture_only(kit: Kit) -> None:
    case = waiting(kit, longest_side=400)
    with kit.db.writing() as session:
        review.approve(session, kit, session.get_one(Placement, case.id), "ann", "the buyer knows")
    with kit.db.reading() as session:
        old = session.get_one(ImageSetItem, case.item_id)
    other = rendition(kit, old, facts={"longest_side": 400})
    with kit.db.writing() as session:
        session.get_one(Placement, case.id).rendition_id = other.id
    settle_all(kit, {"check": STAGES["check"]})
    with kit.db.reading() as session:
        assert session.get_one(Placement, case.id).state == PlacementState.REVIEW


def test_what_a_person_took_back_waits_for_a_person_even_where_every_rule_passes(kit: Kit) -> None:
    case = waiting(kit, longest_side=1600)
    with kit.db.writing() as session:
        session.get_one(Placement, case.id).state = PlacementState.APPROVED
    with kit.db.writing() as session:
        review.ask_again(session, kit, session.get_one(Placement, case.id), "ann")
    for _ in range(2):
        with kit.db.writing() as session:
            work.wake(session, "check", case.id, at=kit.now())
        settle_all(kit, {"check": STAGES["check"]})
        with kit.db.reading() as session:
            assert session.get_one(Placement, case.id).state == PlacementState.REVIEW

    other = rendition(kit, _item_of(kit, case), facts={"longest_side": 1600})
    with kit.db.writing() as session:
        session.get_one(Placement, case.id).rendition_id = other.id
    settle_all(kit, {"check": STAGES["check"]})
    with kit.db.reading() as session:
        assert session.get_one(Placement, case.id).state == PlacementState.APPROVED, "it was said of the picture before this one"


def test_an_override_says_nothing_of_the_picture_that_followed(kit: Kit) -> None:
    case = waiting(kit, longest_side=400)
    with kit.db.writing() as session:
        review.approve(session, kit, session.get_one(Placement, case.id), "ann", "the buyer knows")
    other = rendition(kit, _item_of(kit, case), facts={"longest_side": 1600})
    with kit.db.writing() as session:
        assert session.get_one(Placement, case.id).waived["why"] == "the buyer knows"
        session.get_one(Placement, case.id).rendition_id = other.id
    settle_all(kit, {"check": STAGES["check"]})
    with kit.db.reading() as session:
        followed = session.get_one(Placement, case.id)
        assert (followed.approved_id, followed.waived) == (other.id, {})


@pytest.mark.parametrize("decision", ["approve", "reject", "retouch"])
def test_nobody_decides_about_a_picture_that_they_did_not_see(kit: Kit, decision: str) -> None:
    case = waiting(kit, longest_side=400)
    decide = {
        "approve": lambda session, row: review.approve(session, kit, row, "ann", "so", shown="another"),
        "reject": lambda session, row: review.reject(session, kit, row, "ann", "so", shown="another"),
        "retouch": lambda session, row: review.send_to_retouch(session, kit, row, "ann", "studio", "dust", shown="another"),
    }[decision]
    with kit.db.writing() as session, pytest.raises(Refusal, match="shows another picture since you opened it"):
        decide(session, session.get_one(Placement, case.id))


def _item_of(kit: Kit, case: Placement) -> ImageSetItem:
    with kit.db.reading() as session:
        return session.get_one(ImageSetItem, case.item_id)


def test_rejecting_and_retouching_say_who_and_why(kit: Kit) -> None:
    case = waiting(kit)
    with kit.db.writing() as session:
        retouch = review.send_to_retouch(session, kit, session.get_one(Placement, case.id), "ann", "studio", "dust on the crystal")
        assert (retouch.to, retouch.note) == ("studio", "dust on the crystal")
    with kit.db.writing() as session, pytest.raises(Refusal, match="retouch"):
        review.send_to_retouch(session, kit, session.get_one(Placement, case.id), "bob", "", "")
    with kit.db.writing() as session, pytest.raises(Refusal, match="say why"):
        review.reject(session, kit, session.get_one(Placement, case.id), "bob", " ")


def test_a_flagged_photo_can_be_accepted_with_a_reason_but_not_if_it_cannot_be_read(kit: Kit) -> None:
    account(kit)
    of = product(kit, "W-1")
    dark = item(kit, of, "dial", PhotoState.FLAGGED, findings=[{**FINDING, "rule": "intake-luminance", "message": "Too dark."}])
    broken = item(kit, of, "side", PhotoState.FLAGGED, findings=[{**FINDING, "rule": "intake-readable", "message": "unreadable: truncated"}])
    with kit.db.writing() as session:
        review.accept_photo(session, kit, session.get_one(ImageSetItem, dark.id), "ann", "it is a black watch")
    with kit.db.writing() as session, pytest.raises(Refusal, match="cannot be read"):
        review.accept_photo(session, kit, session.get_one(ImageSetItem, broken.id), "ann", "please")
    with kit.db.reading() as session:
        assert set(session.scalars(sa.select(Placement.position))) == {"main", "alt1"}
        assert session.scalars(sa.select(Placement.rendition_id).where(Placement.position == "alt1")).one() is None


def test_the_queue_puts_money_and_waiting_first_and_tells_the_finding_in_words(kit: Kit) -> None:
    on = account(kit)
    for sku, price in (("CHEAP", 1_000), ("DEAR", 900_000)):
        of = product(kit, sku, price_minor=price)
        dial = item(kit, of)
        placement(kit, dial, on, rendition(kit, dial), state=PlacementState.REVIEW, findings=[FINDING])
    with kit.db.reading() as session:
        first, second = review.queue(session)
        assert (first.sku, second.sku) == ("DEAR", "CHEAP")
        assert first.words == ("Too small.",)
        assert review.waiting(session) == 2


def test_the_newest_and_dearest_is_in_the_queue_however_many_cheap_ones_waited_before(kit: Kit) -> None:
    on = account(kit)
    for minute, (sku, price) in enumerate([("CHEAP-1", 1_000), ("CHEAP-2", 1_000), ("CHEAP-3", 1_000), ("DEAR", 5_000_000)]):
        of = product(kit, sku, price_minor=price)
        photos = item(kit, of), item(kit, of, "side", PhotoState.FLAGGED)
        waits = placement(kit, photos[0], on, rendition(kit, photos[0]), state=PlacementState.REVIEW)
        with kit.db.writing() as session:
            session.get_one(Placement, waits.id).changed_at = kit.now() + timedelta(minutes=minute)
    stranger = {"batch_id": new_batch(kit).id, "source": "folder", "state": ArrivalState.UNMATCHED, "created_at": kit.now()}
    with kit.db.writing() as session:
        session.add_all(Arrival(key=name, name=name, **stranger) for name in ("x.jpg", "y.jpg"))
    with kit.db.reading() as session:
        assert [(case.kind, case.sku) for case in review.queue(session, limit=3)] == [("photo", "DEAR"), ("placement", "DEAR"), ("photo", "CHEAP-1")]
        assert [case.sku for case in review.queue(session, limit=1, sku="CHEAP-2")] == ["CHEAP-2"]
        assert review.waiting(session) == 10


def test_the_same_photo_on_two_products_is_flagged(kit: Kit) -> None:
    one, two = product(kit, "A"), product(kit, "B")
    first = item(kit, one)
    with kit.db.writing() as session:
        second = ImageSetItem(product_id=two.id, photo_sha256=first.photo_sha256, shot="dial", created_at=kit.now(), findings=[])
        session.add(second)
        session.flush()
        from app.models import Photo
        from app.stages.intake import judge_item

        judge_item(session, kit, session.get_one(Product, two.id), second, session.get_one(Photo, first.photo_sha256))
        assert second.state == PhotoState.FLAGGED
        assert second.findings[0]["rule"] == "intake-one-product"


def test_why_it_is_not_live_is_one_sentence_at_every_step(kit: Kit) -> None:
    on, of = account(kit), product(kit, "W-1")
    with kit.db.reading() as session:
        [why] = views.why(session, kit, "W-1")
        assert "not offered" in why.sentence
    listing(kit, of, on)
    with kit.db.reading() as session:
        assert views.why(session, kit, "W-1")[0].sentence == "no photo has arrived"
    flagged = item(kit, of, "dial", PhotoState.FLAGGED, findings=[{**FINDING, "message": "Too dark."}])
    with kit.db.reading() as session:
        assert "Too dark." in views.why(session, kit, "W-1")[0].sentence
    with kit.db.writing() as session:
        session.get_one(ImageSetItem, flagged.id).state = PhotoState.ACCEPTED
    main = placement(kit, flagged, on, rendition(kit, flagged), state=PlacementState.REVIEW, findings=[FINDING])
    with kit.db.reading() as session:
        assert "waits in review: Too small." in views.why(session, kit, "W-1")[0].sentence
    with kit.db.writing() as session:
        session.get_one(Placement, main.id).state = PlacementState.REJECTED
    with kit.db.reading() as session:
        assert "was rejected" in views.why(session, kit, "W-1")[0].sentence


def test_a_photo_that_cannot_be_fetched_says_so_while_it_is_tried_again(kit: Kit) -> None:
    on, of, batch = account(kit), product(kit, "W-1"), new_batch(kit)
    listing(kit, of, on)
    with kit.db.writing() as session:
        arrival = Arrival(
            source="webhook", key="k", name="https://x/dial.jpg", url="https://x/dial.jpg", batch_id=batch.id, product_id=of.id, created_at=kit.now()
        )
        session.add(arrival)
        session.flush()
        session.add(Work(stage="intake", row=str(arrival.id), due_at=kit.now(), rank=0.0, attempts=2, error="x does not answer"))
    with kit.db.reading() as session:
        [why] = views.why(session, kit, "W-1")
        assert why.sentence == "https://x/dial.jpg could not be fetched yet and is tried again: x does not answer"


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        ({}, "queued"),
        ({"queued": 3}, "queued"),
        ({"queued": 1, "published": 5}, "processing"),
        ({"processing": 1, "review": 1}, "processing"),
        ({"review": 1, "published": 8}, "ready for review"),
        ({"approved": 1, "published": 8}, "approved"),
        ({"published": 8}, "published"),
    ],
)
def test_a_batch_is_as_far_as_its_slowest_photo(counts: dict[str, int], word: str) -> None:
    assert views.batch_word(counts) == word


def test_a_stricter_rule_sends_an_approved_picture_back_to_review(kit: Kit) -> None:
    case = waiting(kit)
    with kit.db.writing() as session:
        row = session.get_one(Placement, case.id)
        row.state, row.findings, row.judged_rules = PlacementState.APPROVED, [], "an older set"
    with kit.db.writing() as session:
        assert check.mark(session, kit, kit.now()) == 1
    settle_all(kit, {"check": STAGES["check"]})
    with kit.db.reading() as session:
        assert session.get_one(Placement, case.id).state == PlacementState.APPROVED


def test_a_refusal_names_the_product_and_the_place(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    case = waiting(kit)
    with kit.db.reading() as session:
        listed, photo, on = session.scalars(sa.select(Listing.id)).one(), case.item_id, session.get_one(Account, case.account_id).key
    with kit.db.writing() as session, pytest.raises(Refusal, match=f"^W-1 on {on}: nothing waits to be sent$"):
        publish.confirm(session, kit, session.get_one(Listing, listed), "ann")
    with kit.db.writing() as session, pytest.raises(Refusal, match=r"^the photo dial of W-1 is accepted, not flagged$"):
        review.accept_photo(session, kit, session.get_one(ImageSetItem, photo), "ann", "fine")
    monkeypatch.setattr(review, "move", lambda *_, **__: False)  # somebody else was first
    with kit.db.writing() as session, pytest.raises(Refusal, match=f"somebody else has just decided the main picture of W-1 on {on}"):
        review.reject(session, kit, session.get_one(Placement, case.id), "ann", "blurred")
    with kit.db.writing() as session, pytest.raises(Refusal, match="somebody else has just decided the photo dial of W-1"):
        review.reject_photo(session, kit, session.get_one(ImageSetItem, photo), "ann", "blurred")
