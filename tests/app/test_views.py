"""What people are shown: one word for both axes, counted by the database exactly as it is computed for one."""

from __future__ import annotations

import itertools
from collections import Counter

import sqlalchemy as sa

from app import views
from app.kit import Kit
from app.models import Account, Listing, Notice
from app.states import ListingState
from tests.app.factories import account, listing, product

KINDS = (None, "warning", "at_risk", "held", "suppressed", "removed")


def test_bars_count_every_combination_as_each_listing_is_shown(each_kit: Kit) -> None:
    kit = each_kit
    accounts = [
        account(kit, "ebay-uk:auto"),
        account(kit, "ebay-uk:ask", policy={"publish": "ask"}),
        account(kit, "ebay-uk:paused", paused="no token"),
    ]
    for on, state, kind, refused, let_through in itertools.product(accounts, ListingState, KINDS, (None, "p", "other"), (None, "p")):
        if kind in (None, "held") or state in (ListingState.LIVE, ListingState.TO_SEND):
            row = listing(kit, product(kit), on, state, wanted_print="p", refused_print=refused, confirmed_print=let_through)
            if kind is not None:
                _say(kit, row, kind, "X")
                _say(kit, row, "warning", "Y")

    with kit.db.reading() as session:
        expected: dict[str, Counter[str]] = {}
        for row, on in session.execute(sa.select(Listing, Account).join(Account)):
            notices = views.open_notices(session, [row.id]).get(row.id, [])
            expected.setdefault(on.key, Counter())[views.shown(row, notices, on).word] += 1
        bars = views.marketplace_bars(session)

    assert {key: Counter(bar) for key, bar in bars.items()} == expected
    assert next(iter(bars["ebay-uk:auto"])) == "removed", "the worst word comes first"


def test_every_word_has_a_tone_and_accepted_is_never_called_live() -> None:
    assert set(views.STATE_WORDS.values()) | set(views.NOTICE_WORDS.values()) <= set(views.TONES)
    assert [state for state, said in views.STATE_WORDS.items() if said == "live"] == [ListingState.LIVE]


def _say(kit: Kit, row: Listing, kind: str, code: str) -> None:
    with kit.db.writing() as session:
        session.add(Notice(listing_id=row.id, merchant_sku="x", code=code, kind=kind, message="m", positions=[], raw={}, black_box={}, begin=kit.now()))
