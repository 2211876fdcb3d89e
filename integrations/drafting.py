"""What a new listing would say: the part of the contract for connectors whose mapping a page can edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from integrations.marketplace import ProductFacts

__all__ = ["CategoryMap", "Draft", "DraftField", "Drafting", "Lack"]


@dataclass(frozen=True)
class Lack:
    """What stands in the way of creating a listing: the marketplace's attribute, and a sentence for the seller."""

    attribute: str
    words: str


@dataclass(frozen=True)
class DraftField:
    """One attribute that a kind of product may say, for a page that maps it: `choices` are the values allowed (empty: any), `unit` that it needs one.

    `units` are those allowed (empty: any), `advised` that buyers look for it, `constant` that no product fills it, `said` what this product would say now.
    """

    name: str
    title: str
    required: bool
    choices: tuple[str, ...] = ()
    unit: bool = False
    units: tuple[str, ...] = ()
    advised: bool = False
    constant: bool = False
    said: str = ""


@dataclass(frozen=True)
class Draft:
    """A listing as it would be created now, without its pictures: what kind of product it would be, what it would say, and what is still missing.

    `kind` is the marketplace's id of it (product type, category), `title` its name there where that is known.
    """

    kind: str
    attributes: Mapping[str, Any]
    fields: tuple[DraftField, ...]
    lacks: tuple[Lack, ...]
    title: str = ""


@dataclass(frozen=True)
class CategoryMap:
    """How an account lists a category of the seller's: `kind` as the seller chose it (empty: nobody did), `usual` the one taken else, if known.

    `rows` says for each attribute where it comes from (integrations.mapping), with all that is shipped and inherited.
    """

    kind: str
    usual: str
    rows: Mapping[str, Mapping[str, Any]]


@runtime_checkable
class Drafting(Protocol):
    """A connector that can say beforehand what a new listing needs, and whose mapping a page can edit; not every one can."""

    def draft(self, product: ProductFacts) -> Draft:
        """What would be sent for this product and what is missing; nothing is written. Raises TryLater, Refused, NotAuthorised."""
        ...

    def suggestions(self, words: str) -> list[tuple[str, str]]:
        """(id, name) of the kinds of product that the marketplace finds for these words, the likeliest first. Raises TryLater, Refused, NotAuthorised."""
        ...

    def mapped(self, category: str) -> CategoryMap:
        """How this category is listed now, by the account's settings; asks nobody. Refused where they are not understood."""
        ...

    def remapped(self, category: str, kind: str, rows: Mapping[str, Any]) -> dict[str, Any]:
        """The account's settings with this category listed as `kind` by exactly these rows; asks nobody. Refused naming the row that is not understood."""
        ...
