"""Notices and accepted pictures become a lesson, a person accepts it in the page, and what is live is judged again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.orm import Session

import imaging
import integrations
from app import rulebook, work
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Event, FileFacts, Lesson, Listing, ListingMember, Notice, Placement, Product, RuleSetRow, Showing
from app.stages import STAGES, learn
from app.stages.inventory import apply_event
from app.stages.run import settle_all
from app.states import LessonState, ListingState, PlacementState
from app.web import create_app
from integrations.practice import PracticeServer
from integrations.practice.config import HIDDEN
from tests.app.conftest import START, Clock, add_practice_accounts, run_for
from tests.app.factories import GOOD_FACTS, account, item, listing, product, rendition, sha
from tests.app.fakes import FakeMarketplace
from tests.app.test_road import created, send_photo, sharp_photo
from tests.shots import watch_photo
from tests.web import seed
from tests.web.conftest import Windows

NUMBERS = itertools.count(1)
LEARN = {"learn": STAGES["learn"]}
SMALL = ("990003", "too-small", "The product is too small in the main image.")


class Shop:
    """An account with pictures that were shown and pictures that were objected to, as rows."""

    def __init__(self, kit: Kit, on: Account) -> None:
        self.kit, self.on = kit, on

    def shown(self, *fills: float, objected: bool = False, code: tuple[str, str | None, str] = SMALL, days: float = 5, **of_product: Any) -> None:
        """One product for each fill, whose main picture has been shown for some days; each notice wakes `learn`."""
        with self.kit.db.writing() as session:
            for fill in fills:
                self._row(session, fill, code if objected else None, self.kit.now() - timedelta(days=days), of_product)

    def _row(self, session: Session, fill: float, code: tuple[str, str | None, str] | None, at: datetime, of_product: dict[str, Any]) -> None:
        sku = f"S-{next(NUMBERS)}"
        fields = {"title": "A watch", "category": "watch", "quantity": 1, "size_mm": {}, "attributes": {}, "offered_on": {}, "clocks": {}, **of_product}
        of = Product(sku=sku, created_at=at, updated_at=at, **fields)
        row = Listing(account_id=self.on.id, state=ListingState.LIVE, external_id=f"X-{sku}", wanted={}, pushed={}, seen={}, created_at=at)
        row.members.append(ListingMember(account_id=self.on.id, product=of, merchant_sku=sku, variation={}))
        session.add_all([of, row])
        session.flush()
        file, facts = sha(f"file {sku}"), {**GOOD_FACTS, "fill": fill}
        session.add(FileFacts(file_sha256=file, measure_version=imaging.MEASURE_VERSION, facts=facts, regions={}, measured_at=at))
        session.add(Showing(listing_id=row.id, merchant_sku=sku, position="main", file_sha256=file, ours=False, url="u", begin=at, end=None))
        if code is None:
            return
        box = {"file": file, "ours": False, "measured": imaging.MEASURE_VERSION, "facts": facts, "findings": [], "rule_set": None, "reviewer": None}
        said = {"code": code[0], "reason": code[1], "message": code[2], "kind": "suppressed", "positions": ["main"], "raw": {}}
        notice = Notice(listing_id=row.id, merchant_sku=sku, black_box={"main": box}, begin=at + timedelta(hours=30), **said)
        session.add(notice)
        session.flush()
        work.wake(session, "learn", notice.id, at=self.kit.now())

    def population(self, limit: float, objected: int = 8, accepted: int = 40) -> None:
        self.shown(*(round(limit + 0.001 + 0.09 * n / accepted, 4) for n in range(accepted)))
        self.shown(*(round(limit - 0.001 - 0.035 * n / objected, 4) for n in range(objected)), objected=True)

    def learn(self) -> list[Lesson]:
        settle_all(self.kit, LEARN)
        with self.kit.db.reading() as session:
            return list(session.scalars(sa.select(Lesson).order_by(Lesson.id)))


@pytest.fixture
def shop(kit: Kit) -> Shop:
    return Shop(kit, account(kit, "amazon-uk:main"))


def test_one_notice_is_seen_at_once_with_all_facts_and_moves_no_limit(shop: Shop) -> None:
    shop.shown(0.87, objected=True)

    [lesson] = shop.learn()

    assert (lesson.state, lesson.subject.rpartition(":")[0], lesson.weighed["outcome"]) == (LessonState.GATHERING, "amazon:reason:too-small", "gathering")
    assert lesson.evidence[0]["facts"]["fill"] == 0.87
    with shop.kit.db.writing() as session, pytest.raises(Refusal, match="say why"):
        learn.accept(session, shop.kit, session.get_one(Lesson, lesson.id), "ann")
    with shop.kit.db.writing() as session:
        learn.accept(session, shop.kit, session.get_one(Lesson, lesson.id), "ann", "they told me so")
        assert rulebook.active(session, shop.kit).by_id["amazon-main-fill"].limit == 0.871


def test_what_is_proposed_needs_both_populations_and_is_one_lesson(each_kit: Kit) -> None:
    shop = Shop(each_kit, account(each_kit, "amazon-uk:main"))
    shop.population(0.89)

    [lesson] = shop.learn()

    estimate = lesson.weighed["estimate"]
    assert (lesson.state, estimate["limit"], estimate["objected"], estimate["accepted"]) == (LessonState.PROPOSED, 0.89, 8, 40)
    assert (estimate["caught"], estimate["blocked"]) == (8, 0)
    assert len(lesson.evidence) == 8
    assert shop.learn()[0].weighed == lesson.weighed, "the same again is no new look"


def test_a_picture_that_was_shown_for_too_short_a_time_is_not_accepted_yet(shop: Shop) -> None:
    shop.shown(*(0.9 + n / 1000 for n in range(30)), days=0.5)
    shop.shown(*(0.87 - n / 1000 for n in range(6)), objected=True)

    [lesson] = shop.learn()

    assert "there are 6 and 0" in lesson.weighed["words"]
    shop.kit.clock.advance(2 * 86_400)  # type: ignore[attr-defined]
    assert shop.learn()[0].state == LessonState.PROPOSED, "looked at again from time to time, without a new notice"


def test_a_declined_lesson_keeps_its_reason_and_comes_back_with_clearly_more(shop: Shop) -> None:
    shop.population(0.89)
    [lesson] = shop.learn()
    with shop.kit.db.writing() as session:
        learn.decline(session, shop.kit, session.get_one(Lesson, lesson.id), "ann", "we sell small things")

    shop.shown(0.886, objected=True)
    _, again = shop.learn()
    assert (again.state, again.weighed["outcome"]) == (LessonState.GATHERING, "declined")
    assert "we sell small things" in again.weighed["words"]

    shop.shown(*(0.88 - n / 1000 for n in range(8)), objected=True)
    _, again = shop.learn()
    assert again.state == LessonState.PROPOSED


def test_places_with_other_rules_for_a_reason_gather_their_own_evidence(shop: Shop) -> None:
    us = Shop(shop.kit, account(shop.kit, "amazon-us:main"))
    shop.population(0.89)
    us.shown(0.85, objected=True, category="ring")

    watches, rings = shop.learn()

    assert (watches.state, rings.state) == (LessonState.PROPOSED, LessonState.GATHERING)
    assert rings.proposal["rule"] == "amazon-main-fill-jewellery"


def test_an_unknown_code_is_a_lesson_of_its_own_for_a_person(shop: Shop) -> None:
    shop.shown(0.87, objected=True, code=("18999", None, "Not right."))

    [lesson] = shop.learn()

    assert lesson.subject.startswith("amazon:code:18999:")
    assert lesson.proposal["kind"] == "write"


def test_a_lesson_that_newer_notices_changed_is_not_accepted_unread(shop: Shop) -> None:
    shop.population(0.89)
    [lesson] = shop.learn()
    seen = learn.fingerprint(lesson)
    shop.shown(*(0.8995 - n / 10_000 for n in range(4)), objected=True)
    shop.learn()

    with shop.kit.db.writing() as session, pytest.raises(Refusal, match="read it again"):
        learn.accept(session, shop.kit, session.get_one(Lesson, lesson.id), "ann", shown=seen)


def test_pictures_that_were_there_before_ours_are_kept_with_their_facts(each_kit: Kit, clock: Clock) -> None:
    market = FakeMarketplace()
    each_kit.connect = market.connect  # type: ignore[method-assign,assignment]
    of, on = product(each_kit, "OLD"), account(each_kit, "amazon-uk:main")
    row = listing(each_kit, of, on, external_id="X1")
    market.pictures["https://shop.example/theirs"] = watch_photo(seed=3, size=(600, 450))
    market.listings["OLD"] = {"external_id": "X1", "key": "k", "pictures": {"main": "https://shop.example/theirs"}}
    market.said = {"OLD": (integrations.Notice("990003", "too small", "suppressed", "too-small", ("main",), guessed=True),)}

    for _ in range(2):
        with each_kit.db.writing() as session:
            work.wake(session, "watch", row.id, at=each_kit.now())
        settle_all(each_kit, {"watch": STAGES["watch"]})
        clock.advance(60)

    with each_kit.db.reading() as session:
        [showing] = session.scalars(sa.select(Showing))
        [notice] = session.scalars(sa.select(Notice))
        assert (showing.ours, showing.position, showing.end) == (False, "main", None)
        box = notice.black_box["main"]
        assert (box["file"], box["ours"], notice.guessed) == (showing.file_sha256, False, True)
        assert box["facts"]["longest_side"] == 600
        assert session.get_one(Listing, row.id).state == ListingState.EMPTY


def test_a_black_box_holds_all_that_was_known_of_what_was_live(each_kit: Kit) -> None:
    market = FakeMarketplace()
    each_kit.connect = market.connect  # type: ignore[method-assign,assignment]
    of, on = product(each_kit, "W-1"), account(each_kit, "amazon-uk:main")
    made = rendition(each_kit, item(each_kit, of), data=watch_photo(seed=1, size=(600, 450)))
    side = {"W-1": {"main": made.file_sha256}}
    row = listing(each_kit, of, on, ListingState.SENT, wanted=side, pushed=side, wanted_print="p", pushed_print="p", external_id="X1", sent_at=each_kit.now())
    market.pictures["https://shop.example/a"] = watch_photo(seed=1, size=(600, 450))
    market.listings["W-1"] = {"external_id": "X1", "key": "k", "pictures": {"main": "https://shop.example/a"}}
    market.said = {"W-1": (integrations.Notice("990003", "too small", "suppressed", "too-small", ("main",)),)}
    with each_kit.db.writing() as session:
        work.wake(session, "watch", row.id, at=each_kit.now())

    settle_all(each_kit, {"watch": STAGES["watch"]})

    with each_kit.db.reading() as session:
        box = session.scalars(sa.select(Notice)).one().black_box["main"]
        assert (box["file"], box["rendition"], box["photo"], box["recipe"]) == (made.file_sha256, made.id, made.photo_sha256, made.recipe)
        assert (box["ours"], box["measured"], box["in_force"]) == (True, imaging.MEASURE_VERSION, rulebook.active_hash(session))
        assert {"request", "cutout", "model", "findings", "rule_set", "waived", "reviewer", "shown_since"} <= box.keys()
        assert box["facts"]["pieces_off"] == 0


# --- the whole way, through the practice Amazon ------------------------------------------------------------------------------------


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[PracticeServer]:
    """A practice Amazon that has made one of its hidden limits stricter than what we know: fill at least .9."""
    hidden = yaml.safe_load(HIDDEN.read_text())
    next(rule for rule in hidden["amazon"]["rules"] if rule["code"] == SMALL[0])["at_least"] = 0.9
    path = tmp_path / "hidden.yaml"
    path.write_text(yaml.safe_dump(hidden))
    with PracticeServer(now=START.timestamp(), hidden=path) as server:
        yield server


def test_a_notice_that_is_polled_completes_a_lesson_and_accepting_it_in_the_page_judges_again(kit: Kit, clock: Clock, strict: PracticeServer) -> None:
    accounts: Any = add_practice_accounts(kit, strict)
    seed.people_of(kit)
    shop = Shop(kit, accounts[0])
    shop.population(0.9, objected=7)
    [gathered] = shop.learn()
    with kit.db.writing() as session:  # the rows of the past are no listings of the practice Amazon
        session.execute(sa.update(Listing).values(state=ListingState.ENDED))
        apply_event(session, kit, created("W-1"), "event-1")
        session.execute(sa.delete(Event).where(Event.kind == "lesson"))
    send_photo(kit, "W-1", "dial", sharp_photo(1))

    run_for(kit, clock, 40, strict)

    with kit.db.reading() as session:
        notice = session.scalars(sa.select(Notice).where(Notice.merchant_sku == "W-1", Notice.code == SMALL[0])).one()
        lesson = session.get_one(Lesson, gathered.id)
        assert notice.lesson_id == lesson.id
        assert (lesson.state, lesson.weighed["estimate"]["limit"], lesson.weighed["estimate"]["objected"]) == (LessonState.PROPOSED, 0.9, 8)
        before, fill = rulebook.active_hash(session), notice.black_box["main"]["facts"]["fill"]
        assert fill < 0.9
    visitor = Windows(kit, create_app(kit.settings, kit)).visitor()
    page = visitor.get(f"/lessons/{lesson.id}").get_data(as_text=True)
    assert "limit: 0.9" in page
    assert visitor.post(f"/lessons/{lesson.id}/accept", shown=learn.fingerprint(lesson)).status_code == 303
    run_for(kit, clock, 4, strict)

    with kit.db.reading() as session:
        lesson = session.get_one(Lesson, lesson.id)
        rule = rulebook.active(session, kit).by_id["amazon-main-fill"]
        assert (lesson.state, lesson.decided_by, lesson.rule_set_before) == (LessonState.ACCEPTED, "operator", before)
        assert (rule.limit, rule.passes[0], rule.fails[-1]) == (0.9, 0.9, lesson.proposal["value"])
        overlay = session.get_one(RuleSetRow, lesson.rule_set_after).overlay["amazon.yaml"]
        assert overlay.startswith("- id: amazon-main-fill\n  limit: 0.9\n  passes: [0.9, 1.0]\n")
        placement = session.scalars(sa.select(Placement).join(Account).where(Account.key == "amazon-uk:main")).one()
        assert (placement.state, placement.judged_rules) == (PlacementState.APPROVED, lesson.rule_set_after)
        again = session.scalars(sa.select(Event).where(Event.what == "made again")).one()
        assert (again.kind, again.to) == ("placement", "passes"), "what failed the new limit was made again, larger"
        assert "amazon-main-fill" in again.why
        told = session.execute(sa.select(Event.what, Event.to, Event.who).where(Event.kind == "lesson", Event.row == str(lesson.id)).order_by(Event.id)).all()
        assert [tuple(line) for line in told][-1] == ("moved", "accepted", "operator")
        assert session.scalar(sa.select(Event.why).where(Event.kind == "rules", Event.row == lesson.rule_set_after)).startswith(f"lesson {lesson.id}: ")  # type: ignore[union-attr]
