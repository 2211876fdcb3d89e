"""The stop switch and what everybody must know."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import accounts, controls
from app.kit import Kit
from app.models import Account, Event, Listing, Setting, Work
from app.rulebook import BROKEN


def _account(session: Session, kit: Kit, key: str = "ebay-uk:main") -> Account:
    return accounts.add_account(session, kit, key, seller_id="S1", credentials={"refresh_token": "practice-s1"}, practice=True, who="tests")


def _history(session: Session) -> list[tuple[str, str, str]]:
    session.flush()
    return [
        (line.what, line.who, line.why) for line in session.scalars(sa.select(Event).where(Event.what.in_(("stopped", "resumed", "paused"))).order_by(Event.id))
    ]


def test_the_stop_is_seen_by_every_session_until_it_is_ended(kit: Kit) -> None:
    with kit.db.writing() as session:
        controls.stop(session, kit, "ann", why="wrong prices")

    with kit.db.reading() as session:
        stopped = controls.is_stopped(session)
        assert stopped is not None
        assert (stopped.who, stopped.value["why"]) == ("ann", "wrong prices")

    with kit.db.writing() as session:
        controls.resume(session, kit, "bob")
        assert controls.is_stopped(session) is None
        assert _history(session) == [("stopped", "ann", "wrong prices"), ("resumed", "bob", "")]


def test_stopping_twice_keeps_the_first_and_says_it_once(kit: Kit) -> None:
    with kit.db.writing() as session:
        controls.stop(session, kit, "ann", why="first")
        controls.stop(session, kit, "bob", why="second")

        stopped = controls.is_stopped(session)
        assert stopped is not None
        assert stopped.who == "ann"
        assert len(_history(session)) == 1


def test_going_on_when_nothing_is_stopped_changes_nothing(kit: Kit) -> None:
    with kit.db.writing() as session:
        controls.resume(session, kit, "ann")
        controls.resume(session, kit, "ann", _account(session, kit))

        assert _history(session) == []


def test_one_account_is_stopped_alone(kit: Kit) -> None:
    with kit.db.writing() as session:
        one, other = _account(session, kit), _account(session, kit, "ebay-uk:second")

        controls.stop(session, kit, "ann", one, "holiday")

        assert (one.stopped, other.stopped, controls.is_stopped(session)) == (True, False, None)
        controls.resume(session, kit, "ann", one)
        assert not one.stopped
        assert [line[0] for line in _history(session)] == ["stopped", "resumed"]


def test_a_pause_of_ours_is_said_once_without_tokens_and_ended_by_a_person(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _account(session, kit)

        controls.pause_account(session, kit, account.id, "refused: refresh_token=abc-def-ghi")
        controls.pause_account(session, kit, account.id, "refused again")

        assert account.paused is not None
        assert "abc-def" not in account.paused
        assert len(_history(session)) == 1
        controls.resume(session, kit, "ann", account)
        assert account.paused is None


def test_going_on_wakes_what_waited(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _account(session, kit)
        session.add(Listing(account_id=account.id, wanted_print="a", created_at=kit.now()))
        controls.stop(session, kit, "ann")

        controls.resume(session, kit, "ann")

    with kit.db.reading() as session:
        assert session.scalars(sa.select(Work.stage).where(Work.stage == "publish")).all() == ["publish"]


def test_banners_say_what_everybody_must_know_worst_first(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(media_base_url="")
    with kit.db.writing() as session:
        ebay, amazon = _account(session, kit), _account(session, kit, "amazon-uk:main")
        controls.stop(session, kit, "ann", why="wrong prices")
        controls.pause_account(session, kit, ebay.id, "the token was revoked")
        controls.stop(session, kit, "ann", amazon, "a rehearsal")
        session.add(Setting(name=BROKEN, value={"problems": ["amazon.yaml:7:3: no such fact"]}, at=kit.now(), who="packshot"))
        controls.set_banner(session, "disk", "The disk is nearly full.", kit.now())
        session.flush()

        said = controls.banners(session, kit)

    go_on = "Let it go on under Accounts, or by `packshot resume --account amazon-uk:main`."
    assert said[0].startswith("All writing to marketplaces is stopped by ann since ")
    assert "wrong prices" in said[0]
    assert said[1:4] == [
        "ebay-uk:main is paused: the token was revoked.",
        f"amazon-uk:main is stopped by ann since 2026-11-23 09:00 UTC: a rehearsal. {go_on}",
        "The rules files are broken and the old rules stay in force: amazon.yaml:7:3: no such fact",
    ]
    assert said[4] == "The disk is nearly full."
    assert "PACKSHOT_MEDIA_BASE_URL" in said[5]


def test_a_quiet_house_has_no_banner(kit: Kit) -> None:
    with kit.db.writing() as session:
        _account(session, kit, "amazon-uk:main")
        controls.set_banner(session, "disk", "The disk is nearly full.", kit.now())
        controls.set_banner(session, "disk", None, kit.now())

        assert controls.banners(session, kit) == []
