"""Putting changed rules in force by hand: read them, simulate them, refuse what would hit too many live listings, write down who and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from sqlalchemy.orm import Session

import imaging
import rules
from app import rulebook
from app.config import Settings
from app.db import mutex
from app.errors import Refusal
from app.kit import Kit
from app.simulation import LISTED, Simulation, simulate
from app.stages import check

FILES = {f"{name}.yaml": name for name in rules.AUTHORITIES}


@dataclass(frozen=True)
class Proposal:
    """A set to be put in force instead of another: its rules, and the overlay that composes them (None: no overlay can say it, only simulate it)."""

    rule_set: rules.RuleSet
    instead_of: rules.RuleSet
    texts: Mapping[str, str] | None
    unsayable: str = ""


def files_of(path: Path) -> dict[str, str]:
    """The rule files that a path names, by name: a file, or every .yaml of a folder. Raises rules.RuleError."""
    paths = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not paths:
        raise rules.RuleError([f"{path}: no .yaml file in this folder"])
    found, problems = dict[str, str](), list[str]()
    for each in paths:
        try:
            found[each.name] = each.read_bytes().decode()
        except UnicodeDecodeError as error:
            problems.append(f"{each.name}:1:1: not UTF-8 text (byte {error.start})")
        except OSError as error:
            problems.append(f"{each}: cannot be read: {error.strerror}")
    if problems:
        raise rules.RuleError(problems)
    return found


def propose(session: Session, kit: Kit, files: Mapping[str, str]) -> Proposal:
    """What would be in force with these files: overlays take the place of those of the same name, the others stay; or one whole exported set.

    Raises rules.RuleError with every problem as file:line:column.
    """
    now, kept = rulebook.active(session, kit), rulebook.kept_overlay(session)
    if len(files) == 1 and not FILES.keys() & files.keys():
        ((name, text),) = files.items()
        return _exported(name, text, now, kept)
    texts = {**kept, **files}
    return Proposal(rules.load(imaging.FACTS, texts), now, texts)


def _exported(name: str, text: str, now: rules.RuleSet, kept: Mapping[str, str]) -> Proposal:
    try:
        made = rules.parse(text, imaging.FACTS)
    except rules.RuleError as error:
        problems = [f"{name}:{problem.removeprefix('rules.yaml:')}" if problem.startswith("rules.yaml:") else problem for problem in error.problems]
        raise rules.RuleError([*problems, f"{name}: read as a whole exported set, because an overlay is named {', '.join(FILES)}"]) from error
    shipped = rules.load(imaging.FACTS)
    lost = sorted(shipped.by_id.keys() - made.by_id.keys())
    if lost:
        return Proposal(made, now, None, f"{name} lacks {', '.join(lost)}: a shipped rule can be changed by an overlay, not taken away")
    texts = dict(kept)
    for file, authority in FILES.items():
        if made.for_authority(authority) != now.for_authority(authority):  # else its file stays as the seller wrote it
            texts[file] = _entries([rule for rule in made.for_authority(authority) if shipped.by_id.get(rule.id) != rule])
    return Proposal(made, now, texts)


def _entries(own: list[rules.Rule]) -> str:
    """Whole rules as an overlay file."""
    if not own:
        return ""
    composed = yaml.safe_load(rules.RuleSet(own).yaml)  # no object stands twice in what was just read: no aliases
    return yaml.safe_dump([entry for entries in composed.values() for entry in entries], sort_keys=False, allow_unicode=True, width=160)


def rehearse(kit: Kit, files: Mapping[str, str], *, listed: int | None = LISTED) -> tuple[Proposal, Simulation]:
    """Read the files and simulate them; changes nothing. Raises rules.RuleError."""
    with kit.db.reading() as session:
        proposal = propose(session, kit, files)
        return proposal, simulate(session, kit.settings, proposal.instead_of, proposal.rule_set, kit.now(), listed=listed)


def blocked(told: Simulation, settings: Settings) -> str:
    """Why this needs a person's reason, in words; empty where it does not.

    The share is of live listings, because those are what sells now; 5 % of them is about what one person looks through in a morning.
    """
    if told.share <= settings.max_newly_failing:
        return ""
    return (
        f"{told.listings_failing} of {told.listings} live listings ({told.share:.1%}) would newly fail; "
        f"more than {settings.max_newly_failing:.0%} needs a reason (PACKSHOT_MAX_NEWLY_FAILING)"
    )


def activate(kit: Kit, files: Mapping[str, str], who: str, why: str, *, force: bool = False, expected: str | None = None) -> tuple[bool, Simulation]:
    """Put the files in force; False where they already are. Everything judged by the former set is judged again, live listings included.

    `expected` is the hash that somebody saw simulated. Raises rules.RuleError for files that do not load, and Refusal where too many live listings
    would newly fail and nobody insisted with a reason, or where another set came into force meanwhile. The set in force then stays.
    """
    if force and not why.strip():
        raise Refusal("say why this is forced: the reason is kept in the history")
    proposal, told = rehearse(kit, files)
    if expected is not None and expected != proposal.rule_set.hash:
        raise Refusal("these rules are not those that were simulated: the rules in force changed meanwhile. Simulate again")
    if proposal.rule_set.hash == proposal.instead_of.hash:
        return False, told
    if proposal.texts is None:
        raise Refusal(proposal.unsayable)
    against = blocked(told, kit.settings)
    if against and not force:
        raise Refusal(f"{against}: look at the simulation, then force it and say why")
    hit = f"{told.failing} pictures newly fail, {told.passing} newly pass, {told.listings_failing} of {told.listings} live listings would fail"
    reason = f"{why.strip() or 'by hand'}{' (forced)' if against else ''}: {hit}"
    with kit.db.writing() as session:
        mutex(session, rulebook.MUTEX)
        if rulebook.active_hash(session) != proposal.instead_of.hash:
            raise Refusal("another rule set came into force meanwhile: simulate again")
        rulebook.refuse_pending(session, kit, proposal.texts)
        rulebook.activate(session, kit, proposal.rule_set, proposal.texts, who, reason)
        session.flush()
        check.mark(session, kit, kit.now())
        rulebook.export(kit, proposal.texts)
    return True, told
