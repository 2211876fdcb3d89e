"""`packshot ...`: every command is a thin caller of what the pages use. Human text to stdout, errors in one line to stderr.

Exit codes: 0 fine, 1 it did not work (or findings that stop), 2 wrong usage. Heavy imports happen inside the commands.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from app.commands import bench, exceptions, house, market, pairs, people, pictures, roles, rulebook, sync, webhooks

# errors that a person can do something about: their message is the whole story, a traceback would add nothing
EXPECTED = frozenset(
    {
        "app.config.ConfigError",
        "app.migrate.NotMigrated",
        "app.errors.Refusal",
        "app.secretbox.SecretsLost",
        "app.serve.AlreadyServed",
        "app.serve.PortTaken",
        "app.store.StoreError",
        "app.backup.BackupError",
        "imaging.errors.ImagingError",
        "integrations.errors.IntegrationError",
        "rules.errors.RuleError",
        "sqlalchemy.exc.OperationalError",
        "builtins.OSError",
    }
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="packshot", prog_name="packshot")
def cli() -> None:
    """Product photographs to live marketplace listings, with nobody in the way."""


for module in (roles, house, pictures, rulebook, exceptions, market, sync, webhooks, people, bench, pairs):
    for command in module.COMMANDS:
        cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit code."""
    try:
        code = cli.main(args=None if arguments is None else list(arguments), prog_name="packshot", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.UsageError as error:
        _complain(error.format_message(), hint=error.ctx.command_path if error.ctx else None)
        sys.exit(2)
    except click.ClickException as error:
        _complain(error.format_message())
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # `packshot ... | head`
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        if not _is_expected(error):
            raise
        for line in _words(error):
            _complain(line)
        sys.exit(1)


def _is_expected(error: BaseException) -> bool:
    """By name, so that a quick command need not load every package's errors. A plain LookupError is ours; a KeyError would be a bug."""
    return type(error) is LookupError or not EXPECTED.isdisjoint(f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)


def _words(error: Exception) -> list[str]:
    problems = getattr(error, "problems", None)
    if problems:
        return [str(problem) for problem in problems]
    if isinstance(error, OSError) and error.strerror:
        return [f"{error.filename}: {error.strerror}" if error.filename else error.strerror]
    original = getattr(error, "orig", None)  # SQLAlchemy's own text would repeat the statement
    return [" ".join(str(original or error).split()) or type(error).__name__]


def _complain(text: str, hint: str | None = None) -> None:
    click.echo(f"packshot: {text}{f' (see {hint} --help)' if hint else ''}", err=True)


if __name__ == "__main__":
    main()
