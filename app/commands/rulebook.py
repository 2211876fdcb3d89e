"""`packshot rules ...`: what is required, whether the cases hold, what the overlay changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import rules as requirements

OVERLAY = click.option(
    "--rules", "overlay", envvar="PACKSHOT_RULES_DIR", type=click.Path(file_okay=False, path_type=Path), help="Your own rules over the shipped ones."
)


@click.group()
def rules() -> None:
    """The requirements of the marketplaces and of the house, as data."""


def _load(overlay: Path | None) -> requirements.RuleSet:
    """The shipped rules under the seller's own: those of the folder, or what accepted lessons wrote into this installation."""
    import imaging
    import rules as requirements

    own = overlay if overlay is not None and overlay.is_dir() else None if overlay is not None else _installed()
    return requirements.load(imaging.FACTS, own)


def _installed() -> dict[str, str] | None:
    """The overlay that this installation keeps in its database; None where there is no installation. Makes none."""
    if not _is_installed():
        return None
    from app import rulebook
    from app.commands.common import open_house

    with open_house() as kit, kit.db.reading() as session:
        return rulebook.overlay(session, kit)


def _is_installed() -> bool:
    import os

    named = {"PACKSHOT_DATABASE_URL", "PACKSHOT_DATABASE_URL_FILE"} & os.environ.keys()
    return bool(named) or (Path(os.environ.get("PACKSHOT_VAR", "var")) / "packshot.db").exists()


@rules.command("list")
@OVERLAY
@click.option("--authority", help="intake, amazon or ebay alone.")
def list_(overlay: Path | None, authority: str | None) -> None:
    """Every rule: what it requires, where, and what happens if not."""
    from app.commands.common import table

    rows = []
    for rule in _load(overlay).rules:
        if authority in (None, rule.authority):
            where = "; ".join(f"{name} {', '.join(value)}" for name, value in rule.applies_to.model_dump().items() if value)
            rows.append(
                (rule.authority, rule.level, rule.id, f"{rule.fact} {rule.operator} {'' if rule.limit is None else rule.limit}".strip(), where or "everywhere")
            )
    table(("authority", "level", "rule", "requires", "where"), rows)


@rules.command()
@OVERLAY
def test(overlay: Path | None) -> None:
    """Load every file and hold every rule to its own cases; exit 1 names each problem as file:line:column."""
    made = _load(overlay)
    cases = sum(len(rule.passes) + len(rule.fails) for rule in made.rules)
    click.echo(f"{len(made.rules)} rules, {cases} cases: all hold. Rule set {made.hash[:12]}.")


@rules.command()
@OVERLAY
def diff(overlay: Path | None) -> None:
    """What your own rules change in the shipped ones, in words."""
    import imaging
    import rules as requirements

    lines = requirements.diff(requirements.load(imaging.FACTS), _load(overlay))
    click.echo("\n".join(lines) if lines else "Nothing: the shipped rules are in force as they are.")


@rules.command()
@OVERLAY
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output where not given.")
def export(overlay: Path | None, out: Path | None) -> None:
    """The composed rule set as one YAML text, as verdicts refer to it by hash."""
    made = _load(overlay)
    if out is None:
        click.echo(made.yaml, nl=False)
    else:
        out.write_text(made.yaml, encoding="utf-8")
        click.echo(f"{out}: rule set {made.hash[:12]}, {len(made.rules)} rules")


@rules.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One object, with every changed picture.")
def simulate(file: Path, as_json: bool) -> None:
    """What changed rules would do to everything here: nothing is changed.

    FILE is an overlay named as a shipped file (amazon.yaml …), a folder of such, or a whole set as `packshot rules export` writes it. It is held
    against the set in force in this installation.
    """
    import json

    from app import activation
    from app.commands import simulation
    from app.commands.common import open_house

    _need_house("simulate")
    with open_house() as kit:
        proposal, told = activation.rehearse(kit, activation.files_of(file), listed=None if as_json else simulation.SHOWN)
        against = activation.blocked(told, kit.settings)
    if as_json:
        click.echo(json.dumps({**told.to_dict(), "blocked": against, "unsayable": proposal.unsayable}))
    else:
        simulation.report(told, proposal.unsayable or against)


@rules.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--why", default="", help="The reason, for the history.")
@click.option("--force", is_flag=True, help="Also where more live listings would newly fail than PACKSHOT_MAX_NEWLY_FAILING allows; needs --why.")
def activate(file: Path, why: str, force: bool) -> None:
    """Put changed rules in force; what was judged is judged again. FILE as for `simulate`."""
    from app import activation
    from app.commands import simulation
    from app.commands.common import open_house, whoever

    if force and not why.strip():
        raise click.UsageError("--force needs --why TEXT: the reason is kept in the history")
    _need_house("activate")
    with open_house() as kit:
        done, told = activation.activate(kit, activation.files_of(file), whoever(), why, force=force)
    if not done:
        click.echo(f"Rule set {told.after[:12]} is in force already.")
    else:
        click.echo(f"Rule set {told.after[:12]} is in force. {simulation.sentence(told)}")


def _need_house(command: str) -> None:
    """Refuse where there is nothing to replay: pictures are needed as rows, and a new, empty installation is not what was meant."""
    if not _is_installed():
        raise click.ClickException(
            f"rules {command} replays what is stored, and there is no installation here: set PACKSHOT_DATABASE_URL or PACKSHOT_VAR; "
            "for picture files alone use `packshot check --rules FOLDER`"
        )


COMMANDS = (rules,)
