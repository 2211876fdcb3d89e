"""The house itself: migrate, backup, restore, doctor."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
def migrate() -> None:
    """Bring the database to this version and put the rules in force."""
    from app import config, rulebook
    from app import migrate as migration
    from app.kit import Kit

    settings = config.load()
    migration.migrate(settings.database)
    kit = Kit(settings)
    digest = rulebook.renew(kit, "packshot", "migrate")
    kit.close()
    click.echo(f"The database is at this version; rule set {str(digest)[:12]} is in force.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def backup(file: Path, force: bool) -> None:
    """Database and stores into one .tar.gz, consistent while everything runs.

    The secret key is not in it: keep PACKSHOT_SECRET_KEY (or var/secret_key) elsewhere.
    """
    from app import backup as keeping
    from app.commands.common import open_house

    with open_house() as kit:
        click.echo(keeping.backup(kit, file, force=force).sentence())


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what this installation holds.")
def restore(file: Path, force: bool) -> None:
    """Bring a backup back, into an empty installation. Stop every role first."""
    from app import backup as keeping
    from app import config
    from app.kit import Kit

    kit = Kit(config.load())
    click.echo(keeping.restore(kit, file, force=force).sentence())
    kit.close()


@click.command()
def doctor() -> int:
    """Check database, stores, media address, model, rules, processes, secrets, accounts, clock and queue; exit 1 if one is not well."""
    from app import config
    from app import doctor as practitioner
    from app.kit import Kit

    kit = Kit(config.load())
    sick = 0
    for finding in practitioner.examine(kit):
        click.echo(f"{'ok  ' if finding.well else 'BAD '}  {finding.what}: {finding.words}")
        sick += not finding.well
    kit.close()
    return 1 if sick else 0


COMMANDS = (migrate, backup, restore, doctor)
