"""Listings made with the Inventory API: found out by a refused revision, then replaced whole by REST with nothing lost."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from integrations import Offer, Ref, Refused, TryLater, Variant
from integrations.ebay.marketplace import Ebay
from integrations.practice import PracticeServer
from tests.integrations.accounts import access, offer, picture, product
from tests.integrations.contract import difference, watch_like
from tests.integrations.practice.clients import ebay_token


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


@pytest.fixture
def known(practice: PracticeServer) -> str:
    seeded = practice.witness("listings", marketplace="ebay-uk", seller="SELLER", sku="W/1 ü", title="Made elsewhere", quantity=3, inventory_api=True)
    return str(seeded["external_id"])


def shop(practice: PracticeServer) -> Ebay:
    credentials = {"client_id": "client", "client_secret": "secret", "refresh_token": "practice-SELLER"}
    return Ebay(access("ebay-uk", credentials=credentials, endpoints=practice.ebay_endpoints(), allow_loopback=True))


def push(seed: int, item_id: str | None = None, **changes: Any) -> Offer:
    return offer(merchant_sku="W/1 ü", external_id=item_id, pictures=(picture(data=watch_like(seed)),), key=f"{seed:032x}", **changes)


def calls(practice: PracticeServer) -> list[str]:
    return [write["call"] for write in practice.witness("writes")]


def test_its_pictures_are_replaced_and_everything_else_is_sent_back(practice: PracticeServer, known: str) -> None:
    ebay = shop(practice)
    before = item(practice)

    receipt = ebay.publish(push(1, known))
    practice.advance(5)
    [status] = ebay.status([Ref("W/1 ü", known)])

    after = item(practice)
    assert (receipt.status, receipt.external_id) == ("accepted", known)
    assert set(status.pictures) == {"main"}
    assert {**after, "product": {**after["product"], "imageUrls": []}} == {**without_told(before), "product": {**before["product"], "imageUrls": []}}
    assert len(after["product"]["imageUrls"]) == 1
    assert calls(practice) == ["createImageFromFile", "createOrReplaceInventoryItem"]


def without_told(item: dict[str, Any]) -> dict[str, Any]:
    item["availability"]["shipToLocationAvailability"].pop("allocationByFormat")
    return item


def item(practice: PracticeServer) -> dict[str, Any]:
    signed = {"Authorization": f"Bearer {ebay_token(practice.url)}"}
    answer: dict[str, Any] = requests.get(f"{practice.url}/sell/inventory/v1/inventory_item/W%2F1%20%C3%BC", headers=signed, timeout=10).json()
    return answer


def test_it_is_found_by_its_sku_too(practice: PracticeServer, known: str) -> None:
    assert shop(practice).publish(push(1)).external_id == known


def test_the_refused_revision_is_made_once_whatever_is_restarted(practice: PracticeServer, known: str) -> None:
    asked, model = list[str](), None
    for seed in (1, 2, 3):
        ebay = shop(practice)  # as another process, which remembers nothing
        send = ebay._client.trading

        def trading(verb: str, *rest: Any, send: Any = send, **more: Any) -> Any:
            asked.append(verb)
            return send(verb, *rest, **more)

        ebay._client.trading = trading  # type: ignore[method-assign]
        model = ebay.publish(push(seed, known, model=model)).model

    assert asked.count("ReviseFixedPriceItem") == 1
    assert calls(practice).count("createOrReplaceInventoryItem") == 3


def test_an_ordinary_listing_has_no_model(practice: PracticeServer) -> None:
    ordinary = practice.witness("listings", marketplace="ebay-uk", seller="SELLER", sku="W/1 ü", title="Ordinary")["external_id"]

    assert shop(practice).publish(push(1, ordinary)).model is None


def test_a_hold_is_read_and_a_better_picture_is_taken_with_a_warning(practice: PracticeServer, known: str) -> None:
    from tests.integrations.contract import Contract

    ebay = shop(practice)
    bad = Contract().faulty()
    model = ebay.publish(offer(merchant_sku="W/1 ü", external_id=known, pictures=(picture(data=bad),), key="a" * 32)).model
    practice.advance(30)

    [held] = ebay.status([Ref("W/1 ü", known, model=model)])
    receipt = ebay.publish(push(1, known, model=model))
    practice.advance(30)
    [mended] = ebay.status([Ref("W/1 ü", known, model=model)])

    assert [notice.kind for notice in held.notices] == ["held"]
    assert receipt.warnings[0].startswith("25096: ")
    assert mended.notices == ()


def test_one_that_ebay_ended_says_so_and_takes_no_revision(practice: PracticeServer, known: str) -> None:
    ebay = shop(practice)
    model = ebay.publish(push(1, known)).model
    practice.witness("act", do="remove", marketplace="ebay-uk", external_id=known)

    with pytest.raises(Refused, match="no revision is possible"):
        ebay.publish(push(2, known, model=model))
    [status] = ebay.status([Ref("W/1 ü", known, model=model)])

    assert {(notice.code, notice.kind) for notice in status.notices} == {("AdminEnded", "removed"), ("EBAY_ENDED", "removed")}
    assert status.ended


def test_an_answer_without_the_item_is_never_sent_back(known: str, practice: PracticeServer) -> None:
    ebay = shop(practice)
    ebay.publish(push(1, known))
    real = ebay._client.rest

    def rest(operation: str, *rest: Any, **more: Any) -> requests.Response:
        answer = real(operation, *rest, **more)
        if operation == "getInventoryItem":
            answer._content = b"{}"
        return answer

    ebay._client.rest = rest  # type: ignore[method-assign]

    with pytest.raises(TryLater, match="without the item"):
        ebay.publish(push(2, known))
    assert calls(practice).count("createOrReplaceInventoryItem") == 1


@pytest.mark.parametrize("fault", ["empty_503", "timeout_before", "timeout_after"])
def test_weather_on_the_way_is_tried_later_and_repeating_is_harmless(fault: str) -> None:
    with PracticeServer(faults=[{"when": "createOrReplaceInventoryItem", "do": fault, "nth": 1, "hold": 0.1}]) as practice:
        seeded = practice.witness("listings", marketplace="ebay-uk", seller="SELLER", sku="W/1 ü", title="Made elsewhere", inventory_api=True)
        ebay = shop(practice)

        with pytest.raises(TryLater):
            ebay.publish(push(1, seeded["external_id"]))
        ebay.publish(push(1, seeded["external_id"]))
        practice.advance(5)

        assert set(ebay.status([Ref("W/1 ü", seeded["external_id"])])[0].pictures) == {"main"}


def test_an_ordinary_listing_is_not_known_to_the_inventory_api(practice: PracticeServer) -> None:
    practice.witness("listings", marketplace="ebay-uk", seller="SELLER", sku="W-2", title="Ordinary")
    signed = {"Authorization": f"Bearer {ebay_token(practice.url)}"}

    for path in ("offer?sku=W-2", "inventory_item/W-2"):
        assert requests.get(f"{practice.url}/sell/inventory/v1/{path}", headers=signed, timeout=10).status_code == 404
    assert requests.get(f"{practice.url}/sell/inventory/v1/offer?sku=W-2", timeout=10).status_code == 401


@pytest.mark.parametrize(("headers", "extra", "code"), [({}, {}, 25709), ({"Content-Language": "en-GB"}, {"sku": "x"}, 2004)])
def test_the_practice_api_is_as_strict_as_the_real_one(practice: PracticeServer, known: str, headers: dict[str, str], extra: dict[str, str], code: int) -> None:
    signed = {"Authorization": f"Bearer {ebay_token(practice.url)}", **headers}
    body = {"product": {"title": "x", "imageUrls": ["https://i.ebayimg.com/a.jpg"]}, **extra}

    answer = requests.put(f"{practice.url}/sell/inventory/v1/inventory_item/W%2F1%20%C3%BC", headers=signed, json=body, timeout=10)

    assert (answer.status_code, answer.json()["errors"][0]["errorId"]) == (400, code)


# groups: several products in one listing

COLOURS = ("Silver", "Gold")


def group(practice: PracticeServer, *, sizes: tuple[str, ...] = ("N",), by: str = "Colour") -> str:
    listed = [{"sku": f"{colour[0]}{size}", "specifics": {"Colour": colour, "Size": size}, "quantity": 4} for size in sizes for colour in COLOURS]
    body = {"marketplace": "ebay-uk", "seller": "SELLER", "sku": "BAND", "title": "Band ring", "inventory_api": True}
    return str(practice.witness("listings", **body, variations=listed, by=by)["external_id"])


def several(item_id: str, **seeds: int) -> Offer:
    variants = tuple(Variant(sku, {}, product(category="ring"), (picture(data=watch_like(seed)),)) for sku, seed in seeds.items())
    return offer(merchant_sku="SN", external_id=item_id, variants=variants, pictures=(), key=uuid.uuid4().hex)


def test_each_member_of_a_group_gets_its_pictures_and_keeps_everything_else(practice: PracticeServer) -> None:
    item_id, ebay = group(practice), shop(practice)

    receipt = ebay.publish(several(item_id, SN=1, GN=2))
    ebay.publish(several(item_id, SN=3, GN=2))
    practice.advance(5)

    found = ebay.status([Ref("SN", item_id), Ref("GN", item_id)])
    assert receipt.external_id == item_id
    assert [difference(ebay.picture(status.pictures["main"]), watch_like(seed)) < 3 for status, seed in zip(found, (3, 2), strict=True)] == [True, True]
    assert calls(practice).count("ReviseFixedPriceItem") == 0
    silver = member(practice, "SN")
    assert silver["product"]["aspects"]["Colour"] == ["Silver"]
    assert silver["availability"]["shipToLocationAvailability"]["quantity"] == 4


def test_what_is_sold_while_a_group_is_written_stays_sold(practice: PracticeServer) -> None:
    item_id, ebay = group(practice), shop(practice)
    ebay.publish(several(item_id, SN=1, GN=2))
    real, sold = ebay._client.rest, list[str]()

    def rest(operation: str, method: str, url: str, **more: Any) -> requests.Response:
        if method == "PUT" and not sold:
            sold.append(url)
            one = member(practice, "GN")
            one["availability"]["shipToLocationAvailability"]["quantity"] = 1
            put_member(practice, "GN", one)
        return real(operation, method, url, **more)

    ebay._client.rest = rest  # type: ignore[method-assign]
    ebay.publish(several(item_id, SN=3, GN=4))

    assert sold[0].endswith("/SN")  # before the first write, after all were read and checked
    assert member(practice, "GN")["availability"]["shipToLocationAvailability"]["quantity"] == 1


def member(practice: PracticeServer, sku: str) -> dict[str, Any]:
    signed = {"Authorization": f"Bearer {ebay_token(practice.url)}"}
    answer: dict[str, Any] = requests.get(f"{practice.url}/sell/inventory/v1/inventory_item/{sku}", headers=signed, timeout=10).json()
    return answer


def put_member(practice: PracticeServer, sku: str, item: dict[str, Any]) -> None:
    signed = {"Authorization": f"Bearer {ebay_token(practice.url)}", "Content-Language": "en-GB"}
    told = ("sku", "locale", "groupIds", "inventoryItemGroupKeys")
    item["availability"]["shipToLocationAvailability"].pop("allocationByFormat", None)
    body = {name: value for name, value in item.items() if name not in told}
    requests.put(f"{practice.url}/sell/inventory/v1/inventory_item/{sku}", headers=signed, json=body, timeout=10).raise_for_status()


def test_members_that_the_group_shows_by_one_set_and_that_have_different_ones_are_refused_by_their_skus(practice: PracticeServer) -> None:
    """eBay tells by Colour what it shows, and no picture is up yet that would say so."""
    item_id = group(practice, sizes=("N", "P"))

    with pytest.raises(Refused, match="SN and SP share Colour 'Silver'"):
        shop(practice).publish(several(item_id, SN=1, GN=1, SP=2, GP=2))

    assert "createOrReplaceInventoryItem" not in calls(practice)
