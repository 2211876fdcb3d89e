"""Every marketplace as data: `SITES`, read from marketplaces.yaml once and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

__all__ = ["SITES", "Site"]


@dataclass(frozen=True)
class Site:
    """One marketplace in one country. `positions` are for new goods; used goods take `offer_positions`. `limits` are the connector's published numbers."""

    key: str
    connector: str
    country: str
    currency: str
    locale: str
    ids: Mapping[str, str]
    endpoints: Mapping[str, str]
    positions: tuple[str, ...]
    recipes: Mapping[str, str]
    offer_positions: tuple[str, ...] = ()
    picture_hosts: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    positions_are_order: bool = False
    source: str = ""

    def positions_for(self, condition: str) -> tuple[str, ...]:
        """The positions a product of this condition may fill here, in display order."""
        return self.offer_positions if condition != "new" and self.offer_positions else self.positions

    def recipe_for(self, position: str) -> str:
        """The recipe that makes a picture for this position."""
        return self.recipes["main" if position == "main" else "alt"]

    def aligned(self, pictures: Mapping[str, str], sent: Collection[str]) -> dict[str, str]:
        """What a Status shows, under the positions that were sent: where a marketplace knows only an order, the n-th picture is at the n-th one sent.

        Pictures beyond those sent keep positions that were not.
        """
        if not self.positions_are_order:
            return dict(pictures)
        shown = [pictures[position] for position in self.positions if position in pictures]
        slots = [*(position for position in self.positions if position in sent), *(position for position in self.positions if position not in sent)]
        return dict(zip(slots, shown, strict=False))

    def shows_pictures_from(self, host: str) -> bool:
        """Whether this host is one of the marketplace's own picture hosts."""
        return any(fnmatchcase(host.lower(), pattern) for pattern in self.picture_hosts)


def load_sites(text: str) -> dict[str, Site]:
    """Sites by key; ValueError names the marketplace and the field that is missing or unknown."""
    raw = yaml.safe_load(text)
    shared: dict[str, dict[str, Any]] = raw["connectors"]
    sites = {}
    for key, entry in raw["marketplaces"].items():
        common = {name: value for name, value in shared[entry["connector"]].items() if name != "source"}
        sites[key] = _site(key, {**common, **entry})
    return sites


def _site(key: str, entry: dict[str, Any]) -> Site:
    values = {name: _frozen(value) for name, value in entry.items()}
    try:
        site = Site(key=key, **values)
    except TypeError as error:
        raise ValueError(f"marketplaces.yaml: {key}: {error}") from None
    if not site.source or site.positions[:1] != ("main",) or len(set(site.positions)) != len(site.positions):
        raise ValueError(f"marketplaces.yaml: {key}: needs a source, and positions without repeats that begin with main")
    return site


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


SITES: Mapping[str, Site] = MappingProxyType(load_sites(files("integrations").joinpath("marketplaces.yaml").read_text("utf-8")))
