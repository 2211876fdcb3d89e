"""`packshot waivers ...` and `packshot rules baseline ...`: where a rule does not stop a picture, who answers for it, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from app.commands.common import account_named, open_house, table, whoever
from app.commands.rulebook import rules

WHY = click.option("--why", required=True, help="The reason; it is shown wherever this is.")
ACCOUNT = click.option("--account", "account_key", help="Of this account alone, as amazon-uk:main.")


@click.group()
def waivers() -> None:
    """Rules that somebody answers for, for a product or an account, until a day."""


@waivers.command("list")
@click.option("--ended", is_flag=True, help="Those that are over instead of those in force.")
def list_(ended: bool) -> None:
    """Every waiver: its rule, what it is for, until when, who and why."""
    from app import waivers as house

    with open_house() as kit, kit.db.reading() as session:
        now = kit.now()
        rows = [
            (w.id, house.state(w, now), w.rule, house.scope_of(w.product, w.account), f"{w.until:%Y-%m-%d %H:%M}", w.who, w.why)
            for w in session.scalars(house.listed(now, ended=ended))
        ]
    if rows:
        table(("id", "state", "rule", "for", "until (UTC)", "who", "why"), rows)
    else:
        click.echo("No waiver is over yet." if ended else "No waiver is in force: every rule holds everywhere.")


@waivers.command()
@click.argument("rule")
@click.option("--sku", help="For this product: on one account with --account, everywhere without.")
@ACCOUNT
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day (UTC), as 2026-12-31.")
@click.option("--days", type=click.IntRange(1, 366), help="So many days from now, instead of --until.")
@WHY
def add(rule: str, sku: str | None, account_key: str | None, until: datetime | None, days: int | None, why: str) -> None:
    """Waive RULE: what breaks it there is told, and neither stops nor asks. It ends by itself."""
    import sqlalchemy as sa

    from app import waivers as house
    from app.errors import Refusal
    from app.models import Product

    if (until is None) == (days is None):
        raise click.UsageError("say how long: --until DAY or --days N")
    with open_house() as kit, kit.db.writing() as session:
        product = session.scalar(sa.select(Product).where(Product.sku == sku)) if sku is not None else None
        if sku is not None and product is None:
            raise Refusal(f"there is no product {sku}")
        end = until.replace(hour=23, minute=59, tzinfo=UTC) if until else kit.now() + timedelta(days=days or 0)
        account = account_named(session, account_key)
        waiver = house.add(session, kit, rule=rule, until=end, why=why, who=whoever(), product=product, account=account)
        number = waiver.id
    click.echo(f"Waiver {number}: {rule} for {' on '.join(filter(None, (sku, account_key)))} until {end:%Y-%m-%d %H:%M} UTC.")


@waivers.command()
@click.argument("number", type=int)
@WHY
def revoke(number: int, why: str) -> None:
    """End waiver NUMBER now: what it let through waits for a person again, and what is live stays until its replacement passes."""
    from app import waivers as house
    from app.errors import Refusal
    from app.models import Waiver

    with open_house() as kit, kit.db.writing() as session:
        waiver = session.get(Waiver, number)
        if waiver is None:
            raise Refusal(f"there is no waiver {number}; `packshot waivers list` shows them")
        house.revoke(session, kit, waiver, whoever(), why)
    click.echo(f"Waiver {number} is revoked.")


@rules.group()
def baseline() -> None:
    """What is wrong with live pictures and known: it warns there, and stops anywhere else."""


@baseline.command("show")
def show() -> None:
    """What is known: accounts, rules, and how many live pictures."""
    from app import baselines

    with open_house() as kit, kit.db.reading() as session:
        rows = baselines.known(session)
    if rows:
        table(("account", "rule", "live pictures", "newest baseline"), rows)
    else:
        click.echo("Nothing is known: every live picture is held to the full rules.")


@baseline.command()
@ACCOUNT
@click.option("--rule", help="Of this rule alone.")
@WHY
def take(account_key: str | None, rule: str | None, why: str) -> None:
    """Say that what live pictures break now is known: they stay live without asking anybody, until each is replaced."""
    from app import baselines

    with open_house() as kit:
        with kit.db.reading() as session:
            account = account_named(session, account_key)
            seen = baselines.look(session, kit, account=account, rule=rule)
        with kit.db.writing() as session:
            baselines.keep(session, kit, seen, whoever(), why, account=account, rule=rule)
    pictures = len({broken.placement_id for broken in seen.broken})
    click.echo(f"{len(seen.broken)} findings of {pictures} live pictures are known; {seen.pictures} live pictures were looked at.")
    if seen.unmeasured:
        click.echo(f"{seen.unmeasured} of them have no facts yet and are not in it: take it again when they are measured.")


@baseline.command()
@ACCOUNT
@click.option("--rule", help="Of this rule alone.")
@WHY
def drop(account_key: str | None, rule: str | None, why: str) -> None:
    """Forget what is known: those pictures are held to the full rules again, and stay live until a replacement passes."""
    from app import baselines

    with open_house() as kit, kit.db.writing() as session:
        count = baselines.drop(session, kit, whoever(), why, account=account_named(session, account_key), rule=rule)
    click.echo(f"{count} findings are no longer known.")


COMMANDS = (waivers,)
