"""Trading elements <-> our words. Payloads are ours, in the shapes the public element descriptions give."""

from typing import Any

import pytest

from integrations import REASONS, SITES, Hosted, Refused
from integrations.ebay import translate
from integrations.ebay.words import codes
from integrations.marketplace import Ref
from tests.integrations.accounts import KEY, access, offer, picture, product

UK = SITES["ebay-uk"]
EPS = "https://i.ebayimg.com/images/g/abc/s-l1600.jpg"


def hosted(count: int, url: str = EPS) -> list[Hosted]:
    return [Hosted(str(number), url) for number in range(count)]


def item(**parts: Any) -> dict[str, Any]:
    selling = {"ListingStatus": "Active", "QuantitySold": "0", **parts.pop("SellingStatus", {})}
    return {"ItemID": "110000000001", "SKU": "S", "Quantity": "1", "SellingStatus": selling, "PictureDetails": {"PictureURL": EPS}, **parts}


def kinds(**parts: Any) -> list[tuple[str, str, str | None]]:
    return [(notice.code, notice.kind, notice.reason) for notice in translate.notices_of(item(**parts))]


# writing


def test_pictures_go_in_position_order() -> None:
    ordered = translate.pictures_in_order(offer(pictures=(picture("alt2"), picture("main"), picture("alt1"))), UK)

    assert [one.position for one in ordered] == ["main", "alt1", "alt2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"pictures": ()},
        {"pictures": (picture("alt1"),)},
        {"remove": ("main",)},
        {"pictures": (picture("main"), picture("main"))},
        {"pictures": (picture("main"), picture("alt24"))},
        {"remove": ("alt24",)},
    ],
)
def test_a_set_that_ebay_cannot_show_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        translate.pictures_in_order(offer(**changes), UK)


def test_twenty_four_pictures_are_the_most() -> None:
    pictures = tuple(picture(position) for position in UK.positions)

    assert len(translate.pictures_in_order(offer(pictures=pictures), UK)) == 24


def test_the_addresses_together_have_a_limit() -> None:
    exact = EPS + "x" * (3975 - 23 * len(EPS) - len(EPS))

    assert translate.picture_details("S", [*hosted(23), Hosted("x", exact)], access("ebay-uk"))
    with pytest.raises(Refused, match="3976"):
        translate.picture_details("S", [*hosted(23), Hosted("x", exact + "x")], access("ebay-uk"))


@pytest.mark.parametrize("url", ["http://i.ebayimg.com/a.jpg", "https://i.ebayimg.com/a;b.jpg", "http://127.0.0.1:1/a.jpg"])
def test_addresses_that_ebay_would_not_take_are_refused(url: str) -> None:
    with pytest.raises(Refused, match="https"):
        translate.picture_details("S", [Hosted("x", url)], access("ebay-uk"))


def test_a_revision_holds_the_pictures_and_nothing_else() -> None:
    assert translate.revision(offer(), "110", {"PictureURL": [EPS]}) == {
        "InvocationID": KEY.upper(),
        "Item": {"ItemID": "110", "PictureDetails": {"PictureURL": [EPS]}},
    }


def test_a_new_item_says_what_ebay_requires() -> None:
    request, warnings = translate.new_item(offer(), {"PictureURL": [EPS]}, access("ebay-uk", settings={"policies": {"payment": 1, "return": 2, "shipping": 3}}))

    new = request["Item"]
    assert (new["UUID"], new["SKU"], new["Country"], new["Currency"], new["Quantity"]) == (KEY.upper(), "S/1 ü", "GB", "GBP", 3)
    assert new["StartPrice"] == {"#text": "1234.50", "@attrs": {"currencyID": "GBP"}}
    assert (new["ListingDuration"], new["ConditionID"], new["PrimaryCategory"]) == ("GTC", "1000", {"CategoryID": "31387"})
    assert new["ProductListingDetails"] == {"EAN": "4006381333931"}
    assert {"Name": "Brand", "Value": "Example"} in new["ItemSpecifics"]["NameValueList"]
    assert new["SellerProfiles"]["SellerReturnProfile"] == {"ReturnProfileID": 2}
    assert [warning for warning in warnings if "31387" in warning]


def test_an_accounts_own_category_needs_no_warning() -> None:
    request, warnings = translate.new_item(offer(), {}, access("ebay-uk", settings={"categories": {"watch": 260324}, "condition_ids": {"new": 1500}}))

    assert (request["Item"]["PrimaryCategory"], request["Item"]["ConditionID"], warnings) == ({"CategoryID": "260324"}, "1500", ())


def test_a_category_that_nobody_named_is_refused() -> None:
    with pytest.raises(Refused, match="clock"):
        translate.new_item(offer(product=product(category="clock")), {}, access("ebay-uk"))


def test_a_long_title_is_cut_at_a_word_and_told() -> None:
    request, warnings = translate.new_item(offer(product=product(title="word " * 30)), {}, access("ebay-uk"))

    assert request["Item"]["Title"] == ("word " * 16).strip()
    assert [warning for warning in warnings if "title" in warning]


def test_a_description_escapes_what_is_not_the_sellers_html() -> None:
    assert "&lt;b&gt;" in translate.description(product(title="<b>"))
    assert translate.description(product(attributes={"description": "<p>own</p>"})) == "<p>own</p>"


@pytest.mark.parametrize(
    "reply",
    [
        {"ItemID": "110000000001"},
        {"DuplicateInvocationDetails": {"Status": "Success", "InvocationTrackingID": "110000000001"}},
        {"Errors": {"ErrorCode": "488", "ErrorParameters": {"_ParamID": "0", "Value": "110000000001"}}},
        {"Errors": [{"ErrorCode": "488", "ErrorParameters": [{"Value": "ABC"}, {"Value": "110000000001"}]}]},
    ],
)
def test_the_listing_of_a_repeated_call_is_found_wherever_it_is_named(reply: dict[str, Any]) -> None:
    assert translate.repeated_item_id(reply) == "110000000001"


# reading


def test_pictures_come_back_in_position_order_and_all_can_be_proven() -> None:
    status = translate.status_of(Ref("S"), item(PictureDetails={"PictureURL": [EPS, EPS + "2"]}), (), UK)

    assert dict(status.pictures) == {"main": EPS, "alt1": EPS + "2"}
    assert status.provable == frozenset(UK.positions)
    assert (status.exists, status.buyable, status.ended, status.external_id) == (True, True, False, "110000000001")


def test_one_picture_is_text_and_none_is_nothing() -> None:
    assert dict(translate.status_of(Ref("S"), item(), (), UK).pictures) == {"main": EPS}
    assert dict(translate.status_of(Ref("S"), item(PictureDetails=None), (), UK).pictures) == {}


def test_sold_out_and_ended_are_not_buyable() -> None:
    assert translate.status_of(Ref("S"), item(SellingStatus={"QuantitySold": "1"}), (), UK).buyable is False
    assert translate.status_of(Ref("S"), item(SellingStatus={"ListingStatus": "Completed"}), (), UK).ended is True


def test_a_hold_is_held_and_blocks_buying() -> None:
    assert kinds(SellingStatus={"ListingOnHold": "true"}) == [("ListingOnHold", "held", "policy")]
    assert translate.status_of(Ref("S"), item(SellingStatus={"ListingOnHold": "true"}), (), UK).buyable is False


def test_a_removal_has_ebays_words_and_the_picture_reason_they_speak_of() -> None:
    [notice] = translate.notices_of(
        item(
            SellingStatus={"ListingStatus": "Completed", "AdminEnded": "true"},
            ItemPolicyViolation={"PolicyID": "1", "PolicyText": "Photos may not have a Watermark."},
        )
    )

    assert (notice.kind, notice.reason, notice.message) == ("removed", "text-or-watermark", "Photos may not have a Watermark.")
    assert notice.raw["ItemPolicyViolation"]["PolicyID"] == "1"


def test_a_policy_text_alone_is_a_risk() -> None:
    assert kinds(ItemPolicyViolation={"PolicyText": "Something else."}) == [("ItemPolicyViolation", "at_risk", "policy")]


@pytest.mark.parametrize(
    ("reason", "code", "kind"),
    [
        ("OutOfStock", "HideFromSearch:OutOfStock", "warning"),
        ("DuplicateListing", "HideFromSearch:DuplicateListing", "suppressed"),
        ("New", "HideFromSearch", "suppressed"),
    ],
)
def test_hidden_from_search(reason: str, code: str, kind: str) -> None:
    assert kinds(HideFromSearch="true", ReasonHideFromSearch=reason)[0][:2] == (code, kind)


def test_a_failed_first_picture_is_a_warning_about_main() -> None:
    [notice] = translate.notices_of(item(PictureDetails={"GalleryStatus": "ImageReadTimeOut", "GalleryErrorInfo": "timed out"}))

    assert (notice.code, notice.kind, notice.reason, notice.positions) == ("Gallery:ImageReadTimeOut", "warning", "unreachable", ("main",))


@pytest.mark.parametrize("status", ["Success", "Pending", None])
def test_a_picture_that_is_well_or_on_its_way_is_no_notice(status: str | None) -> None:
    assert kinds(PictureDetails={"GalleryStatus": status}) == []


def test_the_unsold_list_tells_a_removal_from_an_ordinary_end() -> None:
    assert translate.unsold_notices({"ItemID": "1"}) == ()
    assert [notice.kind for notice in translate.unsold_notices({"ItemID": "1", "eBayNotes": "Your photo is blurred."})] == ["removed"]


def test_every_reason_of_the_tables_is_a_word_we_have_and_every_number_has_a_source() -> None:
    table = codes()

    for entry in [*table["errors"].values(), *table["signals"].values(), *table["gallery"].values()]:
        assert entry.get("reason") in REASONS | {None}
        assert entry["source"]
    assert {entry["reason"] for entry in table["words"]} <= REASONS
