"""An account is connected by the seller's own yes, at the practice marketplaces over HTTP; a stolen, old or foreign answer connects nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import sqlalchemy as sa

from app import accounts, connect, controls
from app.models import Account, Event, Setting
from integrations.practice import PracticeServer
from tests.web.conftest import NOW, Visitor, Windows

APPLICATION = {
    "amazon-de": {"credential_application_id": "amzn1.sp.solution.1", "credential_lwa_app_id": "app", "credential_lwa_client_secret": "secret"},
    "ebay-de": {"credential_client_id": "app", "credential_client_secret": "secret", "credential_ru_name": "practice:http://localhost/accounts/connected"},
}


@pytest.fixture
def market(windows: Windows) -> Iterator[PracticeServer]:
    """Practice marketplaces, which an account of the house is on already."""
    with PracticeServer(now=NOW.timestamp()) as practice:
        with windows.kit.db.writing() as session:
            first = session.scalars(sa.select(Account).where(Account.practice)).one()
            first.endpoints = practice.amazon_endpoints()
        yield practice


def leave(visitor: Visitor, market: PracticeServer, marketplace: str, name: str = "second", **changes: str) -> str:
    """The address that the person is sent to."""
    page = visitor.post("/accounts/connect", marketplace=marketplace, name=name, practice=market.url, **{**APPLICATION[marketplace], **changes})
    assert page.status_code == 200, page.get_data(as_text=True)
    found = re.search(r'href="(http://127[^"]+)"', page.get_data(as_text=True))
    assert found
    return html.unescape(found[1])


def answered(address: str, seller: str = "SELLER9", answer: str = "yes") -> str:
    """What the person says there; the path that they come back to."""
    assert requests.get(address, timeout=10).status_code == 200
    form = dict(parse_qsl(urlsplit(address).query)) | {"seller": seller, "answer": answer}
    back = requests.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=10)
    return back.headers["Location"].removeprefix("http://localhost")


@pytest.mark.parametrize(("marketplace", "days"), [("amazon-de", 365), ("ebay-de", 547)])
def test_a_seller_says_yes_and_the_account_works(windows: Windows, market: PracticeServer, marketplace: str, days: int) -> None:
    admin = windows.visitor("admin")

    home = admin.get(answered(leave(admin, market, marketplace)))

    assert home.status_code == 303
    with windows.kit.db.reading() as session:
        account = session.scalars(sa.select(Account).where(Account.key == f"{marketplace}:second")).one()
        assert account.seller_id == "SELLER9"
        assert account.policy["publish"] == "ask"
        assert account.authorised_until is not None
        assert (account.authorised_until - NOW).days == days
        assert session.scalar(sa.select(Event.who).where(Event.what == "connected")) == "admin"
        assert not session.scalars(sa.select(Setting).where(Setting.name.startswith(connect.PENDING))).all()
    assert accounts.test_account(windows.kit, account) == (True, f"{marketplace}:second answers and accepts our credentials.")


def test_a_seller_who_says_no_connects_nothing(windows: Windows, market: PracticeServer) -> None:
    admin = windows.visitor("admin")

    refused = admin.get(answered(leave(admin, market, "ebay-de"), answer="no"))

    assert refused.status_code == 409
    assert "the seller said no" in refused.get_data(as_text=True)


def test_an_answer_is_good_once_for_the_one_who_asked_and_not_for_long(windows: Windows, market: PracticeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, back = windows.visitor("admin"), ""
    back = answered(leave(admin, market, "amazon-de"))
    assert admin.get(back).status_code == 303
    assert admin.get(back).status_code == 409

    assert windows.visitor().get(answered(leave(admin, market, "amazon-de", "third"))).status_code == 403
    assert admin.get("/accounts/connected?state=guessed&spapi_oauth_code=x&selling_partner_id=y").status_code == 409

    late = answered(leave(admin, market, "amazon-de", "fourth"))
    monkeypatch.setattr(windows.kit, "clock", lambda: NOW + timedelta(minutes=16))
    assert admin.get(late).status_code == 409
    with windows.kit.db.writing() as session:
        assert connect.forget(session, windows.kit.now()) == 1  # the third, which the wrong person came back with


def test_connecting_again_needs_the_same_seller(windows: Windows, market: PracticeServer) -> None:
    admin = windows.visitor("admin")
    admin.get(answered(leave(admin, market, "amazon-de")))

    other = admin.get(answered(_again(admin, "amazon-de:second"), seller="SOMEBODY"))
    same = admin.get(answered(_again(admin, "amazon-de:second")))

    assert (other.status_code, same.status_code) == (409, 303)
    assert "belongs to seller SELLER9" in other.get_data(as_text=True)


def _again(visitor: Visitor, key: str) -> str:
    found = re.search(r'href="(http://127[^"]+)"', visitor.post(f"/accounts/{key}/connect").get_data(as_text=True))
    assert found
    return html.unescape(found[1])


def test_what_the_application_lacks_is_named_before_anybody_leaves(windows: Windows, market: PracticeServer) -> None:
    page = windows.visitor("admin").post("/accounts/connect", marketplace="ebay-de", name="second", practice=market.url, credential_client_id="app")

    assert page.status_code == 409
    assert "client_secret, ru_name missing" in page.get_data(as_text=True)


def test_a_form_cannot_send_a_secret_to_an_address_of_its_own(windows: Windows, market: PracticeServer) -> None:
    page = windows.visitor("admin").post(
        "/accounts/connect", marketplace="amazon-de", name="second", **(APPLICATION["amazon-de"] | {"practice": "http://127.0.0.1:9"})
    )

    assert "https://sellercentral.amazon.de/apps/authorize/consent?" in page.get_data(as_text=True)


def test_an_end_that_comes_near_is_told_weeks_before_and_once_a_week(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    with windows.kit.db.writing() as session:
        account = session.scalars(sa.select(Account).order_by(Account.key)).first()
        assert account is not None
        account.authorised_until = NOW + timedelta(days=60)
    said = []
    for days in (0, 20, 21, 28):
        monkeypatch.setattr(windows.kit, "clock", lambda days=days: NOW + timedelta(days=days))
        said.append(connect.warn(windows.kit))

    assert said == [0, 1, 0, 1]
    with windows.kit.db.reading() as session:
        assert any("ends on 2027-01-22" in banner for banner in controls.banners(session))
