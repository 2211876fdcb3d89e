"""Amazon knows no listing that holds several products: each SKU is an item of its own."""

import httpx
import pytest

from integrations import Refused, Variant
from integrations.amazon.marketplace import Amazon
from tests.integrations.accounts import AMAZON, access, offer, picture, product


def test_an_offer_of_several_products_is_refused_in_words_and_nothing_is_asked() -> None:
    asked: list[str] = []
    transport = httpx.MockTransport(lambda request: (asked.append(str(request.url)), httpx.Response(500))[1])
    amazon = Amazon(access("amazon-uk", credentials={**AMAZON, "refresh_token": "r"}), transport)
    variants = tuple(Variant(sku, {"Colour": sku}, product(), (picture(),)) for sku in ("S", "G"))

    with pytest.raises(Refused, match="each SKU is a listing of its own"):
        amazon.publish(offer(variants=variants, pictures=()))

    assert asked == []
