"""The only importer of python-amazon-sp-api: one seam (`Line.call`) that turns every answer and exception into our errors.

Version 2.1.35 takes an empty 503 for success, mangles the Host header, pollutes PUT bodies and keeps tokens in unlocked globals; each is mended here.
"""

from __future__ import annotations

import atexit
import types
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from sp_api.api import ListingsItemsV20210801
from sp_api.auth import AccessTokenClient, AccessTokenResponse
from sp_api.auth.exceptions import AuthorizationError
from sp_api.base import ApiResponse
from sp_api.base._transport_httpx import HttpxTransport
from sp_api.base.credential_provider import FromCodeCredentialProvider

from integrations.amazon.translate import refusal_reason
from integrations.errors import IntegrationError, NotAuthorised, OutcomeUnknown, Problem, Refused, TryLater
from integrations.marketplace import Access
from integrations.pace import PACE, retry_after
from integrations.rates import Turn, rates_of
from integrations.tokens import TOKENS, Token, identity

__all__ = ["Line", "Payload"]

Payload = dict[str, Any]

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
CREDENTIALS = ("lwa_app_id", "lwa_client_secret", "refresh_token")
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Answer(Exception):
    """Any answer that is not a plain success: its status, Amazon's errors in it (may be none) and how it began."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.errors = _errors(response)
        self.wait = retry_after(response.headers.get("Retry-After"))
        super().__init__(f"HTTP {self.status}: {'; '.join(problem.message for problem in self.errors) or _beginning(response)}")


class Line:
    """The way to Amazon for one account on one marketplace. Threads may share it. `transport` replaces the network in tests."""

    def __init__(self, access: Access, transport: httpx.BaseTransport | None = None) -> None:
        missing = [name for name in CREDENTIALS if not access.credentials.get(name)]
        if missing:
            raise NotAuthorised(f"{access.account}: credentials lack {', '.join(missing)}")
        self.account, self.seller_id = access.account, access.seller_id
        self.marketplace_id, self.locale = access.site.ids["marketplace"], access.site.locale
        self._turn = Turn(access, rates_of("amazon"))
        self._tokens = _tokens_for(access, transport)
        place = types.SimpleNamespace(endpoint=access.endpoint("api"), marketplace_id=self.marketplace_id, region=access.site.ids["region"])
        self._sdk = _Listings(
            marketplace=place,
            credentials={name: access.credentials[name] for name in CREDENTIALS},
            credential_providers=(FromCodeCredentialProvider,),  # nothing from the environment or from files
            auth_token_client_class=self._tokens,
            timeout=TIMEOUT,
        )
        self._http, self._loopback = _http(access, transport), access.allow_loopback
        self._sdk._transport = _Capped(self._http, access.site.limits["answer_bytes"])

    def request(
        self,
        operation: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Payload | None = None,
        *,
        writing: bool = False,
        missing_is_none: bool = False,
    ) -> Payload | None:
        """One call by path, with exactly this query (lists as csv) and this body: the SDK's own methods would add stray keys to both."""
        send = lambda: self._sdk._request(path, data=None if body is None else dict(body), params={"method": method, **query}, add_marketplace=False)  # noqa: E731
        return self.call(operation, send, writing=writing, missing_is_none=missing_is_none)

    def call(self, operation: str, send: Callable[[], ApiResponse], *, writing: bool = False, missing_is_none: bool = False) -> Payload | None:
        """Every call to Amazon goes through here, when it is its turn. A refused token is forgotten and the call made once more."""
        pace = f"{self.account} {operation}"
        for last in (False, True):
            self._turn.take(operation)
            try:
                response = send()
                payload: Payload = response.payload
            except Answer as answer:
                if answer.status == 429:
                    self._turn.refused(operation, answer.wait)
                if answer.status == 404 and missing_is_none:
                    PACE.fine(pace)
                    return None
                if answer.status in (401, 403) and not last:
                    self._tokens.forget()
                    continue
                raise _as_error(answer, self.account, operation, writing, pace) from answer
            except IntegrationError:
                raise
            except httpx.HTTPError as error:
                raise _as_error(error, self.account, operation, writing, pace) from error
            PACE.fine(pace)
            self._turn.told(operation, response.headers.get("x-amzn-RateLimit-Limit"))
            return payload
        raise AssertionError("unreachable")

    def download(self, url: str, limit: int, *, packed: bool = False) -> bytes:
        """The bytes behind a presigned address, gunzipped where `packed`; TryLater for anything but all of them, Refused for more than `limit` bytes.

        No token goes with it, no redirect is followed, and our timeouts hold: the SDK's own client for this waits five seconds.
        """
        body, unpack = bytearray(), zlib.decompressobj(wbits=31) if packed else None
        try:
            with self._http.stream("GET", self._presigned(url), headers={"accept-encoding": "identity"}) as answer:
                if answer.status_code != 200:
                    raise TryLater(PACE.slower(f"{self.account} document"), f"{self.account}: a document's address answered HTTP {answer.status_code}")
                for part in answer.iter_bytes():
                    body += unpack.decompress(part, limit + 1) if unpack else part
                    if len(body) > limit:
                        raise Refused(f"{self.account}: a document of more than {limit} bytes")
        except (httpx.HTTPError, zlib.error) as error:
            raise TryLater(PACE.slower(f"{self.account} document"), f"{self.account}: a document's address: {type(error).__name__}") from None
        if unpack is not None and not unpack.eof:
            raise TryLater(PACE.slower(f"{self.account} document"), f"{self.account}: a packed document was cut short")
        PACE.fine(f"{self.account} document")
        return bytes(body)

    def upload(self, url: str, data: bytes, content_type: str) -> None:
        """Put the bytes behind a presigned address; TryLater when they may not be there: nothing happens outside before they are named in a feed."""
        try:
            answer = self._http.put(self._presigned(url), content=data, headers={"content-type": content_type})
        except httpx.HTTPError as error:
            raise TryLater(PACE.slower(f"{self.account} document"), f"{self.account}: upload: {type(error).__name__}") from None
        if answer.status_code != 200:
            raise TryLater(PACE.slower(f"{self.account} document"), f"{self.account}: upload answered HTTP {answer.status_code}")
        PACE.fine(f"{self.account} document")

    def _presigned(self, url: str) -> str:
        address = urlsplit(url)
        if address.scheme == "https" or (self._loopback and address.scheme == "http" and address.hostname in ("127.0.0.1", "localhost", "::1")):
            return url
        raise Refused(f"{self.account}: a document's address that is not https: {address.scheme}://{address.netloc}")


class _Listings(ListingsItemsV20210801):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's client, which no longer mistakes a bad answer for success."""

    @property
    def headers(self) -> dict[str, str]:
        """The parent's, with a Host header that is right for http endpoints too (it cuts eight characters off whatever it is given)."""
        return {**super().headers, "host": urlsplit(self.endpoint).netloc}

    def _check_response(self, res: httpx.Response, *args: object, **kwargs: object) -> ApiResponse:
        """The JSON object of a 2xx answer as payload, untouched (the parent moves `pagination` out of it); anything else raises Answer."""
        try:
            body = res.json()
        except ValueError:
            body = None
        if not 200 <= res.status_code < 300 or not isinstance(body, dict) or not body or body.get("errors"):
            raise Answer(res)
        return ApiResponse(payload=body, headers=res.headers)


class _Capped(HttpxTransport):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's transport, which reads no answer beyond a limit; httpx.ReadError for a longer one."""

    def __init__(self, client: httpx.Client, limit: int) -> None:
        super().__init__(client=client)
        self._within, self._limit = client, limit

    def request(self, method: str, url: str, **named: Any) -> httpx.Response:
        body = bytearray()
        with self._within.stream(method, url, **named) as answer:
            for part in answer.iter_bytes():
                body += part
                if len(body) > self._limit:
                    raise httpx.ReadError(f"an answer of more than {self._limit} bytes", request=answer.request)
        headers = [(name, value) for name, value in answer.headers.items() if name not in ("content-encoding", "content-length", "transfer-encoding")]
        return httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=answer.request)


def _tokens_for(access: Access, transport: httpx.BaseTransport | None) -> Any:
    """An SDK token client for this account: its own token address, our locked cache, our timeout (the SDK's stays at 5 s)."""
    address = urlsplit(access.endpoint("token"))
    key = identity("amazon", access.endpoint("token"), *(access.credentials[name] for name in CREDENTIALS))

    class Tokens(AccessTokenClient):  # type: ignore[misc]  # the SDK carries no types
        scheme, host, path = f"{address.scheme}://", address.netloc, address.path
        held = ""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._transport = _Capped(_http(access, transport), access.site.limits["answer_bytes"])

        def get_auth(self) -> AccessTokenResponse:
            Tokens.held = TOKENS.get(key, self._refresh)
            return AccessTokenResponse(access_token=Tokens.held)

        @staticmethod
        def forget() -> None:
            TOKENS.forget(key, Tokens.held)

        def _refresh(self) -> Token:
            return _refreshed(access.account, lambda: self._request(self.scheme + self.host + self.path, self.data, self.headers))

    return Tokens


def _http(access: Access, transport: httpx.BaseTransport | None) -> httpx.Client:
    """The transport given, or this process's shared connections: a connector lives for one job, and would leave its sockets behind."""
    if transport is not None:
        return httpx.Client(transport=transport, timeout=TIMEOUT)
    return _shared(not access.allow_loopback)


@cache
def _shared(environment: bool) -> httpx.Client:
    """One pool for accounts that heed the environment's proxy, one for practice accounts: a proxy cannot reach this machine's own marketplace."""
    client = httpx.Client(timeout=TIMEOUT, trust_env=environment)
    atexit.register(client.close)
    return client


def _refreshed(account: str, ask: Callable[[], Mapping[str, Any]]) -> Token:
    """A new access token; NotAuthorised when Amazon refuses the credentials, TryLater for everything that is not about them."""
    try:
        answer = ask()
        return Token(str(answer["access_token"]), float(answer.get("expires_in") or 3600))
    except AuthorizationError as error:
        if error.status_code == 429 or error.status_code >= 500:
            raise TryLater(PACE.slower(f"{account} token", 30), f"{account}: token service answered HTTP {error.status_code}") from None
        raise NotAuthorised(f"{account}: Amazon refused the credentials: {error.error_code}: {error.message}") from None
    except httpx.HTTPError as error:
        raise TryLater(PACE.slower(f"{account} token", 30), f"{account}: token service: {type(error).__name__}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TryLater(PACE.slower(f"{account} token", 30), f"{account}: token service gave no token") from None


def _as_error(error: Answer | httpx.HTTPError, account: str, operation: str, writing: bool, pace: str) -> IntegrationError:
    """The one place where Amazon's answers become ours.

    A 500, 502 or 503 is repeated without reading back: PATCH replaces and PUT replaces, so a second one cannot do harm. A 504 or a lost
    connection after sending is unknown.
    """
    about = f"{account} {operation}: "
    if not isinstance(error, Answer):
        if writing and not isinstance(error, _BEFORE_SENDING):
            return OutcomeUnknown(f"{about}{type(error).__name__} after the request was sent")
        return TryLater(PACE.slower(pace), f"{about}{type(error).__name__}")
    if error.status in (401, 403):
        return NotAuthorised(f"{about}{error}")
    if writing and (error.status == 504 or 200 <= error.status < 300):
        return OutcomeUnknown(f"{about}{error}")
    if error.status in (408, 425, 429) or error.status >= 500 or error.status < 400:
        return TryLater(PACE.slower(pace, error.wait), f"{about}{error}")
    return Refused(f"{about}{error}", error.errors)


def _errors(response: httpx.Response) -> tuple[Problem, ...]:
    """Amazon's errors wherever they are: `errors` as a list or one object, or a bare list (the sandbox)."""
    try:
        body = response.json()
    except ValueError:
        return ()
    found = body.get("errors") if isinstance(body, dict) else body
    entries = found if isinstance(found, list) else [found]
    said = [(str(entry.get("code") or response.status_code), str(entry.get("message") or "")) for entry in entries if isinstance(entry, dict)]
    return tuple(Problem(code, message, refusal_reason(message)) for code, message in said)


def _beginning(response: httpx.Response) -> str:
    return " ".join(response.text[:200].split()) or "empty answer"
