"""Endpoints of your other systems that are told what happens."""

from __future__ import annotations

import click

from app.commands.common import open_house, table, whoever


@click.group()
def webhooks() -> None:
    """Tell your other systems what happens: signed, retried until it is taken."""


@webhooks.command("list")
def list_() -> None:
    """Every endpoint, what it wants to be told, and what it is still to be told."""
    import sqlalchemy as sa

    from app import endpoints
    from app.models import WebhookEndpoint

    with open_house() as kit, kit.db.reading() as session:
        left = endpoints.waiting(session)
        rows = [
            (e.id, e.url, "in use" if e.active else "disabled", left.get(e.id, (0, None))[0], ", ".join(e.events), e.problem or "")
            for e in session.scalars(sa.select(WebhookEndpoint).order_by(WebhookEndpoint.id))
        ]
    table(("number", "address", "state", "waiting", "events", "last trouble"), rows)


@webhooks.command()
@click.argument("url")
@click.option("--event", "events", multiple=True, help="An event it wants, as listing.live; all where none is given. May be repeated.")
@click.option("--practice", is_flag=True, help="An address on this machine, by plain http.")
def add(url: str, events: tuple[str, ...], practice: bool) -> None:
    """Tell URL what happens from now on. Prints the secret that signs what is sent, this once."""
    from app import endpoints

    with open_house() as kit, kit.db.writing() as session:
        endpoint, secret = endpoints.add(session, kit, url, events, whoever(), practice=practice)
        number, wanted = endpoint.id, endpoint.events
    click.echo(f"Endpoint {number} is told of {', '.join(wanted)}. Its secret, shown this once:\n{secret}")


@webhooks.command()
@click.argument("number", type=int)
def remove(number: int) -> None:
    """Tell endpoint NUMBER nothing more, and forget what it was still to be told."""
    from app import endpoints

    with open_house() as kit, kit.db.writing() as session:
        endpoints.remove(session, kit, number, whoever())
    click.echo(f"Endpoint {number} is removed.")


@webhooks.command()
@click.argument("number", type=int)
def resume(number: int) -> None:
    """Take up endpoint NUMBER, which was disabled because it took nothing for days."""
    from app import endpoints

    with open_house() as kit, kit.db.writing() as session:
        endpoints.resume(session, kit, number, whoever())
    click.echo(f"Endpoint {number} is in use again; what it was still to be told is sent now.")


@webhooks.command()
@click.argument("number", type=int)
def test(number: int) -> int:
    """Send endpoint NUMBER a `packshot.test` now and say what it answered; exit 1 if it did not take it."""
    from app import endpoints

    with open_house() as kit:
        with kit.db.reading() as session:
            endpoint = endpoints.find(session, number)
        taken, words = endpoints.try_it(kit, endpoint)
    click.echo(words)
    return 0 if taken else 1


COMMANDS = (webhooks,)
