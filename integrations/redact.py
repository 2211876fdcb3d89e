"""No token reaches a log: both SDKs print theirs at DEBUG, so what they log is cleaned before any handler sees it."""

from __future__ import annotations

import logging
import re

__all__ = ["SDK_LOGGERS", "RedactingFilter", "guard", "redact"]

# A filter on a logger sees only that logger's own records, not its children's: hence each by name.
SDK_LOGGERS = (
    "sp_api.base.client",
    "sp_api.auth.access_token_client",
    "sp_api.base.helpers",
    "ebaysdk",
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "requests",
    "urllib3.connectionpool",
)

_HIDDEN = "[redacted]"
_NAMES = (
    r"access_token|refresh_token|client_secret|lwa_client_secret|restricted_data_token|ebayauthtoken"
    r"|x-amz-access-token|x-ebay-api-iaf-token|x-ebay-api-cert-name"
)
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"((?:authorization|proxy-authorization)['\"]?\s*[:=,]\s*(?:b(?=['\"]))?['\"]?)(?:(?:bearer|basic)\s+)?[^\s'\",;)}\]]+", rf"\1{_HIDDEN}"),
        (r"\b(bearer|basic)\s+[A-Za-z0-9+/=._|#^~%-]{8,}", rf"\1 {_HIDDEN}"),
        (rf"((?:{_NAMES})['\"]?\s*[:=,]\s*(?:b(?=['\"]))?['\"]?)[^\s'\",;&<)}}\]]+", rf"\1{_HIDDEN}"),
        (rf"(<(?:{_NAMES})[^>]*>)[^<]+", rf"\1{_HIDDEN}"),
        (r"((?:X-Amz-(?:Signature|Credential|Security-Token)|[?&]Signature)=)[^\s&'\"<>]+", rf"\1{_HIDDEN}"),  # addresses that let whoever knows them in
        (r"\bAtz[ar]\|[A-Za-z0-9+/=._|-]+", _HIDDEN),  # Amazon's access and refresh tokens
        (r"\bv\^1\.1#[^\s'\"<&]+", _HIDDEN),  # eBay's
        (r"(?<![A-Za-z0-9])pk_[A-Za-z0-9_-]{32,}", _HIDDEN),  # our own API keys; names of database constraints begin so too, and are shorter
        (r"(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=_-]{8,}", _HIDDEN),  # secrets of webhooks
    )
)


def redact(text: str) -> str:
    """The text without tokens, secrets and authorisation headers; everything else is left as it is."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFilter(logging.Filter):
    """Cleans a record in place; put it on handlers to cover every logger. Never drops a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record's message (and a traceback already rendered) is cleaned."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a wrong format string is the handler's to report
            return True
        record.msg, record.args = redact(message), ()
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


_GUARD = RedactingFilter()


def guard() -> None:
    """Put the filter on the SDKs' own loggers; may be called any number of times. Done at import, so before any SDK is."""
    for name in SDK_LOGGERS:
        logging.getLogger(name).addFilter(_GUARD)


guard()
