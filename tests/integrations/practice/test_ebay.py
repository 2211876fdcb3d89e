"""The practice eBay through the real ebaysdk and plain requests."""

import uuid
from typing import Any

import pytest
import requests
from ebaysdk.exception import ConnectionError as EbayError

from integrations.practice import PracticeServer
from integrations.practice.clock import iso
from tests.integrations.practice.clients import Trading, ebay_token, new_item, upload
from tests.integrations.practice.drawn import Media, finished


class Shop:
    """A signed-in seller."""

    def __init__(self, practice: PracticeServer) -> None:
        self.practice, self.token = practice, ebay_token(practice.url)

    def call(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = Trading(self.practice.url, self.token).execute(verb, body).dict()
        return answer

    def refused(self, verb: str, body: dict[str, Any]) -> tuple[list[int], dict[str, Any]]:
        connection = Trading(self.practice.url, self.token)
        with pytest.raises(EbayError):
            connection.execute(verb, body)
        return connection.response_codes(), connection.response.dict()

    def picture(self, **drawing: Any) -> str:
        return str(upload(self.practice.url, self.token, finished(**drawing)).json()["maxDimensionImageUrl"])

    def item(self, item_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GetItem", {"ItemID": item_id})["Item"]
        return found


@pytest.fixture
def shop(practice: PracticeServer) -> Shop:
    return Shop(practice)


def test_a_picture_is_taken_hosted_and_can_be_asked_for(practice: PracticeServer, shop: Shop) -> None:
    answer = upload(practice.url, shop.token, finished(2000))

    assert answer.status_code == 201
    assert set(answer.json()) == {"imageUrl", "maxDimensionImageUrl", "expirationDate"}
    again = requests.get(answer.headers["Location"], headers={"Authorization": f"Bearer {shop.token}"}, timeout=10)
    assert again.json() == answer.json()
    assert requests.get(answer.json()["maxDimensionImageUrl"], timeout=10).headers["Content-Type"] == "image/jpeg"
    assert upload(practice.url, shop.token, finished(2000)).headers["Location"] != answer.headers["Location"]


def test_an_unused_picture_expires_and_a_used_one_does_not(practice: PracticeServer, shop: Shop) -> None:
    unused, used = upload(practice.url, shop.token, finished()), upload(practice.url, shop.token, finished(seed=1))
    shop.call("AddFixedPriceItem", new_item([used.json()["maxDimensionImageUrl"]]))
    practice.advance(2592000)
    fresh = {"Authorization": f"Bearer {ebay_token(practice.url)}"}

    gone, kept = (requests.get(answer.headers["Location"], headers=fresh, timeout=10) for answer in (unused, used))

    assert (gone.status_code, gone.json()["errors"][0]["errorId"]) == (404, 190200)
    assert kept.status_code == 200


def test_what_the_media_api_refuses(practice: PracticeServer, shop: Shop) -> None:
    address = f"{practice.url}/commerce/media/v1_beta/image/create_image_from_file"

    codes = [upload(practice.url, shop.token, data).json()["errors"][0]["errorId"] for data in (b"not a picture", b"\xff\xd8" + bytes(12582912))]

    assert codes == [190203, 190201]
    assert upload(practice.url, "nobody", finished()).status_code == 401
    assert requests.post(address, headers={"Authorization": f"Bearer {shop.token}"}, timeout=10).status_code == 400


def test_a_listing_is_added_shown_and_revised(practice: PracticeServer, shop: Shop) -> None:
    first, second, third = shop.picture(seed=1), shop.picture(seed=2), shop.picture(seed=3)

    added = shop.call("AddFixedPriceItem", new_item([first]))
    pending = shop.item(added["ItemID"])
    practice.advance(2)
    shown = shop.item(added["ItemID"])
    shop.call("ReviseFixedPriceItem", {"Item": {"ItemID": added["ItemID"], "PictureDetails": {"PictureURL": [second, third]}}})
    practice.advance(2)
    revised = shop.item(added["ItemID"])

    assert pending["PictureDetails"]["GalleryStatus"] == "Pending"
    assert shown["Title"] == "A watch & a box"
    assert shown["SellingStatus"]["ListingStatus"] == "Active"
    assert shown["PictureDetails"]["PictureURL"] == first
    assert revised["PictureDetails"]["PictureURL"] == [second, third]
    assert revised["PictureDetails"]["GalleryStatus"] == "Success"
    assert list(practice.witness("listings")[0]["pictures"]) == ["main", "alt1"]


def test_a_used_up_key_is_told_with_the_item_it_made(practice: PracticeServer, shop: Shop) -> None:
    key, picture = uuid.uuid4().hex.upper(), shop.picture()

    added = shop.call("AddFixedPriceItem", new_item([picture], UUID=key))
    codes, repeated = shop.refused("AddFixedPriceItem", new_item([picture], UUID=key))
    revision = {"InvocationID": uuid.uuid4().hex, "Item": {"ItemID": added["ItemID"], "PictureDetails": {"PictureURL": [picture]}}}
    shop.call("ReviseFixedPriceItem", revision)
    again, _ = shop.refused("ReviseFixedPriceItem", revision)

    assert codes == again == [488]
    assert repeated["ItemID"] == added["ItemID"]
    assert repeated["DuplicateInvocationDetails"]["DuplicateInvocationID"] == key
    assert len(practice.witness("listings")) == 1
    assert [write["key"] for write in practice.witness("writes") if write["call"] == "AddFixedPriceItem"] == [key]


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"Title": None}, 37),
        ({"ConditionID": None}, 37),
        ({"Title": "x" * 81}, 70),
        ({"PictureDetails": None}, 21919136),
        ({"StartPrice": "cheap"}, 37),
        ({"UUID": "short"}, 37),
        ({"PictureDetails": {"PictureURL": ["http://elsewhere/a.jpg"]}}, 37),
        ({"PictureDetails": {"PictureURL": ["https://elsewhere/a.jpg"] * 25}}, 37),
    ],
)
def test_what_a_new_listing_may_not_be(practice: PracticeServer, shop: Shop, over: dict[str, Any], code: int) -> None:
    body = new_item([shop.picture()], **over)

    codes, _ = shop.refused("AddFixedPriceItem", body)
    verified, _ = shop.refused("VerifyAddFixedPriceItem", body)

    assert codes == verified == [code]
    assert practice.witness("listings") == []


def test_small_pictures_are_refused_and_poor_ones_warned_of(practice: PracticeServer, shop: Shop) -> None:
    small, modest, mixed = shop.picture(size=400), shop.picture(size=800), "https://elsewhere/a.jpg"

    codes, _ = shop.refused("AddFixedPriceItem", new_item([small]))
    mixing, _ = shop.refused("AddFixedPriceItem", new_item([modest, mixed]))
    answer = shop.call("AddFixedPriceItem", new_item([modest]))

    assert codes == [21919137]
    assert mixing == [37]
    assert (answer["Ack"], answer["Errors"]["ErrorCode"]) == ("Warning", "21916790")


def test_verifying_makes_no_listing(practice: PracticeServer, shop: Shop) -> None:
    shop.call("VerifyAddFixedPriceItem", new_item([shop.picture()]))

    assert practice.witness("listings") == []


def test_lettering_puts_a_listing_on_hold_until_it_is_mended_or_ended(practice: PracticeServer, shop: Shop) -> None:
    bad, good = shop.picture(text=True), shop.picture()
    held = shop.call("AddFixedPriceItem", new_item([good, bad]))["ItemID"]
    left = shop.call("AddFixedPriceItem", new_item([shop.picture(frame=True)]))["ItemID"]
    practice.advance(10)
    on_hold = shop.item(held)

    shop.call("ReviseFixedPriceItem", {"Item": {"ItemID": held, "PictureDetails": {"PictureURL": [good]}}})
    practice.advance(86400)
    shop.token = ebay_token(practice.url)
    mended, ended = shop.item(held), shop.item(left)
    lists = shop.call(
        "GetMyeBaySelling", {"ActiveList": {"Include": "true"}, "UnsoldList": {"Include": "true", "IncludeNotes": "true", "DurationInDays": "60"}}
    )
    gone, _ = shop.refused("ReviseFixedPriceItem", {"Item": {"ItemID": left, "PictureDetails": {"PictureURL": [good]}}})

    assert on_hold["SellingStatus"]["ListingOnHold"] == "true"
    assert "added text" in on_hold["ItemPolicyViolation"]["PolicyText"]
    assert "ListingOnHold" not in mended["SellingStatus"]
    assert ended["SellingStatus"]["AdminEnded"] == "true"
    assert lists["ActiveList"]["ItemArray"]["Item"][0]["ItemID"] == held
    unsold = lists["UnsoldList"]["ItemArray"]["Item"]
    assert (unsold["ItemID"], "frame" in unsold["eBayNotes"]) == (left, True)
    assert gone == [291]


def test_seller_events_tell_what_changed_in_the_window(practice: PracticeServer, shop: Shop) -> None:
    early = shop.call("AddFixedPriceItem", new_item([shop.picture()]))["ItemID"]
    practice.advance(1000)
    late = shop.call("AddFixedPriceItem", new_item([shop.picture()], SKU="W-2"))["ItemID"]
    now = practice.clock.now()

    found = shop.call("GetSellerEvents", {"ModTimeFrom": iso(now - 60), "ModTimeTo": iso(now + 60)})["ItemArray"]["Item"]
    too_long, _ = shop.refused("GetSellerEvents", {"ModTimeFrom": iso(now - 172801), "ModTimeTo": iso(now)})

    assert found["ItemID"] == late != early
    assert too_long == [37]


def test_tokens_missing_unknown_and_expired(practice: PracticeServer, shop: Shop) -> None:
    good = shop.token
    codes = []
    for token in ("", "nobody", good):
        shop.token = token
        practice.advance(3600 if token == good else 0)
        codes += shop.refused("GetItem", {"ItemID": "1"})[0]
    stranger = requests.post(
        f"{practice.url}/identity/v1/oauth2/token", data={"grant_type": "refresh_token", "refresh_token": "other"}, auth=("id", "secret"), timeout=10
    )

    assert codes == [931, 21916984, 21917053]
    assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_grant")


def test_another_sellers_item_and_an_unknown_one_are_error_17(practice: PracticeServer, shop: Shop) -> None:
    theirs = practice.witness("listings", marketplace="ebay-uk", seller="OTHER", sku="X", title="Theirs")["external_id"]

    codes = [shop.refused("GetItem", {"ItemID": item_id})[0] for item_id in (theirs, "1")]

    assert codes == [[17], [17]]


def test_a_self_hosted_picture_that_cannot_be_had_is_told_by_gallery_status(practice: PracticeServer, shop: Shop, media: Media) -> None:
    address = media.base.replace("http://", "https://") + "/a.jpg"  # nobody speaks TLS there

    item_id = shop.call("AddFixedPriceItem", new_item([address]))["ItemID"]
    practice.advance(3)

    assert shop.item(item_id)["PictureDetails"]["GalleryStatus"] == "ServerDown"


@pytest.mark.parametrize(
    "raw", [b"", b"<nonsense", b"<!DOCTYPE a [<!ENTITY b 'c'>]><GetItemRequest xmlns='urn:ebay:apis:eBLBaseComponents'/>", b"<GetItemRequest/>"]
)
def test_xml_that_is_not_theirs_is_error_5(practice: PracticeServer, shop: Shop, raw: bytes) -> None:
    headers = {"X-EBAY-API-CALL-NAME": "GetItem", "X-EBAY-API-IAF-TOKEN": shop.token, "X-EBAY-API-SITEID": "3"}

    answer = requests.post(f"{practice.url}/ws/api.dll", data=raw, headers=headers, timeout=10)

    assert answer.status_code == 200
    assert "<ErrorCode>5</ErrorCode>" in answer.text


@pytest.mark.parametrize(("do", "waits"), [("late", 7200), ("drop_write", 86400)])
def test_a_revision_may_be_shown_hours_later_or_be_dropped_until_it_is_sent_anew(do: str, waits: float) -> None:
    with PracticeServer(faults=[{"when": "ReviseFixedPriceItem", "do": do, "nth": 1}]) as practice:
        shop = Shop(practice)
        first, second = shop.picture(seed=1), shop.picture(seed=2)
        item_id = shop.call("AddFixedPriceItem", new_item([first]))["ItemID"]
        practice.advance(2)
        revision = {"Item": {"ItemID": item_id, "PictureDetails": {"PictureURL": [second]}}}
        shop.call("ReviseFixedPriceItem", revision)
        practice.advance(waits - 60)
        shop.token = ebay_token(practice.url)
        waiting = shop.item(item_id)
        if do == "drop_write":
            shop.call("ReviseFixedPriceItem", revision)
        practice.advance(62)

        assert waiting["PictureDetails"]["PictureURL"] == first
        assert shop.item(item_id)["PictureDetails"]["PictureURL"] == second
