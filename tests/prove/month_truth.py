"""What the house says of each listing, held every hour against what the twin really holds.

A status may lag behind the truth by as much as the house promises, and no more; everything beyond is wrong and ends the proof. With `slack` = 3 hours for
calls that fail and are tried again (a fault may cost an hour, eBay's "usage limit" does), and all times counted while the account may be read at all
(its credentials are good and it is not paused):

- "live": the listing is there and each pushed picture is shown. Else it must be noticed within the listing's own look gap (`app.stages.looks`: the pace
  of the account, or its turn by the calls a day there are), the two looks that confirm it, and the slack.
- "sent, not yet seen": what is shown since T must be proven by the next look of the growing gaps after T, plus slack; and nothing stays "sent" beyond the
  first look after the time that a picture may take to appear (`settle_s`), plus slack.
- what people chose is what the house wants, after the slack at the latest.
- "to send": only as long as the slack, where neither a person's stop, a pause nor a refusal holds it back.
- "drifted", "ended": what is shown again as pushed, or is there again, must be noticed by the next look of the growing gaps, plus slack.
- a notice: "suppressed", "held", "at risk" must be said within the poll's gap and the turn among all that changed then (`spread_s`), or by the next
  look if that is sooner, plus slack; and must no longer be said one look gap after it ended, plus slack.

At every hour no SKU may have two active listings.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app import views
from app.controls import is_stopped
from app.models import Account
from app.stages.looks import RECENT_S, Crowd, next_look_s, spread_s
from app.stages.publish import FIRST_LOOK_S
from app.stages.watch import crowd
from app.states import ListingState
from tests.prove.month_shop import HOUR, SITES, Shop

SLACK = 3 * HOUR
COUNTS_S = 3 * HOUR  # between two counts of an account's crowd
_WORST = tuple(views.NOTICE_WORDS)


@dataclass(frozen=True)
class House:
    """A listing as the house has it; `word` is what its pages say."""

    id: int
    account_id: int
    site: str
    sku: str
    product: int
    state: ListingState
    word: str
    wanted: Mapping[str, str]
    pushed: Mapping[str, str]
    doubts: int
    sent_at: float
    moved_at: float


@dataclass(frozen=True)
class Twin:
    """The same listing as it is: `shown` position -> (file or "another's", since when)."""

    active: bool
    ended: float
    updated: float
    shown: Mapping[str, tuple[str, float]]
    notice: str | None  # the worst word that stands against it
    notice_at: float  # since when; of none, since when there is none


@dataclass(frozen=True)
class Lag:
    """The house says something else than the twin holds, since when, and how long it may."""

    what: str
    since: float
    allowed: float


class Truth:
    """Compares what changed on either side since the last hour, and all that was not alike then; everything once a day."""

    def __init__(self, shop: Shop, house: sqlite3.Connection, twin: sqlite3.Connection) -> None:
        self.shop, self.house, self.twin = shop, house, twin
        self.lagging: set[int] = set()
        self.worst: Counter[str] = Counter()  # the longest lag of each kind, s
        self.compared = 0
        self._event = self._line = 0
        self._at: dict[tuple[str, str], int] = {}  # (marketplace, SKU) -> listing here
        self._free: dict[str, float] = dict.fromkeys(SITES, 0.0)  # since when an account may be read
        self._open: dict[str, float] = dict.fromkeys(SITES, 0.0)  # since when nothing holds its writes back
        self._crowds: dict[str, list[Crowd]] = {site: [] for site in SITES}
        self._counted: dict[str, float] = dict.fromkeys(SITES, 0.0)  # when the crowd was
        self._gaps: dict[str, float] = {}  # the longest that a live listing of a marketplace goes without a look, these days
        self._files: dict[str, str] = {}

    def hour(self, *, all_of_them: bool = False) -> None:
        """Compare now. Raises AssertionError naming the listing, what is wrong, and since when."""
        now = self.shop.now()
        accounts = self._accounts(now)
        ids = None if all_of_them else self._touched() | self.lagging
        for file in self.shop.number_of.keys() - self._files.keys():
            self._files[file] = self._files[self.shop.kit.media.name(file)] = file
        here = self._here(ids, accounts)
        there = self._there(here)
        self.lagging = set()
        for one in here:
            self.compared += 1
            if self._free[one.site] > now:
                self.lagging.add(one.id)
                continue
            for lag in self._lags(one, there.get((one.site, one.sku)), accounts[one.site]):
                self.lagging.add(one.id)
                late = now - max(lag.since, self._free[one.site])
                self.worst[f"{one.word}: {lag.what}"] = max(self.worst[f"{one.word}: {lag.what}"], round(late))
                assert late <= lag.allowed, self._told(one, there.get((one.site, one.sku)), lag, now)
        twice = self.twin.execute("SELECT marketplace, sku FROM listing WHERE state = 'active' GROUP BY marketplace, sku HAVING count(*) > 1").fetchall()
        assert not twice, f"listed twice: {twice}"

    # -- what is promised

    def _lags(self, here: House, there: Twin | None, account: Account) -> list[Lag]:
        found = self._lags_of_what_is_shown(here, there, account)
        if here.wanted != self.shop.wish[here.product]:
            found.append(Lag("something else was chosen", self.shop.chosen_at[here.product], SLACK))
        return found

    def _lags_of_what_is_shown(self, here: House, there: Twin | None, account: Account) -> list[Lag]:
        if there is None:
            return [Lag("is not there", self._to_send_since(here), SLACK)] if here.state != ListingState.TO_SEND or here.word == "to send" else []
        pace, gap, found = account.policy["pace"], self._gaps[here.site], list[Lag]()
        confirm = gap + sum(pace["look_gaps_s"][:2]) + SLACK
        if not there.active:
            settled = here.state == ListingState.ENDED or here.word in ("refused", "removed")
            return [] if settled else [Lag("is not there any more", max(there.ended, self._to_send_since(here)), confirm)]
        said = here.word if here.word in views.NOTICE_WORDS.values() else None
        if said != there.notice:
            hint = min(self._hint(here.site, pace, there.notice_at), gap) if there.notice else gap
            found.append(Lag(f"{there.notice or 'no notice'} there", there.notice_at, hint + SLACK))
        wrong = [
            there.shown.get(p, ("", there.updated))[1] for p, file in here.pushed.items() if self._seen(there.shown.get(p, ("", 0))[0]) != self._seen(file)
        ]
        since = max((at for _, at in there.shown.values()), default=there.updated)
        if here.state in (ListingState.LIVE, ListingState.UNPROVABLE) and wrong:
            found.append(Lag("shows something else", max(wrong), confirm))
        elif here.state == ListingState.SENT:
            looks = _looks(pace["look_gaps_s"])
            last = next(at for at in looks if at >= float(pace["settle_s"]))
            found.append(Lag("long sent", here.sent_at, last + SLACK))
            if not wrong:
                since = max(since, here.sent_at)
                found.append(Lag("is shown", since, next(at for at in looks if at > since - here.sent_at) - (since - here.sent_at) + SLACK))
        elif here.state == ListingState.TO_SEND and here.word == "to send":
            found.append(Lag("was not sent", self._to_send_since(here), SLACK))
        elif here.state in (ListingState.DRIFTED, ListingState.ENDED) and not wrong:
            gaps = pace["look_gaps_s"]
            own = float(gaps[max(0, min(here.doubts - 1, len(gaps) - 1))])
            found.append(Lag("is shown as pushed", since, max(own, gap if here.doubts > len(gaps) else 0) + SLACK))
        return found

    def _seen(self, file: str) -> str:
        """What a buyer sees of a file: who chose A, then B, then A in other bytes may be shown the first A, where a write was lost."""
        return str(self.shop.number_of.get(file, file))

    def _hint(self, site: str, pace: Mapping[str, Any], at: float) -> float:
        """How long it takes until a change is looked at that a poll names, among all others that changed in the hours around it."""
        around = float(pace["poll_s"]) + SLACK
        query = "SELECT count(DISTINCT h.listing_id) FROM history h JOIN listing l ON l.id = h.listing_id WHERE l.marketplace = ? AND h.at BETWEEN ? AND ?"
        [[others]] = self.twin.execute(query, (site, at - around, at + around))
        return float(pace["poll_s"]) + max(spread_s(others, one) for one in self._crowds[site])

    def _to_send_since(self, here: House) -> float:
        return max(here.moved_at, self._open[here.site])

    def _gap(self, account: Account) -> float:
        """The longest that a live listing of the account goes without a look, by the crowds of these days."""
        pace, sites = account.policy["pace"], self._crowds[account.marketplace]
        kinds = ((crowd, since) for crowd in sites for since in (0.0, RECENT_S + 1))
        return max(next_look_s(pace, crowd, live=True, doubts=0, since_change_s=since, notices=0) for crowd, since in kinds)

    # -- reading both sides

    def _accounts(self, now: float) -> dict[str, Account]:
        with self.shop.kit.db.reading() as session:
            found = {one.marketplace: one for one in session.scalars(sa.select(Account))}
            stopped = is_stopped(session) is not None
            for site, one in found.items():
                if now - self._counted[site] >= COUNTS_S:
                    self._counted[site] = now
                    self._crowds[site] = [*self._crowds[site][-24:], crowd(session, one, self.shop.kit.now())]
                    self._gaps[site] = self._gap(one)
                if one.paused or site in self.shop.revoked:
                    self._free[site] = self._open[site] = now + 1
                if stopped or one.stopped:
                    self._open[site] = now + 1
        return found

    def _touched(self) -> set[int]:
        events = self.house.execute("SELECT id, kind, row FROM events WHERE id > ? AND kind IN ('listing', 'notice', 'push')", (self._event,)).fetchall()
        found = {int(row) for _, kind, row in events if kind == "listing"}
        for kind, table in (("notice", "notices"), ("push", "pushes")):
            rows = [int(row) for _, what, row in events if what == kind]
            found |= {listing for (listing,) in self.house.execute(f"SELECT listing_id FROM {table} WHERE id IN ({_marks(rows)})", rows)}
        lines = self.twin.execute(
            "SELECT h.id, l.marketplace, l.sku FROM history h JOIN listing l ON l.id = h.listing_id WHERE h.id > ?", (self._line,)
        ).fetchall()
        found |= {self._at[site, sku] for _, site, sku in lines if (site, sku) in self._at}
        self._event = max((one[0] for one in events), default=self._event)
        self._line = max((one[0] for one in lines), default=self._line)
        return found

    def _here(self, ids: Collection[int] | None, accounts: Mapping[str, Account]) -> list[House]:
        by_id = {one.id: one for one in accounts.values()}
        chosen, among = ("", []) if ids is None else (f" WHERE l.id IN ({_marks(ids)})", list(ids))
        notices: dict[int, set[str]] = {}
        for listing, kind in self.house.execute('SELECT listing_id, kind FROM notices WHERE "end" IS NULL'):
            notices.setdefault(listing, set()).add(kind)
        columns = "l.id, l.account_id, m.merchant_sku, m.product_id, l.state, l.wanted, l.pushed"
        columns += ", l.wanted_print, l.confirmed_print, l.refused_print, l.doubts, l.sent_at"
        moved = "(SELECT max(at) FROM events e WHERE e.kind = 'listing' AND e.row = CAST(l.id AS TEXT) AND e.what = 'moved')"
        moved = f"CASE WHEN l.state = 'to_send' THEN {moved} END, l.created_at"
        rows = self.house.execute(f"SELECT {columns}, {moved} FROM listings l JOIN listing_members m ON m.listing_id = l.id{chosen}", among).fetchall()
        found = []
        for number, account_id, sku, product, state, wish, pushed, wanted, confirmed, refused, doubts, sent, moved_at, created in rows:
            account, worst = by_id[account_id], next((kind for kind in _WORST if kind in notices.get(number, ())), None)
            no = refused is not None and refused == wanted
            word = views.word(ListingState(state), worst, account, refused=no, let_through=confirmed == wanted)
            sides = json.loads(wish).get(sku, {}), json.loads(pushed).get(sku, {})
            times = (_seconds(sent), _seconds(moved_at or created))
            found.append(House(number, account_id, account.marketplace, sku, product, ListingState(state), word, *sides, doubts, *times))
            self._at[account.marketplace, sku] = number
        return found

    def _there(self, here: Iterable[House]) -> dict[tuple[str, str], Twin]:
        skus = {one.sku for one in here}
        few = len(skus) < 400
        chosen, among = (f" WHERE l.sku IN ({_marks(skus)})", list(skus)) if few else ("", [])
        listings = self.twin.execute(f"SELECT id, marketplace, sku, state, ended, updated FROM listing l{chosen} ORDER BY id", among).fetchall()
        columns = "s.listing_id, s.position, s.source_url, i.source_sha256, s.shown_at, l.connector"
        rows = self.twin.execute(f"SELECT {columns} FROM listing l JOIN slot s ON s.listing_id = l.id JOIN image i ON i.id = s.image_id{chosen}", among)
        shown: dict[int, dict[str, tuple[str, float]]] = {}
        for listing, position, url, sha256, at, connector in rows:
            source = (url or "").rpartition("/")[2] if connector == "amazon" else sha256
            shown.setdefault(listing, {})[position] = (self._files.get(source, "another's"), at)
        columns = "n.listing_id, n.complaint, n.began, n.exempt_until, n.ended, l.connector"
        said: dict[int, list[tuple[str, float]]] = {}
        over: dict[int, float] = {}
        for listing, complaint, began, exempt, ended, connector in self.twin.execute(
            f"SELECT {columns} FROM listing l JOIN notice n ON n.listing_id = l.id{chosen}", among
        ):
            if ended is not None:
                over[listing] = max(over.get(listing, 0.0), ended)
            elif connector == "ebay":
                said.setdefault(listing, []).append(("held", began))
            elif json.loads(complaint)["actions"]:
                waits = exempt is not None and self.shop.now() < exempt
                said.setdefault(listing, []).append(("at risk" if waits else "suppressed", began if waits or exempt is None else exempt))
        found: dict[tuple[str, str], Twin] = {}
        for number, site, sku, state, ended, updated in listings:
            if (site, sku) in found and state != "active":
                continue
            worst = next((word for word in views.NOTICE_WORDS.values() if any(word == one for one, _ in said.get(number, ()))), None)
            at = min((at for word, at in said[number] if word == worst)) if worst else over.get(number, 0.0)
            found[site, sku] = Twin(state == "active", ended or 0.0, updated, shown.get(number, {}), worst, max(at, over.get(number, 0.0)))
        return found

    def _told(self, here: House, there: Twin | None, lag: Lag, now: float) -> str:
        events = self.house.execute(
            "SELECT at, kind, what, was, \"to\", why FROM events WHERE sku = ? OR (kind = 'listing' AND row = ?) ORDER BY id", (here.sku, str(here.id))
        ).fetchall()[-25:]
        works = self.house.execute("SELECT stage, due_at, leased_until, attempts, error FROM work WHERE row = ?", (str(here.id),)).fetchall()
        query = "SELECT h.at, h.what, h.detail FROM history h JOIN listing l ON l.id = h.listing_id WHERE l.sku = ? AND l.marketplace = ? ORDER BY h.id"
        lines = [(_clock(at), what, detail) for at, what, detail in self.twin.execute(query, (here.sku, here.site)).fetchall()[-15:]]
        late = f"{lag.what} since {_clock(lag.since)}, {(now - lag.since) / HOUR:.1f} h, {lag.allowed / HOUR:.1f} h are allowed"
        told = [f"{_clock(now)} {here.site} {here.sku} (listing {here.id}): the house says {here.word!r}, but {late}", f"{here}", f"{there}"]
        return "\n".join([*told, *map(str, events), "work:", *map(str, works), "twin:", *map(str, lines)])

    # -- the end

    def end(self) -> tuple[int, int]:
        """Every listing shows what the people chose last, but for those that wait for a person; answers (as wanted, waiting)."""
        self.hour(all_of_them=True)
        now = self.shop.now()
        here = self._here(None, self._accounts(now))
        there = self._there(here)
        query = (
            "SELECT l.id FROM events e JOIN listings l ON e.row = CAST(l.id AS TEXT) WHERE e.kind = 'listing' AND e.what = 'not repaired' AND e.at > l.sent_at"
        )
        asked = {number for (number,) in self.house.execute(query)}
        waiting = [one for one in here if one.state == ListingState.ENDED or one.word in ("refused", "removed") or one.id in asked]
        excused = {one.id for one in waiting}
        for one in here:
            if one.id in excused:
                continue
            twin, wish = there.get((one.site, one.sku)), self.shop.wish[one.product]
            shown = {p: self._seen(file) for p, (file, _) in twin.shown.items() if not _anothers(one, p, file)} if twin and twin.active else None
            assert shown == {p: self._seen(file) for p, file in wish.items()}, self._told(one, twin, Lag(f"wanted {wish}, shown {shown}", one.sent_at, 0), now)
        lost_updates(self.house, self.twin, self._files)
        return len(here) - len(waiting), len(waiting)


def _anothers(here: House, position: str, file: str) -> bool:
    """Whether somebody else's picture stands where we want none: on Amazon it is their contribution to a shared article, and no seller takes it away."""
    return file == "another's" and position not in here.wanted and here.site.startswith("amazon-")


def lost_updates(house: sqlite3.Connection, twin: sqlite3.Connection, files: Mapping[str, str]) -> None:
    """Each accepted write must be one of the house's pushes, and never an older one than the write before it: AssertionError otherwise."""
    pushes: dict[tuple[str, str], list[tuple[int, dict[str, str]]]] = {}
    query = "SELECT a.marketplace, p.number, p.content FROM pushes p JOIN listings l ON l.id = p.listing_id JOIN accounts a ON a.id = l.account_id"
    for site, number, content in house.execute(f"{query} ORDER BY p.listing_id, p.number"):
        for sku, side in json.loads(content).items():
            pushes.setdefault((site, sku), []).append((number, side))
    image: dict[str, str] = dict(twin.execute("SELECT id, source_sha256 FROM image").fetchall())
    reached: dict[tuple[str, str], int] = {}
    for site, sku, call, effect in twin.execute("SELECT marketplace, sku, call, effect FROM write WHERE sku != '' ORDER BY id"):
        sent = _sent(json.loads(effect).get("pictures"), files, image)
        if sent is None:
            continue
        known = reached.get((site, sku), 0)
        fitting = next((n for n, side in pushes.get((site, sku), []) if n >= known and _fits(sent, side)), None)
        assert fitting is not None, f"{site} {sku}: {call} wrote {sent}, which is no push of ours from number {known} on: an older wish came after a newer one"
        reached[site, sku] = fitting


def _sent(pictures: Any, files: Mapping[str, str], image: Mapping[str, str]) -> list[str] | None:
    """The files of an accepted write, None where it changed none."""
    if isinstance(pictures, dict):
        return [files[url.rpartition("/")[2]] for url in pictures.values() if "/" in url] or None
    return [image[url.split("/")[-2]] for url in pictures] if isinstance(pictures, list) else None


def _fits(sent: list[str], side: Mapping[str, str]) -> bool:
    return set(sent) <= set(side.values())


def _looks(gaps: Iterable[float]) -> list[float]:
    """Seconds after a write at which it is looked for."""
    found = [FIRST_LOOK_S]
    for gap in gaps:
        found.append(found[-1] + gap)
    return [*found, *(found[-1] + found[-1] * n for n in range(1, 4))]


def _marks(rows: Collection[Any]) -> str:
    return ",".join("?" * len(rows))


def _seconds(text: str | None) -> float:
    return 0.0 if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%m-%d %H:%M:%S}"
