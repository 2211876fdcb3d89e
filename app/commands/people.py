"""People and API keys."""

from __future__ import annotations

import click

from app.commands.common import open_house, table, whoever

ROLES = click.Choice(["viewer", "operator", "admin"])


@click.group()
def users() -> None:
    """Who may sign in, and keys for programs."""


@users.command("list")
def list_() -> None:
    """People and keys."""
    import sqlalchemy as sa

    from app.models import ApiKey, User

    with open_house() as kit, kit.db.reading() as session:
        people = session.scalars(sa.select(User).order_by(User.name)).all()
        keys = session.scalars(sa.select(ApiKey).order_by(ApiKey.name)).all()
    known = [("person", row) for row in people] + [("key", row) for row in keys]
    rows = [(word, row.name, row.role, "active" if row.active else "ended", f"{row.created_at:%Y-%m-%d}") for word, row in known]
    table(("kind", "name", "role", "state", "since"), rows)


@users.command()
@click.argument("name")
@click.option("--role", type=ROLES, default="operator", show_default=True)
@click.option("--key", is_flag=True, help="An API key for a program instead of a person; shown this once.")
@click.password_option("--password", default="", prompt=False, help="Asked for where not given; a random one is made where there is no terminal.")
def add(name: str, role: str, key: bool, password: str) -> None:
    """Add a person, or a key for a program."""
    from app import people

    with open_house() as kit:
        if key:
            with kit.db.writing() as session:
                made = people.create_api_key(session, name, role, kit.now(), whoever())
            click.echo(made)
            return
        secret, shown = _password(password)
        with kit.db.writing() as session:
            people.create_user(session, name, secret, role, kit.now(), whoever())
    click.echo(f"{name} can sign in as {role}.{shown}")


@users.command()
@click.argument("name")
@click.password_option("--password", default="", prompt=False, help="Asked for where not given; a random one is made where there is no terminal.")
def password(name: str, password: str) -> None:
    """Give a person another password."""
    from app import people

    with open_house() as kit:
        secret, shown = _password(password)
        with kit.db.writing() as session:
            people.set_password(session, people.find_user(session, name), secret, kit.now(), whoever())
    click.echo(f"{name} has a new password.{shown}")


@users.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Make the API key NAME useless for ever."""
    from app import people

    with open_house() as kit, kit.db.writing() as session:
        people.revoke_api_key(session, name, kit.now(), whoever())
    click.echo(f"The key {name} opens nothing any more.")


def _password(given: str) -> tuple[str, str]:
    """The password, and what to say of it: given, asked for, or made."""
    import secrets
    import sys

    if given:
        return given, ""
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True), ""
    made = secrets.token_urlsafe(12)
    return made, f" Password: {made}"


COMMANDS = (users,)
