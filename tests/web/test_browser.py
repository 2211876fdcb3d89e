"""One walk through the windows in a real Chromium: sign-in, review by keyboard, a lesson accepted; and nothing that the policy had to block."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from app.models import Account, Lesson
from app.stages import STAGES, review
from app.stages.run import settle_all
from app.states import LessonState
from tests.app.test_mapping import Drafter
from tests.web.conftest import Windows
from tests.web.seed import PASSWORD

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium on this machine: apt-get install chromium"),
]


@pytest.fixture
def address(windows: Windows) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, windows.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api").sync_playwright().start()
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    page = browser.new_page(base_url=address, viewport={"width": 1440, "height": 900})
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" and "409" not in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    browser.close()
    playwright.stop()
    assert complaints == []


def test_a_person_signs_in_reviews_by_keyboard_and_accepts_a_lesson(windows: Windows, page: Any) -> None:
    with windows.kit.db.reading() as session:
        cases = review.queue(session)
    assert [case.kind for case in cases[:3]] == ["photo", "arrival", "placement"]

    page.goto("/review/")
    page.fill("#name", "operator")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#desk")
    page.wait_for_selector("#heartbeat[data-state=on]")  # the scripts run: keys are heard

    # the first case: accepting asks for a reason; Enter in it decides, and the next case is there without a reload
    page.evaluate("() => { window.notReloaded = true }")
    page.keyboard.press("a")
    page.wait_for_function("() => document.activeElement.id === 'reason'")
    page.keyboard.type("the only photo there is")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/review/arrival/{cases[1].id}")
    page.wait_for_selector("text=Photo accepted.")
    assert page.evaluate("() => document.activeElement.id") != "reason"  # the next letter is a key, not a reason

    # on to a placement and back; help opens and closes
    page.keyboard.press("j")
    page.wait_for_url(f"**/review/placement/{cases[2].id}")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/review/arrival/{cases[1].id}")
    page.keyboard.press("j")
    page.wait_for_url(f"**/review/placement/{cases[2].id}")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys:not([open])", state="attached")

    # a reason alone decides nothing
    page.click("#reason")
    page.keyboard.type("hm")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=which?")
    page.fill("#reason", "")
    page.keyboard.press("Escape")

    # rejecting: the reason first, then Enter
    page.keyboard.press("r")
    page.wait_for_function("() => document.activeElement.id === 'reason'")
    page.keyboard.type("the strap is cut off")
    page.keyboard.press("Enter")
    page.wait_for_selector(r"text=/Rejected( in \d places)?\./")
    assert page.evaluate("() => window.notReloaded") is True
    with windows.kit.db.reading() as session:
        assert {case.key for case in cases[:3]} & {case.key for case in review.queue(session)} == {cases[1].key}

    # back and forth in the browser's own history shows whole pages
    page.go_back()
    page.wait_for_selector("header.side")

    page.goto("/lessons/1")
    page.click("text=Accept the lesson")
    page.wait_for_selector("text=Accepted by operator")
    with windows.kit.db.reading() as session:
        assert session.get_one(Lesson, 1).state == LessonState.ACCEPTED


def test_a_person_maps_a_new_listings_attributes_and_the_page_follows_the_marketplace(windows: Windows, page: Any) -> None:
    windows.kit.connect = lambda access: Drafter()  # type: ignore[assignment,return-value]
    page.goto("/accounts/ebay-uk:main/listing")
    page.fill("#name", "admin")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")

    # opening the page asks by itself; the answer comes without a reload
    page.wait_for_selector("text=0 of 1 products looked at")
    settle_all(windows.kit, {"draft": STAGES["draft"]})
    page.wait_for_selector("text=Colour is missing")

    page.goto("/accounts/ebay-uk:main/listing/category?name=ring")
    page.fill("#words", "watch")
    page.wait_for_selector("#found >> text=Watch bands")
    assert not page.is_visible("#value-0")
    page.select_option("#how-0", "value")
    page.select_option("#value-0", "Black")
    page.click("text=Keep the mapping")
    page.wait_for_selector("text=Kept: ring on ebay-uk:main")
    with windows.kit.db.reading() as session:
        listing = session.scalars(sa.select(Account.policy).where(Account.key == "ebay-uk:main")).one()["listing"]
    assert listing == {"mapping": {"ring": {"Colour": {"value": "Black"}}}}


def test_a_page_follows_what_happens_elsewhere(windows: Windows, page: Any) -> None:
    page.goto("/sign-in")
    page.fill("#name", "viewer")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#heartbeat[data-state=on]")
    before = page.inner_text(".strip a:nth-child(4) b")

    number = next(case.id for case in _queue(windows) if case.kind == "placement")
    windows.visitor().post(f"/review/placement/{number}/reject", reason="blurred")

    page.wait_for_function("was => document.querySelector('.strip a:nth-child(4) b').innerText !== was", arg=before)
    assert int(page.inner_text(".strip a:nth-child(4) b")) == int(before) - 1


def _queue(windows: Windows) -> list[review.Case]:
    with windows.kit.db.reading() as session:
        return review.queue(session)


def test_no_page_scrolls_sideways_on_a_telephone(windows: Windows, page: Any) -> None:
    with windows.kit.db.reading() as session:
        placement = next(case.id for case in review.queue(session) if case.kind == "placement")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    page.fill("#name", "admin")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#heartbeat", state="attached")
    wide = {}
    for path in ("/", "/upload", "/batches", f"/review/placement/{placement}", "/tray", "/products", "/listings", "/notices", "/lessons/", "/rules/",
                 "/releases/", "/waivers/", "/accounts/", "/accounts/new", "/people/", "/webhooks/"):  # fmt: skip
        answer = page.goto(path)
        assert answer.ok, path
        if (width := page.evaluate("() => document.documentElement.scrollWidth")) > 390:
            wide[path] = width
    assert wide == {}
