"""What is kept for a while only goes when its time is over, and nothing else does."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from app import endpoints, images
from app.kit import Kit
from app.models import IdempotentAnswer, WebhookDelivery
from app.purge import ANSWERS, PREVIEWS, purge
from scheduler import House, jobs
from tests.app.conftest import Clock
from tests.shots import watch_photo


def answer(kit: Kit, key: str) -> None:
    with kit.db.writing() as session:
        session.add(IdempotentAnswer(who="api", key=key, request_sha256="0" * 64, status=201, body={}, at=kit.now()))


def test_answers_go_after_seven_days(kit: Kit, clock: Clock) -> None:
    answer(kit, "old")
    clock.advance(ANSWERS.total_seconds())
    answer(kit, "new")
    assert purge(kit)["answers"] == 0
    clock.advance(1)

    assert [purge(kit)["answers"], purge(kit)["answers"]] == [1, 0]
    with kit.db.reading() as session:
        assert list(session.scalars(sa.select(IdempotentAnswer.key))) == ["new"]


def test_what_was_noted_for_an_endpoint_while_it_was_removed_goes_and_what_waits_for_another_stays(kit: Kit) -> None:
    with kit.db.writing() as session:
        kept, _ = endpoints.add(session, kit, "https://shop.example/", (), "ann")
        for number in (kept.id, kept.id + 1):
            session.add(WebhookDelivery(endpoint_id=number, webhook_id="msg_1", body={}, at=kit.now(), due_at=kit.now()))

    assert [purge(kit)["told"], purge(kit)["told"]] == [1, 0]
    with kit.db.reading() as session:
        assert list(session.scalars(sa.select(WebhookDelivery.endpoint_id))) == [kept.id]


def age(path: Path, kit: Kit, by: timedelta) -> None:
    then = (kit.now() - by).timestamp()
    os.utime(path, (then, then))


def test_previews_go_after_thirty_days_and_are_made_again(kit: Kit) -> None:
    old, new = (kit.originals.put(watch_photo(seed=seed, size=(400, 300))) for seed in (1, 2))
    for key in (old, new):
        images.preview(kit, "photo", key, 160)
    [first] = (kit.settings.var / "previews").glob(f"*/{old}-*.jpg")
    [second] = (kit.settings.var / "previews").glob(f"*/{new}-*.jpg")
    half_made = first.with_suffix(".123-456")
    half_made.write_bytes(b"a process died here")
    age(first, kit, PREVIEWS + timedelta(seconds=1))
    age(half_made, kit, PREVIEWS + timedelta(seconds=1))
    age(second, kit, PREVIEWS - timedelta(seconds=1))

    assert purge(kit)["previews"] == 2
    assert (first.exists(), half_made.exists(), second.exists()) == (False, False, True)
    assert kit.originals.has(old)
    assert images.preview(kit, "photo", old, 160)


def test_the_job_runs_where_no_preview_was_ever_made(kit: Kit) -> None:
    jobs.clean_up(House(kit, "one"))

    assert jobs.clean_up in {job.run for job in jobs.JOBS}
