"""Amazon as a script: tokens, and answers by call; everything asked is kept."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from integrations.amazon.client import AmazonClient
from tests.integrations.accounts import access

ACCEPTED = {"sku": "S", "status": "ACCEPTED", "submissionId": "sub-1", "issues": []}
LISTED = {"sku": "S", "summaries": [{"marketplaceId": "A1F83G8C2ARO7P", "asin": "B000000001", "productType": "WATCH", "status": ["BUYABLE"]}]}


class Wire:
    """Answers by method, or by method and the beginning of a path (the longest that fits), in turn; the last one stays."""

    def __init__(self, answers: dict[str, Any] | None = None, **by_method: Any) -> None:
        self.answers = {name: list(value) if isinstance(value, list) else [value] for name, value in {**(answers or {}), **by_method}.items()}
        self.seen: list[httpx.Request] = []
        self.tokens = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"access-{self.tokens}", "expires_in": 3600, "token_type": "bearer"})
        self.seen.append(request)
        fitting = [name for name in self.answers if name == request.method or f"{request.method} {request.url.path}".startswith(name)]
        if not fitting:
            raise AssertionError(f"nothing was scripted for {request.method} {request.url}")
        queue = self.answers[max(fitting, key=len)]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    def bodies(self, method: str) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.seen if request.method == method]

    def asked(self, method: str, start: str = "") -> list[httpx.Request]:
        return [request for request in self.seen if request.method == method and request.url.path.startswith(start)]


def client(wire: Wire, **changes: Any) -> AmazonClient:
    return AmazonClient(access(**changes), wire.transport)


def calls(of: AmazonClient) -> dict[str, Callable[[], object]]:
    return {"GET": lambda: of.get("S", "summaries"), "PATCH": lambda: of.patch("S", {"productType": "P", "patches": []}), "PUT": lambda: of.put("S", {"a": 1})}
