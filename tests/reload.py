"""Pictures are judged by several threads while a writer changes, breaks and heals the rules files in pieces: what each verdict must then say."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import imaging
import rules
from app import rulebook
from app.kit import Kit
from app.models import RuleActivation
from scheduler import House, jobs
from tests.app.factories import GOOD_FACTS

RATE = 1000  # verdicts a second, of all threads together
SCOPE = rules.Scope("amazon-uk", "GB", "watch", "main", "new")


@dataclass(frozen=True)
class Told:
    """What was seen: verdicts, the sets they were made with, how often a broken folder was refused, verdicts a second."""

    checks: int
    sets_used: int
    refused: int
    a_second: float


SOURCE = "{page: house, read: 2026-11-22, says: sharper}"


def changed(limit: float, rule: str = "amazon-sharpness") -> str:
    """An overlay entry that changes a shipped limit."""
    return f"- id: {rule}\n  limit: {limit}\n  passes: [{limit}]\n  fails: [{limit - 1}]\n  source: {SOURCE}\n"


def added(rule: str, fact: str, limit: float) -> str:
    """An overlay entry that is a rule of its own."""
    about = f"  fact: {fact}\n  operator: at_least\n  level: stop\n  message: More of it.\n"
    return f"- id: {rule}\n{about}  limit: {limit}\n  passes: [{limit}]\n  fails: [{limit - 1}]\n  source: {SOURCE}\n"


def judge_while_files_change(kit: Kit, folder: Path, *, seed: int, changes: int, checks: int, threads: int = 2, seconds: float = 0) -> Told:
    """Run it; AssertionError where a verdict is not what the whole set of its hash says, or where a set was made of part of the files.

    The writer writes in pieces with a look of the scheduler between any two, so every state that a look can meet is met; at least `checks`
    verdicts are made, and `seconds` pass.
    """
    house, chance = House(kit, "one"), random.Random(seed)
    seen: list[list[tuple[str, float, tuple[str, ...]]]] = [[] for _ in range(threads)]
    done, errors = threading.Event(), list[BaseException]()

    def check(mine: list[tuple[str, float, tuple[str, ...]]], number: int) -> None:
        values, next_at = random.Random(number), time.monotonic()
        try:
            while not done.wait(max(0.0, next_at - time.monotonic())):
                next_at += threads / RATE * 0.98  # a little ahead, for what the machine takes
                value = values.uniform(0, 20)
                with kit.db.reading() as session:
                    rule_set = rulebook.active(session, kit)
                found = rules.judge(rule_set, "amazon", _facts(value), SCOPE)
                mine.append((rule_set.hash, value, tuple(finding.rule for finding in found)))
        except BaseException as error:
            errors.append(error)
            raise

    judges = [threading.Thread(target=check, args=(mine, number)) for number, mine in enumerate(seen)]
    whole, refused, begun = {_hash_in_force(kit)}, 0, time.monotonic()
    for thread in judges:
        thread.start()
    try:
        change = 0
        while change < changes or sum(map(len, seen)) < checks or time.monotonic() - begun < seconds:
            assert not errors, errors
            texts = _texts(chance)
            is_broken = change % 3 == 2
            if is_broken:
                texts[chance.choice(sorted(texts))] += "- id: amazon-half\n  fact:"
            intended = "" if is_broken else rules.load(imaging.FACTS, texts).hash
            whole.add(intended)
            before = _hash_in_force(kit)
            _write_in_pieces(folder, texts, chance, house)
            jobs.renew_rules(house)
            jobs.renew_rules(house)
            if is_broken:
                refused += 1
                assert _hash_in_force(kit) == before, "a broken file changed the set in force"
            else:
                assert _hash_in_force(kit) == intended, "a whole change was not taken"
            change += 1
    finally:
        done.set()
        for thread in judges:
            thread.join(30)
    spent = time.monotonic() - begun
    assert not errors, errors
    with kit.db.reading() as session:
        made = set(session.scalars(sa.select(RuleActivation.rule_set)))
    assert made <= whole, "a set was made of part of the files"
    verdicts = [verdict for mine in seen for verdict in mine]
    _hold(kit, verdicts)
    return Told(len(verdicts), len({digest for digest, _, _ in verdicts}), refused, len(verdicts) / spent)


def _facts(value: float) -> dict[str, Any]:
    return {**GOOD_FACTS, "sharpness": value, "noise": value}


def _hash_in_force(kit: Kit) -> str:
    with kit.db.reading() as session:
        return rulebook.active_hash(session) or ""


def _texts(chance: random.Random) -> dict[str, str]:
    """Two files that belong together: both ask for the same sharpness, by two rules each."""
    limit = round(chance.uniform(2, 18), 3)
    return {
        "amazon.yaml": changed(limit) + added("amazon-second", "noise", limit),
        "ebay.yaml": added("ebay-first", "sharpness", limit),
    }


def _write_in_pieces(folder: Path, texts: Mapping[str, str], chance: random.Random, house: House) -> None:
    """As editors, copies and deployments write: emptied first, in halves (which may load), or a new file put in the place of the old; a look between."""
    for name, text in texts.items():
        file = folder / name
        match chance.choice(("in place", "halves", "replaced")):
            case "in place":
                file.write_text("")
                jobs.renew_rules(house)
                file.write_text(text)
            case "halves":
                half = text.index("- id:", 1) if text.count("- id:") > 1 else chance.randrange(1, len(text))
                file.write_text(text[:half])
                jobs.renew_rules(house)
                with file.open("a") as rest:
                    rest.write(text[half:])
            case _:
                fresh = folder / f".{name}.swp"
                fresh.write_text(text)
                fresh.replace(file)
        jobs.renew_rules(house)


def _hold(kit: Kit, verdicts: list[tuple[str, float, tuple[str, ...]]]) -> None:
    """Every verdict says what the whole set of its hash says, read from its row."""
    with Kit(kit.settings).db.reading() as session:
        sets = {digest: rulebook.by_hash(session, kit, digest) for digest in {digest for digest, _, _ in verdicts}}
    for digest, value, told in verdicts:
        again = tuple(finding.rule for finding in rules.judge(sets[digest], "amazon", _facts(value), SCOPE))
        assert told == again, f"under {digest[:12]}, sharpness {value}: told {told}, the whole set says {again}"
