"""What tells the products of one listing apart, and by which of these things their pictures are told apart; pure.

A marketplace shows one set of pictures for each value of one thing (all silver rings, whatever their size). So that thing must be chosen such
that no product is shown by another's pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from integrations.errors import Refused

__all__ = ["Variation", "pictured_by"]


@dataclass(frozen=True)
class Variation:
    """A product as one of several: what tells it apart, and its pictures in order (any name of their content; none: it has none of its own)."""

    sku: str
    specifics: Mapping[str, str]
    pictures: tuple[str, ...]


def pictured_by(variations: Sequence[Variation], present: str | None = None, *, fixed: bool = False) -> str:
    """The name of the specific whose values carry the pictures: `present` where that will do (`fixed`: no other), else the first by name.

    Refused, naming two SKUs, where they cannot be told apart or where each choice would show one of them by the other's pictures; products without
    pictures take a sibling's, and a name under which each of them finds some goes first.
    """
    _told_apart(variations)
    names = [present] if fixed and present else sorted(variations[0].specifics, key=lambda name: (name != present, name))
    clashes = {name: clash for name in names if (clash := _clash(variations, name))}
    good = [name for name in names if name not in clashes]
    if not good:
        first = names[0]
        one, other = clashes[first]
        raise Refused(
            f"{one.sku} and {other.sku} share {first} {one.specifics[first]!r}, and one set of pictures is shown for it, but their pictures differ: "
            "keep the photos of one of them, or give them the same"
        )
    return next((name for name in good if all(_shown(one, variations, name) for one in variations)), good[0])


def _told_apart(variations: Sequence[Variation]) -> None:
    first = variations[0]
    for one in variations:
        if not one.specifics:
            raise Refused(f"{one.sku}: nothing tells it from the other products of its listing; the inventory must send its variation's specifics")
        if set(one.specifics) != set(first.specifics):
            words = [f"{v.sku} by {', '.join(sorted(v.specifics))}" for v in (first, one)]
            raise Refused(f"products of one listing must differ by the same things: {' and '.join(words)}; correct the variation's specifics in the inventory")
    seen: dict[tuple[str, ...], str] = {}
    for one in variations:
        key = tuple(one.specifics[name].casefold() for name in sorted(one.specifics))
        if key in seen:
            same = ", ".join(f"{name} {one.specifics[name]!r}" for name in sorted(one.specifics))
            raise Refused(
                f"{seen[key]} and {one.sku} are both {same}: two products of one listing must differ; correct the variation's specifics in the inventory"
            )
        seen[key] = one.sku


def _clash(variations: Sequence[Variation], name: str) -> tuple[Variation, Variation] | None:
    """Two products that share the value and have different pictures."""
    pictured = [one for one in variations if one.pictures]
    return next(((a, b) for a, b in combinations(pictured, 2) if a.specifics[name] == b.specifics[name] and a.pictures != b.pictures), None)


def _shown(one: Variation, variations: Sequence[Variation], name: str) -> bool:
    return bool(one.pictures) or any(other.pictures and other.specifics[name] == one.specifics[name] for other in variations)
