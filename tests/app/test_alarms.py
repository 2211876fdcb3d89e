"""Alarms: told once each, to the right address, however often it fails first."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
import structlog

from app import alarms, config, controls
from app.kit import Kit
from app.models import Account, Event, Setting
from scheduler import House, jobs
from tests.app.conftest import Clock


class Listener:
    """Somebody's alarm address: notes what comes, answers as told."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.while_asked: Callable[[], None] = lambda: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.heard.append({"path": self.path, **json.loads(self.rfile.read(int(self.headers["Content-Length"])))})
                outer.while_asked()
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/secret-path"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def sentences(self) -> list[str]:
        return [alarm["sentence"] for alarm in self.heard]


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def kit(make_kit: Callable[..., Kit], listener: Listener) -> Kit:
    return make_kit(alert_url=listener.url)


class FakeSMTP:
    """Stands in for smtplib.SMTP."""

    sent: ClassVar[list[EmailMessage]] = []
    server: ClassVar[tuple[str, int]] = ("", 0)
    local_hostname = "shop.example"

    def __init__(self, host: str, port: int, *, timeout: float) -> None:
        type(self).server = (host, port)
        assert timeout == 5

    def __enter__(self) -> FakeSMTP:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send_message(self, message: EmailMessage) -> None:
        self.sent.append(message)


@pytest.fixture
def smtp(monkeypatch: pytest.MonkeyPatch) -> type[FakeSMTP]:
    monkeypatch.setattr(FakeSMTP, "sent", [])
    monkeypatch.setattr(alarms.smtplib, "SMTP", FakeSMTP)
    return FakeSMTP


def add_account(kit: Kit, key: str = "ebay-uk:main") -> int:
    with kit.db.writing() as session:
        account = Account(key=key, marketplace="ebay-uk", seller_id="S", credentials="", endpoints={}, policy={}, practice=True, created_at=kit.now())
        session.add(account)
        session.flush()
        return account.id


def pause(kit: Kit, account: int, why: str) -> None:
    """Pause, ending an earlier pause without a word."""
    with kit.db.writing() as session:
        session.get_one(Account, account).paused = None
        controls.pause_account(session, kit, account, why)


def test_a_paused_account_is_told_once_with_all_that_is_promised(kit: Kit, listener: Listener) -> None:
    pause(kit, add_account(kit), "its refresh token was revoked")

    assert [alarms.tell(kit), alarms.tell(kit)] == [1, 0]
    assert listener.heard == [
        {
            "path": "/hook/secret-path",
            "at": "2026-11-23T09:00:00+00:00",
            "kind": "account",
            "subject": "ebay-uk:main",
            "sentence": "Packshot paused ebay-uk:main: its refresh token was revoked.",
            "url": "/accounts/",
        }
    ]


def test_an_emergency_stop_is_told_and_what_is_no_alarm_is_not(kit: Kit, listener: Listener) -> None:
    account = add_account(kit)
    with kit.db.writing() as session:
        controls.stop(session, kit, "ada", why="wrong price list")
        controls.stop(session, kit, "ada", session.get_one(Account, account))
        controls.resume(session, kit, "ada")

    alarms.tell(kit)

    assert listener.sentences == ["ada stopped all writing to marketplaces: wrong price list.", "ada stopped ebay-uk:main: no reason given."]


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_a_refused_alarm_is_tried_again_in_order_and_no_redirect_is_followed(kit: Kit, listener: Listener, answer: int) -> None:
    account = add_account(kit)
    pause(kit, account, "one")
    pause(kit, account, "two")
    listener.answers = [answer]

    assert [alarms.tell(kit), alarms.tell(kit), alarms.tell(kit)] == [0, 2, 0]
    assert [(a["path"], a["sentence"].rpartition(" ")[2]) for a in listener.heard] == [("/hook/secret-path", word) for word in ("one.", "one.", "two.")]


def test_an_address_where_nobody_listens_is_logged_without_itself(make_kit: Callable[..., Kit], listener: Listener) -> None:
    kit = make_kit(alert_url=listener.url)
    listener.server.shutdown()
    listener.server.server_close()
    pause(kit, add_account(kit), "x")

    with structlog.testing.capture_logs() as lines:
        assert alarms.tell(kit) == 0
    assert [line["event"] for line in lines] == ["alarm not told"]
    assert "secret-path" not in str(lines)


def test_no_transaction_is_open_while_an_alarm_is_sent(kit: Kit, listener: Listener) -> None:
    """On SQLite a second writer would wait for the first for half a minute, longer than the listener is waited for."""
    account = add_account(kit)
    pause(kit, account, "one")
    listener.while_asked = lambda: pause(kit, account, "meanwhile") if len(listener.heard) == 1 else None

    assert [alarms.tell(kit), alarms.tell(kit)] == [1, 1]


def test_two_schedulers_tell_each_alarm_once(each_kit: Kit, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = each_kit
    monkeypatch.setattr(kit, "settings", kit.settings.model_copy(update={"alert_url": listener.url}))
    pause(kit, add_account(kit), "one")
    second: list[int] = []
    listener.while_asked = lambda: second.append(alarms.tell(kit))

    assert alarms.tell(kit) == 1
    assert (second, len(listener.heard)) == ([0], 1)


def test_a_scheduler_that_died_while_telling_is_succeeded_after_a_minute(kit: Kit, listener: Listener, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_url: str, _alarm: alarms.Alarm) -> None:
        raise SystemExit

    pause(kit, add_account(kit), "one")
    with monkeypatch.context() as patch:
        patch.setattr(alarms, "post", die)
        with pytest.raises(SystemExit):
            alarms.tell(kit)

    assert alarms.tell(kit) == 0
    clock.advance(61)
    assert alarms.tell(kit) == 1


def test_each_way_out_has_its_own_cursor(make_kit: Callable[..., Kit], listener: Listener, smtp: type[FakeSMTP]) -> None:
    kit = make_kit(alert_url=listener.url, alert_email="ada@shop.example")
    pause(kit, add_account(kit), "one")
    listener.answers = [500]

    assert [alarms.tell(kit), alarms.tell(kit)] == [1, 1]
    assert (len(listener.heard), len(smtp.sent)) == (2, 1)
    [message] = smtp.sent
    assert smtp.server == ("localhost", 25)
    assert (message["To"], message["From"], message["Subject"]) == ("ada@shop.example", "packshot@shop.example", "Packshot: account ebay-uk:main")
    assert "Packshot paused ebay-uk:main: one." in message.get_content()


def test_a_mail_server_that_refuses_is_tried_again(make_kit: Callable[..., Kit], smtp: type[FakeSMTP], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: FakeSMTP, _message: EmailMessage) -> None:
        raise alarms.smtplib.SMTPServerDisconnected("gone")

    kit = make_kit(alert_email="ada@shop.example")
    pause(kit, add_account(kit), "one")
    with monkeypatch.context() as patch:
        patch.setattr(FakeSMTP, "send_message", refuse)
        assert alarms.tell(kit) == 0

    assert alarms.tell(kit) == 1


def test_an_event_committed_late_under_an_earlier_number_is_told(kit: Kit, listener: Listener, clock: Clock) -> None:
    """As PostgreSQL does it: numbers are given before the commit."""
    account = add_account(kit)
    pause(kit, account, "first")
    pause(kit, account, "second")
    with kit.db.writing() as session:
        late = session.scalars(sa.select(Event).where(Event.why == "first")).one()
        row = {column.key: getattr(late, column.key) for column in Event.__table__.columns}
        session.delete(late)
    alarms.tell(kit)
    clock.advance(300)
    alarms.tell(kit)
    with kit.db.writing() as session:
        session.add(Event(**row))

    assert alarms.tell(kit) == 1
    assert [sentence.rpartition(" ")[2] for sentence in listener.sentences] == ["second.", "first."]


def test_the_cursor_moves_on_and_tells_nothing_twice(kit: Kit, listener: Listener, clock: Clock) -> None:
    account = add_account(kit)
    for number in range(5):
        pause(kit, account, f"number {number}")
        for _ in range(3):
            alarms.tell(kit)
            clock.advance(301)

    assert len(listener.heard) == 5
    with kit.db.reading() as session:
        value = session.get_one(Setting, "alarms:url").value
        newest = session.scalar(sa.select(sa.func.max(Event.id)))
    assert (value["floor"], value["told"]) == (newest, [])
    assert "turn" not in value


def test_the_cursor_never_moves_over_an_alarm_that_waits(kit: Kit, listener: Listener, clock: Clock) -> None:
    account = add_account(kit)
    pause(kit, account, "one")
    listener.answers = [500] * 5
    for _ in range(5):
        alarms.tell(kit)
        pause(kit, account, "more")
        clock.advance(1200)

    assert alarms.tell(kit) == 6


def test_a_new_address_hears_the_last_minutes_and_not_the_years_before(make_kit: Callable[..., Kit], listener: Listener, clock: Clock) -> None:
    kit = make_kit(alert_url=listener.url)
    account = add_account(kit)
    pause(kit, account, "long ago")
    clock.advance(timedelta(days=400).total_seconds())
    pause(kit, account, "just now")

    alarms.tell(kit)

    assert listener.sentences == ["Packshot paused ebay-uk:main: just now."]


def test_no_address_no_alarm_and_no_row(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit()
    pause(kit, add_account(kit), "one")

    assert alarms.tell(kit) == 0
    with kit.db.reading() as session:
        assert session.get(Setting, "alarms:url") is None


def test_a_secret_in_a_reason_is_not_told(kit: Kit, listener: Listener) -> None:
    with kit.db.writing() as session:
        controls.stop(session, kit, "ada", why="the key pk_" + "a" * 32 + " is out")

    alarms.tell(kit)

    assert listener.sentences == ["ada stopped all writing to marketplaces: the key [redacted] is out."]


def test_a_broken_rules_file_is_an_alarm_once_until_it_was_mended(make_kit: Callable[..., Kit], listener: Listener, tmp_path: Path) -> None:
    kit = make_kit(alert_url=listener.url, rules_dir=tmp_path / "own")
    (tmp_path / "own").mkdir()
    file = tmp_path / "own" / "amazon.yaml"

    def renew(text: str) -> None:
        file.write_text(text)
        starting = House(kit, "every scheduler that starts")
        jobs.renew_rules(starting)
        jobs.renew_rules(starting)  # a folder is read when two looks saw it the same
        jobs.tell_alarms(House(kit, "one"))

    renew("[]\n")
    assert listener.heard == []
    renew("- id: amazon-mine\n  fact: none\n")
    renew("- id: amazon-mine\n  fact: none\n")
    assert len(listener.heard) == 1
    renew("[]\n")
    renew("- id: amazon-mine\n  fact: none\n")

    assert len(listener.heard) == 2
    assert all("the old rules stay in force: amazon.yaml:2:9: amazon-mine" in sentence for sentence in listener.sentences)


@pytest.mark.parametrize("address", ["ada", "@shop.example", "ada@", "ada@shop.example\nBcc: all@shop.example", "ada@a, bob@b"])
def test_what_is_no_mail_address_is_refused_at_start(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_ALERT_EMAIL", address)

    with pytest.raises(config.ConfigError, match="PACKSHOT_ALERT_EMAIL"):
        config.load()
