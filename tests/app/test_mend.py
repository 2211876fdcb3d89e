"""A pause of ours ends by itself once the credentials are accepted again; a person's stop does not."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

import integrations
from app import accounts, alarms, controls, endpoints, work
from app.kit import Kit
from app.models import Account, Event, Listing, WebhookDelivery, Work
from app.stages import STAGES
from app.stages.run import settle_all
from app.states import ListingState
from integrations.practice import PracticeServer
from tests.app.conftest import Clock, add_practice_accounts, run_for
from tests.app.factories import account, listing, product
from tests.app.fakes import FakeMarketplace


class Door(FakeMarketplace):
    """Answers looks with what it is told; `looks` are the times at which it was asked."""

    def __init__(self, clock: Clock, outcome: Exception | None) -> None:
        super().__init__()
        self.clock, self.outcome, self.looks = clock, outcome, list[float]()
        self.begun = clock.now

    def status(self, refs: object) -> list[integrations.Status]:
        self.looks.append((self.clock.now - self.begun).total_seconds())
        if self.outcome is not None:
            raise self.outcome
        return []


def settle(kit: Kit, clock: Clock, minutes: float, step: float = 1) -> None:
    """Let so many minutes pass, in steps."""
    for _ in range(max(1, round(minutes / step))):
        clock.advance(60 * min(minutes, step))
        settle_all(kit, {"mend": STAGES["mend"]})


def paused(kit: Kit, **values: object) -> Account:
    on = account(kit, **values)
    with kit.db.writing() as session:
        controls.pause_account(session, kit, on.id, "invalid_grant")
    return on


def state(kit: Kit, on: Account) -> tuple[str | None, bool]:
    with kit.db.reading() as session:
        now = session.get_one(Account, on.id)
        return now.paused, now.stopped


def history(kit: Kit) -> list[str]:
    with kit.db.reading() as session:
        return list(session.scalars(sa.select(Event.what).where(Event.kind == "account").order_by(Event.id)))


def test_a_paused_account_is_asked_gently(kit: Kit, clock: Clock) -> None:
    door = Door(clock, integrations.NotAuthorised("invalid_grant"))
    kit.connect = lambda _: door  # type: ignore[method-assign,assignment]
    paused(kit)
    settle(kit, clock, 5 * 60, step=5)

    assert [round(at / 60) for at in door.looks] == [5, 10, 20, 40, 80, 140, 200, 260]
    assert history(kit) == ["paused"], "looking says nothing new"


def test_one_that_is_mended_goes_on_with_one_all_clear(kit: Kit, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(clock, integrations.NotAuthorised("invalid_grant"))
    kit.connect = lambda _: door  # type: ignore[method-assign,assignment]
    on = paused(kit)
    waiting = listing(kit, product(kit), on, ListingState.TO_SEND, wanted={"P": {"main": "0" * 64}}, wanted_print="p")
    settle(kit, clock, 6)
    door.outcome = None
    settle(kit, clock, 30)

    assert state(kit, on) == (None, False)
    assert history(kit) == ["paused", "accepted"], "a look proves only that looking is allowed"
    settle(kit, clock, 60)
    assert (state(kit, on), history(kit), len(door.looks)) == ((None, False), ["paused", "accepted", "mended"], 2)
    with kit.db.reading() as session:
        assert session.scalar(sa.select(Work.due_at).where(Work.stage == "publish", Work.row == str(waiting.id))) is not None
        [alarm] = [alarms._alarm(session, event) for event in session.scalars(sa.select(Event).where(Event.what == "mended"))]
    assert alarm.sentence == "ebay-uk:main goes on: its credentials are accepted again."


def test_new_credentials_are_tried_at_once_and_believed_only_when_accepted(kit: Kit, clock: Clock) -> None:
    door = Door(clock, integrations.NotAuthorised("invalid_grant"))
    kit.connect = lambda _: door  # type: ignore[method-assign,assignment]
    on = paused(kit)

    def save() -> None:
        with kit.db.writing() as session:
            new = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
            accounts.set_credentials(session, kit, session.get_one(Account, on.id), "ann", new)

    save()
    settle(kit, clock, 0)
    assert (len(door.looks), state(kit, on)[0]) == (1, "invalid_grant")

    door.outcome = None
    save()
    settle(kit, clock, 0)
    assert (len(door.looks), state(kit, on)[0]) == (2, None)


def test_a_look_with_old_credentials_says_nothing_about_new_ones(kit: Kit, clock: Clock) -> None:
    on = paused(kit)

    class Slow(Door):
        def status(self, refs: object) -> list[integrations.Status]:
            if not self.looks:  # while this look is under way, others are saved
                with kit.db.writing() as session:
                    session.get_one(Account, on.id).credentials = kit.box.seal({"refresh_token": "another"})
            return super().status(refs)

    door = Slow(clock, None)
    kit.connect = lambda _: door  # type: ignore[method-assign,assignment]
    settle(kit, clock, 5)

    assert len(door.looks) == 2, "asked again with the new ones"
    assert state(kit, on)[0] is None


def test_a_persons_stop_is_never_resumed(kit: Kit, clock: Clock) -> None:
    door = Door(clock, None)
    kit.connect = lambda _: door  # type: ignore[method-assign,assignment]
    on = paused(kit, stopped=True)
    other = account(kit, "ebay-us:main", stopped=True)
    settle(kit, clock, 10)

    assert state(kit, on) == (None, True)
    assert state(kit, other) == (None, True)
    assert len(door.looks) == 1, "an account that only a person stopped is not asked"


class Half(Door):
    """Lets us look, and nothing else: `outcome` is what every other question gets."""

    def status(self, refs: object) -> list[integrations.Status]:
        self.looks.append((self.clock.now - self.begun).total_seconds())
        return []

    def notices(self, cursor: str | None) -> tuple[list[integrations.NoticeSet], str]:
        if self.outcome is not None:
            raise self.outcome
        return [], "next"


def go(kit: Kit, clock: Clock, minutes: int) -> None:
    for _ in range(minutes // 5):
        clock.advance(300)
        settle_all(kit, {name: STAGES[name] for name in ("mend", "notices")})


def test_an_account_that_may_look_and_nothing_else_is_one_alarm_and_one_all_clear(kit: Kit, clock: Clock) -> None:
    door = Half(clock, integrations.NotAuthorised("403 createReport: Access to requested resource is denied."))
    kit.connect = lambda _: door  # type: ignore[method-assign,assignment]
    with kit.db.writing() as session:
        endpoints.add(session, kit, "https://shop.example/", ["account.paused"], "ann")
    on = account(kit)
    go(kit, clock, 5 * 60)

    told = [what for what in history(kit) if ("account", what) in alarms.ALARMS]
    assert told == ["paused"], "no storm"
    with kit.db.reading() as session:
        assert len(session.scalars(sa.select(WebhookDelivery)).all()) == 1
    assert 4 <= len(door.looks) <= 9
    assert max(b - a for a, b in itertools.pairwise(door.looks)) >= 3000, "the gaps grow to an hour"

    door.outcome = None
    go(kit, clock, 3 * 60)
    assert state(kit, on)[0] is None
    assert [what for what in history(kit) if ("account", what) in alarms.ALARMS] == ["paused", "mended"]

    door.outcome = integrations.NotAuthorised("invalid_grant")
    go(kit, clock, 30)
    assert [what for what in history(kit) if ("account", what) in alarms.ALARMS] == ["paused", "mended", "paused"], "a new trouble is a new alarm"


def test_refusals_are_counted_anew_once_an_account_goes_on(kit: Kit, clock: Clock) -> None:
    door = Half(clock, integrations.NotAuthorised("invalid_grant"))
    kit.connect = lambda _: door  # type: ignore[method-assign,assignment]
    on = account(kit)
    while state(kit, on)[0] is None:
        go(kit, clock, 5)
    with kit.db.writing() as session:
        controls.resume(session, kit, "ann", session.get_one(Account, on.id))
        work.wake(session, "notices", on.id, at=kit.now())
    counts = []
    for _ in range(20):
        clock.advance(5)
        settle_all(kit, {"notices": STAGES["notices"]}, rounds=1)
        with kit.db.reading() as session:
            counts.append(session.scalar(sa.select(Work.error).where(Work.stage == "notices")) or "")
        if state(kit, on)[0] is not None:
            break

    assert [said.split(" in a row")[0] for said in dict.fromkeys(counts)][-3:] == [f"not authorised, {n}" for n in (1, 2, 3)]


def test_a_marketplace_that_does_not_answer_proves_nothing(kit: Kit, clock: Clock) -> None:
    door = Door(clock, integrations.TryLater(60, "503"))
    kit.connect = lambda _: door  # type: ignore[method-assign,assignment]
    on = paused(kit)
    settle(kit, clock, 20)

    assert state(kit, on)[0] == "invalid_grant"


@pytest.mark.parametrize("connector", ["amazon", "ebay"])
def test_a_seller_who_took_the_permission_back_and_gives_it_again(kit: Kit, clock: Clock, practice: PracticeServer, connector: str) -> None:
    made = add_practice_accounts(kit, practice)
    on = next(a for a in made if a.key.startswith(connector))
    seller = {"amazon": "SELLER1", "ebay": "seller1"}[connector]

    def act(do: str) -> None:
        practice.witness("act", do=do, connector=connector, seller=seller)

    act("revoke")
    run_for(kit, clock, 60, practice)
    assert state(kit, on)[0] is not None

    clock.advance(timedelta(minutes=6).total_seconds())
    run_for(kit, clock, 4, practice)
    assert state(kit, on)[0] is not None, "it was asked, and still refuses"

    act("restore")
    clock.advance(timedelta(minutes=20).total_seconds())
    run_for(kit, clock, 4, practice)
    assert state(kit, on)[0] is None
    clock.advance(timedelta(hours=1).total_seconds())
    run_for(kit, clock, 4, practice)
    assert [what for what in history(kit) if what in ("paused", "paused again", "accepted", "mended")] == ["paused", "accepted", "mended"]
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Listing)).all() == []
