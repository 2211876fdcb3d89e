"""What the commands share: the kit of a migrated house, and tables that line up."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.kit import Kit
    from app.models import Account


@contextmanager
def open_house() -> Iterator[Kit]:
    """The kit of the installation that the environment names. Raises ConfigError, NotMigrated."""
    from app import config, migrate
    from app.kit import Kit

    kit = Kit(config.load())
    try:
        migrate.check_current(kit.settings.database)
        yield kit
    finally:
        kit.close()


def account_named(session: Session, key: str | None) -> Account | None:
    """The account of an option that may be left out: None is none. Raises Refusal; for an option that came out empty too, for that does not mean all."""
    from app.accounts import find_account

    return None if key is None else find_account(session, key)


def overlay_folder(context: click.Context, parameter: click.Parameter, folder: Path | None) -> Path | None:
    """The folder of a seller's own rules. One that is not there is a mistake where it was named, and an empty one where the environment says so."""
    if folder is None or folder.is_dir():
        return folder
    if context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE:
        raise click.BadParameter(f"{folder}: no such folder")
    return None


def whoever() -> str:
    """The name that history shows for what is done on the command line."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # an account without a name
        return "command line"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns; the last column may be as long as it likes."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[n]) for line in [list(heads), *cells]) for n in range(len(heads))]
    for line in [list(heads), *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
