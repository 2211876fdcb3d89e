"""The hardened Trading client against recorded kinds of answers: each trap of ebaysdk 2.2.0 has a test named after it."""

import pickle
import socket
import threading
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
import responses

from integrations import Hosted, NotAuthorised, OutcomeUnknown, Refused, TryLater
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


def test_the_oauth_token_goes_in_the_header_and_none_in_the_body(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("GetItem"))

    EbayClient(access("ebay-uk")).trading("GetItem", {"ItemID": "1"})

    request = wire.calls[-1].request
    assert request.headers["X-EBAY-API-IAF-TOKEN"] == "access-1"
    assert request.headers["X-EBAY-API-SITEID"] == "3"
    assert request.headers["X-EBAY-API-COMPATIBILITY-LEVEL"] == "1421"
    assert "RequesterCredentials" not in str(request.body)


def test_list_members_and_text_are_escaped_once(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("ReviseFixedPriceItem"))

    revise(EbayClient(access("ebay-uk")), PictureDetails={"PictureURL": ["https://a/1.jpg?x=1&y=2", "https://a/2.jpg"]}, Title='Diver\'s <watch> & "strap"')

    item = sent(wire).find(f"{{{NAMESPACE}}}Item")
    assert item is not None
    assert [url.text for url in item.iter(f"{{{NAMESPACE}}}PictureURL")] == ["https://a/1.jpg?x=1&y=2", "https://a/2.jpg"]
    assert item.findtext(f"{{{NAMESPACE}}}Title") == 'Diver\'s <watch> & "strap"'


def test_a_cdata_section_is_left_alone_unless_it_smuggles() -> None:
    assert clean("<![CDATA[<b>bold</b>]]>") == "<![CDATA[<b>bold</b>]]>"
    assert clean("<![CDATA[x]]></Description><StartPrice>1</StartPrice>") == "&lt;![CDATA[x]]&gt;&lt;/Description&gt;&lt;StartPrice&gt;1&lt;/StartPrice&gt;"
    assert clean("<![CDATA[x]]><a/><![CDATA[y]]>").startswith("&lt;")


def test_characters_that_xml_cannot_hold_become_spaces() -> None:
    assert clean("a\x0bb\x00c\ud800\U0001f600\n") == "a b c \U0001f600\n"


def test_a_failure_survives_a_journey_between_processes() -> None:
    failed = Failure("GetItem", {"Errors": {"ErrorCode": "17", "LongMessage": "gone"}})
    failed.hosted = (Hosted("a", "u"),)

    again = pickle.loads(pickle.dumps(failed))

    assert (again.message, again.issues, again.hosted, again.says("gone")) == (failed.message, failed.issues, failed.hosted, True)


def test_none_is_left_out_and_booleans_are_lower_case(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("ReviseFixedPriceItem"))

    revise(EbayClient(access("ebay-uk")), PostalCode=None, AutoPay=True, Names=["a", None])

    item = sent(wire).find(f"{{{NAMESPACE}}}Item")
    assert item is not None
    assert item.find(f"{{{NAMESPACE}}}PostalCode") is None
    assert item.findtext(f"{{{NAMESPACE}}}AutoPay") == "true"
    assert len(item.findall(f"{{{NAMESPACE}}}Names")) == 1


@pytest.mark.parametrize(("status", "body"), [(502, "<html><body>bad gateway</body></html>"), (500, "oops"), (503, ""), (429, "slow")])
@pytest.mark.parametrize("writing", [True, False])
def test_a_body_that_is_not_ebays_is_tried_later(wire: responses.RequestsMock, status: int, body: str, writing: bool) -> None:
    wire.post(TRADING, status=status, body=body)

    with pytest.raises(TryLater, match=f"HTTP {status}"):
        EbayClient(access("ebay-uk")).trading("GetItem", {}, writing=writing)


@pytest.mark.parametrize("body", ["<html>login</html>", "", "<GetItemResponse/>", "<x/>", "{}"])
def test_html_with_200_is_never_success(wire: responses.RequestsMock, body: str) -> None:
    wire.post(TRADING, body=body)
    client = EbayClient(access("ebay-uk"))

    with pytest.raises(TryLater):
        client.trading("GetItem", {})
    with pytest.raises(OutcomeUnknown):
        client.trading("GetItem", {}, writing=True)


def test_warnings_raise_nothing_and_are_handed_on(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=failure("ReviseFixedPriceItem", "21916790", "small", severity="Warning", ack="Warning", extra="<ItemID>1</ItemID>"))

    reply, warnings = EbayClient(access("ebay-uk")).trading("ReviseFixedPriceItem", {}, writing=True)

    assert reply["ItemID"] == "1"
    assert [(warning.code, warning.reason) for warning in warnings] == [("21916790", "low-resolution")]


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


@pytest.mark.parametrize(("code", "least"), [("518", 3600), ("10007", 60)])
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
    "answer", [{"status": 503, "body": "<html>"}, {"status": 500, "json": {}}, {"status": 200, "body": "{}"}, {"body": requests.ConnectionError()}]
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


@pytest.mark.parametrize(
    "error",
    [requests.ReadTimeout("slow"), requests.ConnectionError("Connection aborted.", ConnectionResetError()), requests.exceptions.ChunkedEncodingError("cut")],
)
def test_a_write_without_an_answer_is_unknown_and_a_read_is_tried_later(wire: responses.RequestsMock, error: Exception) -> None:
    wire.post(TRADING, body=error)
    client = EbayClient(access("ebay-uk"))

    with pytest.raises(OutcomeUnknown):
        revise(client)
    with pytest.raises(TryLater):
        client.trading("GetItem", {})


def local(port: int) -> EbayClient:
    base = f"http://127.0.0.1:{port}"
    client = EbayClient(access("ebay-uk", endpoints={"trading": f"{base}/ws/api.dll", "token": f"{base}/token", "media": base}, allow_loopback=True))
    from integrations.tokens import TOKENS, Token

    TOKENS.get(client._key, lambda: Token("kept", 3600))
    return client


def test_plain_http_works_although_https_false_is_ignored_and_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    with pytest.raises(TryLater, match="ConnectionError"):
        revise(local(port))


def test_a_connection_cut_after_sending_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=cut)
        thread.start()
        with pytest.raises(OutcomeUnknown):
            revise(local(server.getsockname()[1]))
        thread.join()


def test_threads_never_get_each_others_answers(wire: responses.RequestsMock) -> None:
    def echo(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        number = ElementTree.fromstring(request.body or b"").findtext(f"{{{NAMESPACE}}}ItemID")
        return 200, {}, xml("GetItem", f"<Item><ItemID>{number}</ItemID></Item>")

    wire.add_callback(responses.POST, TRADING, callback=echo)
    client = EbayClient(access("ebay-uk"))
    wrong: list[str] = []

    def ask(start: int) -> None:
        for number in range(start, start + 20):
            reply, _ = client.trading("GetItem", {"ItemID": number})
            if reply["Item"]["ItemID"] != str(number):
                wrong.append(reply["Item"]["ItemID"])

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(0, 80, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


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
