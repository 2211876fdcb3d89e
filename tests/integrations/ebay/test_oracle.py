"""Independent models of Trading's calls (WSDL 1487) as a second opinion on what we send and on what the practice eBay answers.

The models drop what they do not know, so an element that is lost on the way through one is misspelt, misplaced or of the wrong shape.
"""

import importlib
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from integrations import Ref, Refused, Variant
from integrations.ebay.marketplace import Ebay
from integrations.practice import PracticeServer
from tests.integrations.accounts import EBAY, access, offer, picture, product
from tests.integrations.contract import Contract, watch_like

CALLS = ("GetSellerList", "VerifyAddFixedPriceItem", "AddFixedPriceItem", "ReviseFixedPriceItem", "GetItem", "GetSellerEvents", "GetMyeBaySelling")
SETTINGS = {
    "policies": {"payment": "1", "return": "2", "shipping": "3"},
    "postal_code": "AB1 2CD",
    "condition_descriptors": {"watch": {"new": [{"name": "40001", "value": "400010", "info": "sealed"}]}},
}

Spoken = list[tuple[str, bytes, bytes]]


@pytest.fixture(scope="module")
def spoken() -> Iterator[Spoken]:
    """(call, request, answer) of a listing's life: made, looked for, revised, refused, held, removed."""
    said: Spoken = []
    send = requests.Session.send

    def listen(self: requests.Session, request: requests.PreparedRequest, **rest: Any) -> requests.Response:
        answer = send(self, request, **rest)
        if verb := request.headers.get("X-EBAY-API-CALL-NAME"):
            body = request.body or b""
            said.append((str(verb), body if isinstance(body, bytes) else body.encode(), answer.content))
        return answer

    with pytest.MonkeyPatch.context() as patch, PracticeServer() as practice:
        patch.setattr(requests.Session, "send", listen)
        credentials = {**EBAY, "refresh_token": "practice-SELLER"}
        ebay = Ebay(access("ebay-uk", credentials=credentials, endpoints=practice.ebay_endpoints(), allow_loopback=True, settings=SETTINGS))
        pictures = (picture(data=watch_like(1)), picture("alt1", data=watch_like(2)))
        attributes = {"features": ["date", "lume"], "movement": "automatic"}
        made = ebay.publish(offer(merchant_sku="W&1", create=True, pictures=pictures, product=product(attributes=attributes)))
        practice.advance(10)
        ebay.publish(offer(merchant_sku="W&1", pictures=pictures[:1], key="b" * 32))
        with pytest.raises(Refused):
            ebay.publish(offer(merchant_sku="W&1", external_id=made.external_id, pictures=(picture(data=watch_like(3, 300)),), key="c" * 32))
        ebay.publish(offer(merchant_sku="W&1", external_id=made.external_id, pictures=(picture(data=Contract().faulty()),), key="d" * 32))
        practice.advance(30)
        ebay.status([Ref("W&1", made.external_id), Ref("W-2", "110000000001")])
        several = [
            Variant(f"R&{word}", {"Colour & cut": word}, product(gtin=None, quantity=n), (picture(data=watch_like(4 + n)),), True)
            for n, word in enumerate("SG", 1)
        ]
        band = ebay.publish(offer(merchant_sku="R&", create=True, pictures=(), variants=tuple(several[:1]), key="e" * 32))
        practice.advance(10)
        ebay.publish(offer(merchant_sku="R&", external_id=band.external_id, pictures=(), variants=tuple(several), key="f" * 32))
        practice.advance(10)
        assert all(status.pictures for status in ebay.status([Ref("R&S", band.external_id), Ref("R&G", band.external_id)]))
        practice.witness("act", do="remove", marketplace="ebay-uk", external_id=made.external_id)
        ebay.status([Ref("W&1", made.external_id)])
        ebay.notices(None)
        yield said


def plain(element: ElementTree.Element) -> Any:
    """An element as the models read it: "@name" an attribute, "#text" the text beside one, a list where it repeats, None where it is empty."""
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    if not len(element):
        return {**found, "#text": element.text} if found else element.text
    for child in element:
        name, value = child.tag.rpartition("}")[2], plain(child)
        before = found.get(name)
        found[name] = value if name not in found else [*(before if isinstance(before, list) else [before]), value]
    return found


def lost(given: Any, kept: Any, path: str) -> list[str]:
    """What is not the same any more after the way through a model."""
    if given is None:
        return []
    if isinstance(given, dict) and isinstance(kept, dict):
        return [words for name, value in given.items() for words in lost(value, kept.get(name), f"{path}.{name}")]
    if isinstance(kept, list):
        listed = given if isinstance(given, list) else [given]
        return [words for one, other in zip(listed, kept, strict=True) for words in lost(one, other, path)]
    return [] if _scalar(given) == _scalar(kept) else [f"{path}: {given!r} became {kept!r}"]


def _scalar(value: Any) -> Any:
    try:
        return float(value) if not isinstance(value, bool) else str(value).lower()
    except (TypeError, ValueError):
        return str(value).lower()


def through(call: str, kind: str, raw: bytes) -> list[str]:
    name = f"{call}{kind}Type"
    module = importlib.import_module("ebay_apiroute.trading.models.schemas." + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
    read = plain(ElementTree.fromstring(raw))
    return lost(read, getattr(module, name).model_validate(read).model_dump(by_alias=True, exclude_none=True, mode="json"), call)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", ["Request", "Response"])
def test_the_models_take_all_of_it(spoken: Spoken, call: str, kind: str) -> None:
    found = [request if kind == "Request" else answer for name, request, answer in spoken if name == call]

    assert found, f"{call} was not spoken"
    assert [words for raw in found for words in through(call, kind, raw)] == []


def test_every_call_that_was_made_is_checked(spoken: Spoken) -> None:
    assert {name for name, _, _ in spoken} == set(CALLS)


def test_a_misspelt_element_and_one_in_the_wrong_place_would_be_seen() -> None:
    begin, end = '<ReviseFixedPriceItemRequest xmlns="urn:ebay:apis:eBLBaseComponents">', "</ReviseFixedPriceItemRequest>"

    for inside in (
        "<Item><PictureDetails><PictureUrl>https://a</PictureUrl></PictureDetails></Item>",
        "<Item><PictureURL>https://a</PictureURL></Item>",
        "<InvocationId>1</InvocationId>",
    ):
        assert through("ReviseFixedPriceItem", "Request", f"{begin}{inside}{end}".encode())
