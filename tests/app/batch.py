"""A batch of photographs before one paper, and a stand-in for the net that knows where the watch is."""

from __future__ import annotations

import cv2
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

import imaging
from app.kit import Kit
from app.models import Arrival, BatchBackdrop, ImageSetItem, Photo, Product, Rendition
from app.stages.arrange import arrange, current_release
from app.states import ArrivalState, PhotoState
from imaging.segment import Seen
from tests.app.factories import new_batch, product
from tests.shots import watch_alpha, watch_photo

SIZE = (480, 360)


class Net:
    """Stands for the shipped net, and knows where the watch is in every whole photo."""

    sha256 = imaging.shipped_model_sha256()
    confidence = None

    def look(self, rgb: NDArray[np.uint8]) -> Seen:
        truth = cv2.resize(watch_alpha(seed=1, size=SIZE, fill=0.4), (rgb.shape[1], rgb.shape[0])).astype(np.float32)
        logits = truth / np.float32(255 / 18) - np.float32(9)
        return Seen(logits, np.ascontiguousarray(logits[2::4, 2::4]), {})


def with_net(kit: Kit) -> Kit:
    kit._segmenter = Net()  # type: ignore[assignment]
    return kit


class Shoot:
    """A batch before one paper; each photo has its own grain. Every photo is a product of its own."""

    def __init__(self, kit: Kit, name: str = "shoot") -> None:
        self.kit, self.batch, self.count = with_net(kit), new_batch(kit, name), 0

    def take(
        self, count: int, *, state: ArrivalState = ArrivalState.FILED, shot: str = "dial", of: Product | None = None, data: bytes | None = None
    ) -> list[int]:
        """The products of so many more photos, filed and accepted, or still on their way."""
        made = []
        for _ in range(count):
            self.count += 1
            whose = of or product(self.kit)
            bytes_ = data or watch_photo(seed=1, size=SIZE, fill=0.4, noise=1.5 + 0.01 * self.count)
            digest = self.kit.originals.put(bytes_)
            with self.kit.db.writing() as session:
                arrival = Arrival(
                    source="upload", key=f"{self.batch.id}:{self.count}", name=f"IMG_{self.count:04}.jpg", batch_id=self.batch.id, product_id=whose.id,
                    shot=shot, sha256=digest, state=state, created_at=self.kit.now(),
                )  # fmt: skip
                session.add(arrival)
                if state == ArrivalState.FILED:
                    session.merge(Photo(sha256=digest, bytes=len(bytes_), facts={}, regions={}, received_at=self.kit.now()))
                    session.flush()
                    session.add(
                        ImageSetItem(product_id=whose.id, photo_sha256=digest, batch_id=self.batch.id, shot=shot, state=PhotoState.ACCEPTED, findings=[],
                                     release_id=None, created_at=self.kit.now())
                    )  # fmt: skip
            made.append(whose.id)
        with self.kit.db.writing() as session:
            session.execute(sa.update(ImageSetItem).where(ImageSetItem.release_id.is_(None)).values(release_id=current_release(session, self.kit)))
        self.arrange(*made)
        return made

    def arrange(self, *products: int) -> None:
        with self.kit.db.writing() as session:
            for each in products:
                arrange(session, self.kit, session.get_one(Product, each))

    def inputs(self) -> list[str | None]:
        with self.kit.db.reading() as session:
            return list(session.scalars(sa.select(ImageSetItem.mask_input).where(ImageSetItem.batch_id == self.batch.id).order_by(ImageSetItem.id)))

    def row(self) -> BatchBackdrop | None:
        with self.kit.db.reading() as session:
            return session.scalar(sa.select(BatchBackdrop).where(BatchBackdrop.batch_id == self.batch.id))


def asked(kit: Kit) -> dict[str, str | None]:
    """photo -> cutout of every picture that was asked for."""
    with kit.db.reading() as session:
        return dict(session.execute(sa.select(Rendition.photo_sha256, Rendition.cutout_id)).all())  # type: ignore[arg-type]
