"""The rule set in force: shipped rules + the seller's overlay, composed, kept as a row that every process reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import rules
from app.db import mutex, record
from app.kit import Kit
from app.models import RuleActivation, RuleSetRow, Setting

BROKEN = "rules_broken"  # the banner's setting: a broken overlay was refused, the old set stays in force

MOST_BYTES = 5_000_000  # of a file of the overlay; the loader refuses far shorter ones
MUTEX = "rulebook"  # who puts a set in force composes it from the newest overlay, one at a time


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
    """The seller's overlay, file name -> text: from PACKSHOT_RULES_DIR where it is set, else as the newest set kept it."""
    folder = kit.settings.rules_dir
    if folder is not None:
        return {path.name: _text(path) for path in sorted(folder.glob("*.yaml"))} if folder.is_dir() else {}
    row = session.scalar(sa.select(RuleSetRow).join(RuleActivation, RuleActivation.rule_set == RuleSetRow.hash).order_by(RuleActivation.id.desc()).limit(1))
    return dict(row.overlay) if row else {}


def _text(path: Path) -> str:
    """What a file of the overlay says, as far as rules may go; bytes that are no text stay in it, for the loader to refuse at their line."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "surrogateescape")


def renew(kit: Kit, who: str, why: str) -> str:
    """Load shipped + overlay and put the result in force if it differs from the active set; returns the hash in force.

    Raises rules.RuleError with every problem; the old set then stays, and the banner says so.
    """
    with kit.db.reading() as session:
        texts, before = overlay(session, kit), active_hash(session)
        broken = session.get(Setting, BROKEN)
    try:
        made = rules.load(imaging.FACTS, texts)
    except rules.RuleError as error:
        with kit.db.writing() as session:
            session.merge(Setting(name=BROKEN, value={"problems": list(error.problems)}, at=kit.now(), who=who))
        raise
    if made.hash == before and broken is None:
        return made.hash
    with kit.db.writing() as session:
        mutex(session, MUTEX)
        if (row := session.get(Setting, BROKEN)) is not None:
            session.delete(row)
        now_active = active_hash(session)
        if now_active == before and made.hash != before:
            activate(session, kit, made, texts, who, why)
    return made.hash if now_active in (before, made.hash) else renew(kit, who, why)  # somebody else put a set in force meanwhile: compose it anew


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
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        _write(folder / name, text)


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    fresh = path.with_suffix(".tmp")
    fresh.write_text(text)
    fresh.replace(path)
