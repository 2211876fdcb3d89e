"""The numbers of `learning.yaml`, read once: how much evidence a lesson needs."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from rules.reading import read

FILE = Path(__file__).with_name("learning.yaml")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Minimum(_Shape):
    """Below this nothing is proposed."""

    suppressed: int = Field(ge=1)
    accepted: int = Field(ge=1)
    caught_share: float = Field(ge=0, le=1)
    blocked_share: float = Field(ge=0, le=1)


class Moved(_Shape):
    """When a settled limit is said to have moved."""

    false_alarm: float = Field(gt=0, lt=1)
    reference: float = Field(gt=0, lt=1)
    noise_least: float = Field(gt=0, lt=1)
    miss_least: float = Field(gt=0, lt=1)
    renew: float = Field(gt=1)
    distances: tuple[int, ...]
    rates: tuple[float, ...]


class Numbers(_Shape):
    """See the file for what each is and why."""

    minimum: Minimum
    error: float = Field(gt=0, lt=1)
    windows: int = Field(ge=1)
    interval: float = Field(gt=0, lt=1)
    rivals: float = Field(gt=1)
    caught: tuple[int, int]
    noise: tuple[int, int]
    change: Moved
    again: float = Field(ge=1)


@cache
def numbers() -> Numbers:
    """The shipped numbers. Raises pydantic.ValidationError naming the key that is wrong."""
    return Numbers.model_validate(read(FILE.name, FILE.read_text(encoding="utf-8")).data)
