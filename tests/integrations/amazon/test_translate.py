"""Amazon's JSON <-> our words. Payloads are ours, in the shapes the published model and sellers' reports describe."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import REASONS, SITES, Refused
from integrations.amazon import translate
from integrations.marketplace import Notice, Ref
from tests.integrations.accounts import access, offer, picture, product

UK = SITES["amazon-uk"]
HERE = "A1F83G8C2ARO7P"
AMAZON = "https://m.media-amazon.com/images/I/"

SUPPRESSED = {
    "code": "18027",
    "message": "We believe the main image has text.",
    "severity": "ERROR",
    "categories": ["INVALID_IMAGE", "PRODUCT"],
    "enforcements": {"actions": [{"action": "SEARCH_SUPPRESSED"}], "exemption": {"status": "NOT_EXEMPT"}},
    "marketplaceIds": [HERE],
}
DISPLAY_ONLY = {"code": "100581", "message": "this will not lead to ASIN suppression", "severity": "WARNING"}


def item(*issues: dict[str, Any], **parts: Any) -> dict[str, Any]:
    summary = {"marketplaceId": HERE, "asin": "B000000001", "productType": "WATCH", "conditionType": "new_new", "status": ["BUYABLE", "DISCOVERABLE"]}
    return {"sku": "S", "summaries": [summary], "issues": list(issues), **parts}


def notice(issue: dict[str, Any]) -> Notice:
    [found] = translate.notices_of(item(issue), HERE)
    return found


def exempt(status: str, **more: str) -> dict[str, Any]:
    return {**SUPPRESSED, "enforcements": {"actions": [{"action": "LISTING_SUPPRESSED"}], "exemption": {"status": status, **more}}}


def test_an_enforced_issue_is_a_suppression_and_its_position_is_inferred() -> None:
    found = notice(SUPPRESSED)

    assert (found.kind, found.reason, found.positions, found.until) == ("suppressed", "text-or-watermark", ("main",), None)
    assert found.raw == SUPPRESSED


def test_the_same_finding_without_enforcement_is_a_warning() -> None:
    found = notice(DISPLAY_ONLY)

    assert (found.kind, found.reason, found.positions) == ("warning", "text-or-watermark", ("main",))


def test_exempt_until_a_date_is_at_risk_until_then() -> None:
    found = notice(exempt("EXEMPT_UNTIL_EXPIRY_DATE", expiryDate="2025-05-28T00:36:48.914Z"))

    assert (found.kind, found.until) == ("at_risk", datetime(2025, 5, 28, 0, 36, 48, 914000, UTC))


def test_exempt_is_not_applied() -> None:
    assert notice(exempt("EXEMPT")).kind == "warning"


def test_severity_and_prose_decide_nothing() -> None:
    assert notice({**SUPPRESSED, "severity": "WARNING", "message": "all is well"}).kind == "suppressed"
    assert notice({"code": "1", "severity": "ERROR", "message": "This listing is suppressed and removed!"}).kind == "warning"


@pytest.mark.parametrize(("action", "kind"), [("CATALOG_ITEM_REMOVED", "removed"), ("ATTRIBUTE_SUPPRESSED", "suppressed"), ("SOMETHING_NEW", "suppressed")])
def test_actions_are_plain_strings_and_new_ones_are_tolerated(action: str, kind: str) -> None:
    assert notice({**SUPPRESSED, "enforcements": {"actions": [{"action": action}], "exemption": {"status": "NOT_EXEMPT"}}}).kind == kind


def test_an_unknown_code_passes_through_without_a_reason() -> None:
    found = notice({**SUPPRESSED, "code": "18999", "message": "Something new."})

    assert (found.code, found.reason, found.kind, found.guessed) == ("18999", None, "suppressed", False)


def test_an_unknown_image_codes_reason_is_guessed_from_its_words_and_marked() -> None:
    found = notice({**SUPPRESSED, "code": "18999", "message": "We believe the main image has a non-white background."})

    assert (found.reason, found.guessed, found.kind) == ("non-white-background", True, "suppressed")
    assert notice(SUPPRESSED).guessed is False


def test_words_of_an_issue_that_is_not_about_an_image_mean_nothing() -> None:
    assert notice({"code": "1", "severity": "ERROR", "message": "The title has a logo, graphic or watermark."}).reason is None


def test_the_same_complaint_about_several_pictures_is_one_notice() -> None:
    issues = [{**SUPPRESSED, "attributeNames": [f"other_product_image_locator_{number}"]} for number in (2, 5)]

    [found] = translate.notices_of(item(*issues), HERE)

    assert found.positions == ("alt2", "alt5")
    assert found.raw == {"issues": issues}


def test_a_missing_image_needs_no_code() -> None:
    found = notice({"code": "1", "message": "m", "severity": "ERROR", "categories": ["MISSING_IMAGE"]})

    assert (found.reason, found.positions) == ("image-missing", ("main",))


def test_named_attributes_win_over_assumed_positions() -> None:
    named = {**SUPPRESSED, "attributeNames": ["other_product_image_locator_3", "main_offer_image_locator", "brand"]}

    assert notice(named).positions == ("alt3", "main")


@pytest.mark.parametrize("missing", ["categories", "enforcements", "marketplaceIds", "attributeNames", "message", "code", "severity"])
def test_any_field_may_be_missing(missing: str) -> None:
    assert translate.notices_of(item({key: value for key, value in SUPPRESSED.items() if key != missing}), HERE)


def test_issues_of_another_marketplace_and_mere_information_are_left_out() -> None:
    assert translate.notices_of(item({**SUPPRESSED, "marketplaceIds": ["A1PA6795UKMFR9"]}), HERE) == ()
    assert translate.notices_of(item({"code": "1", "message": "fyi", "severity": "INFO"}), HERE) == ()


def test_every_reason_of_the_table_is_a_word_we_have() -> None:
    table = translate._table("codes.yaml")

    assert {entry["reason"] for entry in table["words"]} <= REASONS
    for entry in [*table["codes"].values(), *table["categories"].values()]:
        assert entry["reason"] in REASONS
        assert entry["source"]


# reading pictures back


def gallery(*images: tuple[str, str, int]) -> dict[str, Any]:
    return {
        "asin": "B000000001",
        "images": [{"marketplaceId": HERE, "images": [{"variant": v, "link": AMAZON + name, "width": w, "height": w} for v, name, w in images]}],
    }


def test_the_gallery_that_buyers_see_is_what_is_shown_in_its_largest_copies() -> None:
    shown = gallery(("MAIN", "small.jpg", 75), ("MAIN", "big.jpg", 2000), ("PT01", "one.jpg", 1000), ("SWCH", "swatch.jpg", 30))

    status = translate.status_of(Ref("S"), item(attributes={}), shown, UK)

    assert dict(status.pictures) == {"main": AMAZON + "big.jpg", "alt1": AMAZON + "one.jpg"}
    assert status.provable == frozenset(UK.positions)
    assert (status.exists, status.buyable, status.external_id) == (True, True, "B000000001")


def test_our_own_address_read_back_proves_nothing() -> None:
    ours = {"main_product_image_locator": [{"media_location": "https://media.example.com/media/a.jpg", "marketplace_id": HERE}]}
    staging = {"other_product_image_locator_1": [{"media_location": "s3://selling-partner-listings-api-media-staging-prod-dub/x", "marketplace_id": HERE}]}

    status = translate.status_of(Ref("S"), item(attributes={**ours, **staging}), None, UK)

    assert status.pictures == {}
    assert status.provable == frozenset()


def test_without_a_catalogue_answer_the_listings_own_copies_count() -> None:
    listing = item(attributes={"other_product_image_locator_2": [{"media_location": "https://images-na.ssl-images-amazon.com/2.jpg", "marketplace_id": HERE}]})
    listing["summaries"][0]["mainImage"] = {"link": AMAZON + "m.jpg", "height": 500, "width": 500}

    status = translate.status_of(Ref("S"), listing, None, UK)

    assert dict(status.pictures) == {"alt2": "https://images-na.ssl-images-amazon.com/2.jpg", "main": AMAZON + "m.jpg"}
    assert status.provable == {"alt2", "main"}


def test_used_goods_show_the_offers_own_pictures() -> None:
    own = {"main_offer_image_locator": [{"media_location": AMAZON + "own.jpg", "marketplace_id": HERE}]}
    listing = item(attributes=own)
    listing["summaries"][0]["conditionType"] = "used_good"

    status = translate.status_of(Ref("S"), listing, gallery(("MAIN", "somebody-elses.jpg", 2000)), UK)

    assert dict(status.pictures) == {"main": AMAZON + "own.jpg"}
    assert status.provable == {"main"}


def test_a_sku_that_never_became_an_item_does_not_exist_but_its_notices_are_told() -> None:
    status = translate.status_of(Ref("S"), {"sku": "S", "summaries": [], "issues": [{"code": "13013", "message": "m", "severity": "ERROR"}]}, None, UK)

    assert (status.exists, status.buyable, len(status.notices)) == (False, None, 1)


def test_an_empty_status_is_not_buyable_and_no_notice() -> None:
    listing = item()
    listing["summaries"][0]["status"] = []

    status = translate.status_of(Ref("S"), listing, None, UK)

    assert (status.buyable, status.notices) == (False, ())


# writing


def patched(**changes: Any) -> list[tuple[str, str]]:
    body = translate.images_patch(offer(**changes), access(), "WATCH")
    return [(patch["op"], patch["path"].removeprefix("/attributes/")) for patch in body["patches"]]


def test_pictures_are_replaced_in_order_and_deleted_by_selector() -> None:
    body = translate.images_patch(offer(pictures=(picture("alt2"), picture("main")), remove=("alt5",)), access(), None)

    assert body == {
        "productType": "PRODUCT",
        "patches": [
            {
                "op": "replace",
                "path": "/attributes/main_product_image_locator",
                "value": [{"media_location": "https://media.example.com/media/a.jpg", "marketplace_id": HERE}],
            },
            {
                "op": "replace",
                "path": "/attributes/other_product_image_locator_2",
                "value": [{"media_location": "https://media.example.com/media/a.jpg", "marketplace_id": HERE}],
            },
            {"op": "delete", "path": "/attributes/other_product_image_locator_5", "value": [{"marketplace_id": HERE}]},
        ],
    }


def test_used_goods_use_offer_images() -> None:
    assert patched(product=product(condition="used"), pictures=(picture("main"), picture("alt1"))) == [
        ("replace", "main_offer_image_locator"),
        ("replace", "other_offer_image_locator_1"),
    ]


def test_used_goods_have_five_alternates_only() -> None:
    with pytest.raises(Refused, match="alt6"):
        patched(product=product(condition="used"), pictures=(picture("alt6"),))


@pytest.mark.parametrize("changes", [{"remove": ("main",)}, {"pictures": ()}, {"pictures": (picture("alt9"),)}])
def test_what_amazon_cannot_do_is_refused_before_asking(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        patched(**changes)


@pytest.mark.parametrize(
    "url", [None, "http://media.example.com/a.jpg", "http://127.0.0.1:8000/a.jpg", "https://localhost/a.jpg", "file:///a.jpg", "https:///a.jpg"]
)
def test_an_address_that_amazon_cannot_reach_is_refused_in_plain_words(url: str | None) -> None:
    with pytest.raises(Refused, match=r"public|own address") as caught:
        translate.images_patch(offer(pictures=(picture(url=url),)), access(), None)

    assert caught.value.issues[0].reason == "unreachable"


@pytest.mark.parametrize("url", ["https://media.example.com/a b.jpg", "s3://bucket/key.jpg"])
def test_public_https_and_s3_addresses_go_through(url: str) -> None:
    body = translate.images_patch(offer(pictures=(picture(url=url),)), access(), None)

    assert body["patches"][0]["value"][0]["media_location"] == url.replace(" ", "%20")


def test_a_new_listing_says_what_amazon_requires() -> None:
    body = translate.new_listing(offer(create=True), access(), "WATCH")

    attributes = body["attributes"]
    assert (body["productType"], body["requirements"]) == ("WATCH", "LISTING")
    assert attributes["item_name"] == [{"value": "Diver's watch & strap", "language_tag": "en_GB", "marketplace_id": HERE}]
    assert attributes["purchasable_offer"] == [{"currency": "GBP", "our_price": [{"schedule": [{"value_with_tax": 1234.5}]}], "marketplace_id": HERE}]
    assert attributes["externally_assigned_product_identifier"] == [{"type": "ean", "value": "4006381333931", "marketplace_id": HERE}]
    assert attributes["condition_type"][0]["value"] == "new_new"
    assert "main_product_image_locator" in attributes


def test_without_a_gtin_the_exemption_is_declared() -> None:
    attributes = translate.new_listing(offer(product=product(gtin=None)), access(), "WATCH")["attributes"]

    assert "externally_assigned_product_identifier" not in attributes
    assert attributes["supplier_declared_has_product_identifier_exemption"] == [{"value": True, "marketplace_id": HERE}]


def test_an_account_may_name_its_own_conditions() -> None:
    account = access(settings={"condition_types": {"used": "used_like_new"}})

    body = translate.new_listing(offer(product=product(condition="used")), account, "WATCH")

    assert body["attributes"]["condition_type"][0]["value"] == "used_like_new"
    assert "main_offer_image_locator" in body["attributes"]


def test_what_the_mapping_adds_goes_before_the_facts_and_the_accounts_own_attributes_before_both() -> None:
    account = access(settings={"attributes": {"color": [{"value": "ours"}]}})

    body = translate.new_listing(offer(), account, "WATCH", {"brand": [{"value": "mapped"}], "color": [{"value": "mapped"}]})

    assert body["attributes"]["brand"] == [{"value": "mapped"}]
    assert body["attributes"]["color"] == [{"value": "ours"}]


def test_a_part_of_an_attribute_tells_its_position() -> None:
    assert notice({**SUPPRESSED, "attributeNames": ["other_product_image_locator_3.media_location"]}).positions == ("alt3",)


POSITIONS = UK.positions
SIDES = st.dictionaries(st.sampled_from(POSITIONS), st.sampled_from(["a", "b", "c"]), max_size=9).map(lambda side: {"main": "a", **side})


@given(shown=SIDES, wanted=SIDES)
def test_what_is_sent_turns_what_was_accepted_into_what_is_wanted_and_touches_nothing_else(shown: dict[str, str], wanted: dict[str, str]) -> None:
    pictures = tuple(
        replace(picture(position, digest.encode(), url=f"https://media.example.com/{digest}"), sha256=digest) for position, digest in wanted.items()
    )
    gone = tuple(position for position in shown if position not in wanted)

    body = translate.images_patch(offer(pictures=pictures, pushed=shown, remove=gone), access(), None)

    after = dict(shown)
    for patch in (body or {"patches": []})["patches"]:
        [position] = [one for one in POSITIONS if patch["path"] == f"/attributes/{translate.locator(one, 'product')}"]
        if patch["op"] == "delete":
            assert position != "main"
            del after[position]
        else:
            digest = patch["value"][0]["media_location"][-1]
            assert after.get(position) != digest  # nothing is sent that stands
            after[position] = digest
    assert after == wanted
    assert (body is None) == (shown == wanted)


def test_an_issue_about_something_else_than_a_picture_is_no_pictures_fault() -> None:
    issue = {"code": "4711", "message": "Price missing", "severity": "ERROR", "categories": ["MISSING_PRICE"], "attributeNames": ["purchasable_offer"]}
    enforced = {**issue, "enforcements": {"actions": [{"action": "LISTING_SUPPRESSED"}], "exemption": {"status": "NOT_EXEMPT"}}}
    unsaid = {key: value for key, value in enforced.items() if key not in ("categories", "attributeNames")}

    [price] = translate.notices_of({"sku": "W-1", "issues": [enforced]}, "A1F83G8C2ARO7P")
    [unknown] = translate.notices_of({"sku": "W-1", "issues": [unsaid]}, "A1F83G8C2ARO7P")

    assert (price.kind, price.reason) == ("suppressed", "other")
    assert unknown.reason is None
