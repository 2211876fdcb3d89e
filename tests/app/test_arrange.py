"""Which picture goes where: for new accounts too, for sisters that come at the same time, and never against a person's No."""

from __future__ import annotations

import threading

import sqlalchemy as sa

import integrations
from app import accounts, work
from app.kit import Kit
from app.models import Account, Listing, ListingMember, Placement, Product, Work
from app.stages import STAGES, intake
from app.stages.arrange import arrange
from app.stages.intake import receive_file
from app.stages.inventory import apply_event
from app.stages.run import settle_all
from app.states import PlacementState, RenditionState
from tests.app.factories import account, item, listing, new_batch, placement, product, rendition
from tests.shots import watch_photo

ARRANGE = {"arrange": STAGES["arrange"]}


def add(kit: Kit, key: str, **policy: object) -> Account:
    with kit.db.writing() as session:
        credentials = {"client_id": "a", "client_secret": "b", "refresh_token": "c"}
        return accounts.add_account(session, kit, key, seller_id="S", credentials=credentials, policy=policy, practice=True, who="ann")


def placed(kit: Kit) -> set[tuple[str, str]]:
    with kit.db.reading() as session:
        return {(key, position) for key, position in session.execute(sa.select(Account.key, Placement.position).join(Account))}


def test_a_new_account_gets_the_products_that_are_here_already(each_kit: Kit) -> None:
    kit = each_kit
    of, told = product(kit), product(kit, offered_on={"ebay-uk:told": {"item_id": "7"}})
    item(kit, of)
    item(kit, told)
    item(kit, product(kit, archived=True))
    add(kit, "ebay-uk:main", create=True)
    add(kit, "ebay-uk:told", create=False)
    settle_all(kit, ARRANGE)

    assert placed(kit) == {("ebay-uk:main", "main"), ("ebay-uk:told", "main")}
    with kit.db.reading() as session:
        assert sorted(session.scalars(sa.select(ListingMember.product_id))) == sorted([of.id, told.id, told.id])
        assert session.scalars(sa.select(Listing.external_id).where(Listing.external_id.is_not(None))).all() == ["7"]


def test_create_switched_on_arranges_existing_products_and_only_then(kit: Kit) -> None:
    item(kit, product(kit))
    on = add(kit, "ebay-uk:main", create=False)
    settle_all(kit, ARRANGE)
    assert placed(kit) == set()

    with kit.db.writing() as session:
        accounts.set_policy(session, kit, session.get_one(Account, on.id), "ann", create=True)
    settle_all(kit, ARRANGE)
    assert placed(kit) == {("ebay-uk:main", "main")}

    with kit.db.writing() as session:
        accounts.set_policy(session, kit, session.get_one(Account, on.id), "ann", wait_s=5)
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Work.due_at).where(Work.stage == "arrange", Work.due_at.is_not(None))).all() == []


def test_sisters_filed_at_the_same_time_are_both_placed(each_kit: Kit) -> None:
    """Two workers each file one photo of a product: neither overlooks the other's."""
    kit = each_kit
    account(kit)
    batch = new_batch(kit)
    product(kit, "W-1")
    tasks = []
    for seed, shot in enumerate(("dial", "side")):
        with kit.db.writing() as session:
            row = receive_file(session, kit, batch=batch, name=f"W-1/{shot}.jpg", data=watch_photo(seed=seed, size=(900, 700)))
        with kit.db.reading() as session:
            task = intake.gather(session, kit, str(row.id))
        assert task is not None
        tasks.append((task, intake.do(kit, task)))
    gate, failures = threading.Barrier(2, timeout=20), []

    def apply(task: intake.Task, result: intake.Probed | integrations.Refused) -> None:
        try:
            gate.wait()
            with kit.db.writing() as session:
                intake.apply(session, kit, task, result)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=apply, args=pair) for pair in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert placed(kit) == {("ebay-uk:main", "main"), ("ebay-uk:main", "alt1")}


def test_a_picture_that_a_person_rejected_stays_rejected_when_a_sister_moves_it(kit: Kit) -> None:
    on, of = account(kit), product(kit)
    first = item(kit, of, "dial", order=1)
    no = item(kit, of, "side", order=9)
    with kit.db.writing() as session:
        arrange(session, kit, session.get_one(Product, of.id))
        alt1 = session.scalars(sa.select(Placement).where(Placement.item_id == no.id)).one()
        assert alt1.position == "alt1"
        alt1.state = PlacementState.REJECTED
    item(kit, of, "side", order=2)
    with kit.db.writing() as session:
        arrange(session, kit, session.get_one(Product, of.id))
    with kit.db.reading() as session:
        states = dict(session.execute(sa.select(Placement.item_id, Placement.state)).all())
    assert states[no.id] == PlacementState.REJECTED
    assert states[first.id] == PlacementState.WAITING
    assert on


def test_a_place_that_comes_back_to_a_failed_picture_is_judged_not_stuck(kit: Kit) -> None:
    account(kit)
    of = product(kit)
    one = item(kit, of, "dial", order=5)
    with kit.db.writing() as session:
        arrange(session, kit, session.get_one(Product, of.id))
        main = session.scalars(sa.select(Placement)).one()
        assert main.rendition is not None
        main.rendition.state, main.rendition.problem = RenditionState.FAILED, "it cannot be cut out"
    settle_all(kit, {"check": STAGES["check"]})
    other = item(kit, of, "dial", order=1)
    made = rendition(kit, other)
    with kit.db.writing() as session:  # for a while another photo has the place, and is judged
        main = session.get_one(Placement, main.id)
        main.item_id, main.rendition_id, main.judged_file = other.id, made.id, made.file_sha256
        other_item = session.merge(other)
        other_item.state = other_item.state.REJECTED
    with kit.db.writing() as session:
        arrange(session, kit, session.get_one(Product, of.id))
    settle_all(kit, {"check": STAGES["check"]})
    with kit.db.reading() as session:
        main = session.get_one(Placement, main.id)
        assert (main.item_id, main.state) == (one.id, PlacementState.REVIEW)


def event(kind: str, sku: str, **data: object) -> integrations.inventory.Event:
    return integrations.inventory.parse_event(None, {"type": kind, "timestamp": "2026-11-23T08:00:00Z", "data": {"sku": sku, **data}})


def test_identifiers_that_another_listing_has_never_stop_a_webhook(kit: Kit) -> None:
    """Two SKUs on one ASIN are usual; one merchant SKU for two products is a mistake of the inventory's and is said."""
    account(kit, "amazon-uk:main")
    names = {"title": "A", "category": "watch"}
    with kit.db.writing() as session:
        apply_event(session, kit, event("sku.created", "A", **names, accounts={"amazon-uk:main": {"merchant_sku": "AMZ-A", "asin": "B000000001"}}), "1")
        apply_event(session, kit, event("sku.created", "B", **names), "2")
        apply_event(session, kit, event("sku.updated", "B", accounts={"amazon-uk:main": {"merchant_sku": "AMZ-B", "asin": "B000000001"}}), "3")
        apply_event(session, kit, event("sku.created", "C", **names, accounts={"amazon-uk:main": {"merchant_sku": "AMZ-A"}}), "4")
    with kit.db.reading() as session:
        found = session.execute(sa.select(ListingMember.merchant_sku, Listing.external_id).join(Listing).order_by(Listing.id))
        assert [tuple(row) for row in found] == [("AMZ-A", "B000000001"), ("AMZ-B", None)], "the SKU that the inventory names is the one that is used"


def test_what_the_inventory_says_later_is_judged_by(kit: Kit) -> None:
    on, of = account(kit), product(kit, "W-1")
    listing(kit, of, on)
    dial = item(kit, of)
    place = placement(kit, dial, on, rendition(kit, dial), state=PlacementState.APPROVED)
    with kit.db.writing() as session:
        apply_event(session, kit, event("sku.updated", "W-1", pieces=2), "1")
        assert ("check", str(place.id)) in {(wish.stage, wish.row) for wish in work.wishes(session)}
