"""Faults on order: a WSGI coat that spoils chosen calls before or after they take effect."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from waitress.channel import ClientDisconnected

Do = Literal[
    "empty_503", "html_502", "throttle_429", "timeout_before", "timeout_after", "drop_connection", "expire_token",
    "sibling_image",  # a read's answer shows another listing's main picture
    "drop_write",  # a write is accepted, and nothing comes of its pictures
    "swap",  # some time after a write somebody else changes its picture
    "late",  # a write's pictures are shown hours after they were accepted
    "exempt",  # what is found against a write's pictures is enforced only from a date on
]  # fmt: skip
FAULT = "practice.fault"  # the WSGI key under which a call learns that it is to go wrong from within
WITHIN = ("sibling_image", "drop_write", "swap", "late", "exempt")
ALIASES = {"503": "empty_503", "502": "html_502", "429": "throttle_429"}
QUOTA = {"code": "QuotaExceeded", "message": "You exceeded your quota for the requested resource.", "details": ""}
USED_UP = {
    "ShortMessage": "Call usage limit has been reached.",
    "LongMessage": "Your application has exceeded usage limit on this call.",
    "ErrorCode": 518,
    "SeverityCode": "Error",
}
TOO_FAST = {
    "ShortMessage": "Maximum call limit exceeded.",
    "LongMessage": "You have exceeded your maximum call limit of 1200 for 30 seconds. Try back after 30 seconds.",
    "ErrorCode": 21919144,
    "SeverityCode": "Error",
}
TOO_MANY = {  # eBay's REST shape of it, from memory
    "errorId": 2001,
    "domain": "ACCESS",
    "category": "REQUEST",
    "message": "Too many requests.",
    "longMessage": "Too many requests. The request limit has been reached for the resource.",
}
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

AMAZON = {"PUT": "putListingsItem", "PATCH": "patchListingsItem", "GET": "getListingsItem", "DELETE": "deleteListingsItem"}


class Fault(BaseModel):
    """Spoil the `nth` call (from 1) of the name `when` ("*" is every call), or a share `rate` of them, seeded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str
    do: Do
    nth: int | None = Field(default=None, ge=1)
    rate: float | None = Field(default=None, ge=0, le=1)
    hold: float = Field(default=1.0, ge=0, le=300)  # seconds that a timed-out connection is kept open before it is cut

    @model_validator(mode="before")
    @classmethod
    def _short_names(cls, read: Any) -> Any:
        if isinstance(read, dict):
            read = {**read, "do": ALIASES.get(str(read.get("do")), read.get("do"))}
        return read

    @model_validator(mode="after")
    def _one_trigger(self) -> "Fault":
        if (self.nth is None) == (self.rate is None):
            raise ValueError("exactly one of nth and rate")
        return self


def call_name(environ: dict[str, Any]) -> str:
    """The marketplace's own name of a call: patchListingsItem, AddFixedPriceItem, createImageFromFile, amazon.token, picture ...

    A write that only asks what would be said is `putListingsItem.preview`.
    """
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    if path.startswith("/ws/api.dll"):
        return str(environ.get("HTTP_X_EBAY_API_CALL_NAME", "unknown"))
    if path.startswith("/listings/"):
        single = path.removeprefix("/listings/2021-08-01/items/").count("/") > 0
        preview = ".preview" if "mode=VALIDATION_PREVIEW" in environ.get("QUERY_STRING", "") else ""
        return AMAZON.get(method, "unknown") + preview if single else "searchListingsItems"
    if path.startswith("/catalog/"):
        return "searchCatalogItems" if path.rstrip("/").endswith("/items") else "getCatalogItem"
    if path.startswith("/definitions/"):
        return "searchDefinitionsProductTypes" if path.rstrip("/").endswith("/productTypes") else "getDefinitionsProductType"
    if path.startswith(("/feeds/", "/reports/")):
        kind, part = ("Feed", path[7:]) if path.startswith("/feeds/") else ("Report", path[9:])
        return f"{'create' if method == 'POST' else 'get'}{kind}{'Document' if '/documents' in part else ''}"
    if path.startswith("/commerce/media/"):
        return "createImageFromFile" if method == "POST" else "getImage"
    if path.startswith("/commerce/taxonomy/"):
        first, *rest = str(path).rpartition("/")[2].split("_")
        return first + "".join(word.title() for word in rest)  # getItemAspectsForCategory
    if path.startswith("/sell/inventory/"):
        if "/inventory_item_group/" in path:
            return "getInventoryItemGroup"
        return "getOffers" if path.endswith("/offer") else "getInventoryItem" if method == "GET" else "createOrReplaceInventoryItem"
    for start, name in (
        ("/auth/", "amazon.token"),
        ("/identity/", "ebay.token"),
        ("/schemas/", "document"),
        ("/documents/", "document"),
        ("/images/", "picture"),
        ("/apps/", "consent"),
        ("/oauth2/", "consent"),
        ("/practice", "practice"),
    ):
        if path.startswith(start):
            return name
    return "unknown"


class Faults:
    """The WSGI coat. `practice` calls (witness and page) are never spoiled."""

    def __init__(self, inner: WsgiApp, faults: Sequence[Fault], seed: int, named: Callable[[dict[str, Any]], str] = call_name) -> None:
        self._inner, self._seed, self._named, self._lock = inner, seed, named, threading.Lock()
        self.set(faults)

    def set(self, faults: Sequence[Fault]) -> None:
        """Replace the orders; all counting begins again."""
        with self._lock:
            self._faults = list(faults)
            self._seen: Counter[str] = Counter()
            self._dice = [random.Random(f"{self._seed}/{index}") for index in range(len(self._faults))]  # noqa: S311 - repeatable on purpose
            self.struck: list[dict[str, Any]] = []

    def choose(self, name: str) -> Fault | None:
        """The fault for this call, the first that fits; every die is thrown, so that orders do not disturb each other."""
        with self._lock:
            self._seen[name] += 1
            self._seen["*"] += 1
            chosen = None
            for fault, die in zip(self._faults, self._dice, strict=True):
                if fault.when not in {name, "*"}:
                    continue
                hit = self._seen[fault.when] == fault.nth if fault.nth is not None else die.random() < (fault.rate or 0)
                chosen = fault if hit and chosen is None else chosen
            if chosen:
                self.struck.append({"call": name, "count": self._seen[name], "do": chosen.do})
            return chosen

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve, or spoil."""
        name = self._named(environ)
        fault = None if name == "practice" else self.choose(name)
        if fault is None:
            return self._inner(environ, start_response)
        if fault.do == "expire_token":
            environ["practice.expire_token"] = True
            return self._inner(environ, start_response)
        if fault.do in WITHIN:
            environ[FAULT], environ[f"{FAULT}.count"] = fault.do, len(self.struck)
            return self._inner(environ, start_response)
        if fault.do in {"timeout_before", "timeout_after", "drop_connection"}:
            if fault.do == "timeout_after":
                consumed = self._inner(environ, lambda *_: None)
                b"".join(consumed)
                getattr(consumed, "close", lambda: None)()
            if fault.do != "drop_connection":
                time.sleep(fault.hold)
            raise ClientDisconnected  # the server closes the connection without a byte
        status, kind, content = _canned(fault.do, name, environ.get("PATH_INFO", ""))
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(content)))])
        return [content]


def _canned(do: str, name: str, path: str) -> tuple[str, str, bytes]:
    if do == "empty_503":
        return "503 Service Unavailable", "text/plain", b""
    if do == "html_502":
        return "502 Bad Gateway", "text/html", b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    if name[0].isupper():  # Trading says its limits inside an ordinary answer
        from integrations.practice.ebay_xml import write

        return "200 OK", "text/xml", write(name, {"Ack": "Failure", "Errors": TOO_FAST})
    ebay = path.startswith(("/commerce/", "/sell/", "/identity/"))
    return "429 Too Many Requests", "application/json", json.dumps({"errors": [TOO_MANY if ebay else QUOTA]}).encode()
