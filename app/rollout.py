"""Moves what is here to the release in force, because a person says so; nothing else moves a picture that was made."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import work
from app.db import lock, record
from app.kit import Kit
from app.models import ImageSetItem, Product
from app.stages import backdrop
from app.stages.arrange import current_release


def roll_out(session: Session, kit: Kit, product: Product, who: str) -> int:
    """Pin a product's photos to the release in force and have its pictures made by it; how many were of another, or would be made from something else.

    What they are made from beside photo and release (the batch's backdrop, the product's category and sizes) is taken down anew as well.

    What is live stays until its successor passes, and the new set goes out together. What a person rejected or sent to retouch stays so.
    """
    lock(session, product)
    inforce = current_release(session, kit)
    every = session.scalars(sa.select(ImageSetItem).where(ImageSetItem.product_id == product.id)).all()
    items = [item for item in every if backdrop.renew(session, kit, product, item) or item.release_id != inforce]
    for item in items:
        item.release_id = inforce
    if items:
        product.photos_since = product.photos_since or kit.now()
        photos = f"{len(items)} photo{'s' * (len(items) != 1)}"
        record(session, product, "rolled out", now=kit.now(), sku=product.sku, why=f"{photos} to release {inforce[:12]}", who=who)
    # also where none moved: a worker that still ran on the former release may have arranged them since
    work.wake(session, "arrange", product.id, at=kit.now(), lead=work.head_start_of(product))
    return len(items)
