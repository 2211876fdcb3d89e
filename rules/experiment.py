"""Why the pictures at hand cannot tell a limit, and what would: an experiment in words, which nobody runs by himself."""

from dataclasses import replace

import numpy as np

from rules.answer import Memory, Weighed, estimate_of, say, with_plot
from rules.population import Column
from rules.separation import Separation, pictures_needed


def constant(columns: list[Column], largest: Column, memory: Memory, allowed: float) -> Weighed:
    """Enough pictures, but every fact that could be at fault has one value only, or was not measured."""
    flat = [column for column in columns if column.values.size and float(np.ptp(column.values)) < column.step * 0.999]
    column = min(flat, key=_room, default=largest)  # the fact that is nearest to its limit is the likeliest
    fact = column.side.rule.fact.replace("_", " ")
    if not flat:
        return with_plot(Weighed("cannot tell", f"{fact} was measured on too few of these pictures.", memory=memory), largest)
    value = column.natural(float(column.values.max()))
    words = f"Cannot be told from these pictures: all {column.values.size} have {fact} {say(value)}, those objected to and those accepted alike."
    return with_plot(Weighed("cannot tell", words, _spread(column, allowed), memory=memory), column)


def _room(column: Column) -> float:
    """How far the one value is from the limit in force, as a share of the larger."""
    value, limit = float(column.values.max()), column.side.oriented(column.side.in_force)
    return abs(value - limit) / max(abs(value), abs(limit), 1e-9)


def _spread(column: Column, allowed: float) -> str:
    """An experiment where there is no spread: some pictures on the stricter side, up to a tenth, nothing else changed."""
    top = float(column.values.max())
    far = top + max(abs(top) * 0.1, 10 * column.step)
    strictest = column.side.rule.strictest
    far = min(far, column.side.oriented(strictest)) if strictest is not None else far
    count, fact = pictures_needed(allowed), column.side.rule.fact.replace("_", " ")
    if far <= top:
        return f"{fact} cannot be made stricter than it is; look for another cause."
    ends = sorted((column.natural(top), column.natural(far)))
    return f"Publish {count} pictures with {fact} between {say(ends[0])} and {say(ends[1])}, spread evenly and otherwise as before."


def unseparated(found: list[tuple[Column, Separation]], memory: Memory, allowed: float) -> Weighed:
    column, best = max(found, key=lambda each: each[1].weight)
    estimate = estimate_of(column, best, allowed)
    fact, count = estimate.fact.replace("_", " "), pictures_needed(allowed)
    words = f"Cannot be told from these pictures: objected to and accepted ones do not differ in {fact} by more than chance may do."
    if len(found) > 1:
        words = words.replace(fact, f"{fact} or the {len(found) - 1} other fact{'s' * (len(found) > 2)} that could be the cause", 1)
    values = np.quantile(column.values, [0.0, 0.5])
    ends = sorted((column.natural(float(values[0])), column.natural(float(values[1]))))
    experiment = f"Publish {count} pictures with {fact} between {say(ends[0])} and {say(ends[1])}, spread evenly and otherwise as before."
    others = tuple(estimate_of(other, one, allowed) for other, one in found if other is not column)
    return with_plot(Weighed("cannot tell", words, experiment, estimate, others, memory=memory), column)


def ambiguous(answer: Weighed, column: Column, best: Separation, rivals: list[tuple[Column, Separation]], allowed: float) -> Weighed:
    other, theirs = rivals[0]
    one, two = column.side.rule.fact.replace("_", " "), other.side.rule.fact.replace("_", " ")
    names = ", ".join([one, *(rival.side.rule.fact.replace("_", " ") for rival, _ in rivals[:-1])]) + f" and {rivals[-1][0].side.rule.fact.replace('_', ' ')}"
    words = f"Cannot be told from these pictures: {names} tell objected to and accepted ones apart about equally well."
    bad = column.values[column.objected]
    ends = sorted((column.natural(float(bad.min())), column.natural(best.low)))
    rest = f"{two} at {other.side.end} {say(other.natural(theirs.high))}"
    between = f"{one} between {say(ends[0])} and {say(ends[1])}"
    experiment = f"Publish {pictures_needed(allowed)} pictures with {between} but {rest}: if they are objected to it is {one}, else {two}."
    return replace(answer, outcome="cannot tell", words=words, experiment=experiment)
