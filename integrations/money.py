"""Money as integer minor units <-> the decimal text that marketplaces and inventory systems write."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

__all__ = ["to_decimal", "to_minor"]

# ISO 4217 minor units that differ from 2
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "HUF": 2, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}


def to_decimal(minor: int, currency: str) -> str:
    """`123400, "GBP"` -> `"1234.00"`."""
    places = _EXPONENTS.get(currency, 2)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


def to_minor(amount: str, currency: str) -> int:
    """`"1234.00", "GBP"` -> `123400`; ValueError for anything that is not a plain non-negative amount in that currency's own units."""
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"not an amount of money: {amount!r}") from None
    places = _EXPONENTS.get(currency, 2)
    if not value.is_finite() or value < 0 or value >= Decimal(10) ** 12:
        raise ValueError(f"not an amount of money: {amount!r}")
    scaled = value.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has {places} decimal places: {amount!r}")
    return int(scaled)
