"""A simulation as text: the verdict in one sentence, then numbers, then pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.simulation import Simulation

SHOWN = 20  # pictures and notices told on a terminal; --json has them all


def sentence(told: Simulation) -> str:
    """What would happen, in one sentence."""
    if not (told.failing or told.passing or told.listings_failing):
        return "No picture that is here would be judged otherwise."
    parts = []
    if told.failing:
        parts.append(f"{counted(told.failing, 'picture')} of {counted(told.products_failing, 'product')} would newly wait for a person")
    if told.passing:
        parts.append(f"{counted(told.passing, 'picture')} of {counted(told.products_passing, 'product')} would newly pass")
    live = f"{told.listings_failing:,} of {told.listings:,} live listings would fail ({told.share:.1%})" if told.listings else "nothing is live yet"
    return f"{'; '.join([*parts, live])}."


def report(told: Simulation, against: str) -> None:
    """Print it. `against`: why it may not be put in force just so; empty where it may."""
    from app.commands.common import table

    click.echo(sentence(told))
    click.echo(f"Blocked: {against}.\n" if against else "")
    for line in told.changes or ["The rules say the same as those in force."]:
        click.echo(f"  {line}")
    click.echo()
    rows = [
        ("newly failing", f"{told.failing:,} pictures, {told.products_failing:,} products", money(told.money_failing)),
        ("newly passing", f"{told.passing:,} pictures, {told.products_passing:,} products", money(told.money_passing)),
        ("live listings failing", f"{told.listings_failing:,} of {told.listings:,}", money(told.money_live)),
        ("review at stake", f"{told.minutes:,.0f} min", f"{told.minutes_a_case:g} min a picture: {told.minutes_basis}"),
        ("past notices caught", f"{told.notices_caught:,} of {told.notices:,}", "would have been stopped before they were sent"),
        ("past notices let through", f"{told.notices_missed:,} of {told.notices:,}", "the rules in force stop them, these would not"),
        ("accepted pictures blocked", f"{told.accepted:,}", "live, newly failing, no notice against their listing"),
    ]
    if told.photos_flagged or told.photos_let_in:
        rows.append(("photos, as they came in", f"{told.photos_flagged:,} flagged, {told.photos_let_in:,} let in", "those here are not judged again"))
    table(("", "", "price x stock, basis"), rows)
    if told.unmeasured:
        click.echo(f"{counted(told.unmeasured, 'picture')} not yet measured by this version: judged when measured, not counted here.")
    if told.by_rule:
        click.echo()
        table(("rule", "newly failing", "newly passing"), [(name, n["failing"], n["passing"]) for name, n in sorted(told.by_rule.items())])
    if told.lines:
        click.echo()
        lines = [
            (line.sku, line.account, line.position, "fails" if line.fails else "passes", "live" if line.live else "", ", ".join(line.rules))
            for line in told.lines[:SHOWN]
        ]
        table(("SKU", "account", "position", "newly", "", "rules"), lines)
        if told.failing + told.passing > len(lines):
            click.echo(f"… and more: {told.failing + told.passing:,} in all; --json has every one.")
    for heading, past in (("would have been caught", told.past), ("would be let through again", told.past_missed)):
        if past:
            click.echo()
            told_past = [(line.sku, line.account, line.began[:10], ", ".join(line.rules), f"{line.code}: {line.message}") for line in past[:SHOWN]]
            table(("SKU", "account", "began", "rules", heading), told_past)


def money(stake: Mapping[str, int]) -> str:
    """`GBP 1,234.00, EUR 5.00`; nothing at stake is nothing said."""
    from decimal import Decimal

    import integrations

    return ", ".join(f"{currency} {Decimal(integrations.to_decimal(minor, currency)):,}" for currency, minor in sorted(stake.items()))


def counted(number: int, noun: str) -> str:
    """`1 picture`, `2,000 pictures`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
