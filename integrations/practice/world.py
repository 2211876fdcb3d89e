"""What happens by itself in the practice world: pictures get shown, judged, held against, ended - each when its time comes."""

import hashlib
import logging
import threading
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from integrations.practice import judge, moves, pictures
from integrations.practice.clock import Clock
from integrations.practice.config import Complaint, Hidden
from integrations.practice.orders import Settled
from integrations.practice.store import Effect, History, Image, Listing, Move, Notice, Setting, Slot, Store, Write

log = logging.getLogger(__name__)

RETRY = 60.0  # s until an effect that failed is tried again
TOGETHER = 200  # effects in one transaction
ROUNDING = 1e-3  # s; sums of floating point seconds must not miss the very moment


class World:
    """The state of both marketplaces and the passing of its time. Safe to tick from several threads."""

    def __init__(self, store: Store, clock: Clock, hidden: Hidden, seed: int = 0) -> None:
        self.store, self.clock, self.hidden, self.seed = store, clock, hidden, seed
        self._ticking, self._advancing = threading.Lock(), threading.Lock()
        with store.write() as session:
            kept = session.get(Setting, "offset")
            clock.offset = float(kept.value) if kept else clock.offset
            born = session.get(Setting, "born") or Setting(key="born", value=repr(clock.now()))
            session.add(born)
            self.born = float(born.value)
            self.rules = moves.present(session, hidden)

    def order(self, changes: Sequence[Settled], *, replace: bool = False) -> None:
        """Hidden rules that will change; one whose time has come changes at once, at the next tick."""
        with self.store.write() as session:
            moves.order(session, changes, replace)

    def now(self) -> float:
        """Seconds since 1970, practice time."""
        return self.clock.now()

    def advance(self, seconds: float) -> float:
        """Push time forward from one due effect to the next, so that each happens at its own time; answers the new now. Survives a restart."""
        with self._advancing:
            left = seconds
            while left > 0:
                with self.store.read() as session:
                    nexts = (select(func.min(Effect.due)).where(Effect.done.is_(None)), select(func.min(Move.at)).where(Move.done.is_(None)))
                    due = min((at for each in nexts if (at := session.scalar(each)) is not None), default=None)
                step = left if due is None else min(left, max(0.0, due - self.now()) + 1e-6)
                left -= step
                offset = self.clock.advance(step)
                with self.store.write() as session:
                    session.merge(Setting(key="offset", value=repr(offset)))
                self.tick()
        self.tick()
        return self.now()

    def tick(self) -> int:
        """Let everything due happen, oldest first; answers how many things did. An effect that follows from one already due happens too."""
        count = 0
        with self._ticking:
            while True:
                self._move()
                with self.store.read() as session:
                    waiting = select(Effect).where(Effect.done.is_(None), Effect.due <= self.now() + ROUNDING).order_by(Effect.due, Effect.id)
                    effects = session.scalars(waiting.limit(TOGETHER)).all()
                if not effects:
                    return count
                slow = next((number for number, effect in enumerate(effects) if effect.kind == "show"), len(effects))
                self._happen(effects[: max(1, slow)])
                count += max(1, slow)

    def _move(self) -> None:
        """Bring the changes of hidden rules into force whose time has come."""
        waiting = select(Move).where(Move.done.is_(None), Move.at <= self.now() + ROUNDING).order_by(Move.at, Move.id)
        with self.store.read() as session:
            if session.scalar(waiting.with_only_columns(Move.id).limit(1)) is None:
                return
        with self.store.write() as session:
            for move in session.scalars(waiting):
                move.done = self.now()
                session.flush()
                after = moves.present(session, self.hidden)
                count = moves.enforce(session, move, self.rules[move.connector], after[move.connector], self.seed)
                self.rules = after
                log.info("hidden rule %s %s is now %g; %d pictures are judged again", move.connector, move.code, move.limit, count)

    def _happen(self, effects: Sequence[Effect]) -> None:
        """Several in one transaction, each by itself where it fails; a picture is fetched before, and alone."""
        fetched: pictures.Taken | pictures.PictureError | None = None
        failed: Exception | None = None
        try:
            fetched = self._fetch(effects[0]) if effects[0].kind == "show" else None
        except Exception as error:  # tried again later, like whatever fails below
            failed = error
        with self.store.write() as session:
            for effect in effects:
                current = session.get_one(Effect, effect.id)
                if current.done is not None:
                    continue
                try:
                    if failed is not None:
                        raise failed
                    with session.begin_nested():
                        self._one(session, current, fetched)
                except Exception:  # one effect that cannot happen must not keep the others waiting
                    log.exception("effect %s (%s) failed, tried again later", effect.id, effect.kind)
                    session.get_one(Effect, effect.id).due = self.now() + RETRY
                session.flush()

    def _one(self, session: Session, effect: Effect, fetched: pictures.Taken | pictures.PictureError | None) -> None:
        effect.done = self.now()
        happen = {
            "show": self._show,
            "show_set": self._show_set,
            "hide": self._hide,
            "judge": self._judge,
            "swap": self._swap,
            "enforce": self._enforce,
            "end": self._end,
        }
        happen[effect.kind](session, session.get_one(Listing, effect.listing_id), effect, fetched)

    # -- scheduling and remembering, inside the caller's transaction

    def later(self, session: Session, listing: Listing, seconds: float, kind: str, after: float | None = None, **payload: Any) -> None:
        """Promise an effect `seconds` after `after` (default now)."""
        session.add(Effect(listing_id=listing.id, due=(self.now() if after is None else after) + seconds, kind=kind, payload=payload))

    def note(self, session: Session, listing: Listing, what: str, **detail: Any) -> None:
        """One line of history; the listing counts as changed now."""
        listing.updated = self.now()
        session.add(History(listing_id=listing.id, at=self.now(), what=what, detail=detail))

    def wrote(self, session: Session, listing: Listing | None, call: str, key: str | None, *, marketplace: str = "", seller: str = "", **effect: Any) -> None:
        """One line of the accepted writes."""
        owner = (listing.marketplace, listing.seller, listing.sku, listing.external_id) if listing else (marketplace, seller, "", None)
        session.add(Write(at=self.now(), marketplace=owner[0], seller=owner[1], sku=owner[2], external_id=owner[3], call=call, key=key, effect=effect))

    def keep(self, session: Session, connector: str, seller: str, taken: pictures.Taken, expires: float | None = None) -> Image:
        """The re-hosted picture as a row. Amazon's name follows from the content; eBay gives a new one to every upload."""
        salt = "" if connector == "amazon" else f"{seller}{session.scalar(select(func.max(literal_column('rowid'))).select_from(Image)) or 0}"
        digest = hashlib.sha256(f"{connector}{taken.sha256}{salt}".encode()).hexdigest()
        name = f"71{digest[:9]}L" if connector == "amazon" else digest[:16]
        image = session.get(Image, name)
        if image is None:
            image = Image(
                id=name, connector=connector, seller=seller, data=taken.data, sha256=taken.sha256, width=taken.width, height=taken.height,
                source_sha256=taken.source_sha256, facts=taken.facts, created=self.now(), expires=expires,
            )  # fmt: skip
            session.add(image)
        return image

    def place(self, session: Session, listing: Listing, position: str, image: Image | None, source_url: str | None, failure: str | None = None) -> Slot:
        """Show a picture at a position (or remember why it could not be shown) from now on."""
        slot = listing.slot(position)
        if slot is None:
            slot = Slot(listing_id=listing.id, position=position, wanted_url=source_url)
            listing.slots.append(slot)
        slot.failure = failure
        if image is not None:
            slot.image, slot.image_id, slot.source_url, slot.shown_at = image, image.id, source_url, self.now()
        return slot

    # -- the effects

    def _fetch(self, effect: Effect) -> pictures.Taken | pictures.PictureError:
        """Slow, so outside any transaction."""
        try:
            with self.store.read() as session:
                listing = session.get_one(Listing, effect.listing_id)
                limits = self.hidden.amazon.picture if listing.connector == "amazon" else self.hidden.ebay.picture
            return pictures.take(pictures.download(effect.payload["url"], limits, self.hidden.timing), limits)
        except pictures.PictureError as error:
            return error

    def _show(self, session: Session, listing: Listing, effect: Effect, fetched: pictures.Taken | pictures.PictureError | None) -> None:
        position, url = effect.payload["position"], effect.payload["url"]
        slot = listing.slot(position)
        if slot is None or slot.wanted_url != url or fetched is None:
            return  # something newer was asked for meanwhile
        if isinstance(fetched, pictures.PictureError):
            self.place(session, listing, position, None, url, failure=fetched.code)
            self.note(session, listing, "picture not taken", position=position, url=url, why=str(fetched))
            if listing.connector == "amazon":
                self._complain(session, listing, position, [self.hidden.amazon.unreachable], None)
            return
        image = self.keep(session, listing.connector, listing.seller, fetched)
        self.place(session, listing, position, image, url)
        self.note(session, listing, "picture shown", position=position, image=image.id, source_sha256=image.source_sha256)
        exempt = effect.payload.get("exempt", 0)
        self.later(session, listing, self.hidden.timing.judgement, "judge", after=effect.due, position=position, image=image.id, exempt=exempt)

    def _swap(self, session: Session, listing: Listing, effect: Effect, _fetched: object) -> None:
        """Somebody else who sells the same article has put another picture in ours' place."""
        position = effect.payload["position"]
        slot = listing.slot(position)
        if slot is None or slot.image is None:
            return
        image = self.keep(session, listing.connector, listing.seller, pictures.take(pictures.a_strangers(listing.id), self.hidden.amazon.picture))
        self.place(session, listing, position, image, None).wanted_url = None  # our own may be asked for again
        self.note(session, listing, "picture swapped by another", position=position)

    def _show_set(self, session: Session, listing: Listing, effect: Effect, _fetched: object) -> None:
        """eBay's way: the whole set changes at once; pictures already on eBay are shown, others are fetched one by one."""
        urls: list[str] = effect.payload["urls"]
        of: str = effect.payload.get("of", "")
        if asked(listing, of) != urls:
            return
        keep = {position_of(index, of) for index in range(len(urls))}
        for slot in [slot for slot in listing.slots if slot.position not in keep and parted(slot.position)[0] == of]:
            self._forget(session, listing, slot)
        for index, url in enumerate(urls):
            position = position_of(index, of)
            image = session.get(Image, effect.payload["images"][index] or "")
            slot = self.place(session, listing, position, image, url)
            slot.wanted_url = url
            if image is None:
                self.later(session, listing, 0, "show", after=effect.due, position=position, url=url)
            else:
                self.later(session, listing, self.hidden.timing.judgement, "judge", after=effect.due, position=position, image=image.id)
        self.note(session, listing, "pictures shown", positions=sorted(keep), urls=urls)

    def _hide(self, session: Session, listing: Listing, effect: Effect, _fetched: object) -> None:
        slot = listing.slot(effect.payload["position"])
        if slot is not None and slot.wanted_url is None:
            self._forget(session, listing, slot)
            self.note(session, listing, "picture removed", position=slot.position)

    def _forget(self, session: Session, listing: Listing, slot: Slot) -> None:
        self._complain(session, listing, slot.position, [], None)
        listing.slots.remove(slot)

    def _judge(self, session: Session, listing: Listing, effect: Effect, _fetched: object) -> None:
        position = effect.payload["position"]
        slot = listing.slot(position)
        image = slot.image if slot else None
        if image is None and position == "main" and listing.connector == "amazon":
            if not any(place.image_id for place in listing.slots if place.position in {"main", "offer_main"}):
                self._complain(session, listing, "main", [self.hidden.amazon.missing_main], None)
            return
        if image is None or image.id != effect.payload["image"]:
            return  # a newer picture will be judged in its own time
        rules = self.rules[listing.connector]
        self._complain(session, listing, position, judge.broken(rules, image.facts, parted(position)[1]), image.id, effect.payload.get("exempt", 0))
        if position == "offer_main":
            self._complain(session, listing, "main", [], None)

    def _complain(self, session: Session, listing: Listing, position: str, complaints: Sequence[Complaint], image_id: str | None, exempt: float = 0) -> None:
        """From now on exactly these stand against the position: others end, and one that is already open stays as it began.

        What is enforced is left alone for `exempt` seconds, or for the complaint's own time if that is longer.
        """
        wanted = {complaint.code: complaint for complaint in complaints}
        for notice in [notice for notice in listing.open_notices() if notice.position == position]:
            if notice.code in wanted and notice.image_id == image_id:
                del wanted[notice.code]
            else:
                notice.ended = self.now()
                self.note(session, listing, "notice closed", position=position, code=notice.code)
        for complaint in wanted.values():
            grace = max(complaint.exempt_seconds, exempt if complaint.actions else 0)
            until = self.now() + grace if grace else None
            notice = Notice(
                position=position, code=complaint.code, reason=complaint.reason, message=complaint.message, complaint=complaint.model_dump(mode="json"),
                image_id=image_id, began=self.now(), exempt_until=until,
            )  # fmt: skip
            listing.notices.append(notice)
            session.flush()
            self.note(session, listing, "notice opened", position=position, code=complaint.code, reason=complaint.reason)
            if until is not None:
                self.later(session, listing, grace, "enforce", notice=notice.id)
            if listing.connector == "ebay":
                self.later(session, listing, self.hidden.timing.hold_grace, "end", notice=notice.id)

    def _enforce(self, session: Session, listing: Listing, effect: Effect, _fetched: object) -> None:
        if session.get_one(Notice, effect.payload["notice"]).ended is None:
            self.note(session, listing, "notice enforced", notice=effect.payload["notice"])

    def _end(self, session: Session, listing: Listing, effect: Effect, _fetched: object) -> None:
        if session.get_one(Notice, effect.payload["notice"]).ended is None and listing.state == "active":
            self.end(session, listing, "removed", None)

    def end(self, session: Session, listing: Listing, state: str, reason: str | None) -> None:
        """End a listing: `ended` by its seller for a reason, or `removed` by the marketplace."""
        listing.state, listing.ending_reason, listing.ended = state, reason, self.now()
        self.note(session, listing, state, reason=reason)


def rank(position: str) -> tuple[str, bool, str, int]:
    """Sorts positions as people count them: main, alt1 ... alt23, then swatch, and offer pictures last; those of a variation's value behind the item's."""
    of, place = parted(position)
    kind = place.rstrip("0123456789")
    return of, place.startswith("offer_"), "" if kind.endswith("main") else kind, int(place[len(kind) :] or 0)


def position_of(index: int, of: str = "") -> str:
    """main, alt1, alt2 ... of a picture's place in the set; of a variation's value "Silver/main"."""
    place = "main" if index == 0 else f"alt{index}"
    return f"{of}/{place}" if of else place


def parted(position: str) -> tuple[str, str]:
    """The variation's value that a place belongs to, "" for the item itself, and the place."""
    of, _, place = position.rpartition("/")
    return of, place


def asked(listing: Listing, of: str = "") -> list[str]:
    """The eBay picture set last asked for, of the item or of a variation's value."""
    return listing.attributes.get("variations", {}).get("pictures", {}).get(of, []) if of else listing.wanted


def asking(listing: Listing, of: str, urls: list[str]) -> None:
    """Remember what is asked for."""
    if not of:
        listing.wanted = urls
        return
    known: dict[str, Any] = listing.attributes["variations"]
    sets = {value: kept for value, kept in known["pictures"].items() if value != of} | ({of: urls} if urls else {})
    listing.attributes = {**listing.attributes, "variations": {**known, "pictures": sets}}
