"""Several products in one eBay listing, each with its own pictures: made once, revised whole, never a sibling's picture for ours."""

import base64
import dataclasses
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from integrations import Offer, OutcomeUnknown, Picture, ProductFacts, Ref, Refused, Throttled, Variant, Variation, pictured_by
from integrations.ebay import variations
from integrations.ebay.marketplace import Ebay
from integrations.practice import PracticeServer
from tests.integrations.accounts import EBAY, access, offer, picture, product
from tests.integrations.contract import Contract, difference, watch_like


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


@pytest.fixture
def ebay(practice: PracticeServer) -> Ebay:
    return shop(practice)


def shop(practice: PracticeServer, **settings: Any) -> Ebay:
    credentials = {**EBAY, "refresh_token": "practice-SELLER"}
    return Ebay(access("ebay-uk", credentials=credentials, endpoints=practice.ebay_endpoints(), allow_loopback=True, settings=settings))


def shots(*seeds: int) -> tuple[Picture, ...]:
    return tuple(picture("main" if n == 0 else f"alt{n}", data=watch_like(seed)) for n, seed in enumerate(seeds))


def ring(sku: str, *seeds: int, add: bool = True, quantity: int = 2, gtin: str | None = None, **specifics: str) -> Variant:
    facts = product(title="Band ring", category="ring", gtin=gtin, quantity=quantity, price_minor=9900, attributes={"metal": "silver"})
    return Variant(sku, specifics, facts, shots(*seeds), add)


def rings(*variants: Variant, **changes: Any) -> Offer:
    facts: ProductFacts = variants[0].product
    return offer(**{"merchant_sku": "BAND", "variants": variants, "product": facts, "pictures": (), "create": True, "key": uuid.uuid4().hex, **changes})


SILVER, GOLD = ring("R-S", 1, 2, Colour="Silver"), ring("R-G", 3, Colour="Gold")


def shown(ebay: Ebay, item_id: str | None, *skus: str) -> dict[str, Mapping[str, str]]:
    return {status.ref.merchant_sku: status.pictures for status in ebay.status([Ref(sku, item_id) for sku in skus])}


def proves(ebay: Ebay, variant: Variant, pictures: Mapping[str, str]) -> bool:
    """Whether exactly this variant's pictures are shown, by their pixels."""
    return set(pictures) == {one.position for one in variant.pictures} and all(
        difference(ebay.picture(pictures[one.position]), one.data()) < 3 for one in variant.pictures
    )


# made


def test_two_products_become_one_listing_each_shown_by_its_own_pictures(practice: PracticeServer, ebay: Ebay) -> None:
    receipt = ebay.publish(rings(SILVER, GOLD))
    practice.advance(5)
    found = shown(ebay, receipt.external_id, "R-S", "R-G")

    [listing] = practice.witness("listings")
    assert proves(ebay, SILVER, found["R-S"])
    assert proves(ebay, GOLD, found["R-G"])
    assert receipt.specifics == {"R-S": {"Colour": "Silver"}, "R-G": {"Colour": "Gold"}}
    assert [(one["sku"], one["price"], one["quantity"], one["specifics"]) for one in listing["variations"]] == [
        ("R-S", "99.00", 2, {"Colour": "Silver"}),
        ("R-G", "99.00", 2, {"Colour": "Gold"}),
    ]
    assert list(listing["pictures"]) == ["main", "alt1"], "the item's own pictures are one of each product"


def test_it_is_verified_before_it_exists_and_a_no_leaves_nothing(practice: PracticeServer) -> None:
    with pytest.raises(Refused, match=r"'Movement' is required"):
        shop(practice, categories={"ring": "173695"}).publish(rings(SILVER, GOLD))

    assert practice.witness("listings") == []


def test_what_tells_the_products_apart_is_not_said_of_the_item_and_need_not_be(practice: PracticeServer) -> None:
    """The category asks for Movement; each product says it, and the item's own attribute of that name is left out."""
    sent = [ring("M-A", 1, Movement="Automatic"), ring("M-Q", 2, Movement="Quartz")]
    facts = product(category="ring", attributes={"movement": "Automatic", "compatible_brand": "X"})

    assert shop(practice, categories={"ring": "173695"}).publish(rings(*sent, product=facts)).external_id


def test_the_same_push_twice_changes_nothing(practice: PracticeServer, ebay: Ebay) -> None:
    sent = rings(SILVER, GOLD)
    first = ebay.publish(sent)
    practice.advance(5)
    second = ebay.publish(sent)
    revised = rings(ring("R-S", 5, Colour="Silver"), GOLD, external_id=first.external_id)
    ebay.publish(revised)
    before = practice.witness("listings")
    ebay.publish(revised)

    assert second.external_id == first.external_id
    assert practice.witness("listings") == before
    assert len(before) == 1


def test_a_timeout_after_the_effect_lists_once() -> None:
    with PracticeServer(faults=[{"when": "AddFixedPriceItem", "do": "timeout_after", "nth": 1, "hold": 0.1}]) as practice:
        ebay, sent = shop(practice), rings(SILVER, GOLD)
        with pytest.raises(OutcomeUnknown):
            ebay.publish(sent)
        receipt = ebay.publish(sent)
        practice.advance(5)

        assert len(practice.witness("listings")) == 1
        assert proves(ebay, GOLD, shown(ebay, receipt.external_id, "R-G")["R-G"])


def test_a_revision_that_was_cut_off_after_it_took_effect_is_repeated_without_a_second_effect() -> None:
    with PracticeServer(faults=[{"when": "ReviseFixedPriceItem", "do": "timeout_after", "nth": 1, "hold": 0.1}]) as practice:
        ebay = shop(practice)
        item_id = ebay.publish(rings(SILVER, GOLD)).external_id
        revised = rings(ring("R-S", 5, Colour="Silver"), GOLD, external_id=item_id)
        with pytest.raises(OutcomeUnknown):
            ebay.publish(revised)
        ebay.publish(revised)

        assert [write["call"] for write in practice.witness("writes")].count("ReviseFixedPriceItem") == 1


def test_products_of_the_same_colour_share_its_pictures(practice: PracticeServer, ebay: Ebay) -> None:
    """Only one size of each colour was photographed: eBay's pictures go by colour, whatever the sizes."""
    pictured = [ring("R-SN", 1, 2, Colour="Silver", Size="N"), ring("R-GN", 3, Colour="Gold", Size="N")]
    plain = [ring("R-SP", Colour="Silver", Size="P"), ring("R-GP", Colour="Gold", Size="P")]

    receipt = ebay.publish(rings(*pictured, *plain))
    practice.advance(5)
    found = shown(ebay, receipt.external_id, "R-SN", "R-GN", "R-SP", "R-GP")

    assert proves(ebay, pictured[0], found["R-SN"])
    assert found["R-SP"] == found["R-SN"]
    assert found["R-GP"] == found["R-GN"]
    assert proves(ebay, pictured[1], found["R-GP"])


def test_a_new_product_without_stock_waits_for_some_as_ebay_would_drop_it(practice: PracticeServer, ebay: Ebay) -> None:
    receipt = ebay.publish(rings(SILVER, ring("R-G", 3, Colour="Gold", quantity=0)))

    [listing] = practice.witness("listings")
    assert [one["sku"] for one in listing["variations"]] == ["R-S"]
    assert any("R-G is no variation of this listing: it has no stock" in words for words in receipt.warnings)
    with pytest.raises(Refused, match="R-G is not listed: it has no stock"):
        ebay.publish(rings(ring("R-G", 3, Colour="Gold", quantity=0), key="1" * 32, merchant_sku="ELSE"))


# revised


def test_a_revision_of_one_products_pictures_leaves_the_others(practice: PracticeServer, ebay: Ebay) -> None:
    item_id = ebay.publish(rings(SILVER, GOLD)).external_id
    practice.advance(5)
    anew = ring("R-S", 7, Colour="Silver")
    ebay.publish(rings(anew, GOLD, external_id=item_id))
    practice.advance(5)
    found = shown(ebay, item_id, "R-S", "R-G")

    assert proves(ebay, anew, found["R-S"])
    assert proves(ebay, GOLD, found["R-G"])


def known(practice: PracticeServer, *skus: tuple[str, str], by: str = "Colour", seed: int = 20) -> str:
    """A listing with variations that was there before, its pictures too."""
    listed = [{"sku": sku, "specifics": {"Colour": colour}, "quantity": 5, "price": "50.00"} for sku, colour in skus]
    pictures = {f"{colour}/main": base64.b64encode(watch_like(seed + n)).decode() for n, (_, colour) in enumerate(skus)}
    pictures["main"] = base64.b64encode(watch_like(seed + 9)).decode()
    made = practice.witness("listings", marketplace="ebay-uk", seller="SELLER", sku="BAND", title="Band ring", variations=listed, by=by, pictures=pictures)
    return str(made["external_id"])


def test_variations_that_are_not_ours_keep_their_pictures_price_and_stock_and_the_item_keeps_its_own(practice: PracticeServer, ebay: Ebay) -> None:
    item_id = known(practice, ("R-S", "Silver"), ("R-X", "Rose"), ("", "Black"))
    [before] = practice.witness("listings")

    receipt = ebay.publish(rings(ring("R-S", 7, add=False), external_id=item_id, create=False))
    practice.advance(5)

    [after] = practice.witness("listings")
    assert receipt.specifics == {"R-S": {"Colour": "Silver"}}, "the listing's own word for it"
    assert after["pictures"] == before["pictures"]
    assert [one["pictures"] for one in after["variations"][1:]] == [one["pictures"] for one in before["variations"][1:]]
    assert [{**one, "pictures": 0} for one in after["variations"]] == [{**one, "pictures": 0} for one in before["variations"]]
    assert proves(ebay, ring("R-S", 7), shown(ebay, item_id, "R-S")["R-S"])


def test_an_offer_of_one_product_on_a_listing_of_several_touches_that_product_alone(practice: PracticeServer, ebay: Ebay) -> None:
    """The inventory has told of one SKU only: its pictures are not put up as those of all."""
    item_id = known(practice, ("R-S", "Silver"), ("R-X", "Rose"))
    [before] = practice.witness("listings")

    receipt = ebay.publish(offer(merchant_sku="R-S", external_id=item_id, pictures=shots(7), product=product(category="ring")))
    practice.advance(5)

    [after] = practice.witness("listings")
    assert after["pictures"] == before["pictures"]
    assert after["variations"][1] == before["variations"][1]
    assert receipt.specifics == {"R-S": {"Colour": "Silver"}}
    assert proves(ebay, ring("R-S", 7), shown(ebay, item_id, "R-S")["R-S"])


def test_it_is_found_by_the_sku_of_a_variation(practice: PracticeServer, ebay: Ebay) -> None:
    item_id = known(practice, ("R-S", "Silver"), ("R-X", "Rose"))

    assert ebay.publish(offer(merchant_sku="R-X", pictures=shots(7))).external_id == item_id
    assert ebay.status([Ref("R-S")])[0].external_id == item_id


def test_a_product_that_joins_later_is_added_and_what_is_there_is_not_written_again(practice: PracticeServer, ebay: Ebay) -> None:
    item_id = known(practice, ("R-S", "Silver"), ("R-X", "Rose"))

    ebay.publish(rings(ring("R-S", 7), GOLD, external_id=item_id, create=False))
    practice.advance(5)

    [listing] = practice.witness("listings")
    assert [(one["sku"], one["price"], one["quantity"]) for one in listing["variations"]] == [("R-S", "50.00", 5), ("R-X", "50.00", 5), ("R-G", "99.00", 2)]
    assert proves(ebay, GOLD, shown(ebay, item_id, "R-G")["R-G"])


def test_a_product_that_may_not_be_added_is_left_out_and_said(practice: PracticeServer, ebay: Ebay) -> None:
    item_id = known(practice, ("R-S", "Silver"))

    receipt = ebay.publish(rings(ring("R-S", 7), dataclasses.replace(GOLD, add=False), external_id=item_id))
    [gone] = ebay.status([Ref("R-G", item_id)])

    assert any("R-G" in words for words in receipt.warnings)
    assert (gone.exists, gone.pictures) == (False, {})
    assert "main" in gone.provable
    with pytest.raises(Refused, match="R-G is no variation of eBay listing"):
        ebay.publish(rings(dataclasses.replace(GOLD, add=False), external_id=item_id))


def test_a_listing_of_one_product_is_never_given_a_second(practice: PracticeServer, ebay: Ebay) -> None:
    item_id = ebay.publish(offer(merchant_sku="R-S", create=True, pictures=shots(1), product=product(category="ring"))).external_id

    with pytest.raises(Refused, match="holds one product"):
        ebay.publish(rings(SILVER, GOLD, external_id=item_id))
    assert ebay.publish(rings(SILVER, external_id=item_id)).external_id == item_id, "one of one is no variation"


def test_the_same_variation_under_another_sku_is_said_and_not_added_twice(practice: PracticeServer, ebay: Ebay) -> None:
    item_id = known(practice, ("OLD-G", "Gold"))

    with pytest.raises(Refused, match="R-G: the listing has this variation under the SKU OLD-G"):
        ebay.publish(rings(GOLD, external_id=item_id))


# refused before anything is sent


@pytest.fixture(scope="module")
def untouched() -> Iterator[PracticeServer]:
    """For what is refused before anything is sent: one for all."""
    with PracticeServer() as running:
        yield running


@pytest.mark.parametrize(
    ("variants", "words"),
    [
        (
            (ring("A", 1, Colour="Silver", Size="N"), ring("B", 2, Colour="Silver", Size="P"), ring("C", 3, Colour="Gold", Size="N")),
            "A and B share Colour 'Silver'",
        ),
        ((ring("A", 1, Colour="Silver"), ring("B", 2, Colour="silver")), "A and B are both Colour 'silver'"),
        ((ring("A", 1, Colour="Silver"), ring("B", 2, Size="N")), "A by Colour and B by Size"),
        ((ring("A", 1), ring("B", 2, Size="N")), "A: nothing tells it from"),
        ((ring("A", *range(13), Colour="Silver"), GOLD), "A: eBay takes at most 12 pictures"),
        ((ring("A", Colour="Silver"), ring("B", Colour="Gold")), "none of its products has a picture"),
        ((SILVER, SILVER), "each product once"),
        (tuple(ring(f"V{n}", 1, Size=str(n)) for n in range(251)), "eBay takes 250 variations"),
    ],
)
def test_what_could_not_be_shown_is_refused_by_the_skus_and_nothing_is_sent(untouched: PracticeServer, variants: Sequence[Variant], words: str) -> None:
    with pytest.raises(Refused, match=words):
        shop(untouched).publish(rings(*variants))

    assert untouched.witness("writes") == []


def test_the_revisions_of_a_day_are_counted_before_anything_is_sent(untouched: PracticeServer) -> None:
    with pytest.raises(Throttled, match="250 revisions"):
        shop(untouched).publish(rings(SILVER, GOLD, external_id="110000000001", sent_today=250))

    assert untouched.witness("writes") == []


# read back


def test_several_products_of_a_listing_are_read_by_one_call(practice: PracticeServer, ebay: Ebay, monkeypatch: pytest.MonkeyPatch) -> None:
    item_id, asked = ebay.publish(rings(SILVER, GOLD)).external_id, list[str]()
    send = ebay._client.trading
    monkeypatch.setattr(ebay._client, "trading", lambda verb, *rest, **more: (asked.append(verb), send(verb, *rest, **more))[1])

    shown(ebay, item_id, "R-S", "R-G")

    assert asked == ["GetItem"]


def test_a_siblings_picture_in_the_answer_is_a_siblings(practice: PracticeServer, ebay: Ebay) -> None:
    item_id = ebay.publish(rings(SILVER, GOLD)).external_id
    practice.advance(5)
    requests.post(f"{practice.url}/practice/api/faults", json=[{"when": "GetItem", "do": "sibling_image", "nth": 1}], timeout=10).raise_for_status()

    mixed = shown(ebay, item_id, "R-S", "R-G")
    right = shown(ebay, item_id, "R-S", "R-G")

    assert [proves(ebay, one, mixed[one.merchant_sku]) for one in (SILVER, GOLD)].count(True) == 1
    assert all(proves(ebay, one, right[one.merchant_sku]) for one in (SILVER, GOLD))


def test_a_hold_of_the_listing_stands_against_each_product(practice: PracticeServer, ebay: Ebay) -> None:
    bad = dataclasses.replace(GOLD, pictures=(picture(data=Contract().faulty()),))
    item_id = ebay.publish(rings(SILVER, bad)).external_id
    practice.advance(30)

    held = ebay.status([Ref("R-S", item_id), Ref("R-G", item_id)])
    ebay.publish(rings(SILVER, GOLD, external_id=item_id))
    practice.advance(30)

    assert [{notice.kind for notice in status.notices} for status in held] == [{"held"}, {"held"}]
    assert all(status.notices == () for status in ebay.status([Ref("R-S", item_id), Ref("R-G", item_id)]))


# laws

COLOURS, SIZES = ("Silver", "Gold", "Rose"), ("N", "P")
GROUPS = st.lists(st.tuples(st.sampled_from(COLOURS), st.sampled_from(SIZES), st.sampled_from((0, 1, 2))), min_size=1, max_size=6, unique_by=lambda v: v[:2])


@given(GROUPS)
def test_nobody_with_pictures_is_ever_shown_by_anothers(group: list[tuple[str, str, int]]) -> None:
    found = [Variation(f"V{n}", {"Colour": colour, "Size": size}, (str(seed),) if seed else ()) for n, (colour, size, seed) in enumerate(group)]
    try:
        name = pictured_by(found)
    except Refused:
        for by in ("Colour", "Size"):  # there was no way
            sets: dict[str, set[tuple[str, ...]]] = {}
            for one in found:
                sets.setdefault(one.specifics[by], set()).update({one.pictures} - {()})
            assert any(len(different) > 1 for different in sets.values())
        return
    for one in found:
        for other in found:
            if one.specifics[name] == other.specifics[name] and one.pictures and other.pictures:
                assert one.pictures == other.pictures


@given(GROUPS, st.sets(st.sampled_from(COLOURS)))
def test_a_set_of_pictures_that_is_not_replaced_goes_back_as_it_was(group: list[tuple[str, str, int]], there: set[str]) -> None:
    """Whatever the listing holds besides, a revision names every set that there was."""
    old = {colour: (f"https://i.ebayimg.com/{colour}",) for colour in there}
    theirs = [{"SKU": f"X{n}", "VariationSpecifics": {"NameValueList": {"Name": "Colour", "Value": colour}}} for n, colour in enumerate(COLOURS)]
    sets = [{"VariationSpecificValue": value, "PictureURL": list(urls)} for value, urls in old.items()]
    item = {"ItemID": "1", "Variations": {"Variation": theirs, "Pictures": {"VariationSpecificName": "Colour", "VariationSpecificPictureSet": sets}}}
    ours = [ring(f"X{COLOURS.index(colour)}", *([seed] if seed else [])) for colour, seed in {colour: seed for colour, _, seed in group}.items()]
    if not any(one.pictures for one in ours):
        return

    placed = variations.plan(ours, item)
    part = variations.revision_part(placed, {one.merchant_sku: [f"https://new/{one.merchant_sku}"] * len(one.pictures) for one in ours})

    sent = {one["VariationSpecificValue"]: tuple(one["PictureURL"]) for one in part["Pictures"]["VariationSpecificPictureSet"]}
    named = {colour for colour, seed in {colour: seed for colour, _, seed in group}.items() if seed}
    assert set(sent) == there | named
    assert all(sent[value] == old[value] for value in there - named)
    assert "Variation" not in part, "price and stock of what is there are not ours to say"
