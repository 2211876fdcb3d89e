"""The suppressed-listings report as a second opinion, and notifications as hints."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from amzn_selling_partner.sdk.models.notifications.ListingsItemIssuesChangeNotification_2023_12_13 import (
    ListingsItemIssuesChangeNotification_2023_12_13 as IssuesChange,
)

from integrations import Ref
from integrations.amazon.hints import Hint, hint_of
from integrations.amazon.marketplace import Amazon
from integrations.amazon.reports import Asked, joined, split, suppressed_of
from integrations.practice import PracticeServer
from integrations.practice.store import Listing
from tests.integrations.accounts import AMAZON, access
from tests.integrations.amazon.wire import Wire

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEADS = "Status\tReason\tSKU\tASIN\tProduct name\tCondition\tStatus Change Date\tIssue Description"


@pytest.mark.parametrize("asked", [None, Asked("7", NOW), Asked("", NOW)])
def test_the_reports_state_travels_in_the_cursor(asked: Asked | None) -> None:
    assert split(joined("2026-11-23T11:58:00Z", asked)) == ("2026-11-23T11:58:00Z", asked)


@pytest.mark.parametrize(("cursor", "since"), [(None, ""), ("2026-11-23T11:58:00Z", "2026-11-23T11:58:00Z"), ("t report=7@never", "t")])
def test_cursors_of_before_are_understood(cursor: str | None, since: str) -> None:
    assert split(cursor) == (since, None)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (f"{HEADS}\r\nSearch Suppressed\tx\tA,1\tB01\tName\tnew\t2026\twords\r\n".encode(), (Ref("A,1", "B01"),)),
        (f"\ufeff{HEADS}\nx\tx\t A \t\t\t\t\t\n\nx\tx\tB\n".encode(), (Ref("A"), Ref("B"))),
        ('Zustand\tHändler-SKU\tASIN\nx\tgroß"e\tB02\n'.encode("cp1252"), (Ref('groß"e', "B02"),)),
        (b"seller-sku\tstatus\nA\tx\nA\ty\n", (Ref("A"),)),
        (b"Something\telse\nA\tB\n", ()),
        (b"", ()),
    ],
)
def test_the_report_is_read_by_its_heads_whatever_their_language_and_order(data: bytes, found: tuple[Ref, ...]) -> None:
    assert suppressed_of(data) == found
    assert [ref.external_id for ref in suppressed_of(data)] == [ref.external_id for ref in found]


def test_a_report_is_asked_for_once_a_day_waited_for_and_its_listings_are_hints() -> None:
    with PracticeServer() as practice:
        clock = [NOW]
        for sku in ("BARE", "OTHER"):
            practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku=sku, title="T")
        account = access(credentials={**AMAZON, "refresh_token": "practice-SELLER"}, endpoints=practice.amazon_endpoints(), allow_loopback=True)
        suppress(practice, "BARE")
        amazon = Amazon(account, now=lambda: clock[0])
        _, cursor = amazon.notices("2040-01-01T00:00:00Z")  # nothing has changed since: what comes is the report's
        waiting, cursor = amazon.notices(cursor.replace("2026-11-23T11:58:00Z", "2040-01-01T00:00:00Z"))
        practice.advance(61)

        hints, cursor = amazon.notices(cursor.replace("2026-11-23T11:58:00Z", "2040-01-01T00:00:00Z"))
        clock[0] += timedelta(hours=23)
        again, later = amazon.notices(cursor)
        clock[0] += timedelta(hours=2)
        _, next_day = amazon.notices(cursor)

        assert waiting == []
        assert [(hint.ref.merchant_sku, hint.notices) for hint in hints] == [("BARE", ())]
        assert hints[0].ref.external_id
        assert [hint.ref.merchant_sku for hint in again if hint.notices == ()] == []
        assert split(later)[1] == split(cursor)[1] == Asked("", NOW)
        assert split(next_day)[1] == Asked("2", clock[0])


def suppress(practice: PracticeServer, sku: str) -> None:
    with practice.world.store.write() as session:
        listing = session.query(Listing).filter(Listing.sku == sku).one()
        practice.world._complain(session, listing, "main", [practice.world.hidden.amazon.missing_main], None)


@pytest.mark.parametrize("answer", [httpx.Response(403, json={"errors": [{"code": "Unauthorized", "message": "no role"}]}), httpx.Response(400)])
def test_a_seller_whose_application_may_not_read_reports_is_not_disturbed_and_asked_for_once_a_day(answer: httpx.Response) -> None:
    wire, clock = Wire(GET={"numberOfResults": 0, "items": []}, POST=answer), [NOW]
    amazon = Amazon(access(), wire.transport, now=lambda: clock[0])
    cursor, asked = None, []

    for hours in (0, 1, 24, 1, 1):
        clock[0] += timedelta(hours=hours)
        before = len(wire.asked("POST"))
        found, cursor = amazon.notices(cursor)
        asked.append(len(wire.asked("POST")) > before)

    assert found == []
    assert asked == [True, False, True, False, False]


@pytest.mark.parametrize("answer", [httpx.ReadTimeout("slow"), httpx.Response(429), httpx.Response(503)])
def test_a_report_that_could_not_be_asked_for_just_now_is_asked_for_at_the_next_look(answer: Any) -> None:
    wire = Wire(GET={"numberOfResults": 0, "items": []}, POST=[answer, {"reportId": "7"}])
    amazon = Amazon(access(), wire.transport, now=lambda: NOW)

    _, first = amazon.notices(None)
    _, second = amazon.notices(first)

    assert (split(first)[1], split(second)[1]) == (None, Asked("7", NOW))


@pytest.mark.parametrize("status", ["CANCELLED", "FATAL"])
def test_a_report_that_comes_to_nothing_is_given_up_until_tomorrow(status: str) -> None:
    wire = Wire({"GET /listings": {"numberOfResults": 0, "items": []}, "GET /reports": {"processingStatus": status, "reportId": "7"}})

    found, cursor = Amazon(access(), wire.transport, now=lambda: NOW).notices(joined("2026-11-23T11:00:00Z", Asked("7", NOW)))

    assert (found, split(cursor)[1]) == ([], Asked("", NOW))


# notifications

ISSUES: dict[str, Any] = {
    "NotificationVersion": "1.0",
    "NotificationType": "LISTINGS_ITEM_ISSUES_CHANGE",
    "PayloadVersion": "2023-12-13",
    "EventTime": "2026-11-23T11:59:30.194Z",
    "Payload": {"SellerId": "SELLER", "MarketplaceId": "A1F83G8C2ARO7P", "Asin": "B01", "Sku": "W-1", "Severities": ["NONE"], "EnforcementActions": []},
    "NotificationMetadata": {"ApplicationId": "a", "SubscriptionId": "s", "PublishTime": "2026-11-23T11:59:31.194Z", "NotificationId": "n-1"},
}
HINT = Hint("n-1", "SELLER", "W-1", "B01", "A1F83G8C2ARO7P")


def test_a_notification_names_the_listing_to_look_at_as_it_is_or_brought_by_event_bridge() -> None:
    IssuesChange.model_validate(ISSUES)  # an independent model of Amazon's takes it

    assert hint_of(ISSUES) == HINT
    assert hint_of({"version": "0", "detail-type": "x", "detail": ISSUES}) == HINT


@pytest.mark.parametrize("kind", ["LISTINGS_ITEM_STATUS_CHANGE", "LISTINGS_ITEM_STATUS_CHANGED"])
def test_both_names_of_a_status_change_are_taken(kind: str) -> None:
    assert hint_of({**ISSUES, "NotificationType": kind}) == HINT


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        "text",
        {},
        {"detail": 5},
        {**ISSUES, "NotificationType": "ORDER_CHANGE"},
        {**ISSUES, "Payload": None},
        {**ISSUES, "Payload": {"SellerId": "S"}},
        {**ISSUES, "Payload": {"SellerId": "S", "Sku": 5}},
        {**ISSUES, "Payload": {"SellerId": "S", "Sku": "x" * 256}},
        {"notificationType": "FEED_PROCESSING_FINISHED", "payload": {}},
    ],
)
def test_anything_else_is_no_hint(message: Any) -> None:
    assert hint_of(message) is None


SPECS = Path(os.environ.get("AMAZON_SPECS", "no-such-folder")) / "schemas/notifications"


@pytest.mark.skipif(not SPECS.exists(), reason="Amazon's JSON schemas are not here")
@pytest.mark.parametrize("name", ["ListingsItemIssuesChangeNotification_2023-12-13", "ListingsItemStatusChangeNotification"])
def test_amazons_own_examples_are_understood(name: str) -> None:
    for example in json.loads((SPECS / f"{name}.json").read_text("utf-8"))["examples"]:
        found = hint_of(example)
        assert found is not None
        assert found.merchant_sku == "NLS-SHOES-03"
