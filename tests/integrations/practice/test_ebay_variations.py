"""The practice eBay's variations through the real ebaysdk: as strict as documented, whole sets of pictures, and shown where the real one shows them."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.practice import PracticeServer
from integrations.practice.clock import iso
from tests.integrations.practice.clients import new_item
from tests.integrations.practice.test_ebay import Shop


def named(**pairs: Any) -> dict[str, Any]:
    return {"NameValueList": [{"Name": name, "Value": value} for name, value in pairs.items()]}


def variation(sku: str, colour: str, **over: Any) -> dict[str, Any]:
    whole = {"SKU": sku, "StartPrice": "9.00", "Quantity": "2", "VariationSpecifics": named(Colour=colour), **over}
    return {name: value for name, value in whole.items() if value is not None}


def sets(**urls: list[str]) -> dict[str, Any]:
    return {
        "VariationSpecificName": "Colour",
        "VariationSpecificPictureSet": [{"VariationSpecificValue": value, "PictureURL": found} for value, found in urls.items()],
    }


class Ring:
    """A ring in silver and gold, and what would be sent for it."""

    def __init__(self, practice: PracticeServer) -> None:
        self.practice, self.shop = practice, Shop(practice)
        self.item, self.silver, self.gold = self.shop.picture(seed=1), self.shop.picture(seed=2), self.shop.picture(seed=3)
        self.variations: dict[str, Any] = {
            "Variation": [variation("R-S", "Silver"), variation("R-G", "Gold")],
            "Pictures": sets(Silver=[self.silver], Gold=[self.gold]),
            "VariationSpecificsSet": named(Colour=["Silver", "Gold"]),
        }

    def body(self, **over: Any) -> dict[str, Any]:
        given = {name: value for name, value in {**self.variations, **over}.items() if value is not None}
        return new_item([self.item], Quantity=None, StartPrice=None, SKU=None, Variations=given)

    def add(self) -> str:
        item_id = str(self.shop.call("AddFixedPriceItem", self.body())["ItemID"])
        self.practice.advance(3)
        return item_id

    def revise(self, item_id: str, **variations: Any) -> None:
        self.shop.call("ReviseFixedPriceItem", {"Item": {"ItemID": item_id, "Variations": variations}})
        self.practice.advance(3)

    def shown(self) -> dict[str, list[str]]:
        [listing] = self.practice.witness("listings")
        return {one["sku"]: [picture["source_url"] for picture in one["pictures"].values()] for one in listing["variations"]}


@pytest.fixture
def ring(practice: PracticeServer) -> Ring:
    return Ring(practice)


def test_getitem_shows_each_value_with_its_pictures_and_the_lists_do_not(practice: PracticeServer, ring: Ring) -> None:
    item_id, shop, now = ring.add(), ring.shop, practice.clock.now()

    item = shop.item(item_id)
    event = shop.call("GetSellerEvents", {"ModTimeFrom": iso(now - 60), "ModTimeTo": iso(now + 60)})["ItemArray"]["Item"]
    selling = shop.call("GetMyeBaySelling", {"ActiveList": {"Include": "true"}})["ActiveList"]["ItemArray"]["Item"][0]

    pictures = item["Variations"]["Pictures"]
    assert [(one["VariationSpecificValue"], one["PictureURL"]) for one in pictures["VariationSpecificPictureSet"]] == [
        ("Gold", ring.gold),
        ("Silver", ring.silver),
    ]
    assert item["PictureDetails"]["PictureURL"] == ring.item
    assert (item["Quantity"], item["StartPrice"]["value"]) == ("4", "9.00")
    assert "Pictures" not in event["Variations"]
    assert "Pictures" not in selling["Variations"]
    assert "VariationSpecifics" not in event["Variations"]["Variation"][0], "left out where the variation has a SKU"


def test_a_revision_that_omits_a_set_drops_it_and_leaves_price_and_stock(ring: Ring) -> None:
    item_id, anew = ring.add(), ring.shop.picture(seed=4)

    ring.revise(item_id, Pictures=sets(Silver=[anew]))

    assert ring.shown() == {"R-S": [anew], "R-G": []}
    [listing] = ring.practice.witness("listings")
    assert [(one["price"], one["quantity"]) for one in listing["variations"]] == [("9.00", 2), ("9.00", 2)]


def test_a_revision_without_pictures_leaves_them(ring: Ring) -> None:
    item_id = ring.add()

    ring.revise(item_id, Variation=[variation("R-S", "Silver", StartPrice="11.00")])

    assert ring.shown() == {"R-S": [ring.silver], "R-G": [ring.gold]}


def test_variations_are_added_changed_and_deleted_one_by_one(ring: Ring) -> None:
    item_id = ring.add()

    ring.revise(item_id, Variation=[variation("R-X", "Rose")], VariationSpecificsSet=named(Colour=["Silver", "Gold", "Rose"]))
    ring.revise(item_id, Variation=[variation("R-S", "Silver", Delete="true"), variation("R-G", "Gold", Quantity="0")])

    assert list(ring.shown()) == ["R-X"], "one deleted, one out of stock and never sold"


@pytest.fixture(scope="module")
def refusing() -> Iterator[Ring]:
    """For what is refused, and so leaves nothing behind: one for all."""
    with PracticeServer() as running:
        yield Ring(running)


SILVER, GOLD = variation("R-S", "Silver"), variation("R-G", "Gold")


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"Variation": None}, 37),
        ({"VariationSpecificsSet": None}, 37),
        ({"Variation": [SILVER, variation("R-S", "Gold")]}, 21916585),
        ({"Variation": [SILVER, variation("R-2", "Silver")]}, 21916586),
        ({"Variation": [SILVER, variation("R-P", "Pink")]}, 21916664),
        ({"Variation": [SILVER, variation("R-P", "Pink", VariationSpecifics=named(Size="N"))]}, 21916664),
        ({"Variation": [variation("R-S", "Silver", StartPrice=None)]}, 37),
        ({"Variation": [variation("R-S", "Silver", StartPrice="cheap")]}, 37),
        ({"Variation": [variation("R-S", "Silver", Quantity="0")]}, 21916664),
        ({"VariationSpecificsSet": named(Colour=["Silver", "Gold"], Brand=["Ours"])}, 21916664),
        ({"VariationSpecificsSet": named(Colour=[f"C{n}" for n in range(61)])}, 21916582),
        ({"Variation": [variation(f"V{n}", f"C{n}") for n in range(251)]}, 21916582),
        ({"Pictures": sets()}, 37),
        ({"Pictures": {**sets(Silver=["https://elsewhere/a.jpg"]), "VariationSpecificName": "Size"}}, 21916664),
        ({"Pictures": sets(Pink=["https://elsewhere/a.jpg"])}, 21916639),
        ({"Pictures": [sets(Silver=["https://elsewhere/a.jpg"]), sets(Gold=["https://elsewhere/a.jpg"])]}, 21916639),
        ({"Pictures": sets(Silver=[f"https://elsewhere/{n}.jpg" for n in range(13)])}, 37),
        ({"Pictures": sets(Silver=["http://elsewhere/a.jpg"])}, 37),
    ],
)
def test_what_variations_may_not_be(refusing: Ring, over: dict[str, Any], code: int) -> None:
    codes, _ = refusing.shop.refused("AddFixedPriceItem", refusing.body(**over))

    assert codes == [code]
    assert refusing.practice.witness("listings") == []


def test_price_and_stock_belong_to_the_variations(practice: PracticeServer, ring: Ring) -> None:
    body = ring.body()
    body["Item"]["StartPrice"] = "9.00"
    single = ring.shop.call("AddFixedPriceItem", new_item([ring.item]))["ItemID"]

    assert ring.shop.refused("AddFixedPriceItem", body)[0] == [37]
    assert ring.shop.refused("ReviseFixedPriceItem", {"Item": {"ItemID": single, "Variations": ring.variations}})[0] == [37]
    assert ring.shop.refused("ReviseFixedPriceItem", {"Item": {"ItemID": ring.add(), "Quantity": "4"}})[0] == [37]


def test_the_page_shows_pictures_per_variation(practice: PracticeServer, ring: Ring) -> None:
    import requests

    ring.add()
    page = requests.get(f"{practice.url}/practice", timeout=10).text

    assert all(url in page for url in (ring.item, ring.silver, ring.gold))
    assert "R-S · Silver · 9.00 × 2" in page
