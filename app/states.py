"""The state machines: what a row may be, and what it may become next. Standard library only; read it on one screen.

What a page shows (live, suppressed, waiting ...) is never a further state here: it is a pure function of these and of the open
notices (`app.views`). A state is changed through `app.db.move` alone.
"""

from __future__ import annotations

from enum import StrEnum


class ArrivalState(StrEnum):
    """A file on its way in: one row per delivery, whatever becomes of it."""

    WAITING = "waiting"  # known by URL or key, or its bytes are stored; not yet fetched and judged
    UNMATCHED = "unmatched"  # its name fits no SKU: the tray, assignable by hand
    FILED = "filed"  # has become (or was already) a photo of a product
    REFUSED = "refused"  # could not be fetched or is no picture at all; a person decides
    DROPPED = "dropped"  # a person said: forget it


class PhotoState(StrEnum):
    """An original photograph as tied to a product: an image set item."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    FLAGGED = "flagged"  # failed rules/intake.yaml or cannot be read: a person decides
    REJECTED = "rejected"


class RenditionState(StrEnum):
    QUEUED = "queued"
    RENDERED = "rendered"
    FAILED = "failed"  # the photo could not be rendered: a person decides


class PlacementState(StrEnum):
    """This picture, there: product x position x account."""

    WAITING = "waiting"  # its picture is being made or judged
    REVIEW = "review"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETOUCH = "retouch"  # sent out; comes back as a new photo
    VACANT = "vacant"  # no photo has this place any more


class ListingState(StrEnum):
    """The sync axis of a listing. The other axis, open notices, is rows of their own; the two are never mixed."""

    EMPTY = "empty"  # nothing is wanted yet
    TO_SEND = "to_send"
    SENT = "sent"  # accepted by the marketplace: not yet seen
    LIVE = "live"  # proven: the pictures read back match ours by pixels
    UNPROVABLE = "unprovable"  # accepted, and this marketplace gives no way to read it back
    DRIFTED = "drifted"  # it shows something else than what we sent
    ENDED = "ended"


class PushState(StrEnum):
    """One intended write; its row is committed before sending."""

    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # timed out after sending: read back before any second write
    MOOT = "moot"  # never took effect, and something newer is wanted


OPEN = (PushState.SENDING, PushState.UNKNOWN)  # pushes whose outcome is still to come


class LessonState(StrEnum):
    GATHERING = "gathering"  # notices came, and the evidence does not suffice for a limit; a person may decide all the same
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class RetouchState(StrEnum):
    OUT = "out"
    BACK = "back"
    CANCELLED = "cancelled"


A, P, R, C, S, U, L, T = ArrivalState, PhotoState, RenditionState, PlacementState, ListingState, PushState, LessonState, RetouchState

MOVES: dict[type[StrEnum], dict[StrEnum, frozenset[StrEnum]]] = {
    ArrivalState: {
        A.WAITING: frozenset({A.UNMATCHED, A.FILED, A.REFUSED, A.DROPPED}),
        A.UNMATCHED: frozenset({A.WAITING, A.DROPPED}),
        A.FILED: frozenset(),
        A.REFUSED: frozenset({A.WAITING, A.DROPPED}),
        A.DROPPED: frozenset(),
    },
    PhotoState: {
        P.RECEIVED: frozenset({P.ACCEPTED, P.FLAGGED, P.REJECTED}),
        P.ACCEPTED: frozenset({P.FLAGGED, P.REJECTED}),
        P.FLAGGED: frozenset({P.ACCEPTED, P.REJECTED}),
        P.REJECTED: frozenset({P.ACCEPTED}),
    },
    RenditionState: {
        R.QUEUED: frozenset({R.RENDERED, R.FAILED}),
        R.RENDERED: frozenset({R.QUEUED}),  # its file was lost
        R.FAILED: frozenset({R.QUEUED}),  # a person asked for it again
    },
    PlacementState: {
        C.WAITING: frozenset({C.APPROVED, C.REVIEW, C.REJECTED, C.WAITING, C.VACANT}),
        C.REVIEW: frozenset({C.APPROVED, C.REJECTED, C.RETOUCH, C.WAITING, C.REVIEW, C.VACANT}),
        C.APPROVED: frozenset({C.APPROVED, C.REVIEW, C.WAITING, C.REJECTED, C.VACANT}),
        C.REJECTED: frozenset({C.WAITING, C.REVIEW, C.VACANT}),
        C.RETOUCH: frozenset({C.WAITING, C.REVIEW, C.REJECTED, C.VACANT}),
        C.VACANT: frozenset({C.WAITING}),
    },
    ListingState: {
        S.EMPTY: frozenset({S.TO_SEND, S.ENDED}),
        S.TO_SEND: frozenset({S.SENT, S.ENDED, S.LIVE, S.EMPTY}),
        S.SENT: frozenset({S.LIVE, S.UNPROVABLE, S.DRIFTED, S.TO_SEND, S.ENDED}),
        S.LIVE: frozenset({S.DRIFTED, S.TO_SEND, S.ENDED, S.SENT}),
        S.UNPROVABLE: frozenset({S.LIVE, S.DRIFTED, S.TO_SEND, S.ENDED}),
        S.DRIFTED: frozenset({S.LIVE, S.TO_SEND, S.ENDED}),
        S.ENDED: frozenset({S.TO_SEND, S.LIVE, S.SENT}),  # relisted
    },
    PushState: {
        U.SENDING: frozenset({U.ACCEPTED, U.REFUSED, U.UNKNOWN, U.MOOT}),
        U.UNKNOWN: frozenset({U.ACCEPTED, U.REFUSED, U.MOOT}),
        U.ACCEPTED: frozenset(),
        U.REFUSED: frozenset(),
        U.MOOT: frozenset(),
    },
    LessonState: {
        L.GATHERING: frozenset({L.PROPOSED, L.ACCEPTED, L.DECLINED}),
        L.PROPOSED: frozenset({L.ACCEPTED, L.DECLINED, L.GATHERING}),  # back where newer evidence contradicts it
        L.ACCEPTED: frozenset(),
        L.DECLINED: frozenset(),
    },
    RetouchState: {
        T.OUT: frozenset({T.BACK, T.CANCELLED}),
        T.BACK: frozenset(),
        T.CANCELLED: frozenset(),
    },
}

FIRST: dict[type[StrEnum], StrEnum] = {
    ArrivalState: A.WAITING,
    PhotoState: P.RECEIVED,
    RenditionState: R.QUEUED,
    PlacementState: C.WAITING,
    ListingState: S.EMPTY,
    PushState: U.SENDING,
    LessonState: L.GATHERING,
    RetouchState: T.OUT,
}

# Where a row may rest for ever. Every other state must have a way out.
FINAL: dict[type[StrEnum], frozenset[StrEnum]] = {  # by machine: members of two StrEnums with one value are equal
    ArrivalState: frozenset({A.FILED, A.DROPPED}),
    PushState: frozenset({U.ACCEPTED, U.REFUSED, U.MOOT}),
    LessonState: frozenset({L.ACCEPTED, L.DECLINED}),
    RetouchState: frozenset({T.BACK, T.CANCELLED}),
}


class IllegalMove(Exception):
    """A move that is not in the table: a bug in the caller, never a matter of timing."""


def check_move(seen: StrEnum, to: StrEnum) -> None:
    """Raise `IllegalMove` unless the table allows `seen -> to`."""
    if to not in MOVES[type(seen)][seen]:
        raise IllegalMove(f"{type(seen).__name__}: {seen} -> {to} is not a move; from {seen} it can become {sorted(MOVES[type(seen)][seen]) or 'nothing'}")
