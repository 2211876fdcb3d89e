"""What a person or a program is told when the house will not do something."""

from __future__ import annotations

__all__ = ["Refusal"]


class Refusal(ValueError):
    """It cannot be done as things are; the message says why, in words fit to be shown. Nothing was changed."""
