"""The page Rules: a change is tried first, shown with its pictures, refused by line, and put in force by a person with a reason where it must be."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

import imaging
from app import rulebook
from app.models import FileFacts, RuleActivation
from tests.reload import added, changed
from tests.web.conftest import Windows


@pytest.fixture
def measured(windows: Windows) -> Windows:
    """The seeded house, its pictures measured by the version at hand."""
    with windows.kit.db.writing() as session:
        session.execute(sa.update(FileFacts).values(measure_version=imaging.MEASURE_VERSION))
    return windows


def activations(windows: Windows) -> list[str]:
    with windows.kit.db.reading() as session:
        return list(session.scalars(sa.select(RuleActivation.who).order_by(RuleActivation.id)))


def test_a_change_is_tried_with_numbers_and_pictures_and_nothing_happens(measured: Windows) -> None:
    page = measured.visitor().post("/rules/simulate", file="amazon.yaml", text=added("amazon-mine", "fill", 0.9)).get_data(as_text=True)

    assert "live listings would newly fail" in page
    assert "/pictures/file/" in page
    assert "amazon-mine: new rule: fill at least 0.9" in page
    assert activations(measured) == ["tests"]


def test_too_much_needs_a_reason_and_is_then_put_in_force(measured: Windows) -> None:
    text, visitor = added("amazon-mine", "fill", 0.9), measured.visitor()
    page = visitor.post("/rules/simulate", file="amazon.yaml", text=text).get_data(as_text=True)
    expected = page.split('name="expected" value="')[1].split('"')[0]

    plain = visitor.post("/rules/activate", file="amazon.yaml", text=text, expected=expected, why="hm")
    unexplained = visitor.post("/rules/activate", file="amazon.yaml", text=text, expected=expected, force="yes")
    another = visitor.post("/rules/activate", file="amazon.yaml", text=changed(9), expected=expected, force="yes", why="so")
    assert [answer.status_code for answer in (plain, unexplained, another)] == [409, 409, 409]
    assert activations(measured) == ["tests"]

    done = visitor.post("/rules/activate", file="amazon.yaml", text=text.replace("\n", "\r\n"), expected=expected, force="yes", why="Amazon says so")
    assert (done.status_code, activations(measured)) == (303, ["tests", "operator"])
    assert "Amazon says so (forced)" in visitor.get("/rules/").get_data(as_text=True)
    with measured.kit.db.reading() as session:
        assert rulebook.kept_overlay(session) == {"amazon.yaml": text}


def test_a_file_that_does_not_load_is_refused_by_line(windows: Windows) -> None:
    answer = windows.visitor().post("/rules/simulate", file="ebay.yaml", text="- id: ebay-mine\n  fact: none\n")

    assert answer.status_code == 422
    assert "ebay.yaml:2:9: ebay-mine: fact: unknown fact" in answer.get_data(as_text=True)


def test_a_file_can_be_uploaded_and_be_longer_than_other_forms(windows: Windows) -> None:
    visitor, long = windows.visitor(), "# a remark\n" * 20_000 + changed(9)
    fields = {"csrf_token": visitor.token, "file": "amazon.yaml"}

    uploaded = visitor.client.post("/rules/simulate", data={**fields, "upload": (io.BytesIO(long.encode()), "mine.yaml")})
    pasted = visitor.post("/rules/simulate", file="amazon.yaml", text=long)
    no_text = visitor.client.post("/rules/simulate", data={**fields, "upload": (io.BytesIO(b"\xff"), "mine.yaml")})

    assert [answer.status_code for answer in (uploaded, pasted, no_text)] == [200, 200, 400]
    assert "sharpness at least 3 becomes sharpness at least 9 (stricter)" in uploaded.get_data(as_text=True)


def test_trying_and_changing_need_an_operator(windows: Windows) -> None:
    viewer = windows.visitor("viewer")

    assert viewer.get("/rules/").status_code == 200
    assert "the shipped rules are in force as they are" in viewer.get("/rules/?file=ebay.yaml").get_data(as_text=True)
    assert viewer.get("/rules/?file=x.yaml").status_code == 404
    for path in ("/rules/simulate", "/rules/activate"):
        assert viewer.client.post(path, data={"csrf_token": windows.visitor().token, "file": "amazon.yaml"}).status_code in (400, 403)


def test_an_empty_house_says_that_nothing_would_change(empty_windows: Windows) -> None:
    page = empty_windows.visitor().post("/rules/simulate", file="amazon.yaml", text=changed(9)).get_data(as_text=True)

    assert "No picture here would be judged otherwise" in page
