"""House rules of the windows: who may come in where, and what no page may contain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.web import assets, auth
from tests.web.conftest import Windows

# the API's document and its pages hold no data: a program's author reads them before there is a key
PUBLIC = ("/health/", "/metrics", "/media/", "/hooks/", "/sign-in", "/sign-out", "/assets/", "/api/openapi.json", "/api/docs")
TEMPLATES = Path(auth.__file__).parent / "templates"
NUMBERS = {"path": "x", "string": "x", "any": "photo"}


def _addresses(windows: Windows, number: int = 1) -> list[tuple[str, str]]:
    found = []
    for rule in windows.app.url_map.iter_rules():
        path = re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda m: str(number) if m[1] == "int" else NUMBERS.get(m[1] or "string", "x"), rule.rule)
        found += [(method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def test_every_route_asks_who_is_there_unless_it_is_listed_as_public(windows: Windows) -> None:
    stranger = windows.app.test_client()
    open_to_all = set()
    for method, path in _addresses(windows):
        answer = stranger.open(path, method=method)
        asked = answer.status_code == 401 or (answer.status_code == 302 and answer.location.startswith("/sign-in"))
        if not asked:
            open_to_all.add(path)
    assert {path for path in open_to_all if not path.startswith(PUBLIC)} == set()
    assert {path for _, path in _addresses(windows) if path.startswith("/media/")} <= open_to_all


@pytest.mark.parametrize("number", [999_999, 10**20])
def test_a_number_that_no_row_has_is_not_found_wherever_it_stands_in_an_address(windows: Windows, number: int) -> None:
    visitor = windows.visitor("admin")
    asked = [(method, path) for method, path in _addresses(windows, number) if str(number) in path and method in ("GET", "POST") and "/api/" not in path]
    form = {"role": "viewer", "password": "a long enough password", "active": "no", "reason": "so"}
    answers = {(method, path): visitor.get(path) if method == "GET" else visitor.post(path, **form) for method, path in asked}
    assert len(asked) > 20
    assert {asked: answer.status_code for asked, answer in answers.items() if answer.status_code != 404} == {}


def test_history_before_a_number_that_no_event_has_is_all_of_it(windows: Windows) -> None:
    assert windows.visitor().get(f"/products/W-1042?before={10**20}").status_code == 200


@pytest.mark.parametrize("wait", ["nan", "inf", "-inf", "1e400", "soon", ""])
def test_a_wait_that_is_no_number_of_minutes_is_refused_in_words(windows: Windows, wait: str) -> None:
    answer = windows.visitor("admin").post("/accounts/amazon-uk:main/policy", wait_min=wait, publish="ask", repair="ask")
    assert (answer.status_code, "the wait is a number of minutes" in answer.get_data(as_text=True)) == (409, True)


def test_a_blueprint_that_states_nothing_is_closed(windows: Windows) -> None:
    assert auth.way_of("something_new.view") == auth.PERSON


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing", "/assets/packshot.css", "/review/", "/api/v1/nothing"])
def test_every_answer_carries_a_policy_that_lets_nothing_foreign_in(windows: Windows, path: str) -> None:
    answer = windows.visitor().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in policy
    answer.close()


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_has_inline_script_or_style_or_a_foreign_address(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|hx-on|hx-vars|hx-vals=.js:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"(src|href|action)=\"(https?:)?//", text)


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_every_form_that_writes_carries_a_token(template: Path) -> None:
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", template.read_text("utf-8"), re.S):
        assert "csrf" in form


def test_what_pages_load_is_served_from_here_and_kept_for_ever(windows: Windows) -> None:
    visitor = windows.visitor()
    page = visitor.get("/review/").get_data(as_text=True)
    addresses = re.findall(r"(?:src|href)=\"(/assets/[^\"]+)\"", page)
    assert len(addresses) >= 6
    for address in addresses:
        answer = visitor.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        answer.close()


def test_only_listed_files_of_packages_are_served(windows: Windows) -> None:
    assert windows.visitor().get("/assets/vendor/../../__init__.py").status_code == 404
    assert windows.visitor().get("/assets/vendor/bootstrap.js").status_code == 404
    assert set(assets.VENDOR) == {"bootstrap.css", "htmx.js"}


def test_every_icon_that_a_template_names_exists(windows: Windows) -> None:
    text = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.html"))
    for name in set(re.findall(r"icon\('([\w-]+)'\)", text)) | set(re.findall(r"(?:entry\([^)]*\), |empty\()'([\w-]+)'", text)):
        assert assets.icon(name)
