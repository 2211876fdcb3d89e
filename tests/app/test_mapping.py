"""What new listings lack, found out without holding up anybody, and the mapping that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

import integrations
from app import mapping, views
from app.accounts import find_account
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Event, Listing, ListingDraft, Push, Work
from app.stages import STAGES, draft
from app.stages.inventory import apply_event
from app.stages.run import settle_all
from app.states import ListingState, PushState
from integrations.practice import PracticeServer
from tests.app import factories
from tests.app.conftest import Clock, Run, add_practice_accounts
from tests.shots import watch_photo

DRAFT = {"draft": STAGES["draft"]}
AMAZON = "amazon-uk:main"
MENDED = {"metal_type": {"from": "attributes.metal", "words": {"18 ct": "gold"}}, "country_of_origin": {"value": "GB"}}


class Drafter:
    """A connector that asks for one attribute, and fails when told."""

    def __init__(self, *, fail_after: int | None = None, failure: Exception | None = None) -> None:
        self.asked: list[str] = []
        self.fail_after, self.failure = fail_after, failure

    def draft(self, product: integrations.ProductFacts) -> integrations.Draft:
        if self.failure is not None and len(self.asked) == self.fail_after:
            raise self.failure
        self.asked.append(product.title)
        colour = str(product.attributes.get("colour", ""))
        field = integrations.DraftField("Colour", "Colour", True, ("Blue", "Black"), said=colour)
        lacks = () if colour else (integrations.Lack("Colour", "Colour is missing"),)
        return integrations.Draft("W", {"Colour": colour}, (field,), lacks, "Watches")

    def suggestions(self, words: str) -> list[tuple[str, str]]:
        return [("W", "Watches"), ("B", "Watch bands")]

    def mapped(self, category: str) -> integrations.CategoryMap:
        return integrations.CategoryMap("", "W", {})

    def remapped(self, category: str, kind: str, rows: Mapping[str, Any]) -> dict[str, Any]:
        return {"mapping": {category: dict(rows)}}


def with_drafter(kit: Kit, drafter: Drafter) -> Account:
    kit.connect = lambda access: drafter  # type: ignore[assignment,return-value]
    return factories.account(kit)


def ask(kit: Kit, key: str, *names: str) -> None:
    with kit.db.writing() as session:
        mapping.ask(session, kit, find_account(session, key), names or None)


def told(kit: Kit, key: str) -> dict[str, mapping.Category]:
    with kit.db.reading() as session:
        return {category.name: category for category in mapping.categories(session, kit, find_account(session, key))}


def save(kit: Kit, key: str, category: str, kind: str, rows: dict[str, Any]) -> None:
    with kit.db.writing() as session:
        mapping.set_mapping(session, kit, find_account(session, key), category, kind, rows, "ann")


def test_what_new_listings_lack_is_found_per_product_on_both_marketplaces(each_kit: Kit, practice: PracticeServer) -> None:
    kit = each_kit
    add_practice_accounts(kit, practice)
    factories.product(kit, "R-1", category="ring", attributes={"metal": "18 ct"})
    factories.product(kit, "R-2", category="ring")
    factories.product(kit, "W-1", archived=True)
    for key in (AMAZON, "ebay-uk:main"):
        assert told(kit, key)["ring"].state == "unasked"
        ask(kit, key)
    assert told(kit, AMAZON)["ring"].state == "looking"

    settle_all(kit, DRAFT)

    ring = told(kit, AMAZON)["ring"]
    assert (ring.kind, ring.title, ring.chosen, ring.products, ring.unlisted, ring.checked, ring.state) == ("RING", "Ring", False, 2, 2, 2, "missing")
    assert [(gap.attribute, gap.words, gap.skus) for gap in ring.gaps] == [
        ("country_of_origin", "Country of Origin (country_of_origin) is missing", ("R-1", "R-2")),
        ("metal_type", "Metal Type (metal_type) is missing", ("R-1", "R-2")),
    ]
    assert {gap.attribute for gap in told(kit, "ebay-uk:main")["ring"].gaps} == {"policy:payment", "policy:return", "policy:shipping"}
    assert practice.witness("writes") == []
    assert list(told(kit, AMAZON)) == ["ring"], "an archived product is no category to list"

    save(kit, AMAZON, "ring", "RING", MENDED)
    assert told(kit, AMAZON)["ring"].state == "looking", "a new mapping makes the old answer old"
    settle_all(kit, DRAFT)

    ring = told(kit, AMAZON)["ring"]
    assert (ring.chosen, [(gap.attribute, gap.skus) for gap in ring.gaps]) == (True, [("metal_type", ("R-2",))])
    with kit.db.reading() as session:
        lines = {line.field["name"]: line for line in mapping.table(session, kit, find_account(session, AMAZON), "ring").lines}
        assert lines["metal_type"].said == {"gold": ["R-1"]}
        assert (lines["metal_type"].lacking, lines["metal_type"].translate) == (1, ("18 ct",))
        event = session.scalars(sa.select(Event).where(Event.what == "policy")).one()
        assert (event.who, "country_of_origin" in event.why) == ("ann", True)


def test_a_creation_that_was_refused_says_what_is_missing_and_where_to_mend_it_and_is_tried_again_once_it_is(
    kit: Kit, clock: Clock, practice: PracticeServer
) -> None:
    account = add_practice_accounts(kit, practice)[0]
    ring = factories.product(kit, "R-1", category="ring", attributes={"metal": "18 ct"}, offered_on={})
    picture = kit.originals.put(watch_photo(seed=3, size=(1600, 1600)))
    wish = {"wanted": {"R-1": {"main": picture}}, "wanted_print": "w"}
    listing = factories.listing(kit, ring, account, ListingState.TO_SEND, **wish)
    publish = {"publish": STAGES["publish"]}
    settle_all(kit, publish)

    with kit.db.reading() as session:
        [why] = [one for one in views.why(session, kit, "R-1") if one.account == AMAZON]
    assert why.word == "refused"
    assert "Metal Type (metal_type) is missing" in why.sentence
    assert "Fill it in the product, or say where it comes from under Accounts, New listings (/accounts/amazon-uk:main/listing)" in why.sentence
    assert why.mend == "ring"
    assert settle_all(kit, publish) == 0, "the same wish is not sent again unchanged"

    save(kit, AMAZON, "ring", "", MENDED)
    settle_all(kit, publish)

    with kit.db.reading() as session:
        kept = session.get_one(Listing, listing.id)
        assert (kept.problem, kept.pushed) == (None, wish["wanted"])
        assert [push.state for push in session.scalars(sa.select(Push).order_by(Push.number))] == [PushState.REFUSED, PushState.ACCEPTED]
        assert all(one.mend is None for one in views.why(session, kit, "R-1"))


@pytest.mark.parametrize(("told", "tried"), [({"attributes": {"metal": "gold"}}, True), ({"quantity": 4}, False)])
def test_a_refused_creation_is_tried_again_when_the_inventory_mends_the_product_and_not_for_every_sale(kit: Kit, told: dict[str, Any], tried: bool) -> None:
    account = with_drafter(kit, Drafter())
    ring = factories.product(kit, "R-1", category="ring")
    refused = {"wanted": {"R-1": {"main": "f"}}, "wanted_print": "w", "refused_print": "w", "problem": "Metal Type is missing"}
    number = factories.listing(kit, ring, account, ListingState.TO_SEND, **refused).id
    body = {"type": "sku.updated", "timestamp": kit.now().isoformat(), "data": {"sku": "R-1", **told}}

    with kit.db.writing() as session:
        apply_event(session, kit, integrations.inventory.parse_event(None, body), "event-1")

    with kit.db.reading() as session:
        assert (session.get_one(Listing, number).problem is None) is tried
        assert (session.scalar(sa.select(Work.due_at).where(Work.stage == "publish", Work.row == str(number))) is not None) is tried


def test_a_look_goes_on_over_several_jobs_and_what_was_found_can_be_read_meanwhile(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    drafter = Drafter()
    account = with_drafter(kit, drafter)
    for n in range(3):
        factories.product(kit, f"W-{n}", title=str(n), attributes={"colour": "Blue"} if n == 1 else {})
    monkeypatch.setattr(draft, "do", lambda kit, task: draft.look(kit, task.account, task.products, longest_s=-1))
    ask(kit, account.key)

    seen = []
    with kit.db.reading() as session:
        number = session.scalars(sa.select(ListingDraft.id)).one()
    while told(kit, account.key)["watch"].at is None:
        with kit.db.reading() as session:
            task = draft.gather(session, kit, str(number))
        assert task is not None
        found = draft.do(kit, task)
        with kit.db.writing() as session:
            draft.apply(session, kit, task, found)
        watch = told(kit, account.key)["watch"]
        seen.append((watch.checked, watch.looked_at, watch.state))

    assert seen == [(1, 3, "looking"), (2, 3, "looking"), (3, 3, "missing")]
    assert sorted(drafter.asked) == ["0", "1", "2"]
    assert [gap.skus for gap in told(kit, account.key)["watch"].gaps] == [("W-0", "W-2")]


def test_an_answer_to_an_older_wish_is_thrown_away(kit: Kit, clock: Clock) -> None:
    account = with_drafter(kit, Drafter())
    factories.product(kit, "W-1")
    ask(kit, account.key)
    with kit.db.reading() as session:
        task = draft.gather(session, kit, str(session.scalars(sa.select(ListingDraft.id)).one()))
    assert task is not None
    found = draft.do(kit, task)
    clock.advance(1)
    ask(kit, account.key)

    with kit.db.writing() as session:
        assert draft.apply(session, kit, task, found) is not None, "it is due again"

    assert told(kit, account.key)["watch"].state == "looking"


@pytest.mark.parametrize("failure", [integrations.TryLater(60, "eBay is away"), integrations.NotAuthorised("token revoked")])
def test_a_marketplace_that_does_not_answer_is_said_in_its_words_and_asked_again(kit: Kit, failure: Exception) -> None:
    account = with_drafter(kit, Drafter(fail_after=0, failure=failure))
    factories.product(kit, "W-1")
    ask(kit, account.key)

    settle_all(kit, DRAFT)

    watch = told(kit, account.key)["watch"]
    assert watch.state == "looking"
    assert str(failure) in (watch.trouble or "")
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Work.due_at).where(Work.stage == "draft")).one() > kit.now()


def test_not_being_allowed_to_ask_is_said_and_holds_up_no_publishing(kit: Kit, clock: Clock) -> None:
    on = with_drafter(kit, Drafter(fail_after=0, failure=integrations.NotAuthorised("403 definitions: denied")))
    factories.product(kit, "W-1", category="watch")
    ask(kit, on.key)
    for _ in range(4):
        settle_all(kit, DRAFT)
        clock.advance(5)

    [gap] = told(kit, on.key)["watch"].gaps
    assert gap.words == f"Not known: {on.key} is not allowed to ask what a new listing needs (403 definitions: denied). Publishing is not held up by this."
    with kit.db.reading() as session:
        assert session.get_one(Account, on.id).paused is None
        assert session.scalars(sa.select(Work.due_at).where(Work.stage == "draft")).all() == [None]


def test_what_was_learned_before_a_marketplace_went_away_is_kept(kit: Kit) -> None:
    drafter = Drafter(fail_after=1, failure=integrations.TryLater(60, "eBay is away"))
    account = with_drafter(kit, drafter)
    facts = [(sku, draft.facts_of(factories.product(kit, sku), account)) for sku in ("W-1", "W-2")]

    found = draft.look(kit, account, facts)

    assert (list(found.lacks), list(found.failed)) == (["W-1"], ["W-2"])


class Picky(Drafter):
    """Cannot be asked about some products, or about any once it is away."""

    def __init__(self, *skipped: str) -> None:
        super().__init__()
        self.skipped, self.tried = skipped, list[str]()

    def draft(self, product: integrations.ProductFacts) -> integrations.Draft:
        self.tried.append(product.title)
        if product.title in self.skipped:
            raise integrations.TryLater(60, "HTTP 500 from the schema")
        return super().draft(product)


def test_a_product_about_which_the_marketplace_cannot_be_asked_holds_up_no_other_and_is_given_up_in_words(kit: Kit, clock: Clock) -> None:
    drafter = Picky("W-9")
    account = with_drafter(kit, drafter)
    for n in (1, 2, 9):
        factories.product(kit, f"W-{n}", title=f"W-{n}", priority=n)
    ask(kit, account.key)

    settle_all(kit, DRAFT)
    assert (told(kit, account.key)["watch"].checked, told(kit, account.key)["watch"].state) == (2, "looking")
    for _ in range(draft.TRIES):
        clock.advance(61)
        settle_all(kit, DRAFT)

    watch = told(kit, account.key)["watch"]
    assert (watch.checked, watch.state, drafter.tried.count("W-9")) == (3, "missing", draft.TRIES)
    assert {gap.words: gap.skus for gap in watch.gaps} == {
        "Colour is missing": ("W-1", "W-2"),
        "the marketplace could not be asked about it, 3 times: HTTP 500 from the schema": ("W-9",),
    }


def test_a_marketplace_that_is_away_is_not_asked_about_every_product(kit: Kit) -> None:
    skus = [f"W-{n}" for n in range(9)]
    drafter = Picky(*skus)
    account = with_drafter(kit, drafter)

    found = draft.look(kit, account, [(sku, draft.facts_of(factories.product(kit, sku, title=sku), account)) for sku in skus])

    assert (len(drafter.tried), found.rest, found.delay) == (draft.AWAY, 9 - draft.AWAY, 60)


def test_what_is_missing_is_told_as_it_comes_and_goes_on_after_one_that_cannot_be_asked_about(kit: Kit) -> None:
    drafter = Picky("A")
    account = with_drafter(kit, drafter)
    for category, sku in (("ring", "A"), ("ring", "B"), ("watch", "C")):
        factories.product(kit, sku, title=sku, category=category)
    with kit.db.reading() as session:
        lacks = mapping.missing(kit, account, mapping.to_list(session, account))

    assert next(lacks)["sku"] == "B"
    assert "C" not in drafter.tried
    assert [(lack["sku"], lack["words"][:40]) for lack in lacks] == [("A", "the marketplace could not be asked about"), ("C", "Colour is missing")]


def test_what_is_refused_of_one_product_is_something_that_it_lacks(kit: Kit) -> None:
    refusal = integrations.Refused("no category for 'watch'", (integrations.Problem("kind", "no category"),))
    account = with_drafter(kit, Drafter(fail_after=0, failure=refusal))
    factories.product(kit, "W-1")
    ask(kit, account.key)

    settle_all(kit, DRAFT)

    assert [(gap.attribute, gap.words) for gap in told(kit, account.key)["watch"].gaps] == [("kind", "no category for 'watch'")]


def test_a_connector_that_cannot_draft_says_so(kit: Kit) -> None:
    kit.connect = lambda access: object()  # type: ignore[assignment,return-value]
    account = factories.account(kit)
    factories.product(kit, "W-1")
    ask(kit, account.key)

    settle_all(kit, DRAFT)

    assert "cannot say beforehand" in told(kit, account.key)["watch"].gaps[0].words
    with kit.db.reading() as session, pytest.raises(Refusal, match="cannot say beforehand"):
        mapping.table(session, kit, account, "watch")


def test_listed_products_are_not_asked_about_unless_nothing_else_shows_what_the_kind_needs(kit: Kit) -> None:
    account = with_drafter(kit, Drafter())
    for n in range(5):
        factories.listing(kit, factories.product(kit, f"W-{n}"), account, ListingState.LIVE, external_id=str(n))
    with kit.db.reading() as session:
        assert len(draft.products_of(session, account, "watch")) == draft.SAMPLE
    factories.product(kit, "W-9")
    with kit.db.reading() as session:
        assert [product.sku for product in draft.products_of(session, account, "watch")] == ["W-9"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"Shade": {"value": "Blue"}}, "W has no attribute 'Shade'; it has Colour"),
        ({"Colour": {"value": "Red"}}, "Colour (Colour) does not take 'Red'; it takes Blue, Black"),
        ({"Colour": {"from": "brand", "words": {"navy": "Navy"}}}, "does not take 'Navy'"),
    ],
)
def test_what_the_marketplace_does_not_have_is_refused_by_name_before_it_is_kept(kit: Kit, rows: dict[str, Any], words: str) -> None:
    account = with_drafter(kit, Drafter())
    factories.product(kit, "W-1")
    ask(kit, account.key)
    settle_all(kit, DRAFT)

    with pytest.raises(Refusal) as caught:
        save(kit, account.key, "watch", "W", rows)

    assert words in str(caught.value)
    with kit.db.reading() as session:
        assert "mapping" not in find_account(session, account.key).policy["listing"]


def test_a_category_that_no_product_has_is_refused(kit: Kit) -> None:
    account = with_drafter(kit, Drafter())

    for name in ("*", "boat"):
        with pytest.raises(Refusal, match="no product has the category"):
            save(kit, account.key, name, "W", {})
    with pytest.raises(Refusal, match="no product has the category 'boat'"):
        ask(kit, account.key, "boat")


def test_what_is_known_is_asked_for_again_after_an_hour(kit: Kit, clock: Clock) -> None:
    account = with_drafter(kit, Drafter())
    factories.product(kit, "W-1")
    assert mapping.is_old(told(kit, account.key)["watch"], kit.now())
    ask(kit, account.key)
    settle_all(kit, DRAFT)

    assert not mapping.is_old(told(kit, account.key)["watch"], kit.now())
    clock.advance(3601)
    assert mapping.is_old(told(kit, account.key)["watch"], kit.now())


def test_what_is_known_is_old_once_the_inventory_has_told_of_a_product_again(kit: Kit, clock: Clock) -> None:
    account = with_drafter(kit, Drafter())
    factories.product(kit, "W-1")
    ask(kit, account.key)
    settle_all(kit, DRAFT)
    clock.advance(5)
    factories.product(kit, "W-2")

    assert mapping.is_old(told(kit, account.key)["watch"], kit.now())


def test_the_command_lists_what_each_product_lacks_and_exits_with_1(kit: Kit, practice: PracticeServer, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_SECRET_KEY", kit.settings.keys[0])
    add_practice_accounts(kit, practice, listing={"calls_per_day": 1_000_000})
    factories.product(kit, "R-1", category="ring")
    factories.product(kit, "W-1")

    code, out, err = command("accounts", "listing", AMAZON)
    assert (code, err) == (1, "")
    assert [line.split()[:3] for line in out.splitlines()] == [
        ["sku", "category", "attribute"],
        ["R-1", "ring", "metal_type"],
        ["R-1", "ring", "country_of_origin"],
    ]

    code, out, _ = command("accounts", "listing", AMAZON, "--json")
    assert code == 1
    assert '{"sku": "R-1", "category": "ring", "attribute": "metal_type", "words": "Metal Type (metal_type) is missing"}' in out

    save(kit, AMAZON, "ring", "RING", {**MENDED, "metal_type": {"value": "gold"}})
    code, out, _ = command("accounts", "listing", AMAZON)
    assert (code, out.strip()) == (0, "amazon-uk:main: nothing is missing for 2 products")
