"""The rule set in force: shipped rules + the seller's overlay, composed, kept as a row that every process reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import rules
from app.db import mutex, record
from app.errors import Refusal
from app.kit import Kit
from app.models import RuleActivation, RuleSetRow, Setting

BROKEN = "rules_broken"  # the banner's setting: a broken overlay was refused, the old set stays in force

FOLDER = "rules_folder"  # the setting: the overlay lives in a folder, not in the database alone
MOST_BYTES = 5_000_000  # of a file of the overlay; the loader refuses far shorter ones
MUTEX = "rulebook"  # who puts a set in force composes it from the newest overlay, one at a time
LOOKS = 20  # at a folder that changes under our eyes, before the next call may try

Print = tuple[tuple[str, int, int, int], ...]  # name, size, mtime in ns and inode of each file


@dataclass(frozen=True)
class Look:
    """The overlay folder as it stood at one moment: no file changed while the others were read."""

    print: Print
    texts: Mapping[str, str]


def active_hash(session: Session) -> str | None:
    """The hash of the set in force; None before the first activation."""
    return session.scalar(sa.select(RuleActivation.rule_set).order_by(RuleActivation.id.desc()).limit(1))


def active(session: Session, kit: Kit) -> rules.RuleSet:
    """The rule set in force."""
    digest = active_hash(session)
    if digest is None:
        raise LookupError("no rule set is in force: run `packshot migrate`")
    return by_hash(session, kit, digest)


def by_hash(session: Session, kit: Kit, digest: str) -> rules.RuleSet:
    """Any rule set that was ever in force, as it was then."""
    return kit.rule_set(digest, lambda: session.scalars(sa.select(RuleSetRow.yaml).where(RuleSetRow.hash == digest)).one())


def full_hash(session: Session, start: str) -> str:
    """The hash that begins like this, of a set that was ever in force. Raises LookupError for none and for several."""
    found = session.scalars(sa.select(RuleSetRow.hash).where(RuleSetRow.hash.startswith(start, autoescape=True)).limit(2)).all() if start else []
    if len(found) != 1:
        raise LookupError(f"{start}: {'several rule sets begin' if found else 'no file, and no rule set that was in force here begins'} like this")
    return found[0]


def overlay(session: Session, kit: Kit) -> dict[str, str]:
    """The seller's overlay, file name -> text: from PACKSHOT_RULES_DIR where it is set, else as the newest set kept it. Raises rules.RuleError."""
    folder = kit.settings.rules_dir
    return dict(look(folder).texts) if folder is not None else kept_overlay(session)


def kept_overlay(session: Session) -> dict[str, str]:
    """The overlay that the set in force was composed of, file name -> text, whatever the folder says meanwhile."""
    row = session.scalar(sa.select(RuleSetRow).join(RuleActivation, RuleActivation.rule_set == RuleSetRow.hash).order_by(RuleActivation.id.desc()).limit(1))
    return dict(row.overlay) if row else {}


def _text(path: Path) -> str:
    """What a file of the overlay says, as far as rules may go; bytes that are no text stay in it, for the loader to refuse at their line."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "surrogateescape")


def refuse_pending(session: Session, kit: Kit, proposed: Mapping[str, str]) -> None:
    """Raise Refusal while the folder holds what is neither in force nor proposed (a change of a moment ago, or a broken file).

    It would be overwritten, or put in force under another's name.
    """
    kept, folder = kept_overlay(session), kit.settings.rules_dir
    if folder is None:
        return
    try:
        there = look(folder).texts
    except rules.RuleError as error:
        raise Refusal("; ".join(error.problems)) from error
    fine = {name: {side[name].strip() for side in (kept, proposed) if name in side} or {""} for name in there.keys() | kept.keys()}
    pending = sorted(name for name, texts in fine.items() if there.get(name, "").strip() not in texts)
    if pending:
        names = ", ".join(str(folder / name) for name in pending)
        raise Refusal(f"{names}: not in force as it stands there; wait 10 s for the scheduler, mend it if the banner names it, then try again")


def look(folder: Path) -> Look:
    """Read the overlay folder, again and again until nothing changed meanwhile; a folder that is not there is an empty one.

    Raises rules.RuleError for a file that cannot be read, and for a folder that never stands still.
    """
    for _ in range(LOOKS):
        before, texts, problems = print_of(folder), dict[str, str](), list[str]()
        for name, *_rest in before:
            try:
                texts[name] = _text(folder / name)
            except FileNotFoundError:
                break  # gone since: look again
            except OSError as error:
                problems.append(f"{name}:1:1: cannot be read: {error.strerror}")
        if print_of(folder) == before:
            if problems:
                raise rules.RuleError(problems)
            return Look(before, texts)
    raise rules.RuleError([f"{folder}: its files are being changed all the time; stop that, and it is read again"])


def print_of(folder: Path) -> Print:
    """What tells one state of the folder's rule files from the next without reading them."""
    found = []
    for path in folder.glob("*.yaml") if folder.is_dir() else ():
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found.append((path.name, stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return tuple(sorted(found))


def renew(kit: Kit, who: str, why: str, settled: Print | None = None) -> str | None:
    """Load shipped + overlay and put the result in force if it differs from the active set; returns the hash in force.

    With `settled`, only a folder that stands as it was seen then is composed; None if it does not: it is being changed, look again later.
    Raises rules.RuleError with every problem; the old set then stays, and the banner says so.
    """
    folder = kit.settings.rules_dir
    try:
        _move_in(kit, folder, who)
        seen = look(folder) if folder is not None else None
        if settled is not None and (seen is None or seen.print != settled):
            return None
        with kit.db.reading() as session:
            kept = kept_overlay(session)
            before, broken = active_hash(session), session.get(Setting, BROKEN)
        texts = kept if seen is None else dict(seen.texts)
        made = rules.load(imaging.FACTS, texts)
    except rules.RuleError as error:
        with kit.db.writing() as session:
            session.merge(Setting(name=BROKEN, value={"problems": list(error.problems)}, at=kit.now(), who=who))
        raise
    if made.hash == before and broken is None and texts == kept:
        return made.hash
    with kit.db.writing() as session:
        mutex(session, MUTEX)
        # who puts a set in force writes the folder first: if both stand as we saw them, nobody did
        alone = active_hash(session) == before and (folder is None or seen is None or print_of(folder) == seen.print)
        if alone:
            _put(session, kit, made, texts, before, who, why)
    return made.hash if alone else renew(kit, who, why, settled)  # somebody else put a set in force meanwhile: compose it anew


def _move_in(kit: Kit, folder: Path | None, who: str) -> None:
    """A folder that is named for the first time gets the files of the overlay that it lacks: lessons that were kept without it stay in force."""
    with kit.db.reading() as session:
        known, kept = session.get(Setting, FOLDER) is not None, kept_overlay(session)
    if known == (folder is not None):
        return
    if folder is not None:
        lacking = {name: text for name, text in kept.items() if not (folder / name).exists()}
        try:
            export(kit, lacking)
        except OSError as error:
            raise rules.RuleError([f"{folder}: lessons that are in force must be written there, and cannot be: {error.strerror}"]) from error
    with kit.db.writing() as session:
        if folder is not None:
            session.merge(Setting(name=FOLDER, value={}, at=kit.now(), who=who))
        elif (row := session.get(Setting, FOLDER)) is not None:
            session.delete(row)


def _put(session: Session, kit: Kit, made: rules.RuleSet, texts: Mapping[str, str], before: str | None, who: str, why: str) -> None:
    if (row := session.get(Setting, BROKEN)) is not None:
        session.delete(row)
    if made.hash != before:
        activate(session, kit, made, texts, who, why)
    else:
        session.get_one(RuleSetRow, made.hash).overlay = dict(texts)  # other comments, or another order, of the same rules


def activate(session: Session, kit: Kit, rule_set: rules.RuleSet, texts: Mapping[str, str], who: str, why: str) -> None:
    """Put a loaded set in force. What was judged under another set is judged again by the check stage's own `mark`."""
    now = kit.now()
    row = session.get(RuleSetRow, rule_set.hash)
    if row is None:
        session.add(RuleSetRow(hash=rule_set.hash, yaml=rule_set.yaml, overlay=dict(texts), created_at=now))
    else:
        row.overlay = dict(texts)
    session.flush()
    session.add(RuleActivation(rule_set=rule_set.hash, at=now, who=who, why=why))
    record(session, rule_set.hash, "activated", kind="rules", now=now, why=why, who=who)


def export(kit: Kit, texts: Mapping[str, str]) -> None:
    """Write the overlay to PACKSHOT_RULES_DIR, whole files at once, where it is set."""
    folder = kit.settings.rules_dir
    if folder is None or not texts:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        _write(folder / name, text)


def _write(path: Path, text: str) -> None:
    data = text.encode()
    if path.exists() and path.read_bytes() == data:
        return
    fresh = path.with_suffix(".tmp")
    fresh.write_bytes(data)
    fresh.replace(path)
