"""The practice Amazon through the real SDK, and its answers against independent models of Amazon's."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from amzn_selling_partner.sdk.models import catalog_items_v2022_04_01 as catalog_models
from amzn_selling_partner.sdk.models import listings_items_v2021_08_01 as models
from sp_api.auth.exceptions import AuthorizationError
from sp_api.base import SellingApiBadRequestException, SellingApiForbiddenException, SellingApiNotFoundException

from integrations.practice import PracticeServer
from tests.integrations.practice.clients import UK, amazon, amazon_headers, catalog, forget, new_watch, pictures_patch
from tests.integrations.practice.drawn import Media, finished

SPECS = Path(os.environ.get("AMAZON_SPECS", "nowhere")) / "models"  # a checkout of Amazon's published models, where there is one
ALL = "summaries,attributes,issues,productTypes,fulfillmentAvailability"
MAIN = "main_product_image_locator"


def seeded(practice: PracticeServer, sku: str = "W/1 ü", **more: Any) -> str:
    return str(practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku=sku, title="A watch", **more)["external_id"])


def valid(answer: dict[str, Any], model: str, definition: str = "Item") -> None:
    """Against Amazon's own published model, where it is at hand."""
    found = list(SPECS.glob(f"*/{model}.json"))
    if found:
        spec = json.loads(found[0].read_text())
        jsonschema.Draft4Validator({"$ref": f"#/definitions/{definition}", "definitions": spec["definitions"]}).validate(answer)


def test_a_patched_picture_is_shown_later_from_an_address_of_theirs(practice: PracticeServer, media: Media) -> None:
    asin = seeded(practice)
    api = amazon(practice.url)
    source = media.url("a.jpg", finished())

    accepted = api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=pictures_patch(main_product_image_locator=source)).payload
    before = api.get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, includedData=ALL).payload
    practice.advance(2)
    after = api.get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, includedData=ALL).payload

    assert accepted["status"] == "ACCEPTED"
    assert "mainImage" not in before["summaries"][0]
    link = after["summaries"][0]["mainImage"]["link"]
    assert link == after["attributes"][MAIN][0]["media_location"] != source
    assert after["summaries"][0]["asin"] == asin
    shown = requests.get(link, timeout=10).content
    assert shown not in (b"", finished())
    for answer in (before, after):
        models.Item.model_validate(answer)
        valid(answer, "listingsItems_2021-08-01")
    models.ListingsItemSubmissionResponse.model_validate(accepted)
    valid(accepted, "listingsItems_2021-08-01", "ListingsItemSubmissionResponse")


@pytest.mark.parametrize(
    ("fault", "reason", "action"),
    [
        ({"blur": 4}, "blur", "SEARCH_SUPPRESSED"),
        ({"background": 240}, "non-white-background", "SEARCH_SUPPRESSED"),
        ({"fill": 0.7}, "too-small", "SEARCH_SUPPRESSED"),
        ({"text": True}, "text-or-watermark", "SEARCH_SUPPRESSED"),
        ({"off": 0.2}, "cropped", "SEARCH_SUPPRESSED"),
    ],
)
def test_a_faulty_main_picture_is_suppressed_and_a_good_one_lifts_it(
    practice: PracticeServer, media: Media, fault: dict[str, Any], reason: str, action: str
) -> None:
    seeded(practice)
    api = amazon(practice.url)

    api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=pictures_patch(main_product_image_locator=media.url("bad.jpg", finished(**fault))))
    practice.advance(9)
    early = api.get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, includedData="issues").payload["issues"]
    practice.advance(1)
    judged = api.get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, includedData="summaries,issues").payload
    told = practice.witness("listings")[0]
    api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=pictures_patch(main_product_image_locator=media.url("good.jpg", finished())))
    practice.advance(10)
    lifted = api.get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, includedData="summaries,issues").payload

    assert early == []
    assert [issue["enforcements"]["actions"] for issue in judged["issues"]] == [[{"action": action}]]
    assert judged["issues"][0]["enforcements"]["exemption"] == {"status": "NOT_EXEMPT"}
    assert "INVALID_IMAGE" in judged["issues"][0]["categories"]
    assert judged["summaries"][0]["status"] == ["BUYABLE"]
    assert told["status"] == "suppressed"
    assert [notice["reason"] for notice in told["notices"]] == [reason]
    valid(judged, "listingsItems_2021-08-01")
    models.Item.model_validate(judged)
    assert lifted["issues"] == []
    assert lifted["summaries"][0]["status"] == ["BUYABLE", "DISCOVERABLE"]
    assert practice.witness("listings")[0]["status"] == "active"


def test_put_creates_a_listing_and_its_gallery(practice: PracticeServer, media: Media) -> None:
    api = amazon(practice.url)
    body = new_watch(media.url("a.jpg", finished(seed=1)))
    body["attributes"]["other_product_image_locator_2"] = [{"media_location": media.url("b.jpg", finished(seed=2)), "marketplace_id": UK}]

    answer = api.put_listings_item("SELLER", "NEW", marketplaceIds=UK, body=body).payload
    practice.advance(2)
    item = api.get_listings_item("SELLER", "NEW", marketplaceIds=UK, includedData=ALL).payload
    gallery = catalog(practice.url).get_catalog_item(item["summaries"][0]["asin"], marketplaceIds=UK, includedData="images").payload

    assert answer["status"] == "ACCEPTED"
    assert item["summaries"][0]["itemName"] == "A watch"
    assert [image["variant"] for image in gallery["images"][0]["images"]] == ["MAIN", "PT02"]
    catalog_models.Item.model_validate(gallery)
    valid(gallery, "catalogItems_2022-04-01")
    models.Item.model_validate(item)


def test_a_new_listing_without_a_main_picture_is_suppressed(practice: PracticeServer) -> None:
    api = amazon(practice.url)

    api.put_listings_item("SELLER", "BARE", marketplaceIds=UK, body=new_watch(None))
    practice.advance(10)

    issues = api.get_listings_item("SELLER", "BARE", marketplaceIds=UK, includedData="issues").payload["issues"]
    assert [issue["categories"] for issue in issues] == [["MISSING_IMAGE"]]


@pytest.mark.parametrize(
    ("name", "value"),
    [("brand", None), ("item_name", [{"value": " ", "marketplace_id": UK}]), ("item_name", None), ("main_product_image_locator", [{"media_location": ""}])],
)
def test_put_says_invalid_with_200_for_what_is_missing(practice: PracticeServer, media: Media, name: str, value: Any) -> None:
    body = new_watch(media.url("a.jpg", finished()))
    body["attributes"] = {key: inner for key, inner in {**body["attributes"], name: value}.items() if inner is not None}

    answer = amazon(practice.url).put_listings_item("SELLER", "NEW", marketplaceIds=UK, body=body).payload

    assert answer["status"] == "INVALID"
    assert name in answer["issues"][0]["attributeNames"]
    assert practice.witness("listings") == []


def test_a_preview_changes_nothing(practice: PracticeServer, media: Media) -> None:
    api = amazon(practice.url)

    answer = api.put_listings_item("SELLER", "NEW", marketplaceIds=UK, mode="VALIDATION_PREVIEW", body=new_watch(media.url("a.jpg", finished()))).payload

    assert answer["status"] == "VALID"
    assert practice.witness("listings") == practice.witness("writes") == []


def test_the_same_write_again_has_no_effect(practice: PracticeServer, media: Media) -> None:
    seeded(practice)
    api = amazon(practice.url)
    body = pictures_patch(main_product_image_locator=media.url("a.jpg", finished()))

    for _ in range(2):
        assert api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=body).payload["status"] == "ACCEPTED"
    practice.advance(20)
    api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=body)
    practice.advance(20)

    assert media.asked == ["/a.jpg"]
    assert [write["effect"]["pictures"][MAIN] for write in practice.witness("writes")] == [f"{media.base}/a.jpg", "same", "same"]


def test_the_main_picture_cannot_be_deleted_but_others_can(practice: PracticeServer, media: Media) -> None:
    seeded(practice)
    api = amazon(practice.url)
    both = pictures_patch(main_product_image_locator=media.url("a.jpg", finished()), other_product_image_locator_1=media.url("b.jpg", finished(seed=3)))
    api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=both)
    practice.advance(2)

    def delete(name: str) -> Any:
        patch = {"productType": "PRODUCT", "patches": [{"op": "delete", "path": f"/attributes/{name}", "value": [{"marketplace_id": UK}]}]}
        return api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=patch).payload["status"]

    assert delete(MAIN) == "INVALID"
    assert delete("other_product_image_locator_1") == "ACCEPTED"
    practice.advance(2)
    assert list(practice.witness("listings")[0]["pictures"]) == ["main"]


def test_what_amazon_refuses_at_once(practice: PracticeServer, media: Media) -> None:
    seeded(practice)
    api = amazon(practice.url)
    good = pictures_patch(main_product_image_locator=media.url("a.jpg", finished()))

    with pytest.raises(SellingApiNotFoundException) as unknown:
        api.patch_listings_item("SELLER", "NOBODY", marketplaceIds=UK, body=good)
    with pytest.raises(SellingApiBadRequestException, match="Unable to Retrieve Media Content"):
        api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=pictures_patch(main_product_image_locator="http://127.0.0.1:9/a.jpg"))
    with pytest.raises(SellingApiBadRequestException, match="Unable to Retrieve Media Content"):
        api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=pictures_patch(main_product_image_locator="http://192.0.2.1/a.jpg"))
    with pytest.raises(SellingApiBadRequestException):
        api.patch_listings_item(
            "SELLER", "W/1 ü", marketplaceIds=UK, body={"productType": "WATCH", "patches": [{"op": "replace", "path": "/attributes/a/b", "value": []}]}
        )
    with pytest.raises(SellingApiForbiddenException):
        api.get_listings_item("ANOTHER", "W/1 ü", marketplaceIds=UK)
    no_marketplace = requests.get(f"{practice.url}/listings/2021-08-01/items/SELLER/W", headers=amazon_headers(practice.url), timeout=10)

    assert unknown.value.amzn_code == "NOT_FOUND"
    assert no_marketplace.status_code == 400
    assert practice.witness("writes") == []


def test_a_picture_that_cannot_be_fetched_becomes_an_issue_and_the_old_one_stays(practice: PracticeServer, media: Media) -> None:
    seeded(practice)
    api = amazon(practice.url)
    api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=pictures_patch(main_product_image_locator=media.url("a.jpg", finished())))
    practice.advance(10)
    before = practice.witness("listings")[0]["pictures"]

    answer = api.patch_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, body=pictures_patch(main_product_image_locator=f"{media.base}/gone.jpg")).payload
    practice.advance(10)

    issues = api.get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK, includedData="issues").payload["issues"]
    assert answer["status"] == "ACCEPTED"
    assert [(issue["code"], issue["attributeNames"]) for issue in issues] == [("20000", [MAIN])]
    assert practice.witness("listings")[0]["pictures"] == before


def test_tokens_unknown_expired_and_revoked(practice: PracticeServer) -> None:
    seeded(practice)
    api, address = amazon(practice.url), f"{practice.url}/listings/2021-08-01/items/SELLER/W%2F1%20%C3%BC?marketplaceIds={UK}"
    api.get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK)

    unknown = requests.get(address, headers={"x-amz-access-token": "Atza|nobody"}, timeout=10)
    practice.advance(3600)
    with pytest.raises(SellingApiForbiddenException):
        api.get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK)
    practice.witness("act", do="revoke", connector="amazon", seller="SELLER")
    forget()
    with pytest.raises(AuthorizationError) as refused:
        amazon(practice.url).get_listings_item("SELLER", "W/1 ü", marketplaceIds=UK)

    assert unknown.status_code == 403
    assert unknown.json()["errors"][0]["code"] == "Unauthorized"
    assert refused.value.error_code == "invalid_grant"


def test_search_pages_and_filters(practice: PracticeServer, media: Media) -> None:
    for index in range(25):
        seeded(practice, f"S-{index:02d}")
    api = amazon(practice.url)
    practice.advance(60)
    changed_after = practice.witness("clock")["now"]
    practice.advance(1)
    api.patch_listings_item("SELLER", "S-07", marketplaceIds=UK, body=pictures_patch(main_product_image_locator=media.url("bad.jpg", finished(blur=5))))
    practice.advance(10)

    first = api.search_listings_items("SELLER", marketplaceIds=UK, pageSize=20, sortBy="sku", sortOrder="ASC")
    second = api.search_listings_items("SELLER", marketplaceIds=UK, pageSize=20, sortBy="sku", sortOrder="ASC", pageToken=first.next_token)
    named = api.search_listings_items("SELLER", marketplaceIds=UK, identifiers="S-03,S-09", identifiersType="SKU").payload
    recent = api.search_listings_items("SELLER", marketplaceIds=UK, lastUpdatedAfter=changed_after, includedData="issues").payload
    wrong = api.search_listings_items("SELLER", marketplaceIds=UK, withIssueSeverity="ERROR,WARNING", includedData="summaries,issues").payload

    assert first.payload["numberOfResults"] == 25
    assert [item["sku"] for item in (first.payload["items"] + second.payload["items"])] == [f"S-{index:02d}" for index in range(25)]
    assert second.next_token is None
    assert {item["sku"] for item in named["items"]} == {"S-03", "S-09"}
    assert [item["sku"] for item in recent["items"]] == [item["sku"] for item in wrong["items"]] == ["S-07"]
    models.ItemSearchResults.model_validate(wrong)
    valid(wrong, "listingsItems_2021-08-01", "ItemSearchResults")
    for refused in (
        {"pageSize": 21},
        {"pageToken": first.next_token},
        {"identifiers": "S-03"},
        {"identifiers": ",".join("abcdefghijklmnopqrstu"), "identifiersType": "SKU"},
    ):
        with pytest.raises(SellingApiBadRequestException):
            api.search_listings_items("SELLER", marketplaceIds=UK, **refused)


def test_a_deleted_listing_is_not_found_and_can_be_created_anew(practice: PracticeServer, media: Media) -> None:
    asin = seeded(practice, "GONE")
    api = amazon(practice.url)

    assert api.delete_listings_item("SELLER", "GONE", marketplaceIds=UK).payload["status"] == "ACCEPTED"
    with pytest.raises(SellingApiNotFoundException):
        api.get_listings_item("SELLER", "GONE", marketplaceIds=UK)
    api.put_listings_item("SELLER", "GONE", marketplaceIds=UK, body=new_watch(media.url("a.jpg", finished())))

    assert api.get_listings_item("SELLER", "GONE", marketplaceIds=UK).payload["summaries"][0]["asin"] == asin
