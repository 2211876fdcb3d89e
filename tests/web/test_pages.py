"""Every page, full and empty; how many selects it takes; what goes wrong is said in the reader's own shape."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import request

import imaging
from app import views
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Arrival, Lesson, Listing, Product, User
from app.states import ArrivalState
from app.web import create_app, plot, words
from tests.web import seed
from tests.web.conftest import Windows, _drawn, _kit

LISTS = ("/", "/batches", "/batches/1", "/products", "/listings", "/notices", "/lessons/", "/tray", "/review/", "/releases/", "/accounts/", "/waivers/")
PAGES = (
    *LISTS,
    "/products/W-1042",
    "/products/W-1043",
    "/lessons/1",
    "/lessons/2",
    "/lessons/3",
    "/lessons/?show=gathering",
    "/upload",
    "/notices?show=past",
    "/lessons/?show=decided",
    "/waivers/?show=ended",
    "/review/photo/1",
)
FORBIDDEN = ("None", "Undefined", "{{", "datetime.datetime", "PlacementState")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_shows_a_full_house(windows: Windows, path: str) -> None:
    answer = windows.visitor("viewer").get(path)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert not [word for word in FORBIDDEN if f">{word}" in text or f" {word}<" in text]


@pytest.mark.parametrize("path", [*[p for p in LISTS if p != "/batches/1"], "/upload", "/people/", "/accounts/new?marketplace=ebay-uk"])
def test_every_page_shows_an_empty_house(empty_windows: Windows, path: str) -> None:
    assert empty_windows.visitor("admin").get(path).status_code == 200


def test_a_newcomer_is_told_what_to_do_first(empty_windows: Windows, windows: Windows) -> None:
    assert "What to do first" in empty_windows.visitor("admin").get("/").get_data(as_text=True)
    assert "What to do first" not in windows.visitor("admin").get("/").get_data(as_text=True)


@contextmanager
def _counted(kit: Kit) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    for engine in (kit.db.reader, kit.db.engine):
        sa.event.listen(engine, "before_cursor_execute", note)
    yield said
    for engine in (kit.db.reader, kit.db.engine):
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def large_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _drawn(tmp_path_factory.mktemp("large") / "var", lambda kit: seed.seed(kit, px=48, repeat=3))


def test_no_page_asks_more_when_there_is_more_to_show(windows: Windows, large_folder: Path) -> None:
    kit = _kit(large_folder)
    large = Windows(kit, create_app(kit.settings, kit))
    for path in [*LISTS, "/products/W-1042"]:
        counts = []
        for house in (windows, large):
            visitor = house.visitor("viewer")
            with _counted(house.kit) as said:
                assert visitor.get(path).status_code == 200
            counts.append(len(said))
        assert counts[0] == counts[1] <= 30, path
    kit.close()


def test_listings_are_filtered_by_the_word_that_is_shown(windows: Windows) -> None:
    with windows.kit.db.reading() as session:
        bars = views.marketplace_bars(session)
    visitor = windows.visitor("viewer")
    for account, counts in bars.items():
        for word, count in counts.items():
            page = visitor.get(f"/listings?account={account}&word={word}").get_data(as_text=True)
            assert page.count('class="main-cell"') == count, (account, word)


@pytest.mark.parametrize("policy", ["auto", "ask"])
def test_each_step_of_the_strip_leads_to_as_many_listings_as_it_counts(windows: Windows, policy: str) -> None:
    with windows.kit.db.writing() as session:
        for on in session.scalars(sa.select(Account)):
            on.policy = {**on.policy, "publish": policy}
    visitor = windows.visitor("viewer")
    steps = re.findall(r'<a href="(/listings\?word=[^"]+)".*?<b>(\d+)</b>', visitor.get("/").get_data(as_text=True), re.DOTALL)
    assert len(steps) == 4
    assert any(count != "0" for _, count in steps)
    for link, count in steps:
        assert visitor.get(html.unescape(link)).get_data(as_text=True).count('class="main-cell"') == int(count), link


def test_a_search_that_finds_one_product_opens_it(windows: Windows) -> None:
    assert windows.visitor().get("/products?q=deep+300").location == "/products/W-1042"
    assert "No product fits" in windows.visitor().get("/products?q=%25").get_data(as_text=True)


def test_the_sku_page_says_for_every_account_why_it_is_not_live(windows: Windows) -> None:
    text = windows.visitor("viewer").get("/products/W-1042").get_data(as_text=True)
    assert "The main image does not have a pure white background." in text
    assert all(name in text for name in ("Amazon UK", "Amazon US", "eBay UK"))


def test_a_hostile_title_stays_text(windows: Windows) -> None:
    with windows.kit.db.writing() as session:
        session.execute(sa.update(Product).values(title='<img src=x onerror="alert(1)">'))
    for path in ("/products", "/listings", "/review/", "/products/W-1042"):
        assert "<img src=x" not in windows.visitor().get(path).get_data(as_text=True)


def test_letting_a_listing_through_is_kept_before_the_answer(windows: Windows) -> None:
    with windows.kit.db.writing() as session:
        listing = session.scalars(sa.select(Listing).where(Listing.state == "to_send")).first()
        assert listing is not None
        number, wish = listing.id, listing.wanted_print
        listing.account.policy = {**listing.account.policy, "publish": "ask"}
    assert windows.visitor().post(f"/listings/{number}/confirm").status_code == 303
    with windows.kit.db.reading() as session:
        assert session.get_one(Listing, number).confirmed_print == wish


def test_the_emergency_stop_is_on_every_page_until_it_is_lifted(windows: Windows) -> None:
    visitor = windows.visitor()
    visitor.post("/stop", why="a wrong price")
    assert "a wrong price" in visitor.get("/batches").get_data(as_text=True)
    visitor.post("/resume")
    assert "a wrong price" not in visitor.get("/batches").get_data(as_text=True)


def test_an_account_keeps_its_secrets(windows: Windows) -> None:
    admin = windows.visitor("admin")
    fields = {"credential_client_id": "id-7f", "credential_client_secret": "s3cret-7f", "credential_refresh_token": "t0ken-7f"}
    assert admin.post("/accounts/ebay-uk:main/credentials", **fields).status_code == 303
    text = admin.get("/accounts/").get_data(as_text=True)
    assert not [secret for secret in fields.values() if secret in text]


def test_policies_are_kept_and_a_wrong_one_is_refused_in_words(windows: Windows) -> None:
    admin = windows.visitor("admin")
    good = {"publish": "ask", "repair": "off", "wait_min": "45", "create": "yes"}
    assert admin.post("/accounts/ebay-uk:main/policy", **good).status_code == 303
    refused = admin.post("/accounts/ebay-uk:main/policy", **{**good, "wait_min": "soon"})
    assert refused.status_code == 409
    assert "number of minutes" in refused.get_data(as_text=True)


def test_a_rollout_is_begun_by_an_administrator_and_halted_by_whoever_reviews(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)
    later = Windows(newer := _kit(windows.kit.settings.var), create_app(newer.settings, newer))
    admin, operator = later.visitor("admin"), later.visitor()
    assert "made by another" in admin.get("/releases/").get_data(as_text=True)

    assert operator.post("/releases/begin", share="25", most="15").status_code == 403
    assert admin.post("/releases/begin", share="0", most="15").status_code == 409
    assert admin.post("/releases/begin", share="25", most="15").status_code == 303
    assert "under way" in operator.get("/releases/").get_data(as_text=True)
    assert operator.post("/releases/halt", why="the gold looks pale").status_code == 303
    assert "Halted: the gold looks pale." in admin.get("/releases/").get_data(as_text=True)
    newer.close()


def test_a_key_is_shown_once(windows: Windows) -> None:
    admin = windows.visitor("admin")
    assert "pk_" in admin.post("/people/keys", name="inventory", role="operator").get_data(as_text=True)
    assert "pk_" not in admin.get("/people/").get_data(as_text=True)


def test_errors_are_pages_for_people_and_problems_for_programs(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = windows.visitor()
    assert "There is nothing here" in visitor.get("/nowhere").get_data(as_text=True)
    assert visitor.get("/api/v1/nowhere").mimetype == "application/problem+json"

    def fail(*_: object) -> None:
        raise RuntimeError("secret words of the machine")

    monkeypatch.setattr(views, "pipeline", fail)
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert "secret words" not in answer.get_data(as_text=True)


def test_a_refusal_keeps_nothing_and_says_why_where_the_reader_looks(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    def half_way(session: sa.orm.Session, _kit: Kit, lesson: Lesson, _who: str, _why: str, **_: object) -> None:
        lesson.reason = "half done"
        session.flush()
        raise Refusal("the rules cannot take it")

    monkeypatch.setattr("app.stages.learn.accept", half_way)
    answer = windows.visitor().post("/lessons/1/accept", htmx=True)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#said")
    assert "the rules cannot take it" in answer.get_data(as_text=True)
    with windows.kit.db.reading() as session:
        assert session.get_one(Lesson, 1).reason is None


def test_a_lesson_is_accepted_after_its_plot_and_the_lines_it_writes(windows: Windows) -> None:
    visitor = windows.visitor()
    page = visitor.get("/lessons/1").get_data(as_text=True)
    assert "accepted, there before ours" in page
    assert "95 % interval" in page
    assert "+ - id: amazon-sharpness" in page
    assert "amazon-sharpness: sharpness at least 3 becomes sharpness at least" in page
    assert visitor.post("/lessons/1/accept").status_code == 303
    page = visitor.get("/lessons/1").get_data(as_text=True)
    assert "Accepted by operator" in page
    assert "amazon-sharpness: sharpness at least 3 becomes sharpness at least" in page
    assert visitor.post("/lessons/1/decline", reason="too late").status_code == 409


def test_a_lesson_that_changed_since_it_was_read_is_not_accepted(windows: Windows) -> None:
    assert windows.visitor().post("/lessons/1/accept", shown="another one").status_code == 409


def test_little_evidence_needs_a_reason(windows: Windows) -> None:
    visitor = windows.visitor()
    assert "Why, with so little evidence" in visitor.get("/lessons/3").get_data(as_text=True)
    assert visitor.post("/lessons/3/accept").status_code == 409
    assert visitor.post("/lessons/3/accept", why="They told me on the telephone.").status_code == 303
    assert "They told me on the telephone." in visitor.get("/lessons/3").get_data(as_text=True)


def test_a_code_that_nobody_has_translated_is_put_to_a_person_at_once(windows: Windows) -> None:
    page = windows.visitor().get("/lessons/").get_data(as_text=True)
    assert "Amazon: code 18999" in page


def test_declining_a_lesson_needs_a_reason(windows: Windows) -> None:
    visitor = windows.visitor()
    assert visitor.post("/lessons/1/decline", reason=" ").status_code == 409
    assert visitor.post("/lessons/1/decline", reason="one odd picture").status_code == 303


def test_the_plot_keeps_the_order_of_values_and_piles_what_is_alike() -> None:
    drawn = plot.plot([(5.0, False), (6.0, True), (9.0, False), (9.0, False)], [4.5], now=3.0, then=4.6, interval=(4.5, 5.0))
    assert drawn.now is not None
    assert drawn.then is not None
    assert drawn.band is not None
    assert drawn.now.x < drawn.against[0].x < drawn.then.x < drawn.fine[0].x
    assert drawn.fine[2].x == drawn.fine[3].x
    assert drawn.fine[2].y > drawn.fine[3].y
    assert [mark.hollow for mark in drawn.fine] == [False, True, False, False]
    assert all(0 <= mark.x <= 100 for mark in (*drawn.fine, *drawn.against, *drawn.ticks))


def test_a_tray_file_is_assigned_or_stays(windows: Windows) -> None:
    visitor = windows.visitor()
    refused = visitor.post("/tray/1/assign", sku="NO-SUCH", shot="dial")
    assert refused.status_code == 409
    assert "no product has this SKU" in refused.get_data(as_text=True)
    assert visitor.post("/tray/1/assign", sku="R-1044", shot="front").status_code == 303
    assert "Every file found its product" in visitor.get("/tray").get_data(as_text=True)


def test_previews_are_for_signed_in_people_and_kept(windows: Windows) -> None:
    page = windows.visitor().get("/products/W-1042").get_data(as_text=True)
    address = page.split('src="/pictures/')[1].split('"')[0].replace("&amp;", "&")
    answer = windows.visitor().get(f"/pictures/{address}")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert "private" in answer.headers["Cache-Control"]
    assert windows.visitor(None).get(f"/pictures/{address}").status_code == 401
    assert windows.visitor().get("/pictures/photo/" + "0" * 64).status_code == 404
    assert windows.visitor().get("/pictures/secret/" + "0" * 64).status_code == 404


def test_the_live_mark_changes_when_something_happens(windows: Windows) -> None:
    visitor = windows.visitor()
    before = visitor.get("/live").data
    assert visitor.get("/live").data == before
    visitor.post("/stop")
    assert visitor.get("/live").data != before


def test_the_numbers_beside_the_menu_are_told_by_themselves(windows: Windows) -> None:
    visitor = windows.visitor()
    page = visitor.get("/").get_data(as_text=True)
    told = visitor.get("/live/counts").get_json()
    assert told["Review"] > 0
    for entry, count in told.items():
        assert f'data-count="{entry}">{count or ""}</b>' in page


def test_an_address_that_leads_nowhere_says_what_to_do(windows: Windows) -> None:
    page = windows.visitor().get("/nowhere").get_data(as_text=True)
    assert "Find a SKU or a title above" in page
    assert "check your spelling" not in page


@pytest.mark.parametrize(("key", "said"), [("amazon-uk:main", "Amazon UK"), ("ebay-us:outlet", "eBay US (outlet)"), ("etsy-fr:main", "Etsy FR")])
def test_an_account_reads_as_a_person_says_it(key: str, said: str) -> None:
    assert words.account_words(key) == said


def test_values_read_as_a_person_compares_them() -> None:
    assert words.money(389_000, "GBP") == "£3,890.00"
    assert words.money(None, "GBP") == ""
    assert [words.number(v) for v in (True, 1600, 0.8512, None, [1, 2])] == ["yes", "1,600", "0.851", "not measured", "1, 2"]
    assert words.where_words("alt1 on amazon-uk:main") == "Alt 1 on Amazon UK"
    assert words.where_words("a file on my desk.jpg") == "a file on my desk.jpg"


def test_a_value_that_misses_its_limit_by_little_is_not_rounded_onto_it() -> None:
    assert words.measured_words({"fact": "cutout_confidence", "value": 0.6997, "limit": 0.7}) == "cutout confidence: 0.6997, limit 0.7"
    assert words.measured_words({"fact": "fill", "value": 0.7911, "limit": 0.85}) == "fill: 0.791, limit 0.85"


@pytest.mark.parametrize("sku", ["A#1", "50%25-off", "what?", "a b&c/d"])
def test_a_page_of_a_sku_with_any_sign_in_it_leads_to_itself(windows: Windows, sku: str) -> None:
    with windows.app.test_request_context(f"/products/{quote(sku)}?page=1"):
        address = words.same_page(page=2)
    with windows.app.test_request_context(address):
        assert (request.path, request.args.to_dict()) == (f"/products/{sku}", {"page": "2"})


def test_a_role_changes_by_its_button_alone_and_what_was_done_to_a_person_is_said(windows: Windows) -> None:
    with windows.kit.db.reading() as session:
        number = session.scalars(sa.select(User.id).where(User.name == "viewer")).one()
    admin = windows.visitor("admin")
    page = admin.get("/people/").get_data(as_text=True)
    assert "data-send" not in page
    assert "Set the role of viewer" in page
    for action, fields, said in [
        ("role", {"role": "operator"}, "viewer has the role operator now."),
        ("active", {"active": "no"}, "viewer is turned off and cannot sign in any more."),
        ("active", {"active": "yes"}, "viewer can sign in again."),
    ]:
        assert admin.post(f"/people/{number}/{action}", **fields).status_code == 303
        assert said in admin.get("/people/").get_data(as_text=True)


def test_whoever_stops_an_account_or_drops_a_file_can_say_why(windows: Windows) -> None:
    with windows.kit.db.reading() as session:
        arrival = session.scalars(sa.select(Arrival.id).where(Arrival.state == ArrivalState.UNMATCHED)).first()
    for path, action, name in [
        ("/accounts/", "/accounts/amazon-uk:main/stop", "why"),
        ("/tray", f"/tray/{arrival}/drop", "why"),
        (f"/review/arrival/{arrival}", f"/review/arrival/{arrival}/drop", "reason"),
    ]:
        form = windows.visitor().get(path).get_data(as_text=True).partition(f'action="{action}"')[2].partition("</form>")[0]
        field = re.search(rf'<input[^>]* id="([^"]+)" name="{name}"', form)
        assert field, path
        assert f'for="{field[1]}"' in form, path


@pytest.mark.parametrize(
    ("fact", "value", "limit", "said"),
    [
        ("longest_side", 900, 1000, "longest side: 900 px, limit 1,000 px"),
        ("fill", 0.79, 0.85, "fill: 0.79, limit 0.85"),
        ("bytes", 12_000_000, 10_000_000, "bytes: 12,000,000, limit 10,000,000"),
        ("megapixels", 999.7, 500.0, "megapixels: 1,000 MP, limit 500 MP"),
        ("nobody_knows_it", 3, 4, "nobody knows it: 3, limit 4"),
    ],
)
def test_what_was_measured_is_told_in_its_unit(fact: str, value: float, limit: float, said: str) -> None:
    assert words.measured_words({"fact": fact, "value": value, "limit": limit}) == said
