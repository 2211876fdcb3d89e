"""Seller accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import accounts
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Event, Listing, Work

AMAZON = {"lwa_app_id": "app-1", "lwa_client_secret": "very secret", "refresh_token": "Atzr|secret"}


class Answering:
    """A marketplace that answers every look with one and the same thing."""

    def __init__(self, outcome: Exception | None) -> None:
        self.outcome = outcome

    def status(self, refs: Sequence[integrations.Ref]) -> list[integrations.Status]:
        if self.outcome is not None:
            raise self.outcome
        return []

    def publish(self, offer: integrations.Offer) -> integrations.Receipt:
        raise AssertionError("a test writes nothing")

    def notices(self, cursor: str | None) -> tuple[list[integrations.NoticeSet], str]:
        return [], ""

    def picture(self, url: str) -> bytes:
        return b""


def _add(session: Session, kit: Kit, key: str = "amazon-uk:main", **changes: Any) -> Account:
    return accounts.add_account(session, kit, key, **{"seller_id": "A1", "credentials": AMAZON, "who": "ann", **changes})


def test_a_real_account_asks_until_its_import_is_confirmed(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _add(session, kit)

        assert (account.policy["publish"], account.confirmed) == ("ask", False)
        with pytest.raises(Refusal, match="until the first import is confirmed"):
            accounts.set_policy(session, kit, account, "ann", publish="auto")

        accounts.confirm_import(session, kit, account, "ann")
        accounts.set_policy(session, kit, account, "ann", publish="auto")
        assert account.policy["publish"] == "auto"


def test_a_real_account_cannot_be_born_automatic(kit: Kit) -> None:
    with kit.db.writing() as session, pytest.raises(Refusal, match="publish"):
        _add(session, kit, policy={"publish": "auto"})


def test_a_practice_account_may_be_automatic_at_once(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _add(session, kit, practice=True, policy={"publish": "auto"}, endpoints={"api": "http://127.0.0.1:8001"})

    assert (account.policy["publish"], account.endpoints) == ("auto", {"api": "http://127.0.0.1:8001"})


def test_credentials_are_sealed_and_open_only_for_the_connector(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _add(session, kit)
        session.flush()
        kept = session.execute(sa.text("SELECT * FROM accounts")).all()
        history = session.execute(sa.text("SELECT * FROM events")).all()

    assert "very secret" not in repr(kept) + repr(history)
    assert kit.access(account).credentials == AMAZON


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": "amazon-uk"}, "marketplace:name"),
        ({"key": "amazon-uk:Main Shop"}, "marketplace:name"),
        ({"key": "etsy-uk:main"}, "no marketplace etsy-uk"),
        ({"seller_id": " "}, "seller id"),
        ({"credentials": {"lwa_app_id": "x"}}, "lwa_client_secret, refresh_token missing"),
        ({"credentials": {}}, "missing"),
        ({"endpoints": {"api": "http://127.0.0.1:8001"}}, "https"),
        ({"endpoints": {"api": "http://10.0.0.1"}, "practice": True}, "https"),
        ({"endpoints": {"api": "http://localhost.evil.example"}, "practice": True}, "https"),
        ({"endpoints": {"api": "ftp://127.0.0.1", "token": "https://x.example"}, "practice": True}, "https"),
        ({"endpoints": {"api": "https://user:word@x.example"}}, "plain web address"),
        ({"endpoints": {"nowhere": "https://x.example"}}, "has no nowhere"),
        ({"endpoints": {"api": "https://[x"}}, "no web address"),
        ({"policy": {"speed": 1}}, "there is no speed"),
        ({"policy": {"publish": "yes"}}, "publish is one of"),
        ({"policy": {"wait_s": -1}}, "wait_s"),
        ({"policy": {"wait_s": True}}, "wait_s"),
        ({"policy": {"create": "yes"}}, "create is true or false"),
        ({"policy": {"listing": []}}, "listing is an object"),
        ({"policy": {"pace": {"poll_s": 0}}}, "pace poll_s"),
    ],
)
def test_what_is_wrong_is_said(kit: Kit, changes: dict[str, Any], words: str) -> None:
    with kit.db.writing() as session, pytest.raises(Refusal, match=words) as refusal:
        _add(session, kit, **changes)

    assert "secret" not in str(refusal.value).replace("lwa_client_secret", "")


def test_an_account_is_added_once(kit: Kit) -> None:
    with kit.db.writing() as session:
        _add(session, kit)

        with pytest.raises(Refusal, match="already"):
            _add(session, kit)


def test_a_change_of_policy_is_history_and_no_change_is_not(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _add(session, kit)
        accounts.set_policy(session, kit, account, "bob", wait_s=60)
        accounts.set_policy(session, kit, account, "bob", wait_s=60)

        lines = session.scalars(sa.select(Event).where(Event.what == "policy")).all()

    assert [(line.who, line.why) for line in lines] == [("bob", "wait_s: 1800 -> 60")]


def test_a_change_of_policy_wakes_what_waits_to_be_sent(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _add(session, kit)
        session.add_all(
            [Listing(account_id=account.id, wanted_print="a", pushed_print=None, created_at=kit.now()), Listing(account_id=account.id, created_at=kit.now())]
        )

        accounts.set_policy(session, kit, account, "ann", create=True)

    with kit.db.reading() as session:
        assert session.scalars(sa.select(Work.stage).where(Work.stage == "publish")).all() == ["publish"]


def test_new_credentials_of_a_paused_account_are_kept_and_tried_at_once(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _add(session, kit)
        account.paused, account.authorised_until = "the refresh token was revoked", kit.now()

        accounts.set_credentials(session, kit, account, "ann", {**AMAZON, "refresh_token": "Atzr|new"})

    with kit.db.reading() as session:
        assert session.scalars(sa.select(Work.row).where(Work.stage == "mend", Work.due_at <= kit.now())).all() == [str(account.id)]
    assert account.paused is not None, "until they are accepted"
    assert account.authorised_until is None, "the end of the former permission warns no more"
    assert kit.access(account).credentials["refresh_token"] == "Atzr|new"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "answers and accepts our credentials"),
        (integrations.NotAuthorised("invalid_grant"), "does not accept our credentials: invalid_grant"),
        (integrations.TryLater(5, "503 from the gateway"), "does not answer now: 503 from the gateway"),
        (integrations.Refused("seller is suspended"), "declined: seller is suspended"),
        (integrations.Refused("the API accepts our credentials no longer"), "declined"),
        (integrations.NotAuthorised("refresh_token=Atzr|abcdef was\nrevoked"), "does not accept"),
        (ValueError("no connector named x"), "not set up rightly"),
    ],
)
def test_a_test_says_the_outcome_in_one_sentence(kit: Kit, outcome: Exception | None, words: str) -> None:
    with kit.db.writing() as session:
        account = _add(session, kit)
    kit.connect = lambda _access: Answering(outcome)

    well, sentence = accounts.test_account(kit, account)

    assert well == (outcome is None)
    assert words in sentence
    assert sentence.startswith("amazon-uk:main")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "Atzr" not in sentence


def test_credentials_under_a_lost_key_are_told_not_raised(kit: Kit) -> None:
    with kit.db.writing() as session:
        account = _add(session, kit)
        account.credentials = "gAAAAAB-not-ours"

    well, sentence = accounts.test_account(kit, account)
    assert not well
    assert "PACKSHOT_SECRET_KEY" in sentence


def test_a_practice_account_can_never_name_a_real_marketplace(kit: Kit) -> None:
    real = {"api": "https://sellingpartnerapi-eu.amazon.com"}
    with kit.db.writing() as session, pytest.raises(Refusal, match="must be on this machine"):
        accounts.add_account(session, kit, "amazon-uk:play", seller_id="A1", credentials={"refresh_token": "p"}, endpoints=real, practice=True, who="ann")


@pytest.mark.parametrize("listing", [[], {"categories": "31387"}, {"calls_per_day": "many"}, {"calls_per_day": True}, {"dispatch_days": 0}, {"postal_code": 1}])
def test_a_listing_setting_of_the_wrong_shape_is_refused_by_name(kit: Kit, listing: Any) -> None:
    with kit.db.writing() as session:
        made = _add(session, kit)
        with pytest.raises(Refusal, match=f"listing.{next(iter(listing))} is" if listing else "listing is an object"):
            accounts.set_policy(session, kit, made, "ann", listing=listing)
        accounts.set_policy(session, kit, made, "ann", listing={"categories": {"watch": "31387"}, "calls_per_day": 20_000, "of another connector": 1})
