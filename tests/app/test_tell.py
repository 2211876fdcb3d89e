"""Other systems are told what happens: if and only if it was committed, signed, under one id until they take it, and never to a private address."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app import controls, endpoints, rotation
from app.db import move, record
from app.errors import Refusal
from app.hooks import READ, TYPES
from app.kit import Kit
from app.models import Account, Event, Lesson, Notice, Placement, WebhookDelivery, WebhookEndpoint, Work
from app.purge import purge
from app.stages import STAGES, tell
from app.stages.run import settle_all
from app.states import LessonState, ListingState, PlacementState
from tests.app.conftest import Clock, Run
from tests.app.factories import account, item, listing, placement, product, rendition


class Receiver:
    """Somebody's other system; `status` is what it answers, by type where it is told so."""

    def __init__(self) -> None:
        self.status, self.by_type = 200, dict[str, int]()
        self.got: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, raw))
                status = outer.by_type.get(json.loads(raw)["type"], outer.status)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/packshot"

    @property
    def types(self) -> list[str]:
        return [json.loads(raw)["type"] for _, raw in self.got]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    def data(self, number: int = -1) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.got[number][1])["data"]
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def add(kit: Kit, url: str, *events: str) -> tuple[int, str]:
    with kit.db.writing() as session:
        endpoint, secret = endpoints.add(session, kit, url, events, "ann", practice=True)
        return endpoint.id, secret


def send(kit: Kit, clock: Clock | None = None, seconds: float = 0) -> None:
    if clock is not None:
        clock.advance(seconds)
    settle_all(kit, {"tell": STAGES["tell"]})


def pause(kit: Kit, on: Account, why: str = "invalid_grant") -> None:
    with kit.db.writing() as session:
        controls.pause_account(session, kit, on.id, why)


def resume(kit: Kit, on: Account) -> None:
    with kit.db.writing() as session:
        controls.resume(session, kit, "ann", session.get_one(Account, on.id))


def undone(kit: Kit) -> int:
    with kit.db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(WebhookDelivery).where(WebhookDelivery.done_at.is_(None))) or 0


def endpoint_of(kit: Kit, number: int) -> WebhookEndpoint:
    with kit.db.reading() as session:
        return session.get_one(WebhookEndpoint, number)


def test_what_is_told_carries_a_signature_that_any_library_checks(each_kit: Kit, receiver: Receiver, clock: Clock) -> None:
    _, secret = add(each_kit, receiver.url)
    pause(each_kit, account(each_kit))
    send(each_kit)

    [(headers, raw)] = receiver.got
    body = json.loads(raw)
    assert (body["type"], body["timestamp"], body["data"]) == (
        "account.paused",
        each_kit.now().isoformat(),
        {"account": "ebay-uk:main", "why": "invalid_grant"},
    )
    assert headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    assert Webhook(secret).sign(headers["webhook-id"], clock.now, raw.decode()) == headers["webhook-signature"]
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").verify(raw, headers)
    assert undone(each_kit) == 0


def test_without_endpoints_nothing_is_written(kit: Kit) -> None:
    pause(kit, account(kit))

    with kit.db.reading() as session:
        assert session.scalars(sa.select(WebhookDelivery)).all() == []
        assert session.scalars(sa.select(Work.row).where(Work.stage == "tell")).all() == []


def test_what_was_not_committed_is_not_told(kit: Kit, receiver: Receiver) -> None:
    add(kit, receiver.url)
    on = account(kit)
    session = kit.db.open()
    controls.pause_account(session, kit, on.id, "invalid_grant")
    session.flush()
    session.rollback()
    session.close()
    send(kit)

    assert receiver.got == []


def test_only_what_an_endpoint_wants_is_sent_to_it(kit: Kit, receiver: Receiver) -> None:
    add(kit, receiver.url, "listing.live")
    pause(kit, account(kit))
    send(kit)

    assert receiver.got == []


def test_a_failure_is_tried_again_in_growing_gaps_under_the_same_id(kit: Kit, receiver: Receiver, clock: Clock) -> None:
    number, _ = add(kit, receiver.url)
    receiver.status = 500
    pause(kit, account(kit))
    seen = []
    for _ in range(80):
        before = len(receiver.got)
        send(kit, clock, 30)
        if len(receiver.got) > before:
            seen.append(clock.now)
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(seen)]

    assert gaps == sorted(gaps)
    assert gaps[-1] >= 300
    assert len(set(receiver.ids)) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) == len(receiver.got), "each try is signed afresh"
    assert endpoint_of(kit, number).problem == "127.0.0.1: answered HTTP 500"

    receiver.status = 204
    send(kit, clock, 7200)
    assert undone(kit) == 0
    assert endpoint_of(kit, number).failing_since is None


def test_while_an_endpoint_does_not_answer_news_does_not_knock_again(kit: Kit, receiver: Receiver, clock: Clock) -> None:
    add(kit, receiver.url)
    receiver.status = 503
    on = account(kit)
    for _ in range(5):
        pause(kit, on)
        send(kit)
        resume(kit, on)
    assert len(receiver.got) == 1

    receiver.status = 200
    send(kit, clock, 60)
    assert len(receiver.got) == 6, "all of them, the oldest first"
    assert undone(kit) == 0


def test_one_thing_that_is_declined_holds_up_no_other(kit: Kit, receiver: Receiver, clock: Clock) -> None:
    add(kit, receiver.url)
    receiver.by_type["account.paused"] = 400
    pause(kit, account(kit))
    one = listing(kit, product(kit, "W-1"), account(kit, "ebay-us:main"), ListingState.SENT)
    with kit.db.writing() as session:
        move(session, session.merge(one), ListingState.LIVE, now=kit.now())
    send(kit)
    assert receiver.types == ["account.paused", "listing.live"]

    for _ in range(20):
        send(kit, clock, 6 * 3600)
    assert undone(kit) == 0, "given up after days"


def test_what_was_declined_and_given_up_is_not_held_against_an_endpoint_that_fails_later(kit: Kit, receiver: Receiver, clock: Clock) -> None:
    number, _ = add(kit, receiver.url)
    on = account(kit)
    receiver.by_type["account.paused"] = 422
    pause(kit, on)
    for _ in range(24):
        send(kit, clock, 4 * 3600)
    assert (undone(kit), endpoint_of(kit, number).failing_since) == (0, None)
    assert endpoint_of(kit, number).problem == "127.0.0.1: answered HTTP 422", "it can still be read"

    clock.advance(7 * 86_400)
    del receiver.by_type["account.paused"]
    receiver.status = 503
    resume(kit, on)
    pause(kit, on)
    send(kit)
    one = endpoint_of(kit, number)
    assert (one.active, one.failing_since) == (True, clock.now)


def test_an_endpoint_that_fails_for_days_is_disabled_with_an_alarm_and_taken_up_by_a_person(kit: Kit, receiver: Receiver, clock: Clock) -> None:
    number, _ = add(kit, receiver.url)
    receiver.status = 500
    on = account(kit)
    pause(kit, on)
    for _ in range(30):
        send(kit, clock, 4 * 3600)

    tries = len(receiver.got)
    assert tries <= 16
    assert not endpoint_of(kit, number).active
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Event.what).where(Event.kind == "webhook").order_by(Event.id)).all() == ["created", "disabled"]
    resume(kit, on)
    pause(kit, on)
    send(kit, clock, 3600)
    assert len(receiver.got) == tries, "it is told nothing more"

    receiver.status = 200
    with kit.db.writing() as session:
        endpoints.resume(session, kit, number, "ann")
    send(kit)
    assert len(receiver.got) == tries + 1


def test_one_that_says_gone_is_left_alone(kit: Kit, receiver: Receiver) -> None:
    number, _ = add(kit, receiver.url)
    receiver.status = 410
    pause(kit, account(kit))
    send(kit)

    assert not endpoint_of(kit, number).active


@pytest.mark.postgres
@pytest.mark.parametrize("told_first", [True, False])
def test_removing_an_endpoint_while_something_is_noted_for_it_fails_neither(make_kit: Callable[..., Kit], migrated_postgres_url: str, told_first: bool) -> None:
    kit = make_kit(migrated_postgres_url, migrated=True)
    number, _ = add(kit, "https://shop.example/hook")
    on = account(kit)

    def remove(session: Session) -> None:
        endpoints.remove(session, kit, number, "ann")

    def note(session: Session) -> None:
        controls.pause_account(session, kit, on.id, "invalid_grant")

    def finish(session: Session, do: Callable[[Session], None]) -> None:
        do(session)
        session.commit()

    first, second = (note, remove) if told_first else (remove, note)
    with kit.db.open() as one, kit.db.open() as other, ThreadPoolExecutor() as pool:
        one.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
        other.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
        first(one)
        one.flush()
        ended = pool.submit(finish, other, second)  # it may wait for the first, which does not wait for it
        wait([ended], timeout=0.3)
        one.commit()
        ended.result(timeout=10)
    settle_all(kit, {"tell": STAGES["tell"]})

    with kit.db.reading() as session:
        assert session.get_one(Account, on.id).paused == "invalid_grant"
        assert session.get(WebhookEndpoint, number) is None
    purge(kit)
    assert undone(kit) == 0


def test_one_that_was_removed_while_it_was_told_is_no_trouble(each_kit: Kit, receiver: Receiver, clock: Clock) -> None:
    number, _ = add(each_kit, receiver.url)
    pause(each_kit, account(each_kit))
    with each_kit.db.reading() as session:
        task = tell.gather(session, each_kit, str(number))
    assert task is not None
    outcomes = tell.do(each_kit, task)
    with each_kit.db.writing() as session:
        endpoints.remove(session, each_kit, number, "ann")
    with each_kit.db.writing() as session:
        assert tell.apply(session, each_kit, task, outcomes) is None


def test_a_redirect_is_not_followed(kit: Kit, receiver: Receiver) -> None:
    number, _ = add(kit, receiver.url)
    receiver.status = 302
    pause(kit, account(kit))
    send(kit)

    assert len(receiver.got) == 1
    assert "redirect" in (endpoint_of(kit, number).problem or "")


def test_an_address_that_turns_out_private_is_never_asked(kit: Kit, receiver: Receiver) -> None:
    number, _ = add(kit, receiver.url)
    with kit.db.writing() as session:
        session.get_one(WebhookEndpoint, number).practice = False  # as a name would that leads to this machine all of a sudden
    pause(kit, account(kit))
    send(kit)

    assert receiver.got == []
    assert "private" in (endpoint_of(kit, number).problem or "")


def test_a_worker_that_died_after_sending_sends_the_same_id_again(kit: Kit, receiver: Receiver, clock: Clock) -> None:
    number, _ = add(kit, receiver.url)
    pause(kit, account(kit))
    with kit.db.reading() as session:
        task = tell.gather(session, kit, str(number))
    assert task is not None
    tell.do(kit, task)  # and then it is killed: no apply
    send(kit)

    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


def test_what_many_pictures_of_a_product_wait_for_is_told_once_a_minute_when_the_minute_is_over(each_kit: Kit, receiver: Receiver, clock: Clock) -> None:
    kit = each_kit
    add(kit, receiver.url)
    on, of, other = account(kit), product(kit, "W-1"), product(kit, "W-2")
    places = [placement(kit, shot, on, rendition(kit, shot), f"alt{n}") for n, shot in enumerate([item(kit, of), item(kit, of), item(kit, of)], 1)]
    places.append(placement(kit, (shot := item(kit, other)), on, rendition(kit, shot)))
    with kit.db.writing() as session:
        for place in places:
            move(session, session.get_one(Placement, place.id), PlacementState.REVIEW, now=kit.now())
    send(kit)
    assert receiver.got == [], "more of them may be asked about within this minute"

    send(kit, clock, 75)
    assert [json.loads(raw)["data"]["sku"] for _, raw in receiver.got] == ["W-1", "W-2"]


@pytest.mark.parametrize("active", [True, False])
def test_taking_an_endpoint_up_does_not_tell_a_minute_before_it_is_over(kit: Kit, receiver: Receiver, clock: Clock, active: bool) -> None:
    number, _ = add(kit, receiver.url)
    place = placement(kit, (shot := item(kit, product(kit, "W-1"))), account(kit), rendition(kit, shot))
    with kit.db.writing() as session:
        move(session, session.get_one(Placement, place.id), PlacementState.REVIEW, now=kit.now())
    with kit.db.writing() as session:
        session.get_one(WebhookEndpoint, number).active = active
        endpoints.resume(session, kit, number, "ann")
    send(kit)
    assert receiver.got == []

    send(kit, clock, 75)
    assert receiver.types == ["placement.needs_review"]


def test_every_event_is_told_with_the_shape_that_is_documented(kit: Kit, receiver: Receiver, clock: Clock) -> None:
    from app.web.api_webhooks import DATA

    assert DATA.keys() == TYPES.keys() == READ.keys()
    add(kit, receiver.url)
    on, of = account(kit), product(kit, "W-1")
    one = listing(kit, of, on, ListingState.SENT, external_id="X1")
    shot = item(kit, of)
    place = placement(kit, shot, on, rendition(kit, shot))
    with kit.db.writing() as session:
        row, now = session.merge(one), kit.now()
        move(session, row, ListingState.LIVE, now=now, sku="W-1", why="seen")
        move(session, row, ListingState.DRIFTED, now=now, sku="W-1", why="another picture")
        said = {"code": "8541", "kind": "suppressed", "message": "no main image", "positions": ["main"], "begin": now}
        notice = Notice(listing_id=row.id, merchant_sku="W-1", raw={}, black_box={}, **said)
        lesson = Lesson(subject="s", authority="amazon", proposal={}, evidence=[], state=LessonState.GATHERING, rule_set_before="0" * 64, proposed_at=now)
        session.add_all((notice, lesson))
        session.flush()
        record(session, notice, "began", now=now, sku="W-1", to="suppressed")
        move(session, lesson, LessonState.PROPOSED, now=now, why="twelve against none")
        move(session, session.get_one(Placement, place.id), PlacementState.REVIEW, now=now)
        controls.pause_account(session, kit, on.id, "invalid_grant")
    send(kit, clock, 75)

    assert sorted(receiver.types) == sorted(TYPES)
    for kind, (_, raw) in zip(receiver.types, receiver.got, strict=True):
        DATA[kind].model_validate(json.loads(raw)["data"])
    told = receiver.data(receiver.types.index("listing.suppressed"))
    assert (told["listing"], told["account"], told["sku"], told["external_id"]) == (one.id, "ebay-uk:main", "W-1", "X1")


@pytest.mark.parametrize(
    ("url", "practice"),
    [
        ("http://shop.example/hook", False),
        ("http://shop.example/hook", True),
        ("http://127.0.0.1/hook", False),
        ("https://127.0.0.1/hook", False),
        ("https://10.0.0.8/hook", True),
        ("https://169.254.169.254/latest", False),
        ("https://user:secret@shop.example/hook", False),
        ("https://shop.example/hook#part", False),
        ("https://shop.example:port/", False),
        ("file:///etc/passwd", True),
        ("", False),
    ],
)
def test_an_address_that_is_not_public_and_https_is_refused(kit: Kit, url: str, practice: bool) -> None:
    with kit.db.writing() as session, pytest.raises(Refusal):
        endpoints.add(session, kit, url, (), "ann", practice=practice)


def test_an_event_that_does_not_exist_is_named(kit: Kit) -> None:
    with kit.db.writing() as session, pytest.raises(Refusal, match=r"there is no event listing\.dead; there are listing\.live"):
        endpoints.add(session, kit, "https://shop.example/", ["listing.dead"], "ann")


def test_its_secret_is_encrypted_and_moves_to_a_new_key(make_kit: Callable[..., Kit]) -> None:
    old = make_kit()
    number, secret = add(old, "https://shop.example/hook")
    assert secret not in endpoint_of(old, number).secret
    new = make_kit(secret_key="a newer key for tests,a secret key for tests only")

    assert rotation.rotate(new, "ann").changed == 1
    assert make_kit(secret_key="a newer key for tests").box.open(endpoint_of(old, number).secret) == {"secret": secret}


def test_the_commands_add_show_try_and_remove(kit: Kit, command: Run, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_SECRET_KEY", "a secret key for tests only")
    code, out, _ = command("webhooks", "add", receiver.url, "--practice", "--event", "listing.live")
    secret = out.splitlines()[-1]
    assert (code, secret.startswith("whsec_")) == (0, True)

    assert receiver.url in command("webhooks", "list")[1]
    assert secret not in command("webhooks", "list")[1]
    assert command("webhooks", "test", "1") == (0, "It was taken.\n", "")
    assert receiver.types == ["packshot.test"]
    receiver.status = 500
    assert command("webhooks", "test", "1") == (1, "127.0.0.1: answered HTTP 500\n", "")
    assert command("webhooks", "remove", "1")[0] == 0
    code, _, err = command("webhooks", "remove", "1")
    assert (code, "no webhook endpoint 1" in err) == (1, True)
