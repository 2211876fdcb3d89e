"""The Trading client and its REST calls against recorded kinds of answers; the traps of the SDK itself are in test_traps.py."""

import pickle
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
import responses

from integrations import Hosted, NotAuthorised, Refused, TryLater
from integrations.ebay.client import EbayClient, Failure
from integrations.ebay.words import clean
from tests.integrations.accounts import access

TRADING = "https://api.ebay.com/ws/api.dll"
TOKEN = "https://api.ebay.com/identity/v1/oauth2/token"
MEDIA = "https://apim.ebay.com/commerce/media/v1_beta"
NAMESPACE = "urn:ebay:apis:eBLBaseComponents"


def xml(verb: str, inside: str = "", ack: str = "Success") -> str:
    return f'<?xml version="1.0"?><{verb}Response xmlns="{NAMESPACE}"><Ack>{ack}</Ack>{inside}</{verb}Response>'


def failure(verb: str, code: str, words: str = "because", extra: str = "", severity: str = "Error", ack: str = "Failure") -> str:
    words = f"<ShortMessage>s</ShortMessage><LongMessage>{words}</LongMessage>"
    inside = f"<Errors>{words}<ErrorCode>{code}</ErrorCode><SeverityCode>{severity}</SeverityCode></Errors>{extra}"
    return xml(verb, inside, ack)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKEN, json={"access_token": "access-1", "expires_in": 7200, "token_type": "User Access Token"})
        yield mock


def sent(wire: responses.RequestsMock, number: int = -1) -> ElementTree.Element:
    return ElementTree.fromstring(wire.calls[number].request.body)


def revise(client: EbayClient, **item: Any) -> object:
    return client.trading("ReviseFixedPriceItem", {"Item": {"ItemID": "1", **item}}, writing=True)


def test_characters_that_xml_cannot_hold_become_spaces() -> None:
    assert clean("a\x0bb\x00c\ud800\U0001f600\n") == "a b c \U0001f600\n"


def test_a_failure_survives_a_journey_between_processes() -> None:
    failed = Failure("GetItem", {"Errors": {"ErrorCode": "17", "LongMessage": "gone"}})
    failed.hosted = (Hosted("a", "u"),)

    again = pickle.loads(pickle.dumps(failed))

    assert (again.message, again.issues, again.hosted, again.says("gone")) == (failed.message, failed.issues, failed.hosted, True)


def test_an_unknown_code_is_refused_with_their_words(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=failure("GetItem", "99999999", "no such thing"))

    with pytest.raises(Refused, match="no such thing") as caught:
        EbayClient(access("ebay-uk")).trading("GetItem", {})

    assert caught.value.issues[0].code == "99999999"
    assert caught.value.issues[0].reason is None


def test_a_known_picture_code_has_our_reason(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=failure("ReviseFixedPriceItem", "21919137"))

    with pytest.raises(Refused) as caught:
        revise(EbayClient(access("ebay-uk")))

    assert caught.value.issues[0].reason == "low-resolution"


@pytest.mark.parametrize(("code", "least"), [("518", 3600), ("10007", 60), ("21919144", 30)])
def test_limits_and_weather_are_tried_later(wire: responses.RequestsMock, code: str, least: float) -> None:
    wire.post(TRADING, body=failure("GetItem", code))

    with pytest.raises(TryLater) as caught:
        EbayClient(access("ebay-uk")).trading("GetItem", {})

    assert caught.value.delay >= least


@pytest.mark.parametrize("code", ["21917053", "21916984", "931", "932"])
def test_an_expired_token_is_refreshed_once(wire: responses.RequestsMock, code: str) -> None:
    wire.post(TRADING, body=failure("GetItem", code))
    wire.post(TRADING, body=xml("GetItem", "<Item><ItemID>1</ItemID></Item>"))

    reply, _ = EbayClient(access("ebay-uk")).trading("GetItem", {})

    assert reply["Item"] == {"ItemID": "1"}
    assert len([call for call in wire.calls if call.request.url == TOKEN]) == 2


def test_a_token_refused_twice_pauses_the_account(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=failure("GetItem", "21916984", "revoked"))

    with pytest.raises(NotAuthorised, match="revoked"):
        EbayClient(access("ebay-uk")).trading("GetItem", {})


def test_revoked_credentials_pause_the_account() -> None:
    with responses.RequestsMock() as mock:
        mock.post(TOKEN, status=400, json={"error": "invalid_grant", "error_description": "revoked"})
        with pytest.raises(NotAuthorised, match="invalid_grant"):
            EbayClient(access("ebay-uk")).trading("GetItem", {})


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 503, "body": "<html>"},
        {"status": 500, "json": {}},
        {"status": 429, "json": {"error": "slow_down"}},
        {"status": 200, "body": "{}"},
        {"body": requests.ConnectionError()},
    ],
)
def test_a_token_service_that_is_unwell_is_tried_later(answer: dict[str, Any]) -> None:
    with responses.RequestsMock() as mock:
        mock.post(TOKEN, **answer)
        with pytest.raises(TryLater):
            EbayClient(access("ebay-uk")).trading("GetItem", {})


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "refresh_token"])
def test_incomplete_credentials_are_refused_before_any_call(missing: str) -> None:
    credentials = {"client_id": "a", "client_secret": "b", "refresh_token": "c"}
    del credentials[missing]

    with pytest.raises(NotAuthorised, match=missing):
        EbayClient(access("ebay-uk", credentials=credentials))


def test_a_rest_error_has_ebays_code_and_our_reason(wire: responses.RequestsMock) -> None:
    wire.post(f"{MEDIA}/image", status=400, json={"errors": [{"errorId": 190201, "message": "too large"}]})

    with pytest.raises(Failure, match="too large") as caught:
        EbayClient(access("ebay-uk")).rest("createImageFromFile", "POST", f"{MEDIA}/image")

    assert caught.value.issues[0].reason == "too-large"


def test_a_rest_401_refreshes_the_token_once(wire: responses.RequestsMock) -> None:
    wire.post(f"{MEDIA}/image", status=401, json={"errors": [{"errorId": 1001, "message": "Invalid access token"}]})

    with pytest.raises(NotAuthorised):
        EbayClient(access("ebay-uk")).rest("createImageFromFile", "POST", f"{MEDIA}/image")

    assert len([call for call in wire.calls if call.request.url == TOKEN]) == 2
