"""The hardened SP-API client against a scripted transport: each trap of python-amazon-sp-api 2.1.35 has a test named after it."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from integrations import NotAuthorised, OutcomeUnknown, Refused, TryLater
from integrations.amazon import connect
from integrations.amazon.client import AmazonClient
from integrations.amazon.marketplace import Amazon
from tests.integrations.accounts import access, offer

ACCEPTED = {"sku": "S", "status": "ACCEPTED", "submissionId": "sub-1", "issues": []}
LISTED = {"sku": "S", "summaries": [{"marketplaceId": "A1F83G8C2ARO7P", "asin": "B000000001", "productType": "WATCH", "status": ["BUYABLE"]}]}


class Wire:
    """Tokens, and answers by method in turn (the last one stays); everything asked is kept."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name: list(value) if isinstance(value, list) else [value] for name, value in answers.items()}
        self.seen: list[httpx.Request] = []
        self.tokens = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"access-{self.tokens}", "expires_in": 3600, "token_type": "bearer"})
        self.seen.append(request)
        queue = self.answers[request.method]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    def bodies(self, method: str) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.seen if request.method == method]


def client(wire: Wire, **changes: Any) -> AmazonClient:
    return AmazonClient(access(**changes), wire.transport)


def calls(of: AmazonClient) -> dict[str, Callable[[], object]]:
    return {"GET": lambda: of.get("S", "summaries"), "PATCH": lambda: of.patch("S", {"productType": "P", "patches": []}), "PUT": lambda: of.put("S", {"a": 1})}


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("body", [b"", b"<html>slow down</html>", b'{"message":"oops"}', b'[{"code":"InvalidInput","message":"bare list"}]'])
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
def test_an_error_without_an_errors_list_is_never_taken_for_success(status: int, body: bytes, method: str) -> None:
    of = client(Wire(**{method: httpx.Response(status, content=body)}))

    with pytest.raises(TryLater, match=f"HTTP {status}"):
        calls(of)[method]()


def test_an_errors_object_instead_of_a_list_is_read() -> None:
    of = client(Wire(GET=httpx.Response(400, json={"errors": {"code": "InvalidInput", "message": "one object"}})))

    with pytest.raises(Refused) as caught:
        of.get("S", "summaries")

    assert [(issue.code, issue.message) for issue in caught.value.issues] == [("InvalidInput", "one object")]


def test_a_key_named_headers_in_the_answer_does_no_harm() -> None:
    of = client(Wire(GET={**LISTED, "headers": {"x": 1}}))

    assert of.get("S", "summaries") == {**LISTED, "headers": {"x": 1}}


def test_an_empty_answer_to_a_read_is_tried_later() -> None:
    with pytest.raises(TryLater):
        client(Wire(GET=httpx.Response(200))).get("S", "summaries")


def test_an_empty_answer_to_a_write_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        client(Wire(PATCH=httpx.Response(200))).patch("S", {"productType": "P", "patches": []})


def test_a_redirect_is_not_success() -> None:
    with pytest.raises(TryLater, match="302"):
        client(Wire(GET=httpx.Response(302, headers={"Location": "https://elsewhere"}))).get("S", "summaries")


def test_a_missing_sku_is_none() -> None:
    assert client(Wire(GET=httpx.Response(404, json={"errors": [{"code": "NOT_FOUND", "message": "no"}]}))).get("S", "summaries") is None


def test_retry_after_of_a_429_is_kept_to() -> None:
    of = client(Wire(GET=httpx.Response(429, headers={"Retry-After": "77"}, json={"errors": [{"code": "QuotaExceeded", "message": "slow"}]})))

    with pytest.raises(TryLater) as caught:
        of.get("S", "summaries")

    assert caught.value.delay >= 77


def test_each_429_in_a_row_waits_longer() -> None:
    of = client(Wire(GET=httpx.Response(429, json={"errors": [{"code": "QuotaExceeded", "message": "slow"}]})), account="amazon-uk:backoff")
    delays = []

    for _ in range(8):
        with pytest.raises(TryLater) as caught:
            of.get("S", "summaries")
        delays.append(caught.value.delay)

    assert delays[0] <= 4
    assert delays[-1] >= 128
    assert max(delays) <= 300


def test_the_host_header_is_whole_for_http_endpoints_too() -> None:
    wire = Wire(GET=LISTED)

    client(wire, endpoints={"api": "http://127.0.0.1:8001", "token": "http://127.0.0.1:8001/auth/o2/token"}, allow_loopback=True).get("S", "summaries")

    assert wire.seen[0].headers["host"] == "127.0.0.1:8001"


def test_the_sku_is_percent_encoded_and_parameters_are_csv() -> None:
    wire = Wire(GET=LISTED)

    client(wire).get("S/1 ü", "summaries,issues")

    assert wire.seen[0].url.raw_path.startswith(b"/listings/2021-08-01/items/SELLER/S%2F1%20%C3%BC?")
    assert wire.seen[0].url.params.multi_items() == [("includedData", "summaries,issues"), ("marketplaceIds", "A1F83G8C2ARO7P"), ("issueLocale", "en_GB")]


def test_put_does_not_pollute_the_body_nor_the_callers_own() -> None:
    wire = Wire(PUT=ACCEPTED)
    body = {"productType": "WATCH", "requirements": "LISTING", "attributes": {}}

    client(wire).put("S/1", body)

    assert wire.bodies("PUT") == [{"productType": "WATCH", "requirements": "LISTING", "attributes": {}}]
    assert body == {"productType": "WATCH", "requirements": "LISTING", "attributes": {}}
    assert set(wire.seen[0].url.params) == {"marketplaceIds", "issueLocale", "includedData"}


def test_pagination_of_a_search_is_in_the_payload() -> None:
    answer = {"numberOfResults": 1, "pagination": {"nextToken": "n"}, "items": []}

    assert client(Wire(GET=answer)).search(pageSize="20")["pagination"] == {"nextToken": "n"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_dropped_and_the_call_made_once_more(status: int) -> None:
    wire = Wire(GET=[httpx.Response(status, json={"errors": [{"code": "Unauthorized", "message": "expired"}]}), LISTED])

    assert client(wire).get("S", "summaries") == LISTED

    assert [request.headers["x-amz-access-token"] for request in wire.seen] == ["access-1", "access-2"]


def test_a_token_refused_twice_pauses_the_account() -> None:
    wire = Wire(GET=httpx.Response(403, json={"errors": [{"code": "Unauthorized", "message": "revoked"}]}))

    with pytest.raises(NotAuthorised, match="revoked"):
        client(wire).get("S", "summaries")

    assert len(wire.seen) == 2


def test_many_threads_share_one_refresh() -> None:
    wire = Wire(GET=LISTED)
    of = client(wire)
    threads = [threading.Thread(target=of.get, args=("S", "summaries")) for _ in range(12)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wire.tokens == 1
    assert len(wire.seen) == 12


def token_answer(answer: httpx.Response | Exception) -> AmazonClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return AmazonClient(access(), httpx.MockTransport(handle))


def test_revoked_credentials_pause_the_account() -> None:
    with pytest.raises(NotAuthorised, match="invalid_grant"):
        token_answer(httpx.Response(400, json={"error": "invalid_grant", "error_description": "revoked"})).get("S", "summaries")


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(503, text="<html>"), httpx.Response(500, json={"error": "server"}), httpx.Response(200, text="{}"), httpx.ConnectError("no route")],
)
def test_a_token_service_that_is_unwell_is_tried_later(answer: httpx.Response | Exception) -> None:
    with pytest.raises(TryLater):
        token_answer(answer).get("S", "summaries")


def test_the_token_service_has_our_timeout_too() -> None:
    of = client(Wire())

    assert of._sdk._auth._transport._client.timeout.read == 30
    assert of._sdk._transport._client.timeout.read == 30


@pytest.mark.parametrize("missing", ["lwa_app_id", "lwa_client_secret", "refresh_token"])
def test_incomplete_credentials_are_refused_before_any_call(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SP_API_REFRESH_TOKEN", "LWA_APP_ID", "LWA_CLIENT_SECRET"):
        monkeypatch.setenv(name, "from-the-environment")
    credentials = {"lwa_app_id": "a", "lwa_client_secret": "b", "refresh_token": "c", missing: ""}

    with pytest.raises(NotAuthorised, match=missing):
        connect(access(credentials=credentials))


def test_an_environment_variable_that_moves_the_marketplace_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SP_API_DEFAULT_MARKETPLACE", "DE")

    with pytest.raises(NotAuthorised, match="SP_API_DEFAULT_MARKETPLACE"):
        connect(access())


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut"), httpx.ReadError("reset"), httpx.WriteTimeout("half")])
def test_a_write_without_an_answer_is_unknown_and_a_read_is_tried_later(error: Exception) -> None:
    of = client(Wire(PATCH=error, PUT=error, GET=error))

    for method, call in calls(of).items():
        with pytest.raises(TryLater if method == "GET" else OutcomeUnknown):
            call()


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("no route"), httpx.PoolTimeout("busy")])
def test_a_write_that_never_left_is_tried_later(error: Exception) -> None:
    for call in calls(client(Wire(PATCH=error, PUT=error, GET=error))).values():
        with pytest.raises(TryLater):
            call()


def test_a_504_to_a_write_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        client(Wire(PATCH=httpx.Response(504, text="gateway"))).patch("S", {})


# the verbs over the same wire


def test_http_200_with_status_invalid_is_refused_with_their_words() -> None:
    issue = {"code": "90220", "message": "'brand' is required", "severity": "ERROR", "categories": ["MISSING_ATTRIBUTE"], "attributeNames": ["brand"]}
    wire = Wire(GET=LISTED, PATCH={**ACCEPTED, "status": "INVALID", "issues": [issue]})

    with pytest.raises(Refused, match="'brand' is required") as caught:
        Amazon(access(), wire.transport).publish(offer())

    assert caught.value.issues[0].code == "90220"


def test_an_existing_listing_is_patched_with_image_attributes_only() -> None:
    wire = Wire(GET=LISTED, PATCH=ACCEPTED)

    receipt = Amazon(access(), wire.transport).publish(offer(create=True))

    assert receipt.external_id == "B000000001"
    assert receipt.reference == "sub-1"
    [body] = wire.bodies("PATCH")
    assert body["productType"] == "WATCH"
    assert [(patch["op"], patch["path"]) for patch in body["patches"]] == [("replace", "/attributes/main_product_image_locator")]


def test_a_listing_that_is_not_there_is_created_only_when_allowed() -> None:
    wire = Wire(GET=httpx.Response(404, json={"errors": [{"code": "NOT_FOUND", "message": "no"}]}), PUT=ACCEPTED)
    amazon = Amazon(access(), wire.transport)

    with pytest.raises(Refused, match="not listed"):
        amazon.publish(offer())
    amazon.publish(offer(create=True))

    assert [body["requirements"] for body in wire.bodies("PUT")] == ["LISTING"]


def test_an_answer_without_a_status_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        Amazon(access(), Wire(GET=LISTED, PATCH={"sku": "S"}).transport).publish(offer())


def test_notices_page_through_and_the_cursor_overlaps() -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    issue = {"code": "18027", "message": "text", "severity": "ERROR", "categories": ["INVALID_IMAGE"]}
    first = {"numberOfResults": 2, "pagination": {"nextToken": "p2"}, "items": [{**LISTED, "sku": "A", "issues": [issue]}]}
    second = {"numberOfResults": 2, "items": [{**LISTED, "sku": "B", "issues": []}]}
    wire = Wire(GET=[first, second])

    found, cursor = Amazon(access(), wire.transport, now=lambda: now).notices("2026-11-23T11:00:00Z")

    assert [(entry.ref.merchant_sku, len(entry.notices)) for entry in found] == [("A", 1), ("B", 0)]
    assert cursor == "2026-11-23T11:58:00Z"
    assert wire.seen[0].url.params["withIssueSeverity"] == "ERROR,WARNING"
    assert wire.seen[0].url.params["lastUpdatedAfter"] == "2026-11-23T11:00:00Z"
    assert wire.seen[1].url.params["pageToken"] == "p2"


def test_a_picture_that_amazon_could_not_fetch_is_named_unreachable() -> None:
    said = "Unable to Retrieve Media Content for URL 'https://media.example/a.jpg'."
    of = client(Wire(PUT=httpx.Response(400, json={"errors": [{"code": "InvalidInput", "message": said}]})))

    with pytest.raises(Refused) as caught:
        of.put("S", {"a": 1})

    assert [(issue.message, issue.reason) for issue in caught.value.issues] == [(said, "unreachable")]
