"""Amazon's own models as a second opinion on what we send and on what the practice Amazon answers.

The JSON models are Amazon's and not part of this repository: name their folder in AMAZON_SPECS to check against them too.
"""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from amzn_selling_partner.sdk.models.listings_items_v2021_08_01 import ListingsItemPatchRequest, ListingsItemPutRequest

from integrations import connect
from integrations.amazon import translate
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
    body = translate.new_listing(offer(product=product(condition=condition)), access())

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
    check(translate.new_listing(offer(), access()), LISTINGS, "ListingsItemPutRequest")


def test_httpx_is_what_the_sdk_speaks() -> None:
    """The tests replace the SDK's transport; this fails when a new SDK version changes its own."""
    from sp_api.base._transport_httpx import HttpxTransport

    assert isinstance(HttpxTransport(client=httpx.Client())._client, httpx.Client)
