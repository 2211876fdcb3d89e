"""More changes than one of Amazon's searches reaches: a poll goes on from where the search ended, and never stands still."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from integrations import SITES
from integrations.amazon.client import AmazonClient
from integrations.amazon.marketplace import Amazon
from integrations.amazon.sdk import Payload
from integrations.errors import Throttled
from integrations.practice import PracticeServer, amazon
from integrations.practice.config import HIDDEN
from integrations.practice.store import Notice
from tests.integrations.accounts import AMAZON, access

REACH = 40
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[PracticeServer]:
    """A practice Amazon whose searches reach forty listings instead of a thousand."""
    hidden = yaml.safe_load(HIDDEN.read_text("utf-8"))
    hidden["amazon"]["search"]["reach"] = REACH
    (tmp_path / "hidden.yaml").write_text(yaml.safe_dump(hidden), "utf-8")
    with PracticeServer(hidden=tmp_path / "hidden.yaml", now=NOW.timestamp()) as running:
        yield running


def connector(practice: PracticeServer, now: datetime = NOW) -> Amazon:
    site = dataclasses.replace(SITES["amazon-uk"], limits={**SITES["amazon-uk"].limits, "search_reach": REACH})
    account = access(credentials={**AMAZON, "refresh_token": "practice-SELLER"}, endpoints=practice.amazon_endpoints(), allow_loopback=True)
    return Amazon(dataclasses.replace(account, site=site), now=lambda: now)


def suppress(practice: PracticeServer, count: int, at: datetime, prefix: str) -> set[str]:
    """That many listings that were changed by a complaint at a moment."""
    complaint = practice.world.hidden.amazon.missing_main
    skus = {f"{prefix}-{number:03}" for number in range(count)}
    with practice.app.test_request_context("/"), practice.world.store.write() as session:
        for sku in sorted(skus):
            listing = amazon.new_listing(session, "amazon-uk", "SELLER", sku, "Title")
            listing.notices.append(
                Notice(
                    position="main", code=complaint.code, reason=complaint.reason, message=complaint.message, image_id=None, began=at.timestamp(),
                    complaint=complaint.model_dump(mode="json"),
                )
            )  # fmt: skip
            listing.updated = at.timestamp()
    return skus


def heard(practice: PracticeServer, polls: int, cursor: str | None = None) -> tuple[set[str], list[str]]:
    found, cursors = set[str](), []
    for _ in range(polls):
        hints, cursor = connector(practice).notices(cursor)
        found |= {hint.ref.merchant_sku for hint in hints}
        cursors.append(cursor.split()[0])
    return found, cursors


def test_more_changes_than_a_search_reaches_are_all_told_by_one_poll(practice: PracticeServer) -> None:
    skus = {sku for minute in range(4) for sku in suppress(practice, 25, NOW - timedelta(minutes=60 - minute), f"M{minute}")}

    found, cursors = heard(practice, 1)

    assert found == skus
    assert cursors == ["2026-11-23T11:58:00Z"], "it is read to the end, so the next poll overlaps by two minutes and no more"


def test_more_changes_within_the_overlap_than_a_search_reaches_do_not_stop_the_polls(practice: PracticeServer) -> None:
    """All within a few seconds of the cursor: where each poll went back two minutes from the last one read, it read the same ones for ever."""
    began = NOW - timedelta(minutes=30)
    skus = {sku for second in range(10) for sku in suppress(practice, 30, began + timedelta(seconds=second), f"S{second}")}

    found, cursors = heard(practice, 3, (began - timedelta(seconds=1)).isoformat().replace("+00:00", "Z"))

    assert found == skus
    assert cursors == sorted(cursors)
    assert cursors[-1] == "2026-11-23T11:58:00Z"


def test_more_changes_in_one_second_than_a_search_reaches_are_stepped_over_and_the_later_ones_told(practice: PracticeServer) -> None:
    moment = NOW - timedelta(minutes=30)
    suppress(practice, 2 * REACH, moment, "A")
    later = suppress(practice, 5, moment + timedelta(seconds=20), "B")

    found, cursors = heard(practice, 2)

    assert later <= found, "the rest of that second is left to the sweep; nothing after it is"
    assert cursors[-1] == "2026-11-23T11:58:00Z"


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_what_was_read_before_amazon_stopped_answering_is_told_and_the_next_poll_goes_on_from_there(
    practice: PracticeServer, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    """Several pages of changes in two searches; a poll that began anew each time would never come to the end of them."""
    skus = {sku for minute in range(6) for sku in suppress(practice, 10, NOW - timedelta(minutes=60 - minute), f"M{minute}")}
    search, answered = AmazonClient.search, list[Payload]()

    def away(client: AmazonClient, **query: str) -> Payload:
        if len(answered) == pages:
            raise Throttled(60, "the calls are used up")
        answered.append(search(client, **query))
        return answered[-1]

    with monkeypatch.context() as patch:
        patch.setattr(AmazonClient, "search", away)
        hints, cursor = connector(practice).notices(None)

    first = {hint.ref.merchant_sku for hint in hints}
    assert len(first) >= 20
    assert cursor.split()[0] < "2026-11-23T11:58:00Z"
    later, _ = heard(practice, 1, cursor)
    assert first | later == skus
    monkeypatch.setattr(AmazonClient, "search", away)
    with pytest.raises(Throttled):
        connector(practice).notices(cursor)
