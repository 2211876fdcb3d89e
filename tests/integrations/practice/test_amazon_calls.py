"""The practice Amazon's product types, documents and faults, seen through our own connector and from outside."""

import dataclasses
import uuid
from typing import Any

import pytest
import requests

from integrations import Offer, Ref, Refused, TryLater, connect
from integrations.amazon.client import AmazonClient
from integrations.amazon.draft import missing
from integrations.amazon.marketplace import Amazon
from integrations.practice import PracticeServer
from integrations.practice.store import Listing
from tests.integrations.accounts import AMAZON, access, offer, picture, product
from tests.integrations.practice.clients import UK, amazon, amazon_headers, new_watch, pictures_patch
from tests.integrations.practice.drawn import Media, finished


@pytest.fixture
def shop(practice: PracticeServer) -> Amazon:
    return on(practice)


def on(practice: PracticeServer, **settings: Any) -> Any:
    """Our connector for the practice seller."""
    credentials = {**AMAZON, "refresh_token": "practice-SELLER"}
    return connect(access(credentials=credentials, endpoints=practice.amazon_endpoints(), allow_loopback=True, settings=settings))


def push(media: Media, name: str = "a", sku: str = "W-1", **changes: Any) -> Offer:
    url = media.url(f"{name}.jpg", finished(seed=len(name)))
    return offer(**{"merchant_sku": sku, "pictures": (picture(data=name.encode(), url=url),), "create": True, "key": uuid.uuid4().hex, **changes})


# product types

RING = product(category="ring", title="Gold ring", attributes={"metal": "9ct gold", "made_in": "GB"})
MAPPING = {"ring": {"metal_type": {"from": "attributes.metal", "words": {"9ct gold": "gold"}}, "country_of_origin": {"from": "attributes.made_in"}}}


def test_what_a_new_listing_lacks_is_said_in_words_before_anything_exists(practice: PracticeServer, media: Media) -> None:
    ring = on(practice)

    draft = ring.draft(RING)
    with pytest.raises(Refused) as refused:
        ring.publish(push(media, product=RING))

    assert draft.kind == "RING"
    assert [lack.attribute for lack in draft.lacks] == ["metal_type", "country_of_origin"]
    assert draft.lacks[0].words == "Metal Type (metal_type) is missing"
    assert [field.choices for field in draft.fields if field.name == "country_of_origin"] == [("GB", "DE", "CH", "JP", "CN", "IT", "US")]
    assert "'metal_type' is required" in str(refused.value)
    assert "Metal Type (metal_type) is missing" in str(refused.value)
    assert practice.witness("listings") == practice.witness("writes") == []


def test_with_the_sellers_mapping_the_listing_is_created_from_the_products_own_facts(practice: PracticeServer, media: Media) -> None:
    ring = on(practice, mapping=MAPPING)

    lacks = ring.draft(RING).lacks
    ring.publish(push(media, product=RING))
    practice.advance(5)

    assert lacks == ()
    [status] = ring.status([Ref("W-1")])
    assert (status.exists, set(status.pictures)) == (True, {"main"})
    with practice.world.store.read() as session:
        listed = session.query(Listing).one()
        assert listed.product_type == "RING"
        assert listed.attributes["metal_type"] == [{"value": "gold", "language_tag": "en_GB", "marketplace_id": UK}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shininess", [{"value": "very", "marketplace_id": UK}]),
        ("metal_type", [{"value": "wood", "marketplace_id": UK}]),
        ("case_diameter", [{"value": 40, "marketplace_id": UK}]),
        ("case_diameter", [{"value": "40", "unit": "millimeters", "marketplace_id": UK}]),
        ("item_name", [{"value": "x" * 201, "marketplace_id": UK}]),
        ("fulfillment_availability", [{"fulfillment_channel_code": "DEFAULT", "quantity": 1, "marketplace_id": UK}]),
        ("supplier_declared_has_product_identifier_exemption", None),
        ("brand", None),
    ],
)
def test_what_the_schema_forbids_is_refused_and_our_own_reading_of_the_schema_agrees(practice: PracticeServer, name: str, value: Any) -> None:
    of = AmazonClient(access(credentials={**AMAZON, "refresh_token": "practice-SELLER"}, endpoints=practice.amazon_endpoints(), allow_loopback=True))
    schema = of.schema((of.definition("WATCH") or {})["schema"])
    good = new_watch(None)
    attributes = {key: inner for key, inner in {**good["attributes"], name: value}.items() if inner is not None}

    answer = of.preview("NEW", {**good, "attributes": attributes})

    assert of.preview("NEW", good)["status"] == "VALID"
    assert missing(schema, good["attributes"]) == ()
    assert answer["status"] == "INVALID"
    assert {lack.attribute for lack in missing(schema, attributes)} <= {name, "externally_assigned_product_identifier"}
    assert missing(schema, attributes)


def test_an_unknown_attribute_is_refused_in_a_patch_too_but_pictures_go_with_the_generic_type(practice: PracticeServer, media: Media) -> None:
    practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="S", title="T")
    api = amazon(practice.url)
    odd = {"productType": "WATCH", "patches": [{"op": "replace", "path": "/attributes/shininess", "value": [{"value": "v", "marketplace_id": UK}]}]}

    assert api.patch_listings_item("SELLER", "S", marketplaceIds=UK, body=odd).payload["status"] == "INVALID"
    good = pictures_patch("PRODUCT", main_product_image_locator=media.url("a.jpg", finished()))
    assert api.patch_listings_item("SELLER", "S", marketplaceIds=UK, body=good).payload["status"] == "ACCEPTED"


def test_product_types_are_found_by_word_or_title_and_not_by_both(practice: PracticeServer) -> None:
    headers = amazon_headers(practice.url)

    def names(**query: str) -> Any:
        answer = requests.get(f"{practice.url}/definitions/2020-09-01/productTypes", params={"marketplaceIds": UK, **query}, headers=headers, timeout=10)
        return [entry["name"] for entry in answer.json()["productTypes"]] if answer.ok else answer.status_code

    assert names(keywords="watch") == ["WATCH", "WATCH_BAND"]
    assert names(itemName="Gold ring with stone") == ["RING"]
    assert names(keywords="teapot") == []
    assert names(keywords="watch", itemName="watch") == 400
    assert requests.get(f"{practice.url}/schemas/WATCH/{UK}.json", headers=headers, timeout=10).status_code == 403


def test_the_catalogue_is_searched_by_twenty_identifiers_at_most(practice: PracticeServer) -> None:
    asin = practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="S", title="T")["external_id"]
    headers, url = amazon_headers(practice.url), f"{practice.url}/catalog/2022-04-01/items"

    def ask(*asins: str, **more: str) -> requests.Response:
        query = {"marketplaceIds": UK, "identifiers": ",".join(asins), "identifiersType": "ASIN", "includedData": "images", **more}
        return requests.get(url, params=query, headers=headers, timeout=10)

    assert [item["asin"] for item in ask(asin, "B000000000").json()["items"]] == [asin]
    assert [ask(*["B0"] * 1).status_code, ask(*[f"B{n}" for n in range(21)]).status_code, ask(asin, identifiersType="SKU").status_code] == [200, 400, 400]


def test_a_documents_address_is_good_for_five_minutes_for_its_own_content_type_and_without_a_token(practice: PracticeServer) -> None:
    headers = amazon_headers(practice.url)
    made = requests.post(f"{practice.url}/feeds/2021-06-30/documents", json={"contentType": "text/plain"}, headers=headers, timeout=10).json()

    def put(url: str, kind: str = "text/plain", **more: str) -> int:
        return requests.put(url, data=b"x", headers={"Content-Type": kind, **more}, timeout=10).status_code

    assert [put(made["url"], "text/html"), put(made["url"][:-1]), put(made["url"], **headers), put(made["url"])] == [403, 403, 403, 200]
    practice.advance(301)
    assert put(made["url"]) == 403
    other = amazon_headers(practice.url, "ANOTHER")
    assert requests.get(f"{practice.url}/feeds/2021-06-30/documents/{made['feedDocumentId']}", headers=other, timeout=10).status_code == 404


def test_reports_and_feeds_that_are_gone_are_refused(practice: PracticeServer) -> None:
    headers = amazon_headers(practice.url)
    body = {"reportType": "GET_MERCHANT_LISTINGS_DEFECT_DATA", "marketplaceIds": [UK]}

    assert requests.post(f"{practice.url}/reports/2021-06-30/reports", json=body, headers=headers, timeout=10).status_code == 400
    made = requests.post(f"{practice.url}/feeds/2021-06-30/documents", json={"contentType": "text/xml"}, headers=headers, timeout=10).json()
    requests.put(made["url"], data=b"<x/>", headers={"Content-Type": "text/xml"}, timeout=10)
    feed = {"feedType": "POST_PRODUCT_IMAGE_DATA", "marketplaceIds": [UK], "inputFeedDocumentId": made["feedDocumentId"]}
    number = requests.post(f"{practice.url}/feeds/2021-06-30/feeds", json=feed, headers=headers, timeout=10).json()["feedId"]
    practice.advance(61)
    assert requests.get(f"{practice.url}/feeds/2021-06-30/feeds/{number}", headers=headers, timeout=10).json()["processingStatus"] == "FATAL"


# faults from within


def test_an_accepted_write_that_was_dropped_shows_nothing_until_it_is_sent_again(media: Media) -> None:
    with PracticeServer(faults=[{"when": "patchListingsItem", "do": "drop_write", "nth": 1}]) as practice:
        shop = on(practice)
        shop.publish(push(media, "one"))
        practice.advance(5)
        second = push(media, "two")

        shop.publish(second)
        practice.advance(3600)
        [dropped] = practice.witness("listings")
        shop.publish(second)
        practice.advance(5)
        [shown] = practice.witness("listings")

        assert "one.jpg" in dropped["pictures"]["main"]["source_url"]
        assert "two.jpg" in shown["pictures"]["main"]["source_url"]


def test_a_siblings_image_in_a_search_deceives_the_plain_reader_and_not_our_connector(media: Media) -> None:
    with PracticeServer(faults=[{"when": "searchListingsItems", "do": "sibling_image", "rate": 1.0}]) as practice:
        shop = on(practice)
        for name in ("one", "three"):
            shop.publish(push(media, name, sku=name))
        practice.advance(5)
        truth = {listing["sku"]: listing["pictures"]["main"]["url"] for listing in practice.witness("listings")}
        refs = [Ref(sku, main=url) for sku, url in truth.items()]

        items = amazon(practice.url).search_listings_items("SELLER", marketplaceIds=UK, identifiers="one,three", identifiersType="SKU").payload["items"]
        plain = {item["sku"]: item["summaries"][0]["mainImage"]["link"] for item in items}
        ours = {status.ref.merchant_sku: status.pictures["main"] for status in shop.status(refs)}

        assert plain != truth
        assert ours == truth


def test_somebody_elses_picture_takes_the_place_of_ours_some_time_after_the_write(media: Media) -> None:
    with PracticeServer(faults=[{"when": "putListingsItem", "do": "swap", "nth": 1}]) as practice:
        shop, sent = on(practice), push(media, "one")
        shop.publish(sent)
        practice.advance(5)
        [before] = practice.witness("listings")
        practice.advance(600)
        [after] = practice.witness("listings")
        shop.publish(sent)
        practice.advance(5)
        [mended] = practice.witness("listings")

        assert before["pictures"]["main"]["sha256"] != after["pictures"]["main"]["sha256"]
        assert mended["pictures"]["main"]["sha256"] == before["pictures"]["main"]["sha256"]
        assert any(line["what"] == "picture swapped by another" for line in after["history"])


def test_a_picture_may_be_shown_hours_after_it_was_accepted(media: Media) -> None:
    with PracticeServer(faults=[{"when": "putListingsItem", "do": "late", "nth": 1}]) as practice:
        on(practice).publish(push(media, "one"))
        practice.advance(3600)
        [waiting] = practice.witness("listings")
        practice.advance(3700)
        [shown] = practice.witness("listings")

        assert (list(waiting["pictures"]), list(shown["pictures"])) == ([], ["main"])


def test_an_exemption_with_a_date_is_at_risk_until_then_and_suppressed_after(media: Media) -> None:
    bad = media.url("bad.jpg", finished(blur=4))
    with PracticeServer(faults=[{"when": "putListingsItem", "do": "exempt", "nth": 1}]) as practice:
        shop = on(practice)
        shop.publish(push(media, pictures=(picture(url=bad),)))
        practice.advance(30)
        [early] = shop.status([Ref("W-1")])
        seen = practice.witness("listings")[0]["status"]
        practice.advance(604800)
        [late] = shop.status([Ref("W-1")])

        [risk], [suppressed] = early.notices, late.notices
        assert (risk.kind, seen, suppressed.kind) == ("at_risk", "at_risk", "suppressed")
        assert risk.until is not None
        assert 604000 < risk.until.timestamp() - practice.world.now() + 604800 < 604900


def test_a_fault_may_strike_the_preview_alone(media: Media) -> None:
    with PracticeServer(faults=[{"when": "putListingsItem.preview", "do": "timeout_after", "nth": 1, "hold": 0.0}]) as practice:
        shop = on(practice)

        with pytest.raises(TryLater):
            shop.publish(push(media))

        assert practice.witness("writes") == []


def test_the_same_offer_after_its_success_costs_one_read_and_no_write(practice: PracticeServer, shop: Amazon, media: Media) -> None:
    sent = push(media, "one")
    shop.publish(sent)
    before = len(practice.witness("writes"))

    shop.publish(dataclasses.replace(sent, pushed={one.position: one.sha256 for one in sent.pictures}))

    assert len(practice.witness("writes")) == before == 1
