"""The suppressed-listings report as a second opinion: asked for once a day, read when it is there, each SKU in it a hint that `status` confirms.

Its state travels in the cursor of `notices`, behind the time: `2026-11-23T11:58:00Z report=ID@asked`. Nothing that goes wrong with it
disturbs the notices: not every seller's application may read reports.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from integrations.amazon.client import AmazonClient
from integrations.errors import IntegrationError, TryLater
from integrations.marketplace import Ref

__all__ = ["REPORT", "Asked", "SecondOpinion", "joined", "split", "suppressed_of"]

REPORT = "GET_MERCHANTS_LISTINGS_FYP_REPORT"
EVERY = timedelta(days=1)
log = logging.getLogger(__name__)

_CURSOR = re.compile(r"(?P<since>\S*?)(?:\s+report=(?P<id>[^@\s]*)@(?P<at>\S+))?$")
_SKU, _ASIN = ("sku", "seller-sku", "merchant-sku"), ("asin", "asin1")


@dataclass(frozen=True)
class Asked:
    """A report that was asked for at a time (aware, UTC); `id` is empty once it was read or given up."""

    id: str
    at: datetime


def split(cursor: str | None) -> tuple[str, Asked | None]:
    """The time in a cursor and the report's state; ("", None) for none."""
    match = _CURSOR.match(cursor or "")
    if match is None:
        return cursor or "", None
    try:
        return match["since"], Asked(match["id"], datetime.fromisoformat(match["at"])) if match["at"] else None
    except ValueError:
        return match["since"], None


def joined(since: str, asked: Asked | None) -> str:
    """The cursor again."""
    return since if asked is None else f"{since} report={asked.id}@{asked.at.astimezone(UTC).isoformat(timespec='seconds')}"


def suppressed_of(data: bytes) -> tuple[Ref, ...]:
    """The listings named in the report: a table with tabs, whose columns are found by their heads. Empty where no column is a SKU.

    Heads are localised and the encoding is the marketplace's: UTF-8 where it reads as that, else Windows-1252.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    heads = [re.sub(r"[\s_]+", "-", head.strip().lower()) for head in next(rows, [])]
    sku, asin = _column(heads, _SKU), _column(heads, _ASIN)
    if sku is None:
        if heads:
            log.warning("the suppressed-listings report has no column for the SKU; it has %s", ", ".join(heads))
        return ()
    found = {}
    for row in rows:
        if len(row) > sku and row[sku].strip():
            known = row[asin].strip() if asin is not None and len(row) > asin else ""
            found[row[sku].strip()] = known or None
    return tuple(Ref(name, known) for name, known in found.items())


def _column(heads: list[str], names: tuple[str, ...]) -> int | None:
    """Where a column is: by its name, else (in another language) by the name inside its head."""
    exact = next((heads.index(name) for name in names if name in heads), None)
    return exact if exact is not None else next((at for at, head in enumerate(heads) if any(re.search(rf"\b{name}\b", head) for name in names)), None)


class SecondOpinion:
    """One step at each look: ask, wait, read."""

    def __init__(self, client: AmazonClient, now: Callable[[], datetime]) -> None:
        self._client, self._now = client, now

    def look(self, asked: Asked | None) -> tuple[tuple[Ref, ...], Asked | None]:
        """The report's listings if it has come, and the state to remember. Raises nothing."""
        now = self._now()
        try:
            if asked is None or now - asked.at >= EVERY:
                return (), Asked(self._client.ask_report(REPORT), now)
            if not asked.id:
                return (), asked
            report = self._client.report(asked.id)
            status = report.get("processingStatus")
            if status in ("IN_QUEUE", "IN_PROGRESS"):
                return (), asked
            document = report.get("reportDocumentId")
            refs = suppressed_of(self._client.report_document(str(document))) if status == "DONE" and document else ()
            return refs, Asked("", asked.at)
        except TryLater as error:
            log.info("no second opinion on suppressed listings yet: %s", error)
            return (), asked
        except (csv.Error, ValueError) as error:
            log.warning("the suppressed-listings report cannot be read: %s", error)
            return (), Asked("", now)
        except IntegrationError as error:  # no right to reports, or no such report any more: not before tomorrow
            log.warning("no second opinion on suppressed listings: %s", error)
            return (), Asked("", now)
