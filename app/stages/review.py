"""review: a person decides what the machine would not: approve (an override needs a reason), reject, send to retouch, accept a flagged photo.

Plain functions, called by pages and the API inside their transaction. One picture waits without holding up its batch.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app import excuses, verdicts, work
from app.db import lock, move, record
from app.errors import Refusal
from app.kit import Kit
from app.models import Arrival, ImageSetItem, Placement, Product, Rendition, Retouch
from app.stages import retouch
from app.stages.arrange import arrange
from app.stages.intake import UNREADABLE
from app.states import ArrivalState, PhotoState, PlacementState, RetouchState


def approve(session: Session, kit: Kit, placement: Placement, who: str, reason: str = "", *, shown: str = "") -> None:
    """Let this picture through, there. Against a finding it is an override: it needs a reason and holds for this very picture only.

    `shown` is the rendition that the person looked at, where that is known: another one that took its place meanwhile is refused.
    """
    _same_as(session, placement, shown)
    if placement.state not in (PlacementState.REVIEW, PlacementState.APPROVED):
        raise Refusal(f"{_name(placement)} is {placement.state}, not waiting for a decision")
    rendition = session.get(Rendition, placement.rendition_id) if placement.rendition_id else None
    if rendition is None or rendition.file_sha256 is None:
        raise Refusal(f"{_name(placement)} has no finished picture to approve: reject it, or send the photo to retouch")
    findings = _without_override(placement.findings)
    against = verdicts.against(findings)
    if against and not reason.strip():
        raise Refusal("a rule speaks against this picture: say why it may go out all the same")
    waived = {"rendition": rendition.id, "rules": [f["rule"] for f in against], "who": who, "why": reason} if against else {}
    why = f"override: {reason}" if against else reason
    said = excuses.override(waived).to_dict() if against else {}
    findings = [{**f, "excused": said} if f in against else f for f in findings]
    _decide(session, kit, placement, PlacementState.APPROVED, who, why, approved_id=rendition.id, waived=waived, findings=findings)


def reject(session: Session, kit: Kit, placement: Placement, who: str, reason: str, *, shown: str = "") -> None:
    """This picture does not go there. A main picture that is live stays until its replacement passes. `shown`: see `approve`."""
    _needs_reason(reason, "rejected")
    _same_as(session, placement, shown)
    if placement.state not in (PlacementState.REVIEW, PlacementState.APPROVED, PlacementState.RETOUCH, PlacementState.WAITING):
        raise Refusal(f"{_name(placement)} is {placement.state}, not waiting for a decision")
    _decide(session, kit, placement, PlacementState.REJECTED, who, reason)
    retouch.cancel(session, kit, placement, who, reason)


def twins(session: Session, placement: Placement) -> list[Placement]:
    """Where the very same picture waits as well and nothing else speaks against it: one look decides there too."""
    objections = {f["rule"] for f in verdicts.against(placement.findings)}
    same = sa.and_(Placement.product_id == placement.product_id, Placement.rendition_id == placement.rendition_id, Placement.id != placement.id)
    waiting = sa.select(Placement).where(same, Placement.state == PlacementState.REVIEW).options(joinedload(Placement.account)).order_by(Placement.id)
    return [one for one in session.scalars(waiting) if {f["rule"] for f in verdicts.against(one.findings)} <= objections]


def send_to_retouch(
    session: Session, kit: Kit, placement: Placement, who: str, to: str, note: str, due_at: datetime | None = None, *, shown: str = ""
) -> Retouch:
    """The photo goes out to be retouched; the file that comes back is a new photo of the same product and shot. `shown`: see `approve`."""
    _same_as(session, placement, shown)
    if placement.state != PlacementState.REVIEW or placement.item_id is None:
        raise Refusal(f"{_name(placement)} is {placement.state}, not waiting for a decision")
    _decide(session, kit, placement, PlacementState.RETOUCH, who, f"to {to or 'retouch'}: {note}")
    sent = Retouch(item_id=placement.item_id, placement_id=placement.id, to=to, note=note, state=RetouchState.OUT, sent_at=kit.now(), due_at=due_at)
    session.add(sent)
    session.flush()
    return sent


def accept_photo(session: Session, kit: Kit, item: ImageSetItem, who: str, reason: str) -> None:
    """Use a flagged photo all the same."""
    _needs_reason(reason, "accepted against the intake check")
    if item.state not in (PhotoState.FLAGGED, PhotoState.REJECTED):
        raise Refusal(f"{_photo_name(session, item)} is {item.state}, not flagged")
    if any(f["rule"] == UNREADABLE for f in item.findings):
        raise Refusal(f"{_photo_name(session, item)} cannot be read as a picture: reject it and ask for it again")
    _photo(session, kit, item, PhotoState.ACCEPTED, who, reason)


def reject_photo(session: Session, kit: Kit, item: ImageSetItem, who: str, reason: str) -> None:
    """Leave a photo out of the image set; its bytes stay."""
    _needs_reason(reason, "rejected")
    if item.state == PhotoState.REJECTED:
        raise Refusal(f"{_photo_name(session, item)} is rejected already")
    _photo(session, kit, item, PhotoState.REJECTED, who, reason)


def _same_as(session: Session, placement: Placement, shown: str) -> None:
    """Refuse to decide about another picture than the one that was looked at, where that is known."""
    lock(session, placement)
    if shown and shown != placement.rendition_id:
        raise Refusal(f"{_name(placement)} shows another picture since you opened it: look at that one")


def _decide(session: Session, kit: Kit, placement: Placement, to: PlacementState, who: str, why: str, **changes: object) -> None:
    product = session.get_one(Product, placement.product_id)
    changes = {"asked_again": None, "decided_by": who, "changed_at": kit.now(), **changes}
    if not move(session, placement, to, now=kit.now(), sku=product.sku, why=why, who=who, **changes):
        raise Refusal(f"somebody else has just decided {_name(placement)}: load the page again")
    work.wake(session, "want", product.id, at=kit.now(), lead=work.head_start_of(product))


def _photo(session: Session, kit: Kit, item: ImageSetItem, to: PhotoState, who: str, why: str) -> None:
    product = session.get_one(Product, item.product_id)
    if not move(session, item, to, now=kit.now(), sku=product.sku, why=why, who=who):
        raise Refusal(f"somebody else has just decided {_photo_name(session, item)}: load the page again")
    session.flush()
    retouch.come_back(session, kit, product, item)
    arrange(session, kit, product)


def _without_override(findings: Sequence[verdicts.Finding]) -> list[verdicts.Finding]:
    """As they stand but for a reviewer's word on this picture: waivers and what a baseline knows stay."""
    return [{**f, "excused": None} if (f.get("excused") or {}).get("by") == "override" else f for f in findings]


def _needs_reason(reason: str, done: str) -> None:
    if not reason.strip():
        raise Refusal(f"say why it is {done}: the reason is kept with the decision")


def _name(placement: Placement) -> str:
    return f"the {placement.position} picture of {placement.product.sku} on {placement.account.key}"


def _photo_name(session: Session, item: ImageSetItem) -> str:
    return f"the photo {item.shot} of {session.get_one(Product, item.product_id).sku}"


# --- the queue --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One thing that waits for a person."""

    kind: str  # placement | photo | arrival
    id: int
    sku: str | None
    title: str
    where: str  # "main on amazon-uk:main", a file name ...
    words: tuple[str, ...]
    since: datetime
    worth_minor: int
    currency: str | None
    before: str | None = None  # photo SHA-256
    after: str | None = None  # file SHA-256

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.id}"


WAITING: dict[str, tuple[type[Placement | ImageSetItem | Arrival], sa.ColumnElement[datetime], sa.ColumnElement[bool]]] = {
    "placement": (Placement, Placement.changed_at.expression, Placement.state == PlacementState.REVIEW),
    "photo": (ImageSetItem, ImageSetItem.created_at.expression, ImageSetItem.state == PhotoState.FLAGGED),
    "arrival": (Arrival, Arrival.created_at.expression, Arrival.state.in_((ArrivalState.UNMATCHED, ArrivalState.REFUSED))),
}  # kind -> its rows, since when one waits, which of them wait


def queue(session: Session, limit: int = 200, sku: str | None = None) -> list[Case]:
    """The best of what waits for a person, best first: by money and waiting time."""
    best = heapq.nsmallest(limit, _ranked(session, sku))
    ids = {kind: [number for _, _, of, number in best if of == kind] for kind in WAITING}
    cases = [*_placements(session, ids["placement"]), *_photos(session, ids["photo"]), *_arrivals(session, ids["arrival"])]
    places = {key: place for place, (_, key, _, _) in enumerate(best)}
    return sorted(cases, key=lambda case: places[case.key])


def waiting(session: Session) -> int:
    """How many cases wait."""
    counts = (sa.select(sa.func.count()).select_from(rows).where(waits).scalar_subquery() for rows, _, waits in WAITING.values())
    return sum(session.execute(sa.select(*counts)).one())


def _ranked(session: Session, sku: str | None) -> Iterator[tuple[float, str, str, int]]:
    """Rank, key, kind and id of every case, by numbers alone: ranked here and not in SQL, because an SQLite need have no logarithm."""
    for kind, (rows, since, waits) in WAITING.items():
        query = sa.select(rows.id, since, Product.price_minor, Product.quantity).select_from(rows).outerjoin(Product).where(waits)
        for number, at, price, quantity in session.execute(query if sku is None else query.where(Product.sku == sku)):
            yield at.timestamp() - work.head_start(0, _worth(price, quantity)), f"{kind}-{number}", kind, number


def _worth(price_minor: int | None, quantity: int | None) -> int:
    return (price_minor or 0) * max(1, quantity or 0)


def _placements(session: Session, ids: Sequence[int]) -> list[Case]:
    query = (
        sa.select(Placement).where(Placement.id.in_(ids)).options(joinedload(Placement.product), joinedload(Placement.account), joinedload(Placement.rendition))
    )
    cases = []
    for p in session.scalars(query):
        against = verdicts.against(p.findings)
        cases.append(
            Case(
                **_about(p.product),
                kind="placement",
                id=p.id,
                where=f"{p.position} on {p.account.key}",
                words=tuple(f["message"] for f in against) or ("asked for a second look",),
                since=p.changed_at,
                before=p.rendition.photo_sha256 if p.rendition else None,
                after=p.rendition.file_sha256 if p.rendition else None,
            )
        )
    return cases


def _photos(session: Session, ids: Sequence[int]) -> list[Case]:
    return [
        Case(
            **_about(i.product),
            kind="photo",
            id=i.id,
            where=f"photo {i.shot or i.order}",
            words=tuple(f["message"] for f in verdicts.against(i.findings)),
            since=i.created_at,
            before=i.photo_sha256,
        )
        for i in session.scalars(sa.select(ImageSetItem).where(ImageSetItem.id.in_(ids)).options(joinedload(ImageSetItem.product)))
    ]


def _arrivals(session: Session, ids: Sequence[int]) -> list[Case]:
    return [
        Case(**_about(a.product), kind="arrival", id=a.id, where=a.name, words=(a.problem or a.state.value,), since=a.created_at, before=a.sha256)
        for a in session.scalars(sa.select(Arrival).where(Arrival.id.in_(ids)).options(joinedload(Arrival.product)))
    ]


def _about(product: Product | None) -> dict[str, Any]:
    if product is None:
        return {"sku": None, "title": "", "worth_minor": 0, "currency": None}
    return {"sku": product.sku, "title": product.title, "worth_minor": _worth(product.price_minor, product.quantity), "currency": product.currency}


def ask_again(session: Session, kit: Kit, placement: Placement, who: str) -> None:
    """Take a decision back, an override or an image sent out included: the placement waits for a person again, whatever rules say of this picture."""
    if placement.state not in (PlacementState.APPROVED, PlacementState.REJECTED, PlacementState.RETOUCH):
        raise Refusal(f"{_name(placement)} is {placement.state}: there is no decision to take back")
    record(session, placement, "taken back", now=kit.now(), who=who)
    findings = _without_override(placement.findings)
    _decide(session, kit, placement, PlacementState.REVIEW, who, "taken back", waived={}, findings=findings, asked_again=placement.rendition_id)
    retouch.cancel(session, kit, placement, who, "taken back")
