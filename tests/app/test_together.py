"""Several products in one listing: who shares it, what is wanted of each, what holds it back, and the whole road with the proof of each one's pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
import sqlalchemy as sa

import integrations
from app import accounts, dispatch, views, work
from app.kit import Kit
from app.models import Account, Event, Listing, ListingMember, Notice, Product, Push, Showing, Work
from app.stages import STAGES, plan, publish, together
from app.stages.inventory import apply_event
from app.stages.notices import is_vague, note
from app.stages.run import settle_all
from app.states import ListingState, PlacementState, PushState
from integrations.practice import PracticeServer
from tests.app.conftest import Clock, add_practice_accounts, run_for
from tests.app.factories import account, item, listing, placement, product, rendition
from tests.app.fakes import FakeMarketplace
from tests.app.test_road import created, send_photo, sharp_photo

ARRANGE = {"arrange": STAGES["arrange"], "want": STAGES["want"]}


def of_group(colour: str, group: str = "BAND", **specifics: str) -> dict[str, Any]:
    return {"variation": {"group": group, "specifics": {"Colour": colour, **specifics}, "title": "Band ring"}}


def tell(kit: Kit, sku: str, event: str = "", **data: Any) -> None:
    with kit.db.writing() as session:
        apply_event(session, kit, created(sku, **data), event or f"event-{sku}")


def change(kit: Kit, kind: str, sku: str, at: str, **data: Any) -> None:
    body = {"type": kind, "timestamp": at, "data": {"sku": sku, **data}}
    with kit.db.writing() as session:
        apply_event(session, kit, integrations.inventory.parse_event(None, body), f"{kind} {sku} {at}")


def shared(kit: Kit) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Listing's group or id -> (SKU, what tells it apart) of its members."""
    with kit.db.reading() as session:
        rows = session.execute(sa.select(Listing, ListingMember).join(ListingMember).order_by(Listing.id, ListingMember.id))
        found: dict[str, list[tuple[str, dict[str, str]]]] = {}
        for one, member in rows:
            found.setdefault(one.variation_group or one.external_id or str(one.id), []).append((member.merchant_sku, member.variation))
        return found


# who shares a listing


def test_products_of_a_group_share_a_listing_on_ebay_and_not_on_amazon(each_kit: Kit) -> None:
    kit = each_kit
    account(kit, "ebay-uk:main")
    account(kit, "amazon-uk:main")
    tell(kit, "R-S", **of_group("Silver"))
    tell(kit, "R-G", **of_group("Gold"))

    found = shared(kit)
    assert found["BAND"] == [("R-S", {"Colour": "Silver"}), ("R-G", {"Colour": "Gold"})]
    assert sorted(members for key, members in found.items() if key != "BAND") == [[("R-G", {})], [("R-S", {})]]


def test_products_with_one_item_id_share_its_listing(kit: Kit) -> None:
    account(kit, "ebay-uk:main", policy={"create": False})
    for sku in ("R-S", "R-G"):
        tell(kit, sku, accounts={"ebay-uk:main": {"item_id": "110000000001"}})

    assert shared(kit) == {"110000000001": [("R-S", {}), ("R-G", {})]}


def test_a_group_that_is_told_later_is_joined_as_long_as_nothing_was_sent(kit: Kit) -> None:
    account(kit, "ebay-uk:main")
    tell(kit, "R-S", **of_group("Silver"))
    tell(kit, "R-G")
    assert len(shared(kit)) == 2

    change(kit, "sku.updated", "R-G", "2026-11-23T08:30:00Z", **of_group("Gold"))

    assert shared(kit) == {"BAND": [("R-S", {"Colour": "Silver"}), ("R-G", {"Colour": "Gold"})]}
    with kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Listing)) == 1
        assert session.scalar(sa.select(Event.why).where(Event.what == "joined")) == "R-G is one of several products of it"


def test_what_is_listed_by_itself_stays_where_it_is(kit: Kit) -> None:
    on = account(kit, "ebay-uk:main")
    alone = product(kit, "R-G", variation=of_group("Gold")["variation"])
    listing(kit, alone, on, ListingState.LIVE, external_id="110000000009", pushed={"R-G": {"main": "0" * 64}}, sent_at=kit.now())
    tell(kit, "R-S", **of_group("Silver"))
    change(kit, "sku.updated", "R-G", "2026-11-23T08:30:00Z", quantity=3)

    assert {key: [sku for sku, _ in members] for key, members in shared(kit).items()} == {"110000000009": ["R-G"], "BAND": ["R-S"]}


def test_a_listing_that_is_named_by_its_id_is_its_groups(kit: Kit) -> None:
    account(kit, "ebay-uk:main")
    tell(kit, "R-S", accounts={"ebay-uk:main": {"item_id": "110000000001"}})
    change(kit, "sku.updated", "R-S", "2026-11-23T08:30:00Z", **of_group("Silver"))
    tell(kit, "R-G", **of_group("Gold"))

    assert shared(kit) == {"BAND": [("R-S", {"Colour": "Silver"}), ("R-G", {"Colour": "Gold"})]}


@pytest.mark.parametrize(
    ("variation", "field"),
    [
        ({"group": "BAND"}, "data.variation.specifics"),
        ({"group": "BAND", "specifics": {}}, "data.variation.specifics"),
        ({"group": "BAND", "specifics": {"Colour": "x" * 66}}, "data.variation.specifics.Colour"),
        ({"group": "BAND", "specifics": {"Colour": 3}}, "data.variation.specifics.Colour"),
        ({"group": "BAND", "specifics": {str(n): "v" for n in range(6)}}, "data.variation.specifics"),
        ({"specifics": {"Colour": "Silver"}}, "data.variation.group"),
        ({"group": "BAND", "specifics": {"Colour": "Silver"}, "parent": "X"}, "data.variation.parent"),
    ],
)
def test_a_variation_of_another_shape_is_refused_by_its_field(variation: dict[str, Any], field: str) -> None:
    with pytest.raises(integrations.inventory.InvalidEvent) as caught:
        created("R-S", variation=variation)

    assert [place for place, _ in caught.value.problems] == [field]


# what is wanted, and what holds it back


class Group:
    """Two rings in one group on an account, approved pictures as they are asked for."""

    def __init__(self, kit: Kit, **specifics: dict[str, str]) -> None:
        self.kit, self.on, self.of = kit, account(kit), dict[str, Product]()
        for sku, one in (specifics or {"S": {"Colour": "Silver"}, "G": {"Colour": "Gold"}}).items():
            self.of[sku] = product(kit, sku, variation={"group": "BAND", "specifics": one})
        self.market = FakeMarketplace()
        kit.connect = self.market.connect  # type: ignore[method-assign,assignment]
        self.settle("arrange")

    def picture(self, sku: str, data: bytes | None = None) -> None:
        photo = item(self.kit, self.of[sku])
        placement(self.kit, photo, self.on, rendition(self.kit, photo, data=data), "main", PlacementState.APPROVED)
        self.settle("want")

    def settle(self, *stages: str) -> None:
        with self.kit.db.writing() as session:
            for one in self.of.values():
                for stage in stages:
                    work.wake(session, stage, one.id, at=self.kit.now())
        settle_all(self.kit, {name: STAGES[name] for name in ("arrange", "want")})

    def set(self, sku: str, **values: Any) -> None:
        with self.kit.db.writing() as session:
            session.execute(sa.update(Product).where(Product.sku == sku).values(**values))
        self.settle("want")

    def listing(self) -> Listing:
        with self.kit.db.reading() as session:
            return session.scalars(sa.select(Listing)).one()

    def bar(self) -> str | None:
        with self.kit.db.reading() as session:
            row = session.scalars(sa.select(Listing)).one()
            return publish.barred(session, self.kit, row, session.get_one(Account, self.on.id))

    def marked(self) -> bool:
        with self.kit.db.reading() as session:
            publish.mark(session, self.kit, self.kit.now())
            return any(wish.stage == "publish" for wish in work.wishes(session))

    def sent(self, **pushed: dict[str, str]) -> None:
        """As if this had been accepted."""
        with self.kit.db.writing() as session:
            row = session.scalars(sa.select(Listing)).one()
            row.pushed, row.external_id, row.state, row.sent_at = pushed, "110000000001", ListingState.LIVE, self.kit.now()
            row.pushed_print = row.wanted_print


@pytest.fixture
def group(kit: Kit) -> Group:
    return Group(kit)


def forget_wakes(kit: Kit) -> None:
    with kit.db.writing() as session:
        session.execute(sa.delete(Work).where(Work.stage == "publish"))


def no_price(group: Group) -> None:
    group.set("G", price_minor=None)


def archived(group: Group) -> None:
    group.set("G", archived=True)
    group.set("S", archived=True)


def same_colour(group: Group) -> None:
    with group.kit.db.writing() as session:
        session.scalars(sa.select(ListingMember).where(ListingMember.merchant_sku == "G")).one().variation = {"Colour": "Silver"}


def another_kind(group: Group) -> None:
    group.set("G", condition="used")


def photos_coming(group: Group) -> None:
    group.set("G", photos_since=group.kit.now())
    with group.kit.db.writing() as session:
        session.execute(sa.update(Product).where(Product.sku == "G").values(photos_since=group.kit.now()))


@pytest.mark.parametrize(
    ("bar", "words"),
    [
        (no_price, "a new listing needs a price, and the inventory has told none of G"),
        (archived, "archived in the inventory"),
        (another_kind, "S is new watch, and G is used watch"),
        (same_colour, "S and G are both Colour 'Silver'"),
        (photos_coming, "waits for the photos of G that are on their way"),
    ],
)
def test_what_holds_a_listing_of_several_back_is_said_and_nothing_is_woken_for_it(group: Group, bar: Callable[[Group], None], words: str) -> None:
    group.picture("S")
    group.picture("G")
    assert group.bar() is None
    forget_wakes(group.kit)
    assert group.marked()

    bar(group)
    forget_wakes(group.kit)

    assert words in (group.bar() or "")
    assert not group.marked()


def test_two_products_that_share_what_pictures_go_by_and_have_different_ones_are_named(kit: Kit) -> None:
    sizes = {f"{colour[0]}{size}": {"Colour": colour, "Size": size} for colour in ("Silver", "Gold") for size in ("N", "P")}
    group = Group(kit, **sizes)
    for sku in ("SN", "SP", "GN"):
        group.picture(sku, data=sku.encode())

    assert group.bar() == (
        "SN and SP share Colour 'Silver', and one set of pictures is shown for it, but their pictures differ: "
        "keep the photos of one of them, or give them the same"
    )


def test_a_product_without_photos_is_listed_by_its_siblings_pictures_of_the_same_kind(each_kit: Kit) -> None:
    sizes = {f"{colour[0]}{size}": {"Colour": colour, "Size": size} for colour in ("Silver", "Gold") for size in ("N", "P")}
    group = Group(each_kit, **sizes)
    group.picture("SN", data=b"silver")
    group.picture("GN", data=b"gold")

    wanted = group.listing().wanted
    assert set(wanted) == {"SN", "SP", "GN", "GP"}
    assert (wanted["SP"], wanted["GP"]) == ({}, {})
    assert group.bar() is None


def test_an_archived_product_leaves_its_siblings_alone_and_its_pictures_where_they_are(group: Group) -> None:
    group.picture("S")
    group.picture("G")
    before = group.listing().wanted
    group.sent(**before)
    group.set("G", archived=True)
    photo = item(group.kit, group.of["S"], "side")
    placement(group.kit, photo, group.on, rendition(group.kit, photo), "alt1", PlacementState.APPROVED)
    group.settle("want")

    now = group.listing()
    assert now.wanted["G"] == before["G"]
    assert set(now.wanted["S"]) == {"main", "alt1"}
    assert group.bar() is None
    with group.kit.db.reading() as session:
        assert [member.merchant_sku for member in together.looked_at(session, now)] == ["S"]


def test_a_product_that_is_archived_or_out_of_stock_before_it_was_listed_waits_and_joins_later(group: Group) -> None:
    group.picture("S")
    group.picture("G")
    for rest, again in (({"archived": True}, {"archived": False}), ({"quantity": 0}, {"quantity": 2})):
        group.set("G", **rest)
        assert set(group.listing().wanted) == {"S"}
        group.set("G", **again)
        assert set(group.listing().wanted) == {"S", "G"}
    group.set("S", archived=True)
    group.set("G", archived=True)
    assert (group.listing().wanted, group.listing().state) == ({}, ListingState.EMPTY)


def test_a_product_that_is_renamed_while_a_push_of_it_is_open_gets_its_name_once_that_is_settled(group: Group, clock: Clock) -> None:
    group.picture("S")
    group.picture("G")
    group.market.fail = integrations.TryLater(300, "cannot fetch")
    settle_all(group.kit, {"publish": STAGES["publish"]})

    group.set("S", offered_on={"ebay-uk:main": {"merchant_sku": "SHOP-1"}})
    group.settle("arrange", "want")
    assert set(group.listing().wanted) == {"S", "G"}, "what is on its way is asked for by the name under which it went"

    group.market.fail = integrations.Refused("not in this category")
    clock.advance(600)
    settle_all(group.kit, {"publish": STAGES["publish"]})
    settle_all(group.kit, {name: STAGES[name] for name in ("arrange", "want")})

    assert [member.merchant_sku for member in members(group)] == ["SHOP-1", "G"]


def members(group: Group) -> list[ListingMember]:
    with group.kit.db.reading() as session:
        return together.members_of(session, [group.listing().id])[group.listing().id]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_push_of_a_listing_of_which_nothing_is_wanted_any_more_is_read_back_and_not_repeated(group: Group, clock: Clock, arrived: bool) -> None:
    group.picture("S")
    group.picture("G")
    group.market.fail, group.market.after = integrations.OutcomeUnknown("timed out"), arrived
    settle_all(group.kit, {"publish": STAGES["publish"]})
    for sku in ("S", "G"):
        group.set(sku, quantity=0)
    group.market.calls.clear()

    clock.advance(60)
    settle_all(group.kit, {"publish": STAGES["publish"]})
    with group.kit.db.reading() as session:
        assert session.scalars(sa.select(Push.state)).all() == [PushState.MOOT]
    assert group.market.calls == ["status"]
    assert (group.listing().state, group.listing().external_id) == (ListingState.EMPTY, "X1" if arrived else None)
    assert not group.marked()

    group.set("S", quantity=1)
    assert set(group.listing().wanted) == {"S"}
    settle_all(group.kit, {"publish": STAGES["publish"]})
    assert group.listing().state == ListingState.SENT


def test_an_offer_of_several_says_each_products_facts_and_what_all_have_in_common(group: Group) -> None:
    for sku, metal in (("S", "silver"), ("G", "gold")):
        group.set(sku, attributes={"metal": metal, "shape": "band"}, title=f"Ring {sku}")
    group.set("G", variation={**group.of["G"].variation, "title": "Band ring in two metals"})
    group.picture("S", data=b"silver")
    group.picture("G", data=b"gold")
    settle_all(group.kit, {"publish": STAGES["publish"]})

    [sent] = group.market.writes
    assert (sent.product.title, sent.product.attributes) == ("Band ring in two metals", {"shape": "band"})
    assert [(v.merchant_sku, v.specifics, v.add, [p.data() for p in v.pictures]) for v in sent.variants] == [
        ("S", {"Colour": "Silver"}, True, [b"silver"]),
        ("G", {"Colour": "Gold"}, True, [b"gold"]),
    ]
    assert sent.pictures == sent.remove == ()
    assert group.listing().pushed == group.listing().wanted


def test_the_plan_tells_each_product(group: Group) -> None:
    group.picture("S")
    group.picture("G")
    with group.kit.db.writing() as session:
        accounts.set_policy(session, group.kit, session.get_one(Account, group.on.id), "ann", publish="ask")
    with group.kit.db.reading() as session:
        lines = plan.plan(session, group.kit)
        only = plan.plan(session, group.kit, sku="G")

    assert [(line.sku, line.add, line.creates) for line in lines] == [("G", ("main",), True), ("S", ("main",), True)]
    assert [line.sku for line in only] == ["G"]


def test_a_product_that_is_not_with_its_siblings_yet_says_why(group: Group) -> None:
    group.picture("S")
    group.sent(**group.listing().wanted)

    with group.kit.db.reading() as session:
        assert [why.sentence for why in views.why(session, group.kit, "G")] == ["no photo has arrived"]
    group.set("G", quantity=0)
    with group.kit.db.reading() as session:
        assert [why.sentence for why in views.why(session, group.kit, "G")] == ["it has no stock; it is added to its listing once there is some"]
        assert [why.live for why in views.why(session, group.kit, "S")] == [True]


def test_what_stands_against_all_is_kept_for_each_and_teaches_nothing(group: Group) -> None:
    group.picture("S")
    group.picture("G")
    group.sent(**group.listing().wanted)
    said = [integrations.Notice("ListingOnHold", "On hold.", "held", "text-or-watermark")]
    with group.kit.db.writing() as session:
        row = session.scalars(sa.select(Listing)).one()
        for sku in ("S", "G"):
            note(session, group.kit, row, sku, said, group.kit.now(), one_of=2)
    dispatch.mark(group.kit)

    with group.kit.db.reading() as session:
        found = session.scalars(sa.select(Notice).order_by(Notice.id)).all()
        assert [(one.merchant_sku, one.black_box["main"]["one_of"]) for one in found] == [("S", 2), ("G", 2)]
        assert all(is_vague(one) for one in found)
        assert session.scalars(sa.select(Work).where(Work.stage == "learn")).all() == []


def test_a_siblings_picture_that_could_pass_for_ours_is_told_by_its_address() -> None:
    def look(url: str, file: str, score: float) -> dict[str, Any]:
        return {"url": url, "file": file, "score": score, "same": score >= 0.93}

    seen = {
        "S": {"main": look("https://x/1", "a", 0.99), "alt1": look("https://x/3", "c", 0.98)},
        "G": {"main": look("https://x/1", "b", 0.95), "alt1": look("https://x/3", "c", 0.98)},
        "R": {"main": look("https://x/1", "d", 0.5)},
    }

    assert together.disown_siblings(seen) == [("G", "main")]
    assert {sku: {p: one["same"] for p, one in looks.items()} for sku, looks in seen.items()} == {
        "S": {"main": True, "alt1": True},
        "G": {"main": False, "alt1": True},
        "R": {"main": False},
    }
    assert together.disown_siblings({"S": {"main": look("https://x/1", "a", 0.99), "alt1": look("https://x/2", "a", 0.99)}}) == []


# the whole road


class Road:
    """Two rings in one group, on the practice eBay."""

    def __init__(self, kit: Kit, clock: Clock, practice: PracticeServer, **policy: Any) -> None:
        self.kit, self.clock, self.practice = kit, clock, practice
        add_practice_accounts(kit, practice, **policy)
        with kit.db.writing() as session:
            session.execute(sa.update(Account).where(Account.key == "amazon-uk:main").values(stopped=True))
        for number, (sku, colour) in enumerate((("R-S", "Silver"), ("R-G", "Gold"))):
            tell(kit, sku, **of_group(colour))
            send_photo(kit, sku, "dial", sharp_photo(number + 1))
        self.run(40)

    def run(self, seconds: float) -> None:
        run_for(self.kit, self.clock, seconds, self.practice)

    def listing(self) -> Listing:
        with self.kit.db.reading() as session:
            return session.scalars(sa.select(Listing).join(Account).where(Account.key == "ebay-uk:main")).one()

    def faults(self, *orders: dict[str, Any]) -> None:
        requests.post(f"{self.practice.url}/practice/api/faults", json=list(orders), timeout=10).raise_for_status()


def test_two_products_go_live_on_one_listing_each_proven_by_its_own_pixels(each_kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    road = Road(each_kit, clock, practice)

    now = road.listing()
    [shown] = practice.witness("listings")
    with road.kit.db.reading() as session:
        assert [(why.account, why.live) for sku in ("R-S", "R-G") for why in views.why(session, road.kit, sku) if why.account == "ebay-uk:main"] == [
            ("ebay-uk:main", True),
            ("ebay-uk:main", True),
        ]
        pushes = session.scalars(sa.select(Push.state)).all()
        showings = session.execute(sa.select(Showing.merchant_sku, Showing.file_sha256).where(Showing.ours, Showing.listing_id == now.id).order_by(Showing.id))
        assert {row.merchant_sku: row.file_sha256 for row in showings} == {sku: side["main"] for sku, side in now.pushed.items()}
    assert now.state == ListingState.LIVE
    assert set(pushes) == {PushState.ACCEPTED}
    assert {sku: {p: one["same"] for p, one in looks.items()} for sku, looks in now.seen.items()} == {"R-S": {"main": True}, "R-G": {"main": True}}
    assert now.seen["R-S"]["main"]["url"] != now.seen["R-G"]["main"]["url"]
    assert shown["title"] == "Band ring"
    assert {one["sku"]: one["pictures"]["main"]["source_sha256"] for one in shown["variations"]} == {sku: side["main"] for sku, side in now.pushed.items()}


def test_a_siblings_picture_in_an_answer_is_not_ours_and_repairs_nothing_before_it_is_confirmed(kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    road = Road(kit, clock, practice, repair="auto")
    writes = len(practice.witness("writes"))
    road.faults({"when": "GetItem", "do": "sibling_image", "nth": 1}, {"when": "GetItem", "do": "sibling_image", "nth": 2})
    doubted = 0
    for _ in range(20):
        road.run(2)
        looks = [one["same"] for looks in road.listing().seen.values() for one in looks.values()]
        doubted += looks.count(False)

    assert doubted, "a sibling's picture was seen, and not taken for ours"
    assert len(requests.get(f"{practice.url}/practice/api/faults", timeout=10).json()) == 2
    assert (road.listing().state, road.listing().doubts) == (ListingState.LIVE, 0)
    assert len(practice.witness("writes")) == writes


def test_a_siblings_picture_that_stays_is_drift_and_is_repaired_as_a_whole(kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    import base64

    road = Road(kit, clock, practice, repair="auto")
    sibling = kit.originals.get(road.listing().pushed["R-S"]["main"])
    practice.witness(
        "act", do="swap", marketplace="ebay-uk", external_id=road.listing().external_id, position="Gold/main", picture=base64.b64encode(sibling).decode()
    )
    road.run(60)

    with kit.db.reading() as session:
        why = session.scalars(sa.select(Event.why).where(Event.what == "moved", Event.to == ListingState.DRIFTED.value)).all()
    [shown] = practice.witness("listings")
    assert why == ["R-G main: shows another picture than ours"]
    assert road.listing().state == ListingState.LIVE
    assert {one["sku"]: one["pictures"]["main"]["source_sha256"] for one in shown["variations"]} == {
        sku: side["main"] for sku, side in road.listing().pushed.items()
    }


def test_a_third_product_joins_a_listing_that_is_live_and_one_that_is_archived_stays_as_it_is(kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    road = Road(kit, clock, practice)
    change(kit, "sku.archived", "R-S", "2026-11-23T09:10:00Z")
    tell(kit, "R-R", **of_group("Rose"))
    send_photo(kit, "R-R", "dial", sharp_photo(7))
    road.run(60)

    [shown] = practice.witness("listings")
    assert [one["sku"] for one in shown["variations"]] == ["R-S", "R-G", "R-R"]
    assert all(set(one["pictures"]) == {"main"} for one in shown["variations"])
    assert road.listing().state == ListingState.LIVE
    assert set(road.listing().seen) == {"R-G", "R-R"}


def test_a_listing_that_the_seller_made_gets_each_products_pictures_and_keeps_what_is_not_ours(kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    listed = [{"sku": sku, "specifics": {"Metal": metal}} for sku, metal in (("R-S", "Silver"), ("R-G", "Gold"), ("OTHER", "Rose"))]
    body = {"marketplace": "ebay-uk", "seller": "seller1", "sku": "BAND", "title": "Theirs", "variations": listed, "by": "Metal"}
    item_id = practice.witness("listings", **body)["external_id"]
    add_practice_accounts(kit, practice, create=False)
    for number, sku in enumerate(("R-S", "R-G")):
        tell(kit, sku, accounts={"ebay-uk:main": {"item_id": item_id}})
        send_photo(kit, sku, "dial", sharp_photo(number + 1))
    run_for(kit, clock, 60, practice)

    [shown] = practice.witness("listings")
    with kit.db.reading() as session:
        row = session.scalars(sa.select(Listing)).one()
        told = {member.merchant_sku: member.variation for member in row.members}
        assert row.state == ListingState.LIVE
        assert told == {"R-S": {"Metal": "Silver"}, "R-G": {"Metal": "Gold"}}
        assert {one["sku"]: {p["source_sha256"] for p in one["pictures"].values()} for one in shown["variations"]} == {
            "R-S": {row.pushed["R-S"]["main"]},
            "R-G": {row.pushed["R-G"]["main"]},
            "OTHER": set(),
        }
    assert shown["title"] == "Theirs"


def test_a_product_that_the_listing_lacks_is_left_out_and_said_and_its_siblings_are_live(kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    """Kept as pushed, it was looked for in vain, and the listing repaired again and again."""
    listed = [{"sku": sku, "specifics": {"Metal": metal}} for sku, metal in (("R-S", "Silver"), ("R-G", "Gold"))]
    body = {"marketplace": "ebay-uk", "seller": "seller1", "sku": "BAND", "title": "Theirs", "variations": listed, "by": "Metal"}
    item_id = practice.witness("listings", **body)["external_id"]
    add_practice_accounts(kit, practice, create=False, repair="auto")
    for number, sku in enumerate(("R-S", "R-G", "R-X")):
        tell(kit, sku, accounts={"ebay-uk:main": {"item_id": item_id}})
        send_photo(kit, sku, "dial", sharp_photo(number + 1))
    run_for(kit, clock, 60, practice)

    with kit.db.reading() as session:
        row = session.scalars(sa.select(Listing)).one()
        assert (row.state, set(row.pushed), set(row.seen)) == (ListingState.LIVE, {"R-S", "R-G"}, {"R-S", "R-G"})
        assert row.problem == "R-X is no variation of this listing: this push may not add any"
        said = {why.account: (why.word, why.sentence) for why in views.why(session, kit, "R-X")}
        assert said["ebay-uk:main"] == ("refused", row.problem)
        assert session.scalars(sa.select(Push.state)).all() == [PushState.ACCEPTED]
