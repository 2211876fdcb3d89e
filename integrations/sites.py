"""Every marketplace as data: `SITES`, read from our marketplaces.yaml and from those of other packages once, and checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

__all__ = ["SITES", "Site"]

ENTRY_POINTS = "packshot.marketplaces"  # connector name -> "package:function"; the package brings its own marketplaces.yaml
FILE = "marketplaces.yaml"


@dataclass(frozen=True)
class Site:
    """One marketplace in one country. `positions` are for new goods; used goods take `offer_positions`. `limits` are the connector's published numbers.

    `status_batch` is how many listings are best read back by one `status`: 1 where each costs calls of its own all the same.
    """

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
    status_batch: int = 1
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


def load_sites(text: str, name: str = FILE) -> dict[str, Site]:
    """Sites by key; ValueError names the file, the marketplace and the field that is missing or unknown."""
    raw = yaml.safe_load(text)
    if not isinstance(raw, dict) or not all(isinstance(raw.get(part), dict) for part in ("connectors", "marketplaces")):
        raise ValueError(f"{name}: needs `connectors` and `marketplaces`, each by name")
    shared: dict[str, dict[str, Any]] = raw["connectors"]
    sites = {}
    for key, entry in raw["marketplaces"].items():
        if not isinstance(entry, dict) or entry.get("connector") not in shared:
            raise ValueError(f"{name}: {key}: needs a connector, one of {', '.join(shared)}")
        common = {part: value for part, value in shared[entry["connector"]].items() if part != "source"}
        sites[key] = _site(name, key, {**common, **entry})
    return sites


def all_sites(points: Iterable[EntryPoint]) -> dict[str, Site]:
    """Our sites and those of other packages. ValueError names a package whose file is missing, is mistaken, or speaks of what is not its own."""
    sites = load_sites(files("integrations").joinpath(FILE).read_text("utf-8"))
    ours = {site.connector for site in sites.values()}
    for point in sorted(points, key=lambda point: point.name):
        spec = find_spec(point.module)  # not imported yet: a connector imports us
        path = Path((spec.submodule_search_locations or [""])[0] if spec else "", FILE)
        name = f"{point.module}/{FILE}"
        if not re.fullmatch("[a-z]{2,16}", point.name):
            raise ValueError(f"{name}: the entry point's name {point.name!r} must be small letters, as rules and marketplaces are named by it")
        if not path.is_file():
            raise ValueError(f"{name}: not there; the package of the entry point {ENTRY_POINTS}: {point.name} must bring it")
        for key, site in load_sites(path.read_text("utf-8"), name).items():
            if key in sites or site.connector in ours or site.connector != point.name:
                raise ValueError(f"{name}: {key}: there already, or not of the connector {point.name} that the package registers")
            sites[key] = site
    return sites


def _site(name: str, key: str, entry: dict[str, Any]) -> Site:
    values = {part: _frozen(value) for part, value in entry.items()}
    try:
        site = Site(key=key, **values)
    except TypeError as error:
        raise ValueError(f"{name}: {key}: {error}") from None
    if not site.source or site.positions[:1] != ("main",) or len(set(site.positions)) != len(site.positions):
        raise ValueError(f"{name}: {key}: needs a source, and positions without repeats that begin with main")
    return site


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


SITES: Mapping[str, Site] = MappingProxyType(all_sites(entry_points(group=ENTRY_POINTS)))
