"""Both SDKs at DEBUG, for real: no secret may be read in what they log."""

import io
import logging
from collections.abc import Iterator

import httpx
import pytest
import responses

from integrations.amazon.client import AmazonClient
from integrations.ebay.client import EbayClient
from integrations.redact import SDK_LOGGERS, RedactingFilter, redact
from tests.integrations.accounts import access

SECRETS = ("Atza|access-secret", "refresh-secret", "app-secret-1", "client-secret-1", "v^1.1#i^1#ebay-secret")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything at DEBUG from every SDK logger, as an operator who turned it on would see it."""
    text, names = io.StringIO(), [*SDK_LOGGERS]
    handler = logging.StreamHandler(text)
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_the_amazon_sdk_at_debug_shows_no_secret(logged: io.StringIO) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": SECRETS[0], "expires_in": 3600})
        return httpx.Response(200, json={"sku": "S", "summaries": []})

    credentials = {"lwa_app_id": "app", "lwa_client_secret": "app-secret-1", "refresh_token": "refresh-secret-amazon"}
    AmazonClient(access(credentials=credentials), httpx.MockTransport(handle)).get("S", "summaries")

    assert "Request Headers" in logged.getvalue()
    assert "x-amz-access-token" in logged.getvalue()
    assert not [secret for secret in SECRETS if secret in logged.getvalue()]


def test_the_ebay_sdk_at_debug_shows_no_secret(logged: io.StringIO) -> None:
    credentials = {"client_id": "client", "client_secret": "client-secret-1", "refresh_token": "refresh-secret-ebay"}
    with responses.RequestsMock() as mock:
        mock.post("https://api.ebay.com/identity/v1/oauth2/token", json={"access_token": SECRETS[4], "expires_in": 7200})
        mock.post("https://api.ebay.com/ws/api.dll", body="<GetItemResponse><Ack>Success</Ack></GetItemResponse>")
        EbayClient(access("ebay-uk", credentials=credentials)).trading("GetItem", {"ItemID": "1"})

    assert "execute: verb=GetItem" in logged.getvalue()  # its headers are not written at all
    assert not [secret for secret in SECRETS if secret in logged.getvalue()]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: [redacted]"),
        ("{'authorization': 'Basic Y2xpZW50OnNlY3JldA=='}", "{'authorization': '[redacted]'}"),
        ('{"refresh_token": "r|1", "expires_in": 3600}', '{"refresh_token": "[redacted]", "expires_in": 3600}'),
        ("grant_type=refresh_token&refresh_token=abc&scope=x", "grant_type=refresh_token&refresh_token=[redacted]&scope=x"),
        ("<eBayAuthToken>AgAAAA</eBayAuthToken>", "<eBayAuthToken>[redacted]</eBayAuthToken>"),
        (
            "headers={'X-EBAY-API-IAF-TOKEN': 'v^1.1#i^1#abc', 'X-EBAY-API-SITEID': '3'}",
            "headers={'X-EBAY-API-IAF-TOKEN': '[redacted]', 'X-EBAY-API-SITEID': '3'}",
        ),
        ("pushed S-1 to amazon-uk", "pushed S-1 to amazon-uk"),
        ("token Atzr|IwEB-x_1", "token [redacted]"),
        ("X-Api-Key: pk_0123456789abcdef-_ABCDEFGHIJ0123", "X-Api-Key: [redacted]"),
        ("Authorization: Bearer pk_0123456789abcdef-_ABCDEFGHIJ0123", "Authorization: [redacted]"),
        ("/api/v1/products?key=pk_0123456789abcdef-_ABCDEFGHIJ0123&page=2", "/api/v1/products?key=[redacted]&page=2"),
        ("duplicate key in pk_idempotent_answers", "duplicate key in pk_idempotent_answers"),
        ("PACKSHOT_WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", "PACKSHOT_WEBHOOK_SECRET=[redacted]"),
        ("a secret begins with whsec_", "a secret begins with whsec_"),
    ],
)
def test_secrets_go_and_the_rest_stays(text: str, wanted: str) -> None:
    assert redact(text) == wanted


def test_a_filter_on_a_handler_covers_every_logger() -> None:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("any.other")
    logger.addHandler(handler)

    logger.warning("got %s", {"access_token": "abc"})
    logger.removeHandler(handler)

    assert text.getvalue() == "got {'access_token': '[redacted]'}\n"
