"""The pages of new listings: what is missing, where attributes come from, who may change that, and a marketplace that does not answer."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import sqlalchemy as sa

import integrations
from app.accounts import find_account
from app.kit import Kit
from app.models import Account, Event, ListingDraft
from app.stages import STAGES
from app.stages.run import settle_all
from app.web import mapping as pages
from tests.app.test_mapping import Drafter
from tests.web.conftest import Windows

KEY = "ebay-uk:main"
PAGE, CATEGORY = f"/accounts/{KEY}/listing", f"/accounts/{KEY}/listing/category?name=ring"


@pytest.fixture
def drafter(windows: Windows) -> Drafter:
    made = Drafter()
    windows.kit.connect = lambda access: made  # type: ignore[assignment,return-value]
    return made


def look(kit: Kit) -> None:
    settle_all(kit, {"draft": STAGES["draft"]})


def text(windows: Windows, path: str, role: str = "admin") -> str:
    answer = windows.visitor(role).get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def policy(windows: Windows) -> Any:
    with windows.kit.db.reading() as session:
        return find_account(session, KEY).policy


def test_opening_the_page_has_the_marketplace_asked_and_then_says_what_is_missing_with_a_link_to_each_product(windows: Windows, drafter: Drafter) -> None:
    first = text(windows, PAGE)
    assert 'hx-trigger="submit, load"' in first
    assert "not asked yet" in first
    assert drafter.asked == [], "reading a page asks nobody"

    answer = windows.visitor().post(f"{PAGE}/ask")
    assert answer.status_code == 303
    assert "load delay:1500ms" in text(windows, PAGE), "the page follows the look"
    look(windows.kit)

    page = text(windows, PAGE)
    assert "load delay" not in page
    assert 'hx-trigger="submit"' in page
    assert "1 product:</b> Colour is missing" in page
    assert '<a href="/products/R-1044">R-1044</a>' in page
    assert "Watches" in page


def test_the_page_of_a_category_shows_each_attribute_and_how_it_is_filled(windows: Windows, drafter: Drafter) -> None:
    windows.visitor().post(f"{PAGE}/ask", name="ring")
    look(windows.kit)
    with windows.kit.db.reading() as session:
        assert session.scalars(sa.select(ListingDraft.category)).all() == ["ring"]

    page = text(windows, CATEGORY)

    assert re.search(r'name="attribute-0" value="Colour">Colour <small class="must">required', page)
    assert re.search(r"<option>Blue</option>\s*<option>Black</option>", page)
    assert '<option value="brand">brand</option>' in page
    assert "missing or wrong for 1 of 1" in page


def test_saving_writes_the_policy_records_it_and_has_the_marketplace_asked_anew(windows: Windows, drafter: Drafter) -> None:
    windows.visitor().post(f"{PAGE}/ask")
    look(windows.kit)

    form = {"name": "ring", "kind": "W", "attribute-0": "Colour", "how-0": "attributes.colour", "ours-0": "navy", "theirs-0": "Blue"}
    answer = windows.visitor("admin").post(f"{PAGE}/category", **form)

    assert (answer.status_code, answer.location) == (303, CATEGORY)
    assert policy(windows)["listing"] == {"mapping": {"ring": {"Colour": {"from": "attributes.colour", "words": {"navy": "Blue"}}}}}
    with windows.kit.db.reading() as session:
        assert session.scalars(sa.select(Event.who).where(Event.what == "policy")).one() == "admin"
        assert set(session.scalars(sa.select(ListingDraft.at))) == {None}


@pytest.mark.parametrize(
    ("form", "rows"),
    [
        ({"how-0": "value", "value-0": " Blue "}, {"Colour": {"value": "Blue"}}),
        ({"how-0": "value", "value-0": "Blue | Black"}, {"Colour": {"value": ["Blue", "Black"]}}),
        ({"how-0": "value", "value-0": ""}, {}),
        ({"how-0": "", "value-0": "Blue"}, {}),
        ({"how-0": "size_mm.case", "unit-0": "millimeters"}, {"Colour": {"from": "size_mm.case", "unit": "millimeters"}}),
        ({"attribute-new": "", "how-new": "value", "value-new": "x"}, {}),
        ({"attribute-new": "Shade", "how-new": "brand"}, {"Shade": {"from": "brand"}}),
    ],
)
def test_a_form_becomes_the_rows_that_it_shows(windows: Windows, drafter: Drafter, form: dict[str, str], rows: dict[str, Any]) -> None:
    assert windows.visitor("admin").post(f"{PAGE}/category", name="ring", kind="W", **{"attribute-0": "Colour", **form}).status_code == 303

    assert policy(windows).get("listing", {}).get("mapping", {}).get("ring", {}) == rows


def test_what_a_form_does_not_show_stays_as_it_was(windows: Windows, drafter: Drafter) -> None:
    rows = {
        "Colour": {"from": "attributes.colour", "words": {"navy": "Blue", "jet": "Black"}, "unit": "shade"},
        "Engraving": {"from": "attributes.text", "words": {"none": "No"}},
        "Size": {"from": "size_mm.case", "unit": "millimeters"},
    }
    drafter.mapped = lambda category: integrations.CategoryMap("W", "", rows)  # type: ignore[method-assign]
    form = {"attribute-0": "Colour", "how-0": "attributes.colour", "ours-0": "navy", "theirs-0": "", "attribute-1": "Size", "how-1": ""}

    assert windows.visitor("admin").post(f"{PAGE}/category", name="ring", kind="W", **form).status_code == 303

    kept = policy(windows)["listing"]["mapping"]["ring"]
    assert kept == {"Colour": {"from": "attributes.colour", "words": {"jet": "Black"}, "unit": "shade"}, "Engraving": rows["Engraving"]}


def test_what_the_marketplace_does_not_take_is_refused_by_name(windows: Windows, drafter: Drafter) -> None:
    windows.visitor().post(f"{PAGE}/ask")
    look(windows.kit)

    answer = windows.visitor("admin").post(f"{PAGE}/category", **{"name": "ring", "kind": "W", "attribute-0": "Colour", "how-0": "value", "value-0": "Red"})

    assert answer.status_code == 409
    assert "does not take &#39;Red&#39;; it takes Blue, Black" in answer.get_data(as_text=True)
    assert "mapping" not in policy(windows).get("listing", {})


def test_who_may_not_edit_accounts_sees_it_and_cannot_change_it(windows: Windows, drafter: Drafter) -> None:
    windows.visitor().post(f"{PAGE}/ask")
    look(windows.kit)

    for role in ("viewer", "operator"):
        page = text(windows, CATEGORY, role)
        assert "Keep the mapping" not in page
        assert re.search(r'<select class="form-select how"[^>]* disabled>', page)
        assert windows.visitor(role).post(f"{PAGE}/category", name="ring", kind="W").status_code == 403
    assert "Ask eBay again" not in text(windows, PAGE, "viewer")
    assert windows.visitor("viewer").post(f"{PAGE}/ask").status_code == 403


def test_kinds_are_suggested_as_a_part_and_without_script_on_the_page(windows: Windows, drafter: Drafter) -> None:
    part = text(windows, f"{PAGE}/kinds?words=watch")
    assert re.search(r'<input[^>]*name="kind" value="W" form="save"><span>Watches', part)
    assert "<html" not in part
    page = text(windows, f"{CATEGORY}&words=watch")
    assert 'value="B" form="save"><span>Watch bands' in page
    assert page.count('name="kind" value="W"') == 1, "the present kind is no other one"
    assert text(windows, f"{PAGE}/kinds?words=").strip() == ""


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (integrations.TryLater(60, "503 from eBay"), "does not answer now: 503 from eBay"),
        (integrations.NotAuthorised("token revoked"), "does not accept our credentials: token revoked"),
        (integrations.Refused("no words"), "answered and declined: no words"),
    ],
)
def test_a_search_that_fails_says_why(windows: Windows, drafter: Drafter, monkeypatch: pytest.MonkeyPatch, failure: Exception, words: str) -> None:
    def fail(asked: str) -> Any:
        raise failure

    monkeypatch.setattr(drafter, "suggestions", fail)

    assert words in text(windows, f"{PAGE}/kinds?words=watch")


def test_a_search_that_hangs_is_given_up(windows: Windows, drafter: Drafter, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(drafter, "suggestions", lambda words: answered.wait(30) and [])
    monkeypatch.setattr(pages, "LONGEST_S", 0.05)

    try:
        assert "has not answered within 0 seconds" in text(windows, f"{PAGE}/kinds?words=watch")
    finally:
        answered.set()


def test_a_marketplace_that_does_not_answer_and_one_that_cannot_draft_say_so_on_the_page(windows: Windows) -> None:
    failing = Drafter(fail_after=0, failure=integrations.TryLater(60, "eBay is away"))
    windows.kit.connect = lambda access: failing  # type: ignore[assignment,return-value]
    windows.visitor().post(f"{PAGE}/ask", name="ring")
    look(windows.kit)
    assert "eBay is away. It is asked again by itself." in text(windows, PAGE)

    with windows.kit.db.writing() as session:
        session.scalars(sa.select(Account).where(Account.key == KEY)).one().credentials = "not ours"
    assert "credentials cannot be decrypted" in text(windows, CATEGORY)


@pytest.mark.parametrize("path", ["/accounts/ebay-uk:none/listing", f"{PAGE}/category?name=boat"])
def test_what_is_not_there_is_not_found(windows: Windows, drafter: Drafter, path: str) -> None:
    assert windows.visitor("admin").get(path).status_code == 404


def test_a_house_without_products_says_that_categories_come_with_them(empty_windows: Windows) -> None:
    from tests.app import factories

    factories.account(empty_windows.kit)

    assert "Categories appear here as soon as the inventory tells of products" in text(empty_windows, PAGE)
