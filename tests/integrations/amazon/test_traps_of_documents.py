"""The traps of feeds, reports and schemas: the SDK's own client for their addresses waits five seconds, writes Latin-1 and reads XML as JSON."""

import gzip
import json
from typing import Any

import httpx
import pytest

from integrations import OutcomeUnknown, Refused, TryLater
from integrations.amazon.client import AmazonClient
from tests.integrations.accounts import access
from tests.integrations.amazon.wire import Wire, client

FEEDS: dict[str, Any] = {
    "POST /feeds/2021-06-30/documents": {"feedDocumentId": "d1", "url": "https://upload.example/d1?X-Amz-Signature=s"},
    "POST /feeds/2021-06-30/feeds": {"feedId": "7"},
    "PUT /d1": httpx.Response(200),
}


def test_feeds_are_posted_without_stray_keys_and_uploaded_in_utf_8_without_a_token() -> None:
    wire = Wire(FEEDS)

    assert client(wire).send_feed("Größe — 40 mm".encode()) == "7"

    documents, upload, feeds = wire.seen
    assert json.loads(documents.content) == {"contentType": "application/json; charset=UTF-8"}
    assert json.loads(feeds.content) == {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": ["A1F83G8C2ARO7P"], "inputFeedDocumentId": "d1"}
    assert upload.content.decode("utf-8") == "Größe — 40 mm"
    assert upload.headers["content-type"] == "application/json; charset=UTF-8"
    assert "x-amz-access-token" not in upload.headers
    assert "accept" in upload.headers


def test_uploads_and_downloads_wait_as_long_as_we_say_and_not_five_seconds() -> None:
    seen: list[dict[str, float]] = []
    wire = Wire(FEEDS)

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return wire(request)

    of = AmazonClient(access(), httpx.MockTransport(handle))
    of.send_feed(b"{}")
    wire.answers["GET"] = [httpx.Response(200, content=b"{}")]
    of.download("https://upload.example/d1", 10)

    assert {timeout["read"] for timeout in seen} == {30.0}


@pytest.mark.parametrize("answer", [httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>"), httpx.Response(500), httpx.ReadTimeout("slow")])
def test_an_upload_that_fails_with_xml_is_tried_later(answer: Any) -> None:
    with pytest.raises(TryLater):
        client(Wire({**FEEDS, "PUT /d1": answer})).send_feed(b"{}")


def test_a_feed_submitted_without_an_answer_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        client(Wire({**FEEDS, "POST /feeds/2021-06-30/feeds": httpx.ReadTimeout("slow")})).send_feed(b"{}")
    with pytest.raises(OutcomeUnknown):
        client(Wire({**FEEDS, "POST /feeds/2021-06-30/feeds": {"other": 1}})).send_feed(b"{}")


def document(data: bytes, **more: Any) -> AmazonClient:
    return client(Wire({"GET /feeds/2021-06-30/documents/r": {"url": "https://store.example/r", **more}, "GET /r": httpx.Response(200, content=data)}))


def test_a_packed_document_is_unpacked_and_one_that_was_cut_short_is_tried_later() -> None:
    packed = gzip.compress(b'{"a": 1}')

    assert document(packed, compressionAlgorithm="GZIP").feed_report("r") == {"a": 1}
    assert document(b'{"a": 1}').feed_report("r") == {"a": 1}
    for data in (packed[:-9], b"plain"):
        with pytest.raises(TryLater):
            document(data, compressionAlgorithm="GZIP").feed_report("r")
    with pytest.raises(TryLater):
        document(b"<html>").feed_report("r")


def test_a_document_larger_than_we_read_is_refused_packed_or_not() -> None:
    of = document(b"")
    of_packed = client(Wire({"GET /r": httpx.Response(200, content=gzip.compress(bytes(1_000_000)))}))

    with pytest.raises(Refused, match="more than 1000 bytes"):
        of_packed.download("https://store.example/r", 1000, packed=True)
    with pytest.raises(Refused, match="more than 2 bytes"):
        client(Wire({"GET /r": httpx.Response(200, content=b"abc")})).download("https://store.example/r", 2)
    assert of is not None


def test_a_document_is_fetched_by_https_only() -> None:
    for url in ("http://store.example/r", "file:///etc/passwd", "http://127.0.0.1/r"):
        with pytest.raises(Refused, match="not https"):
            client(Wire()).download(url, 10)


@pytest.mark.parametrize("answer", [{}, {"url": ""}, {"feedDocumentId": "d1"}])
def test_an_answer_without_the_word_it_must_hold_is_tried_later(answer: dict[str, str]) -> None:
    wire = Wire({"POST /feeds": answer, "POST /reports": {"x": 1}, "GET /feeds": answer or {"x": 1}})

    for ask in (lambda: client(wire).send_feed(b""), lambda: client(wire).feed_report("r"), lambda: client(wire).ask_report("R")):
        with pytest.raises((TryLater, OutcomeUnknown)):
            ask()
