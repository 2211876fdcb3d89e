"""What marketplaces show and what is to be sent: status, why, rollout, sync plan and apply."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from app.commands.common import open_house, table, whoever

if TYPE_CHECKING:
    from app.stages.publish import PlanLine

JSON = click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")


@click.command()
@click.argument("sku", required=False)
@JSON
def status(sku: str | None, as_json: bool) -> None:
    """Where everything stands, or one SKU on every account."""
    from app import controls, views

    with open_house() as kit, kit.db.reading() as session:
        if sku is not None:
            lines = views.why(session, kit, sku)
            if as_json:
                click.echo(json.dumps([dataclasses.asdict(line) for line in lines], ensure_ascii=False))
            else:
                table(("account", "status", "because"), [(line.account, line.word, line.sentence) for line in lines])
            return
        banners, road, bars = controls.banners(session), views.pipeline(session, kit.now()), views.marketplace_bars(session)
    if as_json:
        click.echo(json.dumps({"banners": banners, "pipeline": road, "accounts": bars}, ensure_ascii=False))
        return
    for banner in banners:
        click.echo(f"! {banner}")
    click.echo("  ".join(f"{word} {number}" for word, number in road.items()))
    for account, words in bars.items():
        click.echo(f"{account}: {', '.join(f'{number} {word}' for word, number in words.items() if number) or 'no listings'}")


@click.command()
@click.argument("sku")
@JSON
def why(sku: str, as_json: bool) -> None:
    """Why a product is not live, one sentence per account."""
    from app import views

    with open_house() as kit, kit.db.reading() as session:
        lines = views.why(session, kit, sku)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(line) for line in lines], ensure_ascii=False))
        return
    for line in lines:
        click.echo(f"{line.account}: {line.sentence}")
    if not lines:
        click.echo(f"{sku}: there is no account yet")


@click.command()
@click.argument("skus", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every product that is not archived.")
def rollout(skus: tuple[str, ...], every: bool) -> None:
    """Make products' pictures again by the recipes, model and version in force; each old picture stays until its successor passes.

    Restart Packshot first: workers that still run on what was in force before cannot make them.
    """
    import sqlalchemy as sa

    from app.models import Product
    from app.rollout import roll_out

    if bool(skus) == every:
        raise click.UsageError("name some SKUs, or --all")
    with open_house() as kit:
        with kit.db.reading() as session:
            known = session.scalars(sa.select(Product.sku).where(Product.archived.is_(False)).order_by(Product.id)).all()
        if missing := sorted(set(skus) - set(known)):
            raise LookupError(f"there is no product {', '.join(missing)}, or it is archived")
        for sku in skus or known:  # each in its own transaction: a long list holds nobody up
            with kit.db.writing() as session:
                photos = roll_out(session, kit, session.scalars(sa.select(Product).where(Product.sku == sku)).one(), whoever())
            if photos or skus:
                click.echo(f"{sku}: {photos or 'no'} photo{'s' * (photos != 1)} moved to the release in force")


@click.group()
def sync() -> None:
    """What would be sent to marketplaces, and sending it."""


ACCOUNT = click.option("--account", help="This account alone, as amazon-uk:main.")
SKU = click.option("--sku", help="This SKU alone.")


@sync.command()
@ACCOUNT
@SKU
@JSON
def plan(account: str | None, sku: str | None, as_json: bool) -> None:
    """What would be sent, and why it is not sent by itself."""
    with open_house() as kit, kit.db.reading() as session:
        _known(kit, account, sku)
        from app.stages import publish

        lines = publish.plan(session, kit, account, sku)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(line) for line in lines], ensure_ascii=False))
        return
    for line in lines:
        click.echo(f"{line.account} {line.sku}: {_words(line)}{f'; held back: {line.barred}' if line.barred else ''}")
    if not lines:
        click.echo("Nothing is to be sent.")


@sync.command()
@ACCOUNT
@SKU
def apply(account: str | None, sku: str | None) -> None:
    """Let through what the plan shows; the workers send it. The emergency stop and an account's stop stay in force."""
    from app.errors import Refusal
    from app.models import Listing
    from app.stages import publish

    done = 0
    with open_house() as kit:
        _known(kit, account, sku)
        with kit.db.writing() as session:
            lines = {line.listing_id: line for line in publish.plan(session, kit, account, sku)}
            for listing_id, line in lines.items():
                try:
                    publish.confirm(session, kit, session.get_one(Listing, listing_id), whoever())
                    done += 1
                    click.echo(f"{line.account} {line.sku}: {_words(line)}")
                except Refusal as refusal:
                    click.echo(f"packshot: {line.account} {line.sku}: {refusal}", err=True)
    click.echo(f"{done} let through." if lines else "Nothing is to be sent.")


def _known(kit: object, account: str | None, sku: str | None) -> None:
    """Refuse an account or SKU that does not exist, rather than say that nothing is to be sent."""
    import sqlalchemy as sa

    from app.accounts import find_account
    from app.errors import Refusal
    from app.kit import Kit
    from app.models import ListingMember

    if not isinstance(kit, Kit):
        return
    with kit.db.reading() as session:
        if account is not None:
            find_account(session, account)
        if sku is not None and not session.scalar(sa.select(ListingMember.id).where(ListingMember.merchant_sku == sku).limit(1)):
            raise Refusal(f"{sku}: no listing has this SKU")


def _words(line: PlanLine) -> str:
    parts = [f"{verb} {', '.join(places)}" for verb, places in (("add", line.add), ("replace", line.replace), ("remove", line.remove)) if places]
    return f"{'create the listing: ' if line.creates else ''}{'; '.join(parts)}"


COMMANDS = (status, why, rollout, sync)
