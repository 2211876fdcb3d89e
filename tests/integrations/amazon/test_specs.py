"""Amazon's own models as a second opinion on what we send and on what the practice Amazon answers.

The JSON models are Amazon's and not part of this repository: name their folder in AMAZON_SPECS to check against them too.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from amzn_selling_partner.sdk.models import catalog_items_v2022_04_01 as catalog
from amzn_selling_partner.sdk.models import definitions_product_types_v2020_09_01 as types
from amzn_selling_partner.sdk.models import feeds_v2021_06_30 as feeds
from amzn_selling_partner.sdk.models import listings_items_v2021_08_01 as listings
from amzn_selling_partner.sdk.models import reports_v2021_06_30 as reports
from amzn_selling_partner.sdk.models.listings_items_v2021_08_01 import ListingsItemPatchRequest, ListingsItemPutRequest

from integrations import Offer, connect
from integrations.amazon import feed, translate
from integrations.amazon.client import AmazonClient
from integrations.amazon.reports import REPORT
from integrations.practice import PracticeServer
from tests.integrations.accounts import AMAZON, access, offer, picture, product

SPECS = Path(os.environ.get("AMAZON_SPECS", "no-such-folder"))
LISTINGS = SPECS / "models/listings-items-api-model/listingsItems_2021-08-01.json"
CATALOG = SPECS / "models/catalog-items-api-model/catalogItems_2022-04-01.json"


def test_amazons_models_take_our_patch() -> None:
    body = translate.images_patch(offer(pictures=(picture("main"), picture("alt1")), remove=("alt5",)), access(), "WATCH")

    assert ListingsItemPatchRequest.model_validate(body).model_dump(mode="json", by_alias=True, exclude_none=True) == body


@pytest.mark.parametrize("condition", ["new", "used"])
def test_amazons_models_take_our_new_listing(condition: str) -> None:
    body = translate.new_listing(offer(product=product(condition=condition)), access(), "WATCH")

    assert ListingsItemPutRequest.model_validate(body).model_dump(mode="json", by_alias=True, exclude_none=True) == body


def check(answer: Any, model: Path, definition: str) -> None:
    schema = {**json.loads(model.read_text("utf-8")), "$ref": f"#/definitions/{definition}"}
    jsonschema.validate(answer, schema)


@pytest.mark.skipif(not LISTINGS.exists(), reason="Amazon's JSON models are not here")
def test_what_the_practice_amazon_answers_is_of_amazons_shape() -> None:
    with PracticeServer() as practice:
        asin = practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="S", title="T")["external_id"]
        credentials = {**AMAZON, "refresh_token": "practice-SELLER"}
        connector: Any = connect(access(credentials=credentials, endpoints=practice.amazon_endpoints(), allow_loopback=True))

        check(connector._client.get("S", "summaries,attributes,issues"), LISTINGS, "Item")
        check(connector._client.search(includedData="summaries,issues"), LISTINGS, "ItemSearchResults")
        check(connector._client.images(asin), CATALOG, "Item")


@pytest.mark.skipif(not LISTINGS.exists(), reason="Amazon's JSON models are not here")
def test_our_bodies_are_of_amazons_shape() -> None:
    check(translate.images_patch(offer(remove=("alt1",)), access(), None), LISTINGS, "ListingsItemPatchRequest")
    check(translate.new_listing(offer(), access(), "WATCH"), LISTINGS, "ListingsItemPutRequest")


def test_httpx_is_what_the_sdk_speaks() -> None:
    """The tests replace the SDK's transport; this fails when a new SDK version changes its own."""
    from sp_api.base._transport_httpx import HttpxTransport

    assert isinstance(HttpxTransport(client=httpx.Client())._client, httpx.Client)


# every other call, and what the practice Amazon answers to it: always against the models of amzn-selling-partner, against Amazon's own where they are


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[PracticeServer, list[tuple[str, Any, Any]]]]:
    """All that the connector's calls sent and were answered, by operation path."""
    said: list[tuple[str, Any, Any]] = []

    class Ear(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            answer.read()
            body = json.loads(request.content) if request.content.startswith(b"{") else None
            plain = answer.content.startswith(b"{")
            said.append((f"{request.method} {request.url.path}", body, json.loads(answer.content) if plain else None))
            return answer

    with PracticeServer() as practice:
        reachable = f"{practice.url}/practice"  # something listens there, which is all that is asked at once
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="S", title="T")
        account = access(credentials={**AMAZON, "refresh_token": "practice-SELLER"}, endpoints=practice.amazon_endpoints(), allow_loopback=True)
        with Ear() as ear:
            of = AmazonClient(account, ear)
            asin = (of.get("S", "summaries") or {})["summaries"][0]["asin"]
            of.galleries([asin])
            of.types(keywords="watch")
            of.schema((of.definition("WATCH") or {})["schema"])
            feed_id = of.send_feed(feed.build({1: here("S", reachable), 2: here("NOBODY", reachable)}, account).document)
            report_id = of.ask_report(REPORT)
            practice.advance(61)
            said.append(("the feed's report", None, of.feed_report(str(of.feed(feed_id)["resultFeedDocumentId"]))))
            of.report_document(str(of.report(report_id)["reportDocumentId"]))
            of.preview("NEW", translate.new_listing(here("NEW", reachable), account, "WATCH"))
        yield practice, said


def here(sku: str, url: str) -> Offer:
    """A push whose picture is on this machine: nobody looks up a name outside."""
    return offer(merchant_sku=sku, pictures=(picture(url=url),))


ANSWERS: list[tuple[str, Any, str]] = [
    ("GET /listings/2021-08-01/items/SELLER/S", listings.Item, "listings-items-api-model/listingsItems_2021-08-01.json#Item"),
    (
        "PUT /listings/2021-08-01/items/SELLER/NEW",
        listings.ListingsItemSubmissionResponse,
        "listings-items-api-model/listingsItems_2021-08-01.json#ListingsItemSubmissionResponse",
    ),
    ("GET /catalog/2022-04-01/items", catalog.ItemSearchResults, "catalog-items-api-model/catalogItems_2022-04-01.json#ItemSearchResults"),
    (
        "GET /definitions/2020-09-01/productTypes",
        types.ProductTypeList,
        "product-type-definitions-api-model/definitionsProductTypes_2020-09-01.json#ProductTypeList",
    ),
    (
        "GET /definitions/2020-09-01/productTypes/WATCH",
        types.ProductTypeDefinition,
        "product-type-definitions-api-model/definitionsProductTypes_2020-09-01.json#ProductTypeDefinition",
    ),
    ("POST /feeds/2021-06-30/documents", feeds.CreateFeedDocumentResponse, "feeds-api-model/feeds_2021-06-30.json#CreateFeedDocumentResponse"),
    ("POST /feeds/2021-06-30/feeds", feeds.CreateFeedResponse, "feeds-api-model/feeds_2021-06-30.json#CreateFeedResponse"),
    ("GET /feeds/2021-06-30/feeds/1", feeds.Feed, "feeds-api-model/feeds_2021-06-30.json#Feed"),
    ("GET /feeds/2021-06-30/documents/", feeds.FeedDocument, "feeds-api-model/feeds_2021-06-30.json#FeedDocument"),
    ("POST /reports/2021-06-30/reports", reports.CreateReportResponse, "reports-api-model/reports_2021-06-30.json#CreateReportResponse"),
    ("GET /reports/2021-06-30/reports/2", reports.Report, "reports-api-model/reports_2021-06-30.json#Report"),
    ("GET /reports/2021-06-30/documents/", reports.ReportDocument, "reports-api-model/reports_2021-06-30.json#ReportDocument"),
]
REQUESTS: list[tuple[str, Any]] = [
    ("PUT /listings/2021-08-01/items/SELLER/NEW", listings.ListingsItemPutRequest),
    ("POST /feeds/2021-06-30/documents", feeds.CreateFeedDocumentSpecification),
    ("POST /feeds/2021-06-30/feeds", feeds.CreateFeedSpecification),
    ("POST /reports/2021-06-30/reports", reports.CreateReportSpecification),
]


def exchange(said: list[tuple[str, Any, Any]], call: str) -> tuple[Any, Any]:
    [(_, body, answer)] = [one for one in said if one[0] == call or (call.endswith("/") and one[0].startswith(call))]
    return body, answer


@pytest.mark.parametrize(("call", "model", "spec"), ANSWERS, ids=[call for call, _, _ in ANSWERS])
def test_each_answer_of_the_practice_amazon_is_what_independent_models_expect(wire: Any, call: str, model: Any, spec: str) -> None:
    _, answer = exchange(wire[1], call)

    model.model_validate(answer)
    path, _, definition = spec.partition("#")
    if (SPECS / "models" / path).exists():
        check(answer, SPECS / "models" / path, definition)


@pytest.mark.parametrize(("call", "model"), REQUESTS, ids=[call for call, _ in REQUESTS])
def test_each_body_that_we_send_is_what_independent_models_expect(wire: Any, call: str, model: Any) -> None:
    body, _ = exchange(wire[1], call)

    assert model.model_validate(body).model_dump(mode="json", by_alias=True, exclude_none=True) == body


@pytest.mark.skipif(not SPECS.exists(), reason="Amazon's JSON schemas are not here")
def test_feeds_and_their_reports_are_of_amazons_shape(wire: Any) -> None:
    built = json.loads(feed.build([offer(remove=("alt1",)), offer()], access()).document)
    [report] = [answer for call, _, answer in wire[1] if call == "the feed's report"]

    for value, name in ((built, "feed"), (report, "feed-processing-report"), *((message, "feed-message") for message in built["messages"])):
        schema = json.loads((SPECS / f"schemas/feeds/listings-{name}-schema-v2.json").read_text("utf-8"))
        assert list(jsonschema.Draft7Validator(schema).iter_errors(value)) == []
