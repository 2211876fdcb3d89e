"""hidden.yaml, strictly read into types once."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Unknown keys are mistakes, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Timing(Strict):
    """Delays of the practice world, seconds."""

    propagation: float
    judgement: float
    tick: float
    token_life: float
    hold_grace: float
    picture_life: float
    exemption: float
    swap: float
    late: float
    feed: float
    report: float
    document_life: float
    fetch: float
    connect: float


class PictureLimits(Strict):
    """What a picture may be when it arrives, and how it is encoded again."""

    longest_px: int
    quality: int
    limit_bytes: int
    longest_allowed_px: int
    formats: tuple[str, ...]


class Complaint(Strict):
    """What the marketplace says against a listing."""

    code: str
    reason: str
    message: str
    severity: Literal["ERROR", "WARNING", "INFO"] = "ERROR"
    categories: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    name_attribute: bool = True
    exempt_seconds: float = 0.0


class HiddenRule(Complaint):
    """One hidden limit on one fact of judge.measure; `unless` names a fact that, being above 0, keeps this rule quiet."""

    name: str = ""  # a short word for it, where its limit is to be changed later
    fact: str
    at_least: float | None = None
    at_most: float | None = None
    unless: str | None = None
    positions: tuple[str, ...]


class Search(Strict):
    """Limits of searchListingsItems."""

    page: int
    page_max: int
    identifiers_max: int
    reach: int


class Amazon(Strict):
    """The practice Amazon."""

    picture: PictureLimits
    search: Search
    feed_messages: int
    feed_rate: float
    feed_chunk: int
    missing_main: Complaint
    unreachable: Complaint
    rules: tuple[HiddenRule, ...]


class Aspect(Strict):
    """What a category wants to know; `values` is the closed list of what it takes."""

    name: str
    required: bool = False
    values: tuple[str, ...] = ()
    several: bool = False


class Category(Strict):
    """A leaf of the category tree; `words` are what it is found by."""

    name: str
    above: tuple[str, ...]
    words: tuple[str, ...]
    aspects: tuple[Aspect, ...]


class Variations(Strict):
    """Limits of a listing with variations, and the codes of its refusals."""

    most: int
    pictures_max: int
    names_max: int
    values_max: int
    codes: dict[Literal["duplicate_sku", "duplicate", "too_many", "mismatch", "pictures"], int]


class Ebay(Strict):
    """The practice eBay."""

    picture: PictureLimits
    longest_side_min: int
    longest_side_advised: int
    quality_advised: int
    pictures_max: int
    urls_length_max: int
    revisions_max: int
    title_max: int
    variations: Variations
    required: tuple[str, ...]
    event_window: float
    events_max: int
    categories: dict[str, Category]
    rules: tuple[HiddenRule, ...]


class Sites(Strict):
    """External site id -> our marketplace key."""

    amazon: dict[str, str]
    ebay: dict[str, str]


class Hidden(Strict):
    """The whole hidden side."""

    timing: Timing
    amazon: Amazon
    ebay: Ebay
    sites: Sites


HIDDEN = Path(__file__).with_name("hidden.yaml")


@lru_cache
def load_hidden(path: Path = HIDDEN) -> Hidden:
    """The hidden limits; raises pydantic.ValidationError on anything unknown or missing."""
    return Hidden.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
