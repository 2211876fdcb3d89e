"""The only importer of ebaysdk: the Trading API, with OAuth, and one seam (`EbayClient._call`) that turns every answer and exception into our errors.

ebaysdk 2.2.0 ignores https=False, dies on HTML answers, does not escape list members, takes the token along to wherever it is redirected, writes it
into its log at DEBUG, heeds no HTTPS_PROXY, and is not thread-safe; `Trading` and `clean` mend the others and one instance a call the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests
import urllib3
from ebaysdk.exception import EbaySDKError
from ebaysdk.trading import Connection

from integrations.ebay.words import clean, entry_for, problems_of
from integrations.errors import IntegrationError, NotAuthorised, OutcomeUnknown, Problem, Refused, TryLater
from integrations.guard import TooMuch, capped
from integrations.marketplace import Access
from integrations.pace import PACE, retry_after
from integrations.rates import Turn, rates_of
from integrations.tokens import TOKENS, Token, identity

__all__ = ["EbayClient", "Failure", "Reply", "TooLong", "object_in"]

Reply = dict[str, Any]
T = TypeVar("T")

CREDENTIALS = ("client_id", "client_secret", "refresh_token")
SCOPE = "https://api.ebay.com/oauth/api_scope/sell.inventory"
APPLICATION_SCOPE = "https://api.ebay.com/oauth/api_scope"  # what needs no seller: the Taxonomy API
COMPATIBILITY = "1421"  # Trading versions 1421-1487 are in use; reference: WSDL 1487
TIMEOUT = (5, 60)
_SLOW_READS = {"GetSellerEvents": (5, 130)}  # knowledge base 1313: more than 120 s


class Trading(Connection):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's connection, mended. One instance a call: a shared one mixes up replies."""

    response: Any  # of requests, then the SDK's own around it

    def __init__(self, endpoint: str, token: str, session: requests.Session, site: str, timeout: tuple[int, int] = TIMEOUT) -> None:
        self._endpoint = endpoint
        # no search for ebay.yaml; None in an id makes an invalid header; warnings=True calls the deprecated log.warn;
        # errors=False: eBay's refusals are judged by us, not raised and logged at ERROR even where they are expected
        super().__init__(
            config_file=None,
            iaf_token=token,
            siteid=site,
            compatibility=COMPATIBILITY,
            appid="",
            devid="",
            certid="",
            timeout=timeout,
            warnings=False,
            errors=False,
        )
        self.session = session

    def build_request_url(self, verb: str) -> str:
        """The whole address as given: the way round the ignored https=False."""
        return self._endpoint

    def execute_request(self) -> None:
        """As the parent's, but no redirect is followed, the environment's proxies and certificates hold as far as the session heeds them, and no header,
        the token among them, is written to a log."""
        environment = self.session.merge_environment_settings(self.request.url, {}, None, None, None)
        self.response = self.session.send(self.request, timeout=self.timeout, allow_redirects=False, **environment)

    def _get_resp_body_errors(self) -> list[str]:
        if not self.response.reply.has_key("Ack"):
            return [f"not an eBay answer, HTTP {self.response.status_code}: {_beginning(self.response.content)}"]
        errors: list[str] = super()._get_resp_body_errors()
        return errors


class Failure(Refused):
    """Ack=Failure, or a REST error: eBay's own answer. A Refused like any other unless the caller knows better (`says`)."""

    def __init__(self, about: str, reply: Reply) -> None:
        self.reply = reply
        problems = tuple(problem for problem, severity in problems_of(reply) if severity != "Warning")
        super().__init__(f"{about}: " + ("; ".join(f"{problem.message} ({problem.code})" for problem in problems) or "failed without a reason"), problems)
        self.args = (about, reply)

    def says(self, then: str) -> bool:
        """Whether one of its codes has this consequence in codes.yaml."""
        return any(entry_for(problem.code).get("then") == then for problem in self.issues)

    def delay(self) -> float:
        """Seconds to wait at least, by codes.yaml."""
        return max((float(entry_for(problem.code).get("delay", 0)) for problem in self.issues), default=0.0)


class TooLong(TryLater):
    """A read whose answer is longer than we take: it will be again, unless less is asked for."""


class NotAnAnswer(Exception):
    """HTML, an empty body, a proxy's page: anything that is not eBay's own answer."""

    def __init__(self, status: int, beginning: str, wait: float = 0.0) -> None:
        super().__init__(f"not an eBay answer, HTTP {status}: {beginning}")
        self.status, self.wait = status, wait


class EbayClient:
    """Calls for one account. Replies are plain dicts of text, as the XML has them. Threads may share it."""

    def __init__(self, access: Access) -> None:
        missing = [name for name in CREDENTIALS if not access.credentials.get(name)]
        if missing:
            raise NotAuthorised(f"{access.account}: credentials lack {', '.join(missing)}")
        self.access, self.account = access, access.account
        self._turn = Turn(access, rates_of("ebay"))
        self._key = identity("ebay", access.endpoint("token"), *(access.credentials[name] for name in CREDENTIALS))
        self._application_key = identity("ebay application", access.endpoint("token"), *(access.credentials[name] for name in CREDENTIALS[:2]))

    def trading(self, verb: str, data: Mapping[str, Any], *, writing: bool = False, share: float = 1.0) -> tuple[Reply, tuple[Problem, ...]]:
        """One Trading call, if not more than `share` (0..1) of the day's calls are used: the reply and its warnings.

        Raises Failure for an answer that only the caller can judge, our errors otherwise.
        """

        def send(token: str) -> tuple[Reply, tuple[Problem, ...]]:
            timeout = _SLOW_READS.get(verb, TIMEOUT)
            connection = Trading(self.access.endpoint("trading"), token, self._session(retries=3), self.access.site.ids["site"], timeout)
            return _execute(connection, verb, data, f"{self.account} {verb}")

        return self._call(("trading", verb), send, writing=writing, share=share)

    def rest(self, operation: str, method: str, url: str, *, application: bool = False, **request: Any) -> requests.Response:
        """One REST call that may be repeated without harm; its answer if that is a success. `application`: in our own name, not the seller's."""

        def send(token: str) -> requests.Response:
            with self._session() as session:
                response = session.request(method, url, auth=_Bearer(token), timeout=TIMEOUT, allow_redirects=False, **request)
            if 200 <= response.status_code < 300:
                return response
            if response.status_code == 401:
                raise Failure(operation, {"Errors": {"ErrorCode": "931", "LongMessage": "access token refused"}})
            problems = _rest_problems(response)
            if not problems or response.status_code == 429 or response.status_code >= 500:
                raise NotAnAnswer(response.status_code, _beginning(response.content), retry_after(response.headers.get("Retry-After")))
            raise Failure(f"{self.account} {operation}", {"Errors": problems})

        return self._call((operation,), send, application=application)

    def _call(self, counted: tuple[str, ...], send: Callable[[str], T], *, writing: bool = False, share: float = 1.0, application: bool = False) -> T:
        """Every call to eBay goes through here, when it is its turn in each bucket it counts in, its own the last. A refused token is
        forgotten and the call made once more."""
        operation = counted[-1]
        key, refresh = (self._application_key, self._refresh_application) if application else (self._key, self._refresh)
        pace = f"{self.account} {operation}"
        for last in (False, True):
            for bucket in reversed(counted):  # its own first: a call that is held back uses up nothing of the day
                self._turn.take(bucket, share)
            token = TOKENS.get(key, refresh)
            try:
                result = send(token)
            except Failure as failure:
                if failure.says("token") and not last:
                    TOKENS.forget(key, token)
                    continue
                if failure.says("slower"):
                    self._turn.refused(operation)
                if failure.says("used-up"):
                    self._turn.paused(operation, failure.delay())
                raise _of_failure(failure, pace) from None
            except (NotAnAnswer, requests.RequestException) as error:
                if isinstance(error, NotAnAnswer) and error.status == 429:
                    self._turn.refused(operation, error.wait)
                raise _of_weather(error, f"{self.account} {operation}: ", writing, pace) from error
            PACE.fine(pace)
            return result
        raise AssertionError("unreachable")

    def _refresh(self) -> Token:
        return self._granted({"grant_type": "refresh_token", "refresh_token": self.access.credentials["refresh_token"], "scope": SCOPE})

    def _refresh_application(self) -> Token:
        return self._granted({"grant_type": "client_credentials", "scope": APPLICATION_SCOPE})

    def _granted(self, form: Mapping[str, str]) -> Token:
        """A new access token; NotAuthorised when eBay refuses the credentials, TryLater for everything that is not about them."""
        credentials, pace = self.access.credentials, f"{self.account} token"
        try:
            with self._session() as session:
                response = session.post(
                    self.access.endpoint("token"),
                    data=form,
                    auth=(credentials["client_id"], credentials["client_secret"]),
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
            answer = response.json()
        except requests.RequestException as error:  # JSONDecodeError of requests is one too
            raise TryLater(PACE.slower(pace, 30), f"{self.account}: token service: {type(error).__name__}") from None
        if response.status_code == 200 and isinstance(answer, dict) and answer.get("access_token"):
            return Token(str(answer["access_token"]), float(answer.get("expires_in") or 7200))
        if response.status_code in (400, 401, 403) and isinstance(answer, dict):
            raise NotAuthorised(f"{self.account}: eBay refused the credentials: {answer.get('error')}: {answer.get('error_description')}")
        raise TryLater(PACE.slower(pace, 30), f"{self.account}: token service answered HTTP {response.status_code}")

    def _session(self, retries: int = 0) -> requests.Session:
        session = capped(requests.Session(), self.access.site.limits["answer_bytes"], retries)
        session.trust_env = not self.access.allow_loopback  # a proxy of the environment cannot reach this machine's practice marketplace
        return session


class _Bearer(requests.auth.AuthBase):
    """Given as auth, so that a netrc entry cannot replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _execute(connection: Trading, verb: str, data: Mapping[str, Any], about: str) -> tuple[Reply, tuple[Problem, ...]]:
    try:
        connection.execute(verb, clean(data))
    except (EbaySDKError, AttributeError, TypeError) as error:  # the last two: an answer of the right name without content
        if connection.response is None:
            raise NotAnAnswer(0, type(error).__name__) from error
    status = int(connection.response.status_code)
    reply = connection.response.dict() if hasattr(connection.response, "dict") else None
    acknowledged = reply.get("Ack") if isinstance(reply, dict) else None
    if acknowledged == "Failure":
        raise Failure(about, reply or {})
    if acknowledged not in ("Success", "Warning", "PartialFailure") or reply is None:
        raise NotAnAnswer(status, _beginning(connection.response.content), retry_after(connection.response.headers.get("Retry-After")))
    return reply, tuple(problem for problem, _ in problems_of(reply))


def _of_failure(failure: Failure, pace: str) -> IntegrationError:
    """eBay's own refusal: by codes.yaml, unknown code = Refused with their words."""
    if failure.says("token"):
        return NotAuthorised(failure.message)
    if any(failure.says(then) for then in ("later", "slower", "used-up")):
        return TryLater(PACE.slower(pace, failure.delay()), failure.message)
    return failure


def _of_weather(error: NotAnAnswer | requests.RequestException, about: str, writing: bool, pace: str) -> IntegrationError:
    """Everything that is not eBay's own answer.

    A redirect, 429 and 5xx are repeated, as every write carries an idempotency key; a 504, and silence after sending, are unknown.
    """
    if isinstance(error, NotAnAnswer):
        if writing and (error.status == 504 or error.status < 300):
            return OutcomeUnknown(f"{about}{error}")
        return TryLater(PACE.slower(pace, error.wait), f"{about}{error}")
    if writing and not _before_sending(error):
        return OutcomeUnknown(f"{about}{type(error).__name__} after the request was sent")
    if error.args and isinstance(error.args[0], TooMuch):
        return TooLong(PACE.slower(pace), f"{about}{error}")
    return TryLater(PACE.slower(pace), f"{about}{type(error).__name__}")


def _before_sending(error: requests.RequestException) -> bool:
    """No connection was made, so nothing was sent. A connection cut later is the same class in requests, told apart by its cause."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, urllib3.exceptions.NewConnectionError | urllib3.exceptions.NameResolutionError)


def _rest_problems(response: requests.Response) -> list[dict[str, str]]:
    """A REST error body in the shape of Trading's Errors."""
    return [
        {"ErrorCode": str(error.get("errorId", "")), "LongMessage": str(error.get("longMessage") or error.get("message") or "")}
        for error in object_in(response).get("errors") or []
        if isinstance(error, dict)
    ]


def object_in(response: requests.Response) -> dict[str, Any]:
    """The JSON object of an answer; empty for anything else."""
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _beginning(content: bytes | None) -> str:
    return " ".join((content or b"")[:120].decode("utf-8", "replace").split()) or "empty answer"
