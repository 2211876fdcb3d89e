"""Waivers as people see them: made where the rule bites, listed, revoked; and how a finding stands."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.models import Event, Placement, Remake, Rendition, Waiver, Work
from app.stages import review
from app.states import PlacementState
from tests.web.conftest import Windows

WHITE = "amazon-main-white-border"


def waiting(windows: Windows) -> Placement:
    """A main picture in review that breaks the rule of the white border."""
    with windows.kit.db.reading() as session:
        found = session.scalars(sa.select(Placement).where(Placement.state == PlacementState.REVIEW, Placement.position == "main")).all()
        return next(place for place in found if any(f["rule"] == WHITE and not f.get("excused") for f in place.findings))


def waive(windows: Windows, number: int, role: str = "operator", **fields: str) -> int:
    wish = {"rule": WHITE, "scope": "here", "until": "2026-12-24", "reason": "a white box on white", **fields}
    return windows.visitor(role).post(f"/review/placement/{number}/waive", **wish).status_code


def test_a_rule_is_waived_from_the_case_that_it_holds_up(windows: Windows) -> None:
    case = waiting(windows)
    page = windows.visitor().get(f"/review/placement/{case.id}").get_data(as_text=True)
    assert 'data-key="w"' in page
    assert f'<option value="{WHITE}">' in page

    assert waive(windows, case.id) == 303

    with windows.kit.db.reading() as session:
        row = session.scalars(sa.select(Waiver)).one()
        assert (row.rule, row.product_id, row.account_id, row.who) == (WHITE, case.product_id, case.account_id, "operator")
        assert (row.until.date().isoformat(), row.until.hour) == ("2026-12-24", 23), "the whole of that day"
        assert session.scalar(sa.select(Work.due_at).where(Work.stage == "check", Work.row == str(case.id))) == windows.kit.now()
        assert session.scalars(sa.select(Event.what).where(Event.kind == "waiver")).all() == ["waived"]


def test_it_may_be_for_the_product_everywhere_or_for_the_account(windows: Windows) -> None:
    case = waiting(windows)
    assert [waive(windows, case.id, scope="product"), waive(windows, case.id, scope="account")] == [303, 303]

    with windows.kit.db.reading() as session:
        scopes = [(row.product_id, row.account_id) for row in session.scalars(sa.select(Waiver).order_by(Waiver.id))]
    assert scopes == [(case.product_id, None), (None, case.account_id)]


def test_what_is_missing_is_said_and_a_viewer_waives_nothing(windows: Windows) -> None:
    case = waiting(windows)

    assert waive(windows, case.id, reason=" ") == 409
    assert waive(windows, case.id, until="") == 409
    assert waive(windows, case.id, until="tomorrow") == 400
    assert waive(windows, case.id, scope="everything") == 400
    assert waive(windows, case.id, role="viewer") == 403
    with windows.kit.db.reading() as session:
        assert session.scalars(sa.select(Waiver)).all() == []


def test_the_list_shows_who_answers_and_revoking_needs_a_reason(windows: Windows) -> None:
    case = waiting(windows)
    waive(windows, case.id)
    visitor = windows.visitor()

    text = visitor.get("/waivers/").get_data(as_text=True)
    assert "a white box on white" in text
    assert "24 Dec 2026" in text
    assert "Revoke" not in windows.visitor("viewer").get("/waivers/").get_data(as_text=True)
    assert visitor.post("/waivers/1/revoke").status_code == 409
    assert visitor.post("/waivers/77/revoke", reason="x").status_code == 404
    assert visitor.post("/waivers/1/revoke", reason="new photos came").status_code == 303

    assert "a white box on white" not in visitor.get("/waivers/").get_data(as_text=True)
    over = visitor.get("/waivers/?show=ended").get_data(as_text=True)
    assert "revoked by operator" in over
    assert "new photos came" in over


def test_an_empty_list_says_what_it_is_for(empty_windows: Windows) -> None:
    visitor = empty_windows.visitor()
    assert "Every rule holds everywhere" in visitor.get("/waivers/").get_data(as_text=True)
    assert "No waiver is over yet" in visitor.get("/waivers/?show=ended").get_data(as_text=True)
    assert "packshot rules baseline take" in visitor.get("/waivers/").get_data(as_text=True)


def test_each_finding_says_how_it_stands(windows: Windows) -> None:
    case = waiting(windows)
    excuse = {"by": "waiver", "who": "ann", "why": "a white box", "until": (windows.kit.now() + timedelta(days=7)).isoformat(), "id": 1}
    base = {**case.findings[0], "message": "One that still stands."}
    findings = [
        base,
        {**base, "rule": "a-waived", "message": "One waived.", "excused": excuse, "region": [1, 1, 9, 9]},
        {**base, "rule": "a-known", "message": "One known.", "excused": {**excuse, "by": "baseline", "until": None}},
    ]
    with windows.kit.db.writing() as session:
        place = session.get_one(Placement, case.id)
        place.findings = findings
        first = session.scalars(sa.select(Rendition).where(Rendition.id != place.rendition_id)).first()
        assert first is not None
        assert place.rendition_id is not None
        session.add(
            Remake(
                placement_id=place.id,
                base_id=first.id,
                rule=WHITE,
                rendition_id=place.rendition_id,
                adjustments={"clear": 2.0},
                finding={**base, "message": "The first was grey at the edge."},
                at=windows.kit.now(),
                passed=False,
            )
        )

    text = windows.visitor().get(f"/review/placement/{case.id}").get_data(as_text=True)

    assert "by ann until 30 Nov 2026: “a white box”" in text
    assert "Known in the baseline taken by ann: “a white box”" in text
    assert "Made again once" in text
    assert "a margin 2 times as wide" in text
    assert "The first was grey at the edge." in text
    assert '<g class="excused">' in text
    assert '<option value="a-waived">' not in text, "what is waived is not waived again"
    with windows.kit.db.reading() as session:
        words = next(c.words for c in review.queue(session) if c.kind == "placement" and c.id == case.id)
    assert words == ("One that still stands.",)
