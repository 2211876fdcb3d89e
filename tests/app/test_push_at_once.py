"""A feed and a job of `publish` that begin the same listing at the same moment: one push comes of it, on the database that lets them run side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import practice_endpoints
from app.kit import Kit
from app.models import Account, Listing, Push
from app.stages import feed, publish
from app.states import ListingState, PushState
from tests.app.factories import account, listing, product

pytestmark = pytest.mark.postgres
MANY = 2
BEFORE, AFTER = {"main": "0" * 64}, {"main": "1" * 64}


@pytest.fixture
def kit(request: pytest.FixtureRequest, make_kit: Callable[..., Kit]) -> Kit:
    return make_kit(request.getfixturevalue("migrated_postgres_url"), migrated=True)


@pytest.fixture
def on(kit: Kit) -> Account:
    made = account(kit, "amazon-uk:main", policy={"listing": {"feed_from": MANY}})
    with kit.db.writing() as session:
        row = session.get_one(Account, made.id)
        row.credentials = kit.box.seal({"lwa_app_id": "app", "lwa_client_secret": "secret", "refresh_token": "practice-S"})
        row.endpoints = dict(practice_endpoints("amazon", "http://127.0.0.1:1"))  # nobody is called
    return made


@pytest.fixture
def rows(kit: Kit, on: Account) -> list[Listing]:
    """Three live listings of which other pictures are wanted now."""
    made = []
    for number in range(3):
        sku = f"P-{number}"
        one = listing(
            kit,
            product(kit, sku),
            on,
            ListingState.TO_SEND,
            external_id=f"B0{number}",
            pushed={sku: BEFORE},
            pushed_print="before",
            wanted={sku: AFTER},
            wanted_print="after",
        )
        made.append(one)
        with kit.db.writing() as session:
            common = {"key": f"{number}" * 32, "fingerprint": "before", "content": {sku: BEFORE}, "creates": False, "at": kit.now()}
            session.add(Push(listing_id=one.id, number=1, state=PushState.ACCEPTED, **common))
    return made


def begun(kit: Kit) -> dict[int, int]:
    """Listing -> its pushes whose outcome is still to come."""
    with kit.db.reading() as session:
        open_now = sa.select(Push.listing_id, sa.func.count()).where(Push.state == PushState.SENDING).group_by(Push.listing_id)
        return dict(session.execute(open_now).all())


def impatient(session: Session) -> Session:
    """A session that fails where it would wait for ever."""
    session.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
    return session


def test_a_feed_leaves_out_what_publish_is_beginning(kit: Kit, on: Account, rows: list[Listing]) -> None:
    with kit.db.writing() as one:
        assert publish.gather(one, kit, str(rows[0].id)) is not None
        with kit.db.writing() as other:
            task = feed.gather(impatient(other), kit, str(on.id))

    assert isinstance(task, feed.Sending)
    assert begun(kit) == {row.id: 1 for row in rows}


def test_publish_begins_nothing_that_a_feed_has_taken_while_it_waited(kit: Kit, on: Account, rows: list[Listing]) -> None:
    tasks: list[Any] = []

    def begin() -> None:
        with kit.db.writing() as session:
            tasks.append(publish.gather(impatient(session), kit, str(rows[0].id)))

    job = threading.Thread(target=begin)
    with kit.db.writing() as session:
        assert isinstance(feed.gather(session, kit, str(on.id)), feed.Sending)
        job.start()
        until_somebody_waits(kit)
    job.join(20)

    assert tasks == [None]
    assert begun(kit) == {row.id: 1 for row in rows}


def until_somebody_waits(kit: Kit) -> None:
    """Returns once a transaction waits for another one's lock."""
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with kit.db.engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.005)
    raise AssertionError("nobody waits for the listing that the feed holds")
