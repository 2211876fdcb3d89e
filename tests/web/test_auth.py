"""Signing in: who gets in, how often they may try, and when a session ends."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import people
from app.models import User
from tests.web.conftest import Windows
from tests.web.seed import PASSWORD


def test_a_person_signs_in_and_comes_to_where_they_wanted_to_go(windows: Windows) -> None:
    visitor = windows.visitor(None)
    assert visitor.get("/batches?page=2").location == "/sign-in?next=/batches?page%3D2"
    answer = visitor.post("/sign-in", name="operator", password=PASSWORD, next="/batches?page=2")
    assert (answer.status_code, answer.location) == (303, "/batches?page=2")
    assert "Sign out" in visitor.get("/").get_data(as_text=True)


def test_a_wrong_password_stays_outside_and_says_no_more_than_that(windows: Windows) -> None:
    wrong = windows.visitor(None).post("/sign-in", name="operator", password="not the password")
    unknown = windows.visitor(None).post("/sign-in", name="nobody", password="not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert "do not match" in wrong.get_data(as_text=True)
    assert "do not match" in unknown.get_data(as_text=True)


@pytest.mark.parametrize("wish", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""])
def test_signing_in_never_leads_away_from_here(windows: Windows, wish: str) -> None:
    assert windows.visitor(None).post("/sign-in", name="viewer", password=PASSWORD, next=wish).location == "/"


def test_the_eleventh_wrong_attempt_within_a_minute_is_not_looked_at(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "check_password", lambda *_: None)
    visitor = windows.visitor(None)
    answers = [visitor.post("/sign-in", name="operator", password="x") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    said = answers[-1].get_data(as_text=True)
    assert "Wait a minute, then try again." in said
    assert "per 1 minute" not in said


def test_a_new_password_ends_every_older_session(windows: Windows) -> None:
    visitor = windows.visitor("operator")
    assert visitor.get("/").status_code == 200
    with windows.kit.db.writing() as session:
        user = session.scalars(select(User).where(User.name == "operator")).one()
        people.set_password(session, user, "another long password", windows.kit.now())
    assert visitor.get("/").status_code == 302


def test_a_person_who_was_turned_off_is_out_at_once(windows: Windows) -> None:
    visitor = windows.visitor("operator")
    with windows.kit.db.writing() as session:
        people.set_active(session, session.scalars(select(User).where(User.name == "operator")).one(), False, windows.kit.now())
    assert visitor.get("/").status_code == 302
    assert visitor.get("/live").status_code == 401


def test_a_write_without_its_token_does_nothing(windows: Windows) -> None:
    answer = windows.visitor("admin").client.post("/stop", data={"why": "forged"})
    assert answer.status_code == 400
    assert "load the page again" in answer.get_data(as_text=True)
    assert "CSRF" not in answer.get_data(as_text=True)
    assert "is stopped by" not in windows.visitor().get("/").get_data(as_text=True)


def test_signing_out_needs_a_token_and_ends_the_session(windows: Windows) -> None:
    visitor = windows.visitor()
    assert visitor.client.post("/sign-out").status_code == 400
    assert visitor.post("/sign-out").status_code == 303
    assert visitor.get("/").status_code == 302


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("viewer", "/stop", 403),
        ("viewer", "/lessons/1/accept", 403),
        ("viewer", "/review/placement/1/approve", 403),
        ("operator", "/stop", 303),
        ("operator", "/accounts/ebay-uk:main/policy", 403),
        ("operator", "/people/", 403),
        ("admin", "/accounts/ebay-uk:main/confirm", 303),
    ],
)
def test_each_role_may_do_what_it_may(windows: Windows, role: str, path: str, status: int) -> None:
    assert windows.visitor(role).post(path).status_code == status


def test_the_session_cookie_is_closed_to_scripts_and_secure_over_https(windows: Windows) -> None:
    client = windows.visitor(None).client
    assert "HttpOnly" in client.get("/sign-in").headers["Set-Cookie"]
    assert "Secure" in client.get("/sign-in", base_url="https://packshot.example").headers["Set-Cookie"]
