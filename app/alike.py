"""Do the finished pictures of a batch look alike? From stored facts, once the batch has settled; never inside the job of one picture."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
from app.models import Batch, FileFacts, ImageSetItem, Placement, Rendition
from app.states import PlacementState

MOVING = ("queued", "processing")  # words of a batch that has not settled
SHOWN = (PlacementState.REVIEW, PlacementState.APPROVED)


@dataclass(frozen=True)
class Alike:
    """`spread`: 0 all alike, 1 differences are just seen; how many photos were compared; the odd ones by image set item."""

    spread: float
    pictures: int
    odd: dict[int, imaging.Odd]

    @property
    def words(self) -> str:
        """In a few words."""
        if self.odd:
            return f"{len(self.odd)} of {self.pictures} {'looks' if len(self.odd) == 1 else 'look'} unlike the others"
        return f"All {self.pictures} look alike" if self.spread < 1 else f"The {self.pictures} pictures look unlike each other"


def alike(session: Session, batch: Batch, word: str) -> Alike | None:
    """How alike a batch's pictures are, `word` being where it stands (`views.batch_state`); None while it moves or where too few were made.

    Pictures are compared with those of the same recipe; the spread is that of the recipe with the most. Those that keep their own background
    are left out: they are meant to differ.
    """
    if word in MOVING:
        return None
    rows = session.execute(
        sa.select(Placement.item_id, Rendition.recipe, FileFacts.facts)
        .join(ImageSetItem, ImageSetItem.id == Placement.item_id)
        .join(Rendition, Rendition.id == Placement.rendition_id)
        .join(FileFacts, sa.and_(FileFacts.file_sha256 == Rendition.file_sha256, FileFacts.measure_version == imaging.MEASURE_VERSION))
        .where(ImageSetItem.batch_id == batch.id, Placement.state.in_(SHOWN), Rendition.cutout_id.is_not(None))
        .order_by(Placement.id)
    )
    groups: dict[str, dict[str, imaging.Facts]] = defaultdict(dict)
    for item, recipe, facts in rows:
        groups[recipe].setdefault(str(item), facts)
    found = [made for made in map(imaging.consistency, groups.values()) if made is not None]
    if not found:
        return None
    largest = max(found, key=lambda made: len(made.pictures))
    odd: dict[int, imaging.Odd] = {}
    for made in found:
        for picture in made.odd:
            if (known := odd.get(int(picture.name))) is None or picture.z > known.z:
                odd[int(picture.name)] = picture
    return Alike(largest.spread, len({picture.name for made in found for picture in made.pictures}), odd)
