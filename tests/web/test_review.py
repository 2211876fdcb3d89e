"""The review desk: what is asked for, what comes next, what is refused."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from app.models import Account, Arrival, ImageSetItem, ListingMember, Notice, Placement, Product, Rendition, Retouch, Work
from app.stages import review
from app.states import ArrivalState, PhotoState, PlacementState, RenditionState
from tests.app.factories import new_batch
from tests.web.conftest import Windows


def _waiting(windows: Windows, kind: str) -> list[int]:
    with windows.kit.db.reading() as session:
        return [case.id for case in review.queue(session) if case.kind == kind]


def _state(windows: Windows, number: int) -> PlacementState:
    with windows.kit.db.reading() as session:
        return session.get_one(Placement, number).state


def test_the_desk_shows_both_pictures_the_places_and_the_words(windows: Windows) -> None:
    with windows.kit.db.reading() as session:
        number = session.scalars(sa.select(Placement.id).where(Placement.state == PlacementState.REVIEW, Placement.position == "main")).first()
    text = windows.visitor().get(f"/review/placement/{number}").get_data(as_text=True)
    assert "The photograph as it came" in text
    assert "The finished picture" in text
    photograph, finished = text.split('<figure class="before">')[1].split('<figure class="after">')
    assert photograph.count("<rect") == 1, "the cut-out's doubt is shown where it is in the photograph"
    assert finished.count("<rect") == 2
    assert "the product may be cut at the left edge" in text
    assert "more than one product" in text
    assert "border min level: 246, limit 255" in text
    row = text.split('<ol id="cases"')[1].split("</ol>")[0].split("<li>")
    assert [f"/review/placement/{number}" in line for line in row if "aria-current" in line] == [True]  # the list shows where we are


def test_a_picture_that_keeps_its_own_background_is_said_to(windows: Windows) -> None:
    with windows.kit.db.writing() as session:
        place = session.scalars(sa.select(Placement).where(Placement.position == "alt1", Placement.rendition_id.is_not(None))).first()
        assert place is not None
        assert place.rendition is not None
        place.rendition.cutout_id = None
        number, sku = place.id, place.product.sku

    text = windows.visitor().get(f"/review/placement/{number}").get_data(as_text=True)

    assert "Finished, own background" in text
    assert "frame white" not in text
    assert "What the cut-out is unsure of" not in text
    assert "<small>own background</small>" in windows.visitor().get(f"/products/{sku}").get_data(as_text=True)


def test_approving_against_a_rule_needs_a_reason_and_shows_the_next_case(windows: Windows) -> None:
    number, visitor = _waiting(windows, "placement")[0], windows.visitor()
    refused = visitor.post(f"/review/placement/{number}/approve", htmx=True)
    assert refused.status_code == 409
    assert "say why" in refused.get_data(as_text=True)
    assert _state(windows, number) == PlacementState.REVIEW

    answer = visitor.post(f"/review/placement/{number}/approve", htmx=True, reason="the strap is white by design")
    assert answer.status_code == 200
    assert 'id="desk"' in answer.get_data(as_text=True)
    assert "<html" not in answer.get_data(as_text=True)
    assert answer.headers["HX-Push-Url"] != f"/review/placement/{number}"
    assert _state(windows, number) == PlacementState.APPROVED


def _twin(windows: Windows, number: int, *more: dict[str, object]) -> int:
    """The same picture on a further account, waiting for the same reasons, and for more."""
    with windows.kit.db.writing() as session:
        one = session.get_one(Placement, number)
        account = Account(
            key=f"{one.account.marketplace}:outlet{len(more)}", marketplace=one.account.marketplace, seller_id="S2", credentials=one.account.credentials,
            endpoints={}, policy=one.account.policy, practice=True, confirmed=True, created_at=windows.kit.now(),
        )  # fmt: skip
        session.add(account)
        session.flush()
        copied = ("product_id", "item_id", "position", "rendition_id", "state", "judged_rules", "judged_file", "changed_at")
        values = {name: getattr(one, name) for name in copied}
        twin = Placement(account_id=account.id, findings=[*one.findings, *more], **values)
        session.add(twin)
        session.flush()
        return twin.id


def test_the_same_picture_elsewhere_is_decided_by_the_same_look(windows: Windows) -> None:
    number, visitor = _waiting(windows, "placement")[0], windows.visitor()
    twin, worse = _twin(windows, number), _twin(windows, number, {"rule": "another", "level": "stop", "fact": None, "message": "something else too"})
    assert 'name="elsewhere" value="1" checked' in visitor.get(f"/review/placement/{number}").get_data(as_text=True)

    answer = visitor.post(f"/review/placement/{number}/approve", htmx=True, reason="the strap is white by design", elsewhere="1")

    assert re.search(r"Approved in \d places\.", answer.get_data(as_text=True))
    assert (_state(windows, number), _state(windows, twin)) == (PlacementState.APPROVED, PlacementState.APPROVED)
    assert _state(windows, worse) == PlacementState.REVIEW, "there another rule speaks against it"


def test_the_same_picture_elsewhere_is_left_where_the_person_says_so(windows: Windows) -> None:
    number = _waiting(windows, "placement")[0]
    twin = _twin(windows, number)

    windows.visitor().post(f"/review/placement/{number}/reject", htmx=True, reason="not here")

    assert (_state(windows, number), _state(windows, twin)) == (PlacementState.REJECTED, PlacementState.REVIEW)


def test_a_picture_that_took_the_place_of_the_one_on_the_page_is_not_approved_with_it(windows: Windows) -> None:
    number, visitor = _waiting(windows, "placement")[0], windows.visitor()
    with windows.kit.db.reading() as session:
        shown = session.get_one(Placement, number).rendition_id
    page = visitor.get(f"/review/placement/{number}").get_data(as_text=True)
    assert f'name="shown" value="{shown}"' in page

    refused = visitor.post(f"/review/placement/{number}/approve", htmx=True, reason="fine", shown="0" * 64)
    assert (refused.status_code, _state(windows, number)) == (409, PlacementState.REVIEW)
    assert "another picture" in refused.get_data(as_text=True)
    assert visitor.post(f"/review/placement/{number}/approve", htmx=True, reason="fine", shown=str(shown)).status_code == 200


def test_a_picture_whose_making_failed_can_be_made_again(windows: Windows) -> None:
    number, visitor = _waiting(windows, "placement")[0], windows.visitor()
    assert "Make it again" not in visitor.get(f"/review/placement/{number}").get_data(as_text=True)
    assert visitor.post(f"/review/placement/{number}/render", htmx=True).status_code == 409, "it did not fail"
    with windows.kit.db.writing() as session:
        made = session.get_one(Rendition, session.get_one(Placement, number).rendition_id)
        made.state, made.problem, made.file_sha256, name = RenditionState.FAILED, "no memory", None, made.id
    assert "Make it again" in visitor.get(f"/review/placement/{number}").get_data(as_text=True)
    assert windows.visitor("viewer").post(f"/review/placement/{number}/render", htmx=True).status_code == 403
    assert visitor.post(f"/review/placement/{number}/render", htmx=True).status_code == 200
    with windows.kit.db.reading() as session:
        made = session.get_one(Rendition, name)
        assert (made.state, made.problem) == (RenditionState.QUEUED, None)
        assert session.scalar(sa.select(Work.due_at).where(Work.stage == "render", Work.row == name)) is not None


def test_the_desk_says_how_many_wait_in_all(windows: Windows) -> None:
    stranger = {"batch_id": new_batch(windows.kit).id, "source": "folder", "state": ArrivalState.UNMATCHED, "created_at": windows.kit.now()}
    with windows.kit.db.writing() as session:
        session.add_all(Arrival(key=f"stranger {n}", name=f"{n}.jpg", **stranger) for n in range(1200))
        total = review.waiting(session)
        assert len(review.queue(session)) == 200
    assert f"1 of {total:,}</span>" in windows.visitor().get("/review/").get_data(as_text=True)


def test_the_case_that_followed_is_next(windows: Windows) -> None:
    with windows.kit.db.reading() as session:
        cases = review.queue(session)
    place = next(n for n, case in enumerate(cases) if case.kind == "placement")
    following = f"{cases[place + 1].kind}/{cases[place + 1].id}"
    answer = windows.visitor().post(f"/review/placement/{cases[place].id}/reject", htmx=True, reason="cropped", following=following)
    assert answer.headers["HX-Push-Url"] == f"/review/{following}"
    assert _state(windows, cases[place].id) == PlacementState.REJECTED


def test_a_decision_taken_back_waits_again(windows: Windows) -> None:
    number, visitor = _waiting(windows, "placement")[0], windows.visitor()
    visitor.post(f"/review/placement/{number}/reject", reason="cropped")
    assert "Take back" in visitor.get(f"/review/placement/{number}").get_data(as_text=True)
    visitor.post(f"/review/placement/{number}/again", htmx=True)
    assert _state(windows, number) == PlacementState.REVIEW


def test_sending_to_retouch_keeps_to_whom_and_until_when(windows: Windows) -> None:
    number, visitor = _waiting(windows, "placement")[0], windows.visitor()
    assert visitor.post(f"/review/placement/{number}/retouch", htmx=True, to="Studio", note="dust", due="tomorrow").status_code == 400
    assert visitor.post(f"/review/placement/{number}/retouch", htmx=True, to="Studio", note="dust", due="2026-11-30").status_code == 200
    assert _state(windows, number) == PlacementState.RETOUCH
    assert "With Studio: dust" in visitor.get(f"/review/placement/{number}").get_data(as_text=True)


def test_a_flagged_photo_is_accepted_anyway_with_a_reason(windows: Windows) -> None:
    number, visitor = _waiting(windows, "photo")[0], windows.visitor()
    assert visitor.post(f"/review/photo/{number}/accept", htmx=True).status_code == 409
    assert visitor.post(f"/review/photo/{number}/accept", htmx=True, reason="no other exists").status_code == 200
    with windows.kit.db.reading() as session:
        assert session.get_one(ImageSetItem, number).state == PhotoState.ACCEPTED


@pytest.mark.parametrize(("action", "fields"), [("assign", {"sku": "R-1044", "shot": "front"}), ("drop", {})])
def test_a_file_without_a_sku_is_assigned_or_dropped(windows: Windows, action: str, fields: dict[str, str]) -> None:
    before = _waiting(windows, "arrival")
    assert windows.visitor().post(f"/review/arrival/1/{action}", htmx=True, **fields).status_code == 200
    assert set(before) - set(_waiting(windows, "arrival")) == {1}


def test_deciding_twice_says_that_somebody_was_first(windows: Windows) -> None:
    number = _waiting(windows, "placement")[0]
    assert windows.visitor().post(f"/review/placement/{number}/reject", htmx=True, reason="no").status_code == 200
    late = windows.visitor("admin").post(f"/review/placement/{number}/approve", htmx=True, reason="yes")
    assert late.status_code == 409
    assert "not waiting for a decision" in late.get_data(as_text=True)


def test_an_unknown_case_is_not_found_and_a_decided_one_still_shows(windows: Windows) -> None:
    visitor = windows.visitor()
    assert visitor.get("/review/placement/99999").status_code == 404
    assert visitor.get("/review/placement/1").status_code == 200


def test_an_empty_queue_says_so(empty_windows: Windows) -> None:
    assert "Nothing waits for a person" in empty_windows.visitor().get("/review/").get_data(as_text=True)


def test_a_photo_that_cannot_be_read_is_not_offered_for_acceptance(windows: Windows) -> None:
    number, visitor = _waiting(windows, "photo")[0], windows.visitor()
    assert "Accept anyway" in visitor.get(f"/review/photo/{number}").get_data(as_text=True)
    with windows.kit.db.writing() as session:
        session.get_one(ImageSetItem, number).photo.facts = {}
    text = visitor.get(f"/review/photo/{number}").get_data(as_text=True)
    assert "Accept anyway" not in text
    assert f"/review/photo/{number}/reject" in text


def test_a_notice_leads_to_the_picture_and_the_desk_says_what_the_marketplace_says(windows: Windows) -> None:
    with windows.kit.db.reading() as session:
        notice = session.scalars(sa.select(Notice).where(Notice.end.is_(None), Notice.kind == "suppressed")).first()
        assert notice is not None
        member = session.scalars(sa.select(ListingMember).where(ListingMember.listing_id == notice.listing_id)).one()
        where = Placement.product_id == member.product_id, Placement.account_id == member.account_id, Placement.position == "main"
        [number] = session.scalars(sa.select(Placement.id).where(*where))
        sku, words = member.product.sku, notice.message
    visitor = windows.visitor()

    for page in ("/notices", f"/products/{sku}"):
        assert f'href="/review/placement/{number}" aria-label="See to the picture of' in visitor.get(page).get_data(as_text=True), page
    desk = visitor.get(f"/review/placement/{number}").get_data(as_text=True)

    assert words in desk.split('aria-label="Notices"')[1].split("</section>")[0]
    assert "Take back and decide again" in desk
    taken_back = visitor.post(f"/review/placement/{number}/again", htmx=True).get_data(as_text=True)
    assert words in taken_back.split('name="note"')[1].split("</textarea>")[0], "who retouches it is told what the marketplace objects to"


def test_a_notice_that_has_ended_asks_for_nothing(windows: Windows) -> None:
    assert "See to the picture" not in windows.visitor().get("/notices?show=past").get_data(as_text=True)


def test_the_keys_of_the_pictures_have_names_and_are_there_only_where_they_do_something(windows: Windows) -> None:
    with windows.kit.db.reading() as session:
        framed = next(p.id for p in session.scalars(sa.select(Placement)) if any(f.get("region") for f in p.findings))
    visitor = windows.visitor()
    desk, photo = (visitor.get(f"/review/{case}").get_data(as_text=True) for case in (f"placement/{framed}", "photo/1"))
    assert all(re.search(rf'<input[^>]* id="{name}"[^>]* aria-label="[^"]+"', desk) for name in ("wide", "boxes"))
    assert 'id="wide"' not in photo


def test_what_a_retouch_cost_is_kept_and_shown(windows: Windows) -> None:
    with windows.kit.db.reading() as session:
        out = sa.select(Retouch.id, Product.sku).join(ImageSetItem, ImageSetItem.id == Retouch.item_id).join(Product)
        number, sku = session.execute(out.limit(1)).one()
    operator = windows.visitor("operator")
    kept = operator.post(f"/retouches/{number}/cost", minutes="25", invoice="R-2026-118")
    assert (kept.status_code, kept.location) == (303, f"/products/{sku}#retouch")
    for wrong in ("a while", "-1", "1.5", "10001", "9" * 5000):
        assert operator.post(f"/retouches/{number}/cost", minutes=wrong).status_code in (400, 409), wrong
    assert windows.visitor("viewer").post(f"/retouches/{number}/cost", minutes="1").status_code == 403
    page = windows.visitor("viewer").get(f"/products/{sku}").get_data(as_text=True)
    assert "25 min, R-2026-118" in page
    assert "25 min, invoice R-2026-118" in page, "in the history too"
    operator.post(f"/retouches/{number}/cost", minutes="", invoice="")
    with windows.kit.db.reading() as session:
        row = session.get_one(Retouch, number)
        assert (row.minutes, row.invoice) == (None, None)
