"""Every trap of python-amazon-sp-api 2.1.35 that was met, each with a test named after it: the real SDK over a scripted transport."""

import copy
import io
import json
import logging
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from sp_api.base.credential_provider import CredentialProvider, MissingCredentials

from integrations import NotAuthorised, OutcomeUnknown, Ref, Refused, TryLater
from integrations.amazon import connect, sdk
from integrations.amazon.client import AmazonClient
from integrations.amazon.marketplace import Amazon
from integrations.practice import PracticeServer
from integrations.practice.store import Document
from integrations.practice.store import Token as StoredToken
from integrations.redact import SDK_LOGGERS
from integrations.tokens import Token, TokenCache
from tests.integrations.accounts import AMAZON, access, offer
from tests.integrations.amazon.wire import ACCEPTED, LISTED, Wire, calls, client


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("body", [b"", b"<html>slow down</html>", b'{"message":"oops"}', b'[{"code":"InvalidInput","message":"bare list"}]'])
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
def test_an_error_without_an_errors_list_is_never_taken_for_success(status: int, body: bytes, method: str) -> None:
    of = client(Wire(**{method: httpx.Response(status, content=body)}))

    with pytest.raises(TryLater, match=f"HTTP {status}"):
        calls(of)[method]()


SAID = {"code": "InvalidInput", "message": "their words"}


@pytest.mark.parametrize("status", [400, 409, 413, 415])
@pytest.mark.parametrize("body", [{"errors": [SAID]}, {"errors": SAID}, [SAID]], ids=["a list", "one object", "a bare list"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
def test_a_refusal_is_read_however_its_errors_are_wrapped(status: int, body: object, method: str) -> None:
    of = client(Wire(**{method: httpx.Response(status, json=body)}))

    with pytest.raises(Refused, match=f"HTTP {status}: their words") as caught:
        calls(of)[method]()

    assert [(issue.code, issue.message) for issue in caught.value.issues] == [("InvalidInput", "their words")]


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
    [
        httpx.Response(503, text="<html>"),
        httpx.Response(500, json={"error": "server"}),
        httpx.Response(429, json={"error": "slow_down", "error_description": "too many token requests"}),
        httpx.Response(429, text="<html>"),
        httpx.Response(200, text="{}"),
        httpx.ConnectError("no route"),
    ],
)
def test_a_token_service_that_is_unwell_is_tried_later(answer: httpx.Response | Exception) -> None:
    with pytest.raises(TryLater):
        token_answer(answer).get("S", "summaries")


@pytest.mark.parametrize("practice", [{}, {"allow_loopback": True, "endpoints": {"api": "http://127.0.0.1:9", "token": "http://127.0.0.1:9/token"}}])
def test_every_connection_has_our_timeouts_the_token_services_too(practice: dict[str, Any]) -> None:
    of = AmazonClient(access(**practice))

    for used in (of._http, of._sdk._transport._within, of._sdk._auth._transport._within):
        assert (used.timeout.connect, used.timeout.read, used.timeout.write, used.timeout.pool) == (10, 30, 30, 30)


def in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SP_API_REFRESH_TOKEN", "LWA_APP_ID", "LWA_CLIENT_SECRET"):
        monkeypatch.setenv(name, "a-strangers")


def in_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON-SP-APIDIR", str(folder))
    told = dict.fromkeys(("refresh_token", "lwa_app_id", "lwa_client_secret"), "a-strangers")
    (folder / "credentials.yml").write_text(json.dumps({"default": told}), "utf-8")


@pytest.fixture(params=[in_the_environment, in_a_file])
def _strangers_credentials(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in a place where the SDK looks for some by itself."""
    request.param(tmp_path, monkeypatch)
    assert CredentialProvider().credentials.lwa_app_id == "a-strangers"


@pytest.mark.usefixtures("_strangers_credentials")
def test_the_token_is_asked_for_with_the_accounts_own_credentials_alone() -> None:
    forms: list[dict[str, list[str]]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            forms.append(parse_qs(request.content.decode()))
            return httpx.Response(200, json={"access_token": "a", "expires_in": 3600})
        return httpx.Response(200, json=LISTED)

    account = access()
    AmazonClient(account, httpx.MockTransport(handle)).get("S", "summaries")

    [form] = forms
    assert (form["client_id"], form["client_secret"]) == (["app"], ["app-secret"])
    assert form["refresh_token"] == [account.credentials["refresh_token"]]


@pytest.mark.usefixtures("_strangers_credentials")
def test_credentials_of_the_environment_and_of_files_are_out_of_the_sdks_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were our own check of what is missing gone, the SDK would find nothing either."""
    monkeypatch.setattr(sdk, "CREDENTIALS", ())

    with pytest.raises(MissingCredentials):
        AmazonClient(access())


@pytest.mark.usefixtures("_strangers_credentials")
@pytest.mark.parametrize("missing", ["lwa_app_id", "lwa_client_secret", "refresh_token"])
def test_incomplete_credentials_are_refused_before_any_call(missing: str) -> None:
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


def test_a_csv_parameter_is_one_parameter_in_writes_too() -> None:
    wire = Wire(PATCH=ACCEPTED, PUT=ACCEPTED)
    of = client(wire)

    of.patch("S", {"productType": "P", "patches": []})
    of.preview("S", {"productType": "P"})

    for request in wire.seen:
        names = [name for name, _ in request.url.params.multi_items()]
        assert len(names) == len(set(names))
    assert wire.seen[1].url.params["includedData"] == "identifiers,issues"


def test_the_marketplace_is_named_once_and_under_one_name() -> None:
    wire = Wire({"GET /catalog": {"asin": "B", "images": []}, "GET /definitions": {"productTypes": []}, "GET": LISTED, "PATCH": ACCEPTED, "PUT": ACCEPTED})
    of = client(wire)

    of.get("S", "summaries")
    of.search(pageSize="20")
    of.images("B")
    of.galleries(["B"])
    of.types(keywords="watch")
    of.patch("S", {"productType": "P", "patches": []})
    of.put("S", {})

    for request in wire.seen:
        assert [value for name, value in request.url.params.multi_items() if "arketplace" in name] == ["A1F83G8C2ARO7P"]


def test_only_plain_objects_leave_the_client() -> None:
    """The SDK's ApiResponse has every attribute (None) and cannot be copied or pickled."""
    wire = Wire(GET=LISTED, PATCH=ACCEPTED, PUT=ACCEPTED)
    of = client(wire)

    for answer in (of.get("S", "summaries"), of.patch("S", {"productType": "P", "patches": []}), of.put("S", {}), of.search()):
        assert type(answer) is dict
        assert pickle.loads(pickle.dumps(answer)) == copy.deepcopy(answer) == answer


def test_one_client_shared_by_threads_keeps_methods_apart() -> None:
    """The SDK keeps the method of a call in the client."""
    wire = Wire(GET=LISTED, PATCH=ACCEPTED, PUT=ACCEPTED)
    of = client(wire)
    answers: list[object] = []

    def work() -> None:
        for _ in range(20):
            answers.extend([of.get("S", "summaries"), of.patch("S", {"productType": "P", "patches": []}), of.put("S", {"a": 1})])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answers.count(one) for one in (LISTED, ACCEPTED)] == [80, 160]
    assert [len(wire.asked(method)) for method in ("GET", "PATCH", "PUT")] == [80, 80, 80]


def test_the_token_cache_refreshes_each_account_once_however_many_threads_want_it_at_once() -> None:
    """The SDK's own cache breaks here, and stays broken for later calls."""
    now, refreshed, accounts = [0.0], list[str](), [f"account-{number}" for number in range(4)]
    cache = TokenCache(clock=lambda: now[0])

    def refresh(key: str) -> Token:
        refreshed.append(key)
        number = refreshed.count(key)
        time.sleep(0.005)  # as long as other threads need to come and ask too
        return Token(f"{key} token {number}", 3600)

    def want(refused: int | None = None) -> list[str]:
        got = []
        for key in accounts:
            if refused is not None:
                cache.forget(key, f"{key} token {refused}")
            got.append(cache.get(key, lambda key=key: refresh(key)))  # type: ignore[misc]
        return got

    def by_six_threads(refused: int | None = None) -> list[list[str]]:
        with ThreadPoolExecutor(6) as pool:
            return [one.result() for one in [pool.submit(want, refused) for _ in range(6)]]

    assert by_six_threads() == [[f"{key} token 1" for key in accounts]] * 6
    now[0] = 3600  # all are over at once
    assert by_six_threads() == [[f"{key} token 2" for key in accounts]] * 6
    assert by_six_threads(refused=2) == [[f"{key} token 3" for key in accounts]] * 6
    assert sorted(refreshed) == sorted(accounts * 3)


def test_no_token_and_no_presigned_address_is_in_the_debug_logs() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    levels = {name: logging.getLogger(name).level for name in ("", *SDK_LOGGERS)}
    with PracticeServer() as practice:
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="S", title="T")
        credentials = {**AMAZON, "lwa_client_secret": "top-secret-of-the-app", "refresh_token": "practice-SELLER"}
        of = AmazonClient(access(credentials=credentials, endpoints=practice.amazon_endpoints(), allow_loopback=True))
        logging.getLogger().addHandler(handler)
        for name in levels:
            logging.getLogger(name).setLevel(logging.DEBUG)
        try:
            of.get("S", "summaries")
            of.send_feed(b"{}")
            of.schema((of.definition("WATCH") or {})["schema"])
        finally:
            logging.getLogger().removeHandler(handler)
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
        with practice.world.store.read() as session:
            tokens = [token.token for token in session.query(StoredToken)]
            keys = [document.key for document in session.query(Document)]

    said = out.getvalue()
    assert "Request Headers" in said  # the SDK did speak at DEBUG
    assert "/documents/" in said  # and httpx of the upload
    assert tokens
    assert keys
    for secret in (*tokens, *keys, "practice-SELLER", "top-secret-of-the-app"):
        assert secret not in said


def test_a_sku_with_a_comma_is_never_searched_for() -> None:
    wire = Wire(
        {
            "GET /listings/2021-08-01/items/SELLER": {"numberOfResults": 0, "items": []},
            "GET /listings/2021-08-01/items/SELLER/": LISTED,
            "GET /catalog": httpx.Response(404),
        }
    )
    amazon = Amazon(access(), wire.transport)

    found = amazon.status([Ref("A,B"), Ref(" C"), Ref("D")])

    assert [
        request.url.params.get("identifiers") for request in wire.asked("GET", "/listings/2021-08-01/items/SELLER") if "identifiers" in request.url.params
    ] == ["D"]
    assert [status.exists for status in found] == [True, True, True]


def test_nothing_is_ever_deleted_whole() -> None:
    """The SDK's delete_listings_item drops the marketplaces it is given and takes its own."""
    wire = Wire(GET=LISTED, PATCH=ACCEPTED)

    Amazon(access(), wire.transport).publish(offer(remove=("alt1",)))

    assert wire.asked("DELETE") == []
    assert wire.bodies("PATCH")[0]["patches"][1] == {
        "op": "delete",
        "path": "/attributes/other_product_image_locator_1",
        "value": [{"marketplace_id": "A1F83G8C2ARO7P"}],
    }


def test_the_sdk_is_the_version_whose_traps_these_are() -> None:
    assert version("python-amazon-sp-api") == "2.1.35"
