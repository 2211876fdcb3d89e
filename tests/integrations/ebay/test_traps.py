"""Each trap of ebaysdk 2.2.0 has a test named after it: the real SDK, against the practice eBay or recorded answers, through our own client."""

import io
import logging
import os
import socket
import threading
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from ebaysdk.trading import Connection

from integrations import NotAuthorised, OutcomeUnknown, Ref, TryLater
from integrations.ebay import client as client_module
from integrations.ebay import media, translate
from integrations.ebay.client import EbayClient, Failure, Trading
from integrations.ebay.marketplace import Ebay
from integrations.ebay.words import clean
from integrations.practice import PracticeServer
from tests.integrations.accounts import access, picture
from tests.integrations.ebay.test_client import MEDIA, NAMESPACE, TOKEN, TRADING, failure, revise, sent, wire, xml

__all__ = ["wire"]  # the fixture of recorded answers

OURS = "{" + NAMESPACE + "}"
URLS = ["https://i.ebayimg.com/a.jpg?x=1&y=2", "https://i.ebayimg.com/b.jpg?set=1&s=<2>"]


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


def client_on(practice: PracticeServer) -> EbayClient:
    credentials = {"client_id": "client", "client_secret": "secret", "refresh_token": "practice-SELLER"}
    return EbayClient(access("ebay-uk", credentials=credentials, endpoints=practice.ebay_endpoints(), allow_loopback=True))


def listed(practice: PracticeServer, **changes: Any) -> str:
    return str(practice.witness("listings", marketplace="ebay-uk", seller="SELLER", sku="W-1", title="Old title", **changes)["external_id"])


# how it connects


def test_https_false_is_ignored_so_the_whole_address_is_ours(practice: PracticeServer) -> None:
    unmended = Connection(domain="127.0.0.1", https=False, config_file=None, iaf_token="t", appid="", devid="", certid="", warnings=False)

    reply, _ = client_on(practice).trading("GetUser", {})

    assert unmended.build_request_url("GetUser").startswith("https://")  # the trap is still there
    assert reply["User"] == {"UserID": "SELLER", "Site": "3"}  # and we spoke plain http to this machine


def test_no_ebay_yaml_is_searched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ebay.yaml").write_text("name: x\napi.ebay.com:\n  domain: stranger.example.com\n  proxy_host: stranger.example.com\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    ours, unmended = Trading(TRADING, "access-1", requests.Session(), "3"), Connection(iaf_token="t", warnings=False)

    assert unmended.config.get("domain") == "stranger.example.com"  # the trap is still there
    assert (ours.config.file(), ours.config.get("domain"), ours.config.get("proxy_host")) == ([], "api.ebay.com", None)


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> str:
    """A proxy and certificates in the environment; nothing is there."""
    for name in ("no_proxy", "all_proxy", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/house/certificates.pem")
    return "http://127.0.0.1:9"


def test_the_environments_proxy_and_certificates_hold_as_for_the_token(wire: responses.RequestsMock, proxied: str) -> None:
    wire.post(TRADING, body=xml("GetItem"))

    EbayClient(access("ebay-uk")).trading("GetItem", {"ItemID": "1"})

    used = [vars(call.request)["req_kwargs"] for call in wire.calls]
    assert [call.request.url for call in wire.calls] == [TOKEN, TRADING]
    assert [(one["proxies"]["https"], one["verify"]) for one in used] == [(proxied, "/etc/house/certificates.pem")] * 2


def test_certificates_are_checked_where_the_environment_names_none(wire: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    wire.post(TRADING, body=xml("GetItem"))

    EbayClient(access("ebay-uk")).trading("GetItem", {"ItemID": "1"})

    assert vars(wire.calls[-1].request)["req_kwargs"]["verify"] is True


def test_the_practice_ebay_on_this_machine_is_spoken_to_directly(practice: PracticeServer, proxied: str) -> None:
    reply, _ = client_on(practice).trading("GetUser", {})

    assert reply["User"]["UserID"] == "SELLER"


def test_ids_that_are_not_given_make_no_none_headers(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("GetItem"))

    EbayClient(access("ebay-uk")).trading("GetItem", {"ItemID": "1"})

    headers = wire.calls[-1].request.headers
    assert [headers.get(f"X-EBAY-API-{name}-NAME") for name in ("APP", "DEV", "CERT")] == ["", "", ""]
    assert all(isinstance(value, str | bytes) and value != "None" for value in headers.values())


def test_the_compatibility_level_is_text(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("GetItem"))

    EbayClient(access("ebay-uk")).trading("GetItem", {"ItemID": "1"})

    headers = wire.calls[-1].request.headers
    assert isinstance(headers["X-EBAY-API-COMPATIBILITY-LEVEL"], str)
    assert headers["X-EBAY-API-COMPATIBILITY-LEVEL"] == "1421"  # the SDK's own default is 837


def test_the_oauth_token_goes_in_the_header_and_none_in_the_body(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("GetItem"))

    EbayClient(access("ebay-uk")).trading("GetItem", {"ItemID": "1"})

    request = wire.calls[-1].request
    assert request.headers["X-EBAY-API-IAF-TOKEN"] == "access-1"
    assert "RequesterCredentials" not in str(request.body)


# what is sent


def test_list_members_are_escaped_once_a_picture_address_with_an_ampersand_among_them(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("ReviseFixedPriceItem"))

    revise(EbayClient(access("ebay-uk")), PictureDetails={"PictureURL": URLS})

    assert [url.text for url in sent(wire).iter(f"{OURS}PictureURL")] == URLS


def test_a_title_and_a_text_with_attributes_are_escaped_once(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("ReviseFixedPriceItem"))

    revise(EbayClient(access("ebay-uk")), Title='Diver\'s <watch> & "strap"', Note={"#text": "a & b", "@attrs": {"kind": 'x"y&z'}})

    item = sent(wire).find(f"{OURS}Item")
    assert item is not None
    assert item.findtext(f"{OURS}Title") == 'Diver\'s <watch> & "strap"'
    note = item.find(f"{OURS}Note")
    assert note is not None
    assert (note.text, note.get("kind")) == ("a & b", 'x"y&z')


def test_the_practice_ebay_takes_a_title_with_an_ampersand_and_gives_it_back(practice: PracticeServer) -> None:
    client, number = client_on(practice), listed(practice)

    client.trading("ReviseFixedPriceItem", {"Item": {"ItemID": number, "Title": "Tom & Jerry's <watch>"}}, writing=True)

    reply, _ = client.trading("GetItem", {"ItemID": number})
    assert reply["Item"]["Title"] == "Tom & Jerry's <watch>"


def test_none_is_left_out_and_booleans_are_lower_case(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=xml("ReviseFixedPriceItem"))

    revise(EbayClient(access("ebay-uk")), PostalCode=None, AutoPay=True, BestOffer=False, Names=["a", None])

    item = sent(wire).find(f"{OURS}Item")
    assert item is not None
    assert item.find(f"{OURS}PostalCode") is None
    assert (item.findtext(f"{OURS}AutoPay"), item.findtext(f"{OURS}BestOffer")) == ("true", "false")
    assert [name.text for name in item.findall(f"{OURS}Names")] == ["a"]


def test_a_cdata_section_is_left_alone_unless_it_smuggles() -> None:
    assert clean("<![CDATA[<b>bold</b>]]>") == "<![CDATA[<b>bold</b>]]>"
    assert clean("<![CDATA[x]]></Description><StartPrice>1</StartPrice>") == "&lt;![CDATA[x]]&gt;&lt;/Description&gt;&lt;StartPrice&gt;1&lt;/StartPrice&gt;"
    assert clean("<![CDATA[x]]><a/><![CDATA[y]]>").startswith("&lt;")


# what comes back


@pytest.mark.parametrize(("status", "body"), [(502, "<html><body>bad gateway</body></html>"), (500, "oops"), (503, ""), (429, "slow")])
@pytest.mark.parametrize("writing", [True, False])
def test_a_body_that_is_html_text_or_empty_is_tried_later(wire: responses.RequestsMock, status: int, body: str, writing: bool) -> None:
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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("writing", [True, False])
def test_a_redirect_takes_no_token_elsewhere_and_is_tried_later(wire: responses.RequestsMock, status: int, writing: bool) -> None:
    elsewhere = "https://elsewhere.example.com/"
    wire.post(TRADING, status=status, headers={"Location": elsewhere}, body="<html>moved</html>")
    for method in (responses.GET, responses.POST):
        wire.add(method, elsewhere, body=xml("GetItem"))

    with pytest.raises(TryLater, match=f"HTTP {status}"):
        EbayClient(access("ebay-uk")).trading("GetItem", {}, writing=writing)

    assert [call.request.url for call in wire.calls] == [TOKEN, TRADING]


@pytest.mark.parametrize("urls", [[], URLS[:1], URLS])
def test_a_single_element_is_a_list_like_many(wire: responses.RequestsMock, urls: list[str]) -> None:
    inside = "".join(f"<PictureURL>{clean(url)}</PictureURL>" for url in urls)
    item = f"<ItemID>1</ItemID><SKU>S</SKU><SellingStatus><ListingStatus>Active</ListingStatus></SellingStatus><PictureDetails>{inside}</PictureDetails>"
    wire.post(TRADING, body=xml("GetItem", f"<Item>{item}</Item>"))

    [status] = Ebay(access("ebay-uk")).status([Ref("S", "1")])

    assert list(status.pictures.values()) == urls


@pytest.mark.parametrize("count", [1, 2])
def test_one_error_is_a_list_like_many(wire: responses.RequestsMock, count: int) -> None:
    error = "<Errors><LongMessage>no</LongMessage><ErrorCode>21919137</ErrorCode><SeverityCode>Error</SeverityCode></Errors>"
    wire.post(TRADING, body=xml("GetItem", error * count, "Failure"))

    with pytest.raises(Failure) as caught:
        EbayClient(access("ebay-uk")).trading("GetItem", {})

    assert [issue.code for issue in caught.value.issues] == ["21919137"] * count


@pytest.mark.parametrize("ack", ["Warning", "PartialFailure"])
def test_a_warning_and_a_partial_failure_raise_nothing_and_are_handed_on(wire: responses.RequestsMock, ack: str) -> None:
    severity = "Warning" if ack == "Warning" else "Error"
    wire.post(TRADING, body=failure("ReviseFixedPriceItem", "21916790", "small", severity=severity, ack=ack, extra="<ItemID>1</ItemID>"))

    reply, said = EbayClient(access("ebay-uk")).trading("ReviseFixedPriceItem", {}, writing=True)

    assert reply["ItemID"] == "1"
    assert [(warning.code, warning.reason) for warning in said] == [("21916790", "low-resolution")]


def test_times_without_a_zone_are_utc(wire: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.post(TRADING, body=xml("GetSellerEvents", "<Timestamp>2026-11-23T12:00:00.123Z</Timestamp><EndTime>2026-11-23T12:00:00.000Z</EndTime>"))

    reply, _ = EbayClient(access("ebay-uk")).trading("GetSellerEvents", {})

    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for value in (reply["Timestamp"], reply["EndTime"], datetime(2026, 11, 23, 12), "2026-11-23T13:00:00+01:00"):
        moment = translate.moment(value)
        assert moment is not None
        assert moment.tzinfo is not None
        assert moment.replace(microsecond=0) == noon


def test_a_deprecation_warning_as_error_breaks_nothing(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=failure("GetItem", "21916790", severity="Warning", ack="Warning"))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, said = EbayClient(access("ebay-uk")).trading("GetItem", {})

    assert [warning.code for warning in said] == ["21916790"]


# threads, time-outs, memory, logs


def test_threads_never_get_each_others_answers(wire: responses.RequestsMock) -> None:
    sent_by = {"GetItem": threading.Event(), "GetUser": threading.Event()}

    def echo(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        verb = request.headers["X-EBAY-API-CALL-NAME"]
        sent_by[verb].set()
        sent_by["GetUser"].wait(5)  # the first call's answer comes when the second call is under way: a shared connection has forgotten the first
        return 200, {}, xml(verb, f"<Answer>to {verb}</Answer>")

    wire.add_callback(responses.POST, TRADING, callback=echo)
    client = EbayClient(access("ebay-uk"))

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(client.trading, "GetItem", {})
        assert sent_by["GetItem"].wait(5)
        second = threads.submit(client.trading, "GetUser", {})

    assert [call.result()[0].get("Answer") for call in (first, second)] == ["to GetItem", "to GetUser"]


@pytest.mark.parametrize(("verb", "seconds"), [("GetSellerEvents", 130), ("GetItem", 60)])
def test_the_slow_call_is_waited_for_as_long_as_ebay_advises(wire: responses.RequestsMock, verb: str, seconds: int) -> None:
    wire.post(TRADING, body=xml(verb))

    EbayClient(access("ebay-uk")).trading(verb, {})

    assert vars(wire.calls[-1].request)["req_kwargs"]["timeout"] == (5, seconds)  # to connect, and to read: knowledge base 1313 says more than 120


def on_socket(port: int) -> EbayClient:
    base = f"http://127.0.0.1:{port}"
    client = EbayClient(access("ebay-uk", endpoints={"trading": f"{base}/ws/api.dll", "token": f"{base}/token", "media": base}, allow_loopback=True))
    from integrations.tokens import TOKENS, Token

    TOKENS.get(client._key, lambda: Token("kept", 3600))
    return client


def answered_by(serve: Callable[[socket.socket], None], attempt: Callable[[EbayClient], object]) -> int:
    """How many connections arrived while `attempt` ran against a server that treats each by `serve`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        seen, over = [], threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                seen.append(connection)
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            attempt(on_socket(server.getsockname()[1]))
        finally:
            over.set()
            thread.join()
            for connection in seen:
                connection.close()
        return len(seen)


def silent(connection: socket.socket) -> None:
    connection.recv(65536)


def cut(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.close()


@pytest.mark.parametrize("serve", [silent, cut])
def test_a_write_that_is_read_in_vain_was_sent_once_and_is_unknown(serve: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT", (1, 0.3))

    def attempt(client: EbayClient) -> None:
        with pytest.raises(OutcomeUnknown):
            revise(client)

    assert answered_by(serve, attempt) == 1


def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    with pytest.raises(TryLater, match="ConnectionError"):
        revise(on_socket(port))


@pytest.mark.parametrize(
    "error",
    [requests.ReadTimeout("slow"), requests.ConnectionError("Connection aborted.", ConnectionResetError()), requests.exceptions.ChunkedEncodingError("cut")],
)
def test_raw_requests_errors_are_ours_too(wire: responses.RequestsMock, error: Exception) -> None:
    wire.post(TRADING, body=error)
    client = EbayClient(access("ebay-uk"))

    with pytest.raises(OutcomeUnknown):
        revise(client)
    with pytest.raises(TryLater):
        client.trading("GetItem", {})


def test_an_upload_of_8_mb_is_not_formatted_for_a_log(wire: responses.RequestsMock) -> None:
    data = b"\xff\xd8\xff" + os.urandom(8_000_000)
    large, reply = picture(data=data), {"imageUrl": "https://i.ebayimg.com/a.jpg", "expirationDate": "2026-12-23T12:00:00.000Z"}
    wire.post(f"{MEDIA}/image/create_image_from_file", status=201, json=reply, headers={"Location": f"{MEDIA}/image/1"})
    client = EbayClient(access("ebay-uk"))

    tracemalloc.start()
    try:
        media.store(client, large)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 4 * len(data)  # the SDK's own way takes twelve times the picture


def test_logs_at_debug_hold_no_token(practice: PracticeServer) -> None:
    text = io.StringIO()
    handler, names = logging.StreamHandler(text), ("ebaysdk", "urllib3.connectionpool")
    before = [logging.getLogger(name).level for name in names]
    tokens: list[str] = []

    class Watched(EbayClient):
        def _refresh(self) -> Any:
            made = super()._refresh()
            tokens.append(made.value)
            return made

    plain = client_on(practice).access
    logging.getLogger().addHandler(handler)
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.DEBUG)
        client = Watched(access("ebay-uk", credentials={**plain.credentials, "client_secret": "hush-hush"}, endpoints=plain.endpoints, allow_loopback=True))
        client.trading("GetItem", {"ItemID": listed(practice)})
    finally:
        logging.getLogger().removeHandler(handler)
        for name, level in zip(names, before, strict=True):
            logging.getLogger(name).setLevel(level)

    logged = text.getvalue()
    assert tokens
    assert "execute: verb=GetItem" in logged  # it was really at DEBUG
    assert not [secret for secret in (*tokens, "practice-SELLER", "hush-hush") if secret in logged]


def test_there_is_no_token_refresh_so_ours_is_made_once(wire: responses.RequestsMock) -> None:
    wire.post(TRADING, body=failure("GetItem", "21917053", "expired"))

    with pytest.raises(NotAuthorised, match="expired"):
        EbayClient(access("ebay-uk")).trading("GetItem", {})

    assert len([call for call in wire.calls if call.request.url == TOKEN]) == 2
