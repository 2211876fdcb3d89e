"""What everything that was shown and everything that was objected to say together of one reason: a moved limit, or why none can be told yet.

For one authority and one reason (or one code that nobody has translated) every rule that claims to prevent it is a candidate, along its own fact and in its own
direction, over the pictures in its own scope; a code that no rule claims is held against every fact that a rule limits. Then:

1. Nothing is said below the minimum of evidence, or where a fact has no spread: what is published passes our own limits, so the evidence is censored, and a
   constant recipe shows one value only. Pictures that were there before ours, and those that a person let through against a rule, show what lies beyond.
2. A fact speaks if its two populations are told apart better than `error` allows (see `rules.separation` and the shares in learning.yaml).
3. Of several that speak the one under which the labels are most probable is at fault. If another is nearly as probable, none is proposed, unless one alone
   claims the marketplace's own code: correlated facts are separated by an experiment, and what it would be is put in words. Nobody runs it by himself.
4. The limit is proposed if it is stricter than the one in force and the one in force lies outside its interval. A looser one is only told: a case that was
   learnt stays, and what a marketplace publishes may be stricter than what it enforces today.
5. A settled limit is watched (`rules.change`); when it has moved, only what was judged since speaks.
6. After a decline the same is not proposed again before there is clearly more: `again` times the objections, or a limit outside the declined interval.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from rules.answer import Memory, Weighed, estimate_of, say, with_plot
from rules.change import Reference, moved, settled
from rules.engine import RuleSet
from rules.experiment import ambiguous, constant, unseparated
from rules.learning import Numbers, numbers
from rules.population import Column, Observation, candidates, column_of, sides_of, since
from rules.schema import Scope, words_of
from rules.separation import Separation, separate


def weigh(
    rule_set: RuleSet,
    authority: str,
    words: Sequence[str],
    scope: Scope,
    observations: Sequence[Observation],
    now: datetime,
    memory: Memory | None = None,
    by: Numbers | None = None,
) -> Weighed:
    """What the observations say of a notice told by `words` (as in a rule's `prevents`, the own code first) at a place like `scope`. Pure."""
    by, memory = by or numbers(), memory or Memory()
    in_order = sorted(observations, key=lambda one: (one.at, one.name))
    here, known = candidates(rule_set, authority, words, scope)
    columns = [column_of(side, in_order) for side in sides_of(here)]
    memory, change_words = _watched(columns, memory, by)
    start = _window(memory, now, by)
    columns = [since(column, start) for column in columns] if start else columns
    answer = _answer(rule_set, authority, words, columns, known, memory, now, by)
    note = f"{change_words} " if change_words else ""
    return replace(answer, words=note + answer.words)


def _answer(rule_set: RuleSet, authority: str, words: Sequence[str], columns: list[Column], known: bool, memory: Memory, now: datetime, by: Numbers) -> Weighed:
    said = words[-1].removeprefix("reason:").replace("-", " ")
    if not columns:
        return Weighed("no fact", f"No measured fact is known to cause “{said}”: a person decides what to do.", memory=memory)
    largest = max(columns, key=lambda column: (int(column.objected.sum()), column.values.size))
    bad, good = int(largest.objected.sum()), int((~largest.objected).sum())
    told = [column for column in columns if _enough(column, by)]
    if bad < by.minimum.suppressed or good < by.minimum.accepted:
        least = by.minimum
        needs = f"To tell a limit takes at least {least.suppressed} objections and {least.accepted} accepted pictures; there are {bad} and {good}."
        return with_plot(Weighed("gathering", needs, memory=memory), largest)
    if not told:
        return constant(columns, largest, memory, _share(rule_set, authority, words, memory.looks + 1, by))
    if (bad, good) != memory.seen:
        memory = replace(memory, looks=memory.looks + 1, seen=(bad, good))
    allowed = _share(rule_set, authority, words, memory.looks, by)
    found = [(column, separate(column.values, column.objected, column.step, by)) for column in told]
    speaking = [(column, one) for column, one in found if one.chance <= allowed]
    if not speaking:
        return unseparated(found, memory, allowed)
    column, best, rivals = _at_fault(speaking, words, by)
    estimate = estimate_of(column, best, allowed)
    others = tuple(estimate_of(other, one, allowed) for other, one in found if other is not column)
    answer = with_plot(Weighed("propose", "", estimate=estimate, others=others, memory=memory), column)
    if rivals:
        return ambiguous(answer, column, best, rivals, allowed)
    if known:
        answer = replace(answer, memory=_settle(memory, column, best, now, by))
    return _judged(answer, column, by)


def _enough(column: Column, by: Numbers) -> bool:
    bad = int(column.objected.sum())
    spread = column.values.size > 0 and float(np.ptp(column.values)) >= column.step * 0.999
    return spread and bad >= by.minimum.suppressed and column.values.size - bad >= by.minimum.accepted


def _share(rule_set: RuleSet, authority: str, words: Sequence[str], look: int, by: Numbers) -> float:
    """The part of `error` that one rule may spend at one look; what it is divided among is written beside `error`."""
    ends = sum(2 if rule.operator == "between" else 1 for rule in candidates(rule_set, authority, words)[0])
    reasons = {word for rule in rule_set.in_order(authority) for word in rule.prevents if word.startswith("reason:")}
    return by.error / (len(reasons) + 1) / max(1, ends) / (by.windows + 1) / (look * (look + 1))


def _at_fault(speaking: list[tuple[Column, Separation]], words: Sequence[str], by: Numbers) -> tuple[Column, Separation, list[tuple[Column, Separation]]]:
    """The fact under which the labels are most probable, and those that are nearly as good. Compared on the pictures that all have measured."""
    common = set.intersection(*({one.name for one in column.seen} for column, _ in speaking))
    weights = [_weight_on(column, one, common, by) for column, one in speaking]
    best = max(range(len(speaking)), key=lambda n: weights[n])
    near = [n for n in range(len(speaking)) if n != best and weights[n] > weights[best] - math.log(by.rivals)]
    own = [n for n in (best, *near) if words[0] in speaking[n][0].side.rule.prevents]
    if near and len(own) == 1:
        best, near = own[0], []
    return *speaking[best], [speaking[n] for n in near]


def _weight_on(column: Column, found: Separation, common: set[str], by: Numbers) -> float:
    kept = np.array([one.name in common for one in column.seen], dtype=np.bool_)
    if kept.all():
        return found.weight
    values, objected = column.values[kept], column.objected[kept]
    return separate(values, objected, column.step, by).weight if values.size and np.ptp(values) > 0 and 0 < objected.sum() < objected.size else -math.inf


# --- has it moved --------------------------------------------------------------------------------------------------------------


def _watched(columns: list[Column], memory: Memory, by: Numbers) -> tuple[Memory, str]:
    """Hold what was judged since a limit was settled against it. Once moved, all references of the reason are void."""
    for column in columns:
        data = memory.references.get(column.side.key)
        if data is None:
            continue
        reference = Reference.from_dict(dict(data))
        later = since(column, reference.at)
        change = moved(reference, later.values, later.objected, [one.at for one in later.seen], by)
        if change is not None:
            told = {"rule": column.side.rule.id, "way": change.way, "since": change.since.isoformat(), "pictures": change.pictures}
            told["noticed"] = later.seen[-1].at.isoformat()
            memory = replace(memory, since=change.since.isoformat(), references={}, changes=(*memory.changes, told))
            break
    if not memory.changes:
        return memory, ""
    last = memory.changes[-1]
    what = "object to pictures that they accepted before" if last["way"] == "stricter" else "accept pictures that they objected to before"
    return memory, f"Since about {last['since'][:10]} they {what} ({last['pictures']} so far, {last['rule']}): only what was judged since then counts."


def _window(memory: Memory, now: datetime, by: Numbers) -> datetime | None:
    """The longest of the fixed windows that holds nothing from before the change, at least a day; None before any change."""
    if memory.since is None:
        return None
    since = datetime.fromisoformat(memory.since)
    starts = [now - timedelta(days=2**n) for n in range(by.windows)]
    return min((start for start in starts if start >= since), default=max(starts))


def _settle(memory: Memory, column: Column, found: Separation, now: datetime, by: Numbers) -> Memory:
    """Take the limit found as the reference for later changes, if there is none or one from far fewer pictures."""
    old = memory.references.get(column.side.key)
    renewed = 0
    if old is not None:
        if column.values.size < by.change.renew * old["pictures"]:
            return memory
        renewed = int(old["renewed"]) + 1
    reference = settled(found, column.values, column.objected, now, by, renewed)
    return replace(memory, references={**memory.references, column.side.key: reference.to_dict()})


# --- the answer ----------------------------------------------------------------------------------------------------------------


def _judged(answer: Weighed, column: Column, by: Numbers) -> Weighed:
    """Whether the limit found is worth proposing."""
    one = answer.estimate
    assert one is not None
    oriented, rule = column.side.oriented, column.side.rule
    fact = one.fact.replace("_", " ")
    found = f"at {one.end} {say(one.limit)} (95 % interval {say(one.low)} to {say(one.high)})"
    if one.caught < by.minimum.caught_share * one.objected or one.blocked > by.minimum.blocked_share * one.accepted:
        costs = f"{found} would catch {one.caught} of {one.objected} and stop {one.blocked} of {one.accepted} accepted."
        words = f"{fact} has to do with it, but no limit tells them apart: {costs}"
        return replace(answer, outcome="cannot tell", words=words)
    in_force = oriented(one.in_force)
    low, high = sorted((oriented(one.low), oriented(one.high)))
    if low <= in_force <= high:
        return replace(answer, outcome="agrees", words=f"The limit in force ({fact} at {one.end} {say(one.in_force)}) is where they object: {found}.")
    if in_force > high:
        words = f"They accept what your limit stops: {fact} {found}, and {say(one.in_force)} is in force. Loosen it by hand if you want to."
        return replace(answer, outcome="looser", words=words)
    if rule.strictest is not None and oriented(one.limit) > oriented(rule.strictest):
        words = f"{fact} {found} is stricter than makes sense ({say(rule.strictest)}): it cannot be the whole cause."
        return replace(answer, outcome="cannot tell", words=words)
    declined = answer.memory.declined
    if declined.get("rule") == one.rule and one.objected < by.again * declined["objected"] and low <= oriented(declined["limit"]) <= high:
        words = (
            f"Declined before with {declined['objected']} objections (“{declined['reason']}”); "
            f"proposed again from {math.ceil(by.again * declined['objected'])} on, or when another limit is found. There are {one.objected}."
        )
        return replace(answer, outcome="declined", words=words)
    words = (
        f"{rule.id}: ask for {fact} {found} instead of {words_of(rule.operator, rule.limit)}. "
        f"It would have caught {one.caught} of {one.objected} objections and stopped {one.blocked} of {one.accepted} accepted pictures."
    )
    return replace(answer, words=words)
