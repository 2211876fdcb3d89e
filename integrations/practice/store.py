"""Everything the practice marketplaces remember, on one SQLite file of their own. Times are Unix seconds of the practice clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, ForeignKey, Index, LargeBinary, create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, sessionmaker


class Row(DeclarativeBase):
    """A practice row."""

    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 - SQLAlchemy's own convention


class Setting(Row):
    """One remembered value, such as how far the clock was pushed."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Seller(Row):
    """A seller who has signed in; a revoked one gets no more tokens."""

    __tablename__ = "seller"
    connector: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    revoked: Mapped[bool] = mapped_column(default=False)


class Token(Row):
    """An access token and until when it is good."""

    __tablename__ = "token"
    token: Mapped[str] = mapped_column(primary_key=True)
    connector: Mapped[str]
    seller: Mapped[str]
    expires: Mapped[float]


class Listing(Row):
    """One external item of one seller on one site. `wanted` is the eBay picture set last asked for."""

    __tablename__ = "listing"
    id: Mapped[int] = mapped_column(primary_key=True)
    connector: Mapped[str]
    marketplace: Mapped[str]
    seller: Mapped[str]
    sku: Mapped[str]
    external_id: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    product_type: Mapped[str] = mapped_column(default="PRODUCT")
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    wanted: Mapped[list[str]] = mapped_column(default=list)
    quantity: Mapped[int] = mapped_column(default=1)
    price: Mapped[str] = mapped_column(default="0.00")
    currency: Mapped[str] = mapped_column(default="GBP")
    state: Mapped[str] = mapped_column(default="active")  # active | ended | removed
    ending_reason: Mapped[str | None] = mapped_column(default=None)
    created: Mapped[float]
    updated: Mapped[float]
    ended: Mapped[float | None] = mapped_column(default=None)
    slots: Mapped[list["Slot"]] = relationship(order_by="Slot.id", cascade="all, delete-orphan")
    notices: Mapped[list["Notice"]] = relationship(order_by="Notice.id", cascade="all, delete-orphan")
    history: Mapped[list["History"]] = relationship(order_by="History.id", cascade="all, delete-orphan")
    __table_args__ = (
        Index("listing_sku", "connector", "seller", "sku"),
        Index("listing_state", "connector", "seller", "state"),
        Index("listing_changed", "connector", "seller", "marketplace", "state", "updated", "quantity"),
        Index("listing_newest", "updated"),
    )

    def slot(self, position: str) -> "Slot | None":
        """The place for a picture, or None where nothing was ever sent."""
        return next((slot for slot in self.slots if slot.position == position), None)

    def open_notices(self) -> list["Notice"]:
        """What stands against the listing now."""
        return [notice for notice in self.notices if notice.ended is None]


class VariationSku(Row):
    """By which SKUs an eBay listing with variations is found, beside its own."""

    __tablename__ = "variation_sku"
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True, index=True)


class Image(Row):
    """A re-hosted picture: the bytes shown, and what was measured on the bytes that came in."""

    __tablename__ = "image"
    id: Mapped[str] = mapped_column(primary_key=True)
    connector: Mapped[str]
    seller: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    source_sha256: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(deferred=True)  # only judges read them
    created: Mapped[float]
    expires: Mapped[float | None]


class Slot(Row):
    """A position of a listing: what was asked for, and what is shown."""

    __tablename__ = "slot"
    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), index=True)
    position: Mapped[str]
    wanted_url: Mapped[str | None] = mapped_column(default=None)
    source_url: Mapped[str | None] = mapped_column(default=None)
    shown_at: Mapped[float | None] = mapped_column(default=None)
    failure: Mapped[str | None] = mapped_column(default=None)
    image_id: Mapped[str | None] = mapped_column(ForeignKey("image.id"), default=None)
    image: Mapped[Image | None] = relationship(lazy="joined")
    __table_args__ = (Index("slot_place", "listing_id", "position", unique=True),)


class Effect(Row):
    """Something that will happen to a listing when its time comes."""

    __tablename__ = "effect"
    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    due: Mapped[float]
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    done: Mapped[float | None] = mapped_column(default=None)
    __table_args__ = (Index("effect_due", "done", "due"),)


class Notice(Row):
    """A complaint against a listing, with begin and end; `complaint` is its Complaint as data."""

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), index=True)
    position: Mapped[str]
    code: Mapped[str]
    reason: Mapped[str]
    message: Mapped[str]
    complaint: Mapped[dict[str, Any]]
    image_id: Mapped[str | None]
    began: Mapped[float]
    exempt_until: Mapped[float | None] = mapped_column(default=None)
    ended: Mapped[float | None] = mapped_column(default=None)
    __table_args__ = (Index("notice_open", "listing_id", sqlite_where=text("ended IS NULL")),)


class Move(Row):
    """A hidden rule's new limit from `at` on; `done` is when it came into force."""

    __tablename__ = "move"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    connector: Mapped[str]
    code: Mapped[str]
    limit: Mapped[float]
    delay: Mapped[float]
    grace: Mapped[float]
    done: Mapped[float | None] = mapped_column(default=None)


class Write(Row):
    """One accepted write, in the order of acceptance."""

    __tablename__ = "write"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    marketplace: Mapped[str]
    seller: Mapped[str]
    sku: Mapped[str]
    call: Mapped[str]
    key: Mapped[str | None]
    external_id: Mapped[str | None]
    effect: Mapped[dict[str, Any]]
    __table_args__ = (Index("write_of", "external_id", "call", "at"),)


class Document(Row):
    """A file behind an address that is good for minutes: to be uploaded (`data` is None until it was), or to be fetched."""

    __tablename__ = "document"
    id: Mapped[str] = mapped_column(primary_key=True)
    seller: Mapped[str]
    content_type: Mapped[str]
    data: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    packed: Mapped[bool] = mapped_column(default=False)
    key: Mapped[str]  # the secret in its address
    expires: Mapped[float]


class Task(Row):
    """A feed or a report on its way; `done` counts a feed's messages, `outcome` holds what was found so far."""

    __tablename__ = "task"
    id: Mapped[int] = mapped_column(primary_key=True)
    seller: Mapped[str]
    kind: Mapped[str]  # feed | report
    type: Mapped[str]
    marketplaces: Mapped[list[str]]
    state: Mapped[str] = mapped_column(default="IN_QUEUE")
    input: Mapped[str | None] = mapped_column(default=None)
    result: Mapped[str | None] = mapped_column(default=None)
    created: Mapped[float]
    done: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Invocation(Row):
    """An eBay idempotency key that was used."""

    __tablename__ = "invocation"
    seller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    call: Mapped[str]
    item_id: Mapped[str]
    tracking: Mapped[str]


class History(Row):
    """One line of a listing's history."""

    __tablename__ = "history"
    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), index=True)
    at: Mapped[float]
    what: Mapped[str]
    detail: Mapped[dict[str, Any]]


WHOLE = (joinedload(Listing.slots), joinedload(Listing.notices))  # one listing with all that is shown of it, by one statement


class Store:
    """Sessions on the practice file. What `write` committed survives kill -9; simultaneous writers wait for each other."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False})
        event.listen(self._engine, "connect", _prepare)
        writing = self._engine.execution_options(practice_begin="BEGIN IMMEDIATE")
        event.listen(self._engine, "begin", _begin)  # `writing` inherits it
        with writing.begin() as connection:
            Row.metadata.create_all(connection)
            for table in Row.metadata.tables.values():
                for index in table.indexes:  # a file of an earlier version has the table without them
                    index.create(connection, checkfirst=True)
        self._reader = sessionmaker(self._engine, expire_on_commit=False)
        self._writer = sessionmaker(writing, expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent look."""
        with self._reader() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that holds the write lock from its first statement; committed at the end, rolled back on any error."""
        with self._writer.begin() as session:
            yield session

    def count_up(self) -> None:
        """Tell SQLite what its indexes are worth: without numbers it goes by a listing's state rather than by its SKU. Open connections are made anew."""
        with self.write() as session:
            session.execute(text("ANALYZE"))
        self._engine.dispose()

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not open transactions of its own; _begin does
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(str(connection.get_execution_options().get("practice_begin", "BEGIN")))
