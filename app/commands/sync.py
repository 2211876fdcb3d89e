"""What marketplaces show and what is to be sent: status, why, rollout, sync plan and apply."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from app.commands.common import open_house, table, whoever

if TYPE_CHECKING:
    from app.kit import Kit
    from app.rollout import Standing
    from app.stages.plan import PlanLine

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
        banners, bars = controls.banners(session), views.marketplace_bars(session)
        road = views.pipeline(session, bars)
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
@click.option("--share", type=click.FloatRange(0, 100, min_open=True), help="So many percent of all products; more of the same ones each time.")
@click.option("--all", "every", is_flag=True, help="Every product: --share 100.")
@click.option("--halt", "why", metavar="WHY", help="Move no further product.")
def rollout(skus: tuple[str, ...], share: float | None, every: bool, why: str | None) -> None:
    """Make products' pictures again by the recipes, model and version in force; each old picture stays until its successor passes.

    Named SKUs move at once. A share moves a few at a time by `packshot serve` (or the scheduler), and halts by itself where too many of the new
    pictures need a person. With nothing named: how far it is. Restart Packshot first: workers that still run on what was in force before cannot make
    them.
    """
    import sqlalchemy as sa

    from app import rollout as rolling
    from app.models import Product

    if sum((bool(skus), share is not None, every, why is not None)) > 1:
        raise click.UsageError("name some SKUs, or a --share, or --all, or --halt WHY")
    with open_house() as kit:
        if why is not None:
            with kit.db.writing() as session:
                halted = rolling.halt(session, kit, why, whoever())
            click.echo("halted: no further product moves" if halted else "nothing was under way")
        elif skus:
            with kit.db.reading() as session:
                known = set(session.scalars(sa.select(Product.sku).where(Product.archived.is_(False), Product.sku.in_(skus))))
            if missing := sorted(set(skus) - known):
                raise LookupError(f"there is no product {', '.join(missing)}, or it is archived")
            for sku in skus:  # each in its own transaction: a long list holds nobody up
                with kit.db.writing() as session:
                    photos = rolling.roll_out(session, kit, session.scalars(sa.select(Product).where(Product.sku == sku)).one(), whoever())
                click.echo(f"{sku}: {photos or 'no'} photo{'s' * (photos != 1)} moved to the release in force")
        elif every or share is not None:
            with kit.db.writing() as session:
                rolling.begin(session, kit, 1.0 if share is None else share / 100, whoever())
        if not skus:
            with kit.db.reading() as session:
                click.echo(_standing(rolling.standing(session, kit)))


def _standing(now: Standing) -> str:
    """Where a rollout is, in a sentence or two."""
    told = f"release {now.release.id[:12]}: {now.moved} product{'s' * (now.moved != 1)} by it, {now.behind} by another; {now.word}"
    if now.wish is not None and now.word != "idle":
        told += f", {now.wish['share']:.0%} asked for by {now.who}"
    if now.word == "halted" and now.wish is not None:
        told += f": {now.wish['halted']}"
    seen = now.outcome
    return f"{told}\nnew pictures: {seen.good} passed, {seen.to_review} need a person, {seen.coming} not judged yet"


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
        from app.stages.plan import plan as planned

        lines = planned(session, kit, account, sku)
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
    from app.stages.plan import plan as planned

    done, refused = list[str](), list[str]()
    with open_house() as kit:
        _known(kit, account, sku)
        with kit.db.writing() as session:
            lines = {line.listing_id: line for line in planned(session, kit, account, sku)}
            for listing_id, line in lines.items():
                try:
                    publish.confirm(session, kit, session.get_one(Listing, listing_id), whoever())
                    done.append(f"{line.account} {line.sku}: {_words(line)}")
                except Refusal as refusal:
                    refused.append(f"packshot: {line.account} {line.sku}: {refusal}")
    for words in done:  # only now, when all of it is committed: whoever reads this may hang up in the middle
        click.echo(words)
    for words in refused:
        click.echo(words, err=True)
    click.echo(f"{len(done)} let through." if lines else "Nothing is to be sent.")


def _known(kit: Kit, account: str | None, sku: str | None) -> None:
    """Refuse an account or SKU that does not exist, rather than say that nothing is to be sent."""
    import sqlalchemy as sa

    from app.accounts import find_account
    from app.errors import Refusal
    from app.models import ListingMember

    with kit.db.reading() as session:
        if account is not None:
            find_account(session, account)
        if sku is not None and not session.scalar(sa.select(ListingMember.id).where(ListingMember.merchant_sku == sku).limit(1)):
            raise Refusal(f"{sku}: no listing has this SKU")


def _words(line: PlanLine) -> str:
    parts = [f"{verb} {', '.join(places)}" for verb, places in (("add", line.add), ("replace", line.replace), ("remove", line.remove)) if places]
    return f"{'create the listing: ' if line.creates else ''}{'; '.join(parts) or 'add it, shown by pictures of a sibling'}"


COMMANDS = (status, why, rollout, sync)
