"""What we sell and what we photographed: products, photos, image sets, batches, arrivals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Doc, Docs, Hash
from app.states import ArrivalState, PhotoState


class Product(Base):
    """An inventory SKU. Money is minor units + currency; lengths are mm; `clocks` holds the newest happening per event type."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(128), unique=True)
    title: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(String(64), default="")
    brand: Mapped[str] = mapped_column(default="")
    price_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    quantity: Mapped[int] = mapped_column(default=0)
    condition: Mapped[str] = mapped_column(String(32), default="new")
    priority: Mapped[int] = mapped_column(default=0)
    gtin: Mapped[str | None] = mapped_column(String(14))
    pieces: Mapped[int] = mapped_column(default=1)
    size_mm: Mapped[Doc] = mapped_column(default=dict)
    attributes: Mapped[Doc] = mapped_column(default=dict)
    offered_on: Mapped[Doc] = mapped_column(default=dict)  # account key -> {merchant_sku, asin, item_id}: what the inventory told us
    variation: Mapped[Doc] = mapped_column(default=dict)  # {group, specifics, title?}: one of several products of one listing, where a marketplace has such
    clocks: Mapped[Doc] = mapped_column(default=dict)
    archived: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    photos_since: Mapped[datetime | None]  # when the photos that are now on their way began to arrive: the account's wait counts from here

    items: Mapped[list[ImageSetItem]] = relationship(back_populates="product", order_by="ImageSetItem.order, ImageSetItem.id")


class Photo(Base):
    """An original photograph, immutable, known by the SHA-256 of its bytes (in the originals store)."""

    __tablename__ = "photos"

    sha256: Mapped[str] = mapped_column(Hash, primary_key=True)
    bytes: Mapped[int]
    facts: Mapped[Doc] = mapped_column(default=dict)  # imaging.probe
    regions: Mapped[Doc] = mapped_column(default=dict)
    problem: Mapped[str | None]  # "unreadable: ..." where it could not be probed
    received_at: Mapped[datetime]


class Batch(Base):
    """The photos that came in together: one upload, one folder, one webhook."""

    __tablename__ = "batches"
    __table_args__ = (UniqueConstraint("source", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(32))  # upload | folder | bucket | webhook | retouch
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]


class ImageSetItem(Base):
    """One photo in a product's image set: its shot, order, batch and fate. A product's items in order are its image set."""

    __tablename__ = "image_set_items"
    __table_args__ = (UniqueConstraint("product_id", "photo_sha256"), Index("ix_image_set_items_state", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    photo_sha256: Mapped[str] = mapped_column(ForeignKey("photos.sha256"), index=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"), index=True)
    shot: Mapped[str] = mapped_column(String(32), default="")
    order: Mapped[int] = mapped_column(default=0)
    state: Mapped[PhotoState] = mapped_column(default=PhotoState.RECEIVED)
    findings: Mapped[Docs] = mapped_column(default=list)  # of rules/intake.yaml, or the words of the decoder
    judged_rules: Mapped[str | None] = mapped_column(Hash)
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"))
    # what its pictures are made from beside photo and release, taken down when a cut-out one is first asked for, renewed by a rollout
    mask_input: Mapped[str | None] = mapped_column(String(100))  # imaging.mask_input; None: not known yet
    category: Mapped[str] = mapped_column(String(64), default="")  # the product's, as it was then
    size_mm: Mapped[Doc] = mapped_column(default=dict)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("image_set_items.id"))  # the item this retouched photo stands in for
    created_at: Mapped[datetime]

    product: Mapped[Product] = relationship(back_populates="items")
    photo: Mapped[Photo] = relationship()


class Arrival(Base):
    """One delivery of one file, by whatever road. `key` makes the same delivery twice one row."""

    __tablename__ = "arrivals"
    __table_args__ = (UniqueConstraint("source", "key"), Index("ix_arrivals_product_id_state", "product_id", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(512))
    name: Mapped[str] = mapped_column(String(512))  # as a person knows it: the file name or the URL
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    shot: Mapped[str] = mapped_column(String(32), default="")
    order: Mapped[int] = mapped_column(default=0)
    url: Mapped[str | None]  # fetched by the worker where given
    sha256: Mapped[str | None] = mapped_column(Hash)  # once the bytes are in the originals store
    state: Mapped[ArrivalState] = mapped_column(default=ArrivalState.WAITING)
    problem: Mapped[str | None]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("image_set_items.id"))
    created_at: Mapped[datetime]

    product: Mapped[Product | None] = relationship()


class Delivery(Base):
    """An inbound webhook: (source, event id) once ever."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("source", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    event_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(64))
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    effect: Mapped[str] = mapped_column(String(32))  # applied | stale
    payload: Mapped[Doc]


Index("ix_products_created_at", Product.created_at)
Index(
    "ix_arrivals_open",
    Arrival.state,
    sqlite_where=text("state in ('unmatched','refused','waiting')"),
    postgresql_where=text("state in ('unmatched','refused','waiting')"),
)
