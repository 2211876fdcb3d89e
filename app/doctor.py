"""`packshot doctor`: looks at every part that an installation stands on, and says in words what is not well."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests
import sqlalchemy as sa

import imaging
import integrations
import rules
from app import accounts, controls, dispatch, migrate, preflight, rotation, rulebook
from app.kit import Kit
from app.models import Account, Heartbeat
from app.reach import Preflight
from app.store import Media

SILENT_S = 30.0
LATE_S = 600.0  # a due row that nobody took for so long
CLOCK_S = 120.0  # webhook signatures and marketplaces' tokens tolerate a few minutes at most
DISK_MB = 1000


@dataclass(frozen=True)
class Finding:
    """One part: well or not, in words."""

    what: str
    well: bool
    words: str


def examine(kit: Kit) -> Iterator[Finding]:
    """Every part in turn; one that cannot even be looked at is not well, and the rest are still looked at."""
    for what, look in PARTS:
        begun = time.monotonic()
        try:
            yield from (Finding(what, well, words) for well, words in look(kit))
        except Exception as error:  # whatever is wrong, it is a finding
            yield Finding(
                what, False, f"{type(error).__name__}: {' '.join(str(getattr(error, 'orig', None) or error).split())[:300]} ({time.monotonic() - begun:.1f} s)"
            )


Look = Callable[[Kit], Iterator[tuple[bool, str]]]


def _database(kit: Kit) -> Iterator[tuple[bool, str]]:
    migrate.check_current(kit.settings.database)
    with kit.db.writing() as session:
        session.execute(sa.text("SELECT 1"))
    yield True, f"{sa.engine.make_url(kit.settings.database).render_as_string(hide_password=True)}, migrated, writable"


def _stores(kit: Kit) -> Iterator[tuple[bool, str]]:
    kit.originals.check()
    kit.media.store.check()
    yield True, f"originals {kit.settings.originals}, media {kit.settings.media}"


def _disk(kit: Kit) -> Iterator[tuple[bool, str]]:
    kit.settings.var.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(kit.settings.var).free / 1e6
    yield free > DISK_MB, f"{free:,.0f} MB free in {kit.settings.var}"


def _media(kit: Kit) -> Iterator[tuple[bool, str]]:
    """The public address answers with the very bytes that were put there."""
    base = _media_address(kit)
    if not base:
        with kit.db.reading() as session:
            amazon = session.scalar(sa.select(sa.func.count()).select_from(Account).where(Account.marketplace.startswith("amazon-"))) or 0
        yield not amazon, "PACKSHOT_MEDIA_BASE_URL is not set: Amazon accounts cannot publish, eBay accounts can"
        return
    if kit.settings.media_check == "off":
        yield True, f"{base}: not tried from here (PACKSHOT_MEDIA_CHECK=off)"
        return
    with kit.db.reading() as session:
        worlds = sorted({account.practice for account in preflight.fetching(session)}) or [kit.settings.practice]
    reach = Preflight(Media(kit.media.store, kit.settings.keys, base))
    for practice in worlds:
        found = reach.base(kit.now(), practice=practice)
        whose = f" (for {'practice' if practice else 'real'} accounts)" if len(worlds) > 1 else ""
        yield found.trouble is None, f"{base}{whose}: {found.trouble or 'our file comes back byte for byte'}{f'; {found.advice}' if found.advice else ''}"


def _clock(kit: Kit) -> Iterator[tuple[bool, str]]:
    """Ours against that of the first who tells the time: the public address, or a marketplace whose tokens an account asks for."""
    base = _media_address(kit) if kit.settings.media_check == "on" else ""
    with kit.db.reading() as session:
        known = list(session.scalars(sa.select(Account).order_by(Account.key)))
    tokens = [{**({} if a.practice else integrations.SITES[a.marketplace].endpoints), **a.endpoints} for a in known]
    places = list(dict.fromkeys([base, *(endpoints.get("token", "") for endpoints in tokens)]))
    for place in (place for place in places if place.startswith("http")):
        try:
            told = parsedate_to_datetime(requests.head(place, timeout=10, allow_redirects=False).headers["Date"])
        except (requests.RequestException, KeyError, ValueError):
            continue
        away = abs((told - kit.now()).total_seconds())
        yield away < CLOCK_S, f"that of {urlsplit(place).hostname} and ours differ by {away:.0f} s"
        return
    yield True, "not compared: nobody outside was asked, or none told the time"


def _media_address(kit: Kit) -> str:
    """As set, else as the running scheduler was told: `packshot serve --practice` decides it for its roles."""
    if kit.settings.media_base_url:
        return kit.settings.media_base_url
    with kit.db.reading() as session:
        told = session.scalars(sa.select(Heartbeat.facts).where(Heartbeat.name.startswith("scheduler:")).order_by(Heartbeat.at.desc()).limit(1)).first()
    return str((told or {}).get("media_base_url", ""))


def _intake(kit: Kit) -> Iterator[tuple[bool, str]]:
    """Each watched folder is there and may be read; what else is wrong with watched places is a banner, shown with the accounts."""
    for place in kit.settings.intake:
        if "://" not in place:
            trouble = (
                "there is no such folder: make it, or mend PACKSHOT_INTAKE"
                if not Path(place).is_dir()
                else "may not be read: let the user of Packshot read it"
                if not os.access(place, os.R_OK | os.X_OK)
                else ""
            )
            yield not trouble, f"{place}: {trouble or 'watched'}"
    if not kit.settings.intake:
        yield True, "nothing is watched (PACKSHOT_INTAKE)"


def _model(kit: Kit) -> Iterator[tuple[bool, str]]:
    segmenter = kit.segmenter  # checks the file against the manifest
    chosen = kit.settings.model or Path("shipped model")
    yield True, f"{chosen}, {segmenter.sha256[:12]}, shipped is {imaging.shipped_model_sha256()[:12]}"
    recipes = kit.release["recipes"]
    yield True, f"{len(recipes)} recipes{f', those of {kit.settings.recipes} among them' if kit.settings.recipes else ''}: {', '.join(recipes)}"


def _words(_: Kit) -> Iterator[tuple[bool, str]]:
    reader = imaging.words_reader()  # has it read a word
    without = "not read: the extra `ocr` is not installed (text beside a product is still found, by `marks`)"
    yield True, f"read beside products by {reader}" if reader else without


def _rules(kit: Kit) -> Iterator[tuple[bool, str]]:
    with kit.db.reading() as session:
        in_force = rulebook.active_hash(session)
        texts = rulebook.overlay(session, kit)
    made = rules.load(imaging.FACTS, texts)
    yield in_force is not None, f"{len(made.rules)} rules load; in force is {(in_force or 'none')[:12]}"
    if aged := rules.stale(made, kit.now().date()):
        yield True, f"{len(aged)} of their sources were read long ago: `packshot rules doctor` names them"
    if in_force is not None and in_force != made.hash:
        yield False, f"the files give {made.hash[:12]}, which is not yet in force: is a scheduler running?"


def _processes(kit: Kit) -> Iterator[tuple[bool, str]]:
    with kit.db.reading() as session:
        beats = session.execute(sa.select(Heartbeat.name, Heartbeat.at).order_by(Heartbeat.name)).all()
    now = kit.now()
    alive = [name for name, at in beats if now - at < timedelta(seconds=SILENT_S)]
    for role in ("scheduler", "worker"):
        names = [name.partition(":")[2] for name in alive if name.startswith(f"{role}:")]
        yield bool(names), f"{role}: {', '.join(names) or 'none is alive'}"


def _queue(kit: Kit) -> Iterator[tuple[bool, str]]:
    with kit.db.reading() as session:
        late = {stage: age for stage, age in dispatch.oldest_due(session, kit.now()).items() if age > LATE_S}
    flying = kit.jobs.counts()
    yield not late, f"in flight: {sum(flying.values())}" + "".join(f"; {stage}: oldest due row waits {age / 60:.0f} min" for stage, age in late.items())


def _secrets(kit: Kit) -> Iterator[tuple[bool, str]]:
    with kit.db.reading() as session:
        seen = rotation.look(session, kit)
    older = len(kit.settings.keys) - 1
    yield True, f"{seen.already} under the newest key" + (f"; PACKSHOT_SECRET_KEY holds {older} older, needed by none" if older and not seen.changed else "")
    if seen.changed:
        yield False, f"{seen.changed} still under an older key: `packshot accounts rotate`, and only then remove that key"
    yield from ((False, f"no key of PACKSHOT_SECRET_KEY opens the {name}") for name in seen.lost)


def _accounts(kit: Kit) -> Iterator[tuple[bool, str]]:
    with kit.db.reading() as session:
        known = list(session.scalars(sa.select(Account).order_by(Account.key)))
        banners = controls.banners(session)
    for account in known:
        well, sentence = accounts.test_account(kit, account)
        yield well and not account.paused, sentence
    if not known:
        yield True, "none yet"
    yield from ((False, banner) for banner in banners)


PARTS: tuple[tuple[str, Look], ...] = (
    ("database", _database),
    ("stores", _stores),
    ("disk", _disk),
    ("media address", _media),
    ("clock", _clock),
    ("intake", _intake),
    ("model", _model),
    ("words", _words),
    ("rules", _rules),
    ("processes", _processes),
    ("queue", _queue),
    ("secrets", _secrets),
    ("accounts", _accounts),
)
