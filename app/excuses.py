"""What stands for placements at a time: waivers, known findings, overrides; of one placement or of all. Weighed in `app.verdicts`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import Baseline, KnownFinding, Placement, Waiver
from app.verdicts import Excuse


def running(now: datetime) -> sa.ColumnElement[bool]:
    """A waiver that is in force."""
    return sa.and_(Waiver.revoked_at.is_(None), Waiver.until > now)


@dataclass(frozen=True)
class Excuses:
    """All that was read, ready to be asked per placement without another query."""

    waivers: Mapping[tuple[int | None, int | None], Sequence[tuple[str, Excuse]]]  # (product, account) -> (rule, excuse); None: any
    known: Mapping[tuple[int, str], Sequence[tuple[str, Excuse]]]  # (placement, file) -> ...

    def of(self, placement: Placement, rendition_id: str | None, file_sha256: str | None) -> dict[str, list[Excuse]]:
        """Rule id -> who answers for it, for a picture at a placement."""
        found: dict[str, list[Excuse]] = defaultdict(list)
        product, account = placement.product_id, placement.account_id
        for scope in ((product, None), (None, account), (product, account)):
            for rule, excuse in self.waivers.get(scope, ()):
                found[rule].append(excuse)
        for rule, excuse in self.known.get((placement.id, file_sha256 or ""), ()):
            found[rule].append(excuse)
        if placement.waived and placement.waived.get("rendition") == rendition_id:
            for rule in placement.waived.get("rules", ()):
                found[rule].append(override(placement.waived))
        return dict(found)

    def names(self, product: int, account: int, placement: int | None, file_sha256: str | None) -> frozenset[str]:
        """The rules that waivers and baselines answer for, for a file at a placement: what `of` knows, without who and why, for asking very often."""
        scopes = (self.waivers.get(scope, ()) for scope in ((product, None), (None, account), (product, account))) if self.waivers else ()
        known = self.known.get((placement, file_sha256 or ""), ()) if placement is not None else ()
        return frozenset(rule for each in (*scopes, known) for rule, _ in each)


def override(waived: Mapping[str, Any]) -> Excuse:
    """A reviewer's word on this very picture, as `Placement.waived` keeps it."""
    return Excuse("override", str(waived.get("who", "")), str(waived.get("why", "")))


def read(session: Session, now: datetime, placement: Placement | None = None) -> Excuses:
    """What stands at a time, for one placement, or for every one."""
    waived = sa.select(Waiver).where(running(now)).order_by(Waiver.id)
    knows = sa.select(KnownFinding, Baseline).join(Baseline, Baseline.id == KnownFinding.baseline_id)
    if placement is not None:
        waived = waived.where(
            sa.or_(Waiver.product_id.is_(None), Waiver.product_id == placement.product_id),
            sa.or_(Waiver.account_id.is_(None), Waiver.account_id == placement.account_id),
        )
        knows = knows.where(KnownFinding.placement_id == placement.id)
    waivers: dict[tuple[int | None, int | None], list[tuple[str, Excuse]]] = defaultdict(list)
    known: dict[tuple[int, str], list[tuple[str, Excuse]]] = defaultdict(list)
    for waiver in session.scalars(waived):
        waivers[waiver.product_id, waiver.account_id].append((waiver.rule, Excuse("waiver", waiver.who, waiver.why, waiver.until, waiver.id)))
    for finding, baseline in session.execute(knows):
        known[finding.placement_id, finding.file_sha256].append((finding.rule, Excuse("baseline", baseline.who, baseline.why, None, baseline.id)))
    return Excuses(waivers, known)
