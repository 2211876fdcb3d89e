"""Shop's calls, and the one seam that turns each answer into one of the four errors."""

from typing import Any

import requests

from integrations import Access, NotAuthorised, OutcomeUnknown, Problem, Refused, TryLater
from integrations.guard import capped
from integrations.pace import PACE, retry_after
from integrations.tokens import TOKENS, Token, identity

TIMEOUT = (5, 30)
BEFORE_SENDING = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError)


class Client:
    """One account's calls. Threads may share it."""

    def __init__(self, access: Access) -> None:
        if not access.credentials.get("key"):
            raise NotAuthorised(f"{access.account}: credentials lack key")
        self._access, self._base = access, access.endpoint("api")
        self._token = identity("shop", self._base, access.credentials["key"])

    def call(self, name: str, method: str, path: str, *, writing: bool = False, **body: Any) -> dict[str, Any]:
        """The JSON object that was answered. A refused token is forgotten and the call made once more."""
        for last in (False, True):
            token = TOKENS.get(self._token, self._refresh)
            answer = self._send(name, method, path, writing, headers={"Authorization": f"Bearer {token}"}, **body)
            if answer is not None:
                return answer
            TOKENS.forget(self._token, token)
            if last:
                raise NotAuthorised(f"{self._access.account} {name}: a fresh token was refused")
        raise AssertionError("unreachable")

    def _refresh(self) -> Token:
        answer = self._send("token", "POST", "token", False, json={"key": self._access.credentials["key"]})
        if answer is None:
            raise NotAuthorised(f"{self._access.account}: the key was refused")
        if not isinstance(answer.get("token"), str) or not isinstance(answer.get("expires_in"), int | float):
            raise TryLater(30, f"{self._access.account}: the token service gave no token")
        return Token(answer["token"], answer["expires_in"])

    def _send(self, name: str, method: str, path: str, writing: bool, **request: Any) -> dict[str, Any] | None:
        """The answer; None for a refused token."""
        about = pace = f"{self._access.account} {name}"
        try:
            with capped(requests.Session(), self._access.site.limits["answer_bytes"]) as session:
                session.trust_env = not self._access.allow_loopback
                answer = session.request(method, f"{self._base}/{path}", timeout=TIMEOUT, allow_redirects=False, **request)
                read = answer.json()
        except requests.exceptions.JSONDecodeError:
            read = None
        except requests.RequestException as error:
            if writing and not isinstance(error, BEFORE_SENDING):
                raise OutcomeUnknown(f"{about}: {type(error).__name__} after the request was sent") from None
            raise TryLater(PACE.slower(pace), f"{about}: {type(error).__name__}") from None
        if answer.status_code == 401:
            return None
        if answer.status_code == 422 and isinstance(read, dict):
            raise Refused(f"{about}: {read.get('error')}", (Problem("shop", str(read.get("error"))),))
        if answer.status_code != 200 or not isinstance(read, dict):
            if writing and answer.status_code in (200, 504):
                raise OutcomeUnknown(f"{about}: answered HTTP {answer.status_code} without an object")
            raise TryLater(PACE.slower(pace, retry_after(answer.headers.get("Retry-After"))), f"{about}: answered HTTP {answer.status_code}")
        PACE.fine(pace)
        return read
