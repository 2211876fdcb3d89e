"""`packshot rules ...`: what is required, whether the cases hold, what the overlay changes."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.common import overlay_folder

if TYPE_CHECKING:
    import rules as requirements
    from app import rule_record

OVERLAY = click.option(
    "--rules",
    "overlay",
    envvar="PACKSHOT_RULES_DIR",
    type=click.Path(file_okay=False, path_type=Path),
    callback=overlay_folder,
    help="Your own rules over the shipped ones.",
)


@click.group()
def rules() -> None:
    """The requirements of the marketplaces and of the house, as data."""


def _load(overlay: Path | None) -> requirements.RuleSet:
    """The shipped rules under the seller's own: those of the folder, or what accepted lessons wrote into this installation."""
    import imaging
    import rules as requirements

    return requirements.load(imaging.FACTS, overlay if overlay is not None else _installed())


def _is_installed() -> bool:
    """Is there an installation here? Makes none."""
    named = {"PACKSHOT_DATABASE_URL", "PACKSHOT_DATABASE_URL_FILE"} & os.environ.keys()
    return bool(named) or (Path(os.environ.get("PACKSHOT_VAR", "var")) / "packshot.db").exists()


def _installed() -> dict[str, str] | None:
    """The overlay that this installation keeps in its database; None where there is no installation."""
    if not _is_installed():
        return None
    from app import rulebook
    from app.commands.common import open_house

    with open_house() as kit, kit.db.reading() as session:
        return rulebook.overlay(session, kit)


@rules.command("list")
@OVERLAY
@click.option("--authority", help="intake, amazon or ebay alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(overlay: Path | None, authority: str | None, as_json: bool) -> None:
    """Every rule: what it requires, where, and what happens if not; in an installation also what became of it.

    fired: findings in verdicts. overridden: pictures that a person approved all the same. escaped: suppressions that the rule should have prevented, of
    pictures that keep it as it is now.
    """
    from app.commands.common import table

    made = _load(overlay)
    record = _record(made)
    shown = [rule for rule in made.rules if authority in (None, rule.authority)]
    if as_json:
        for rule in shown:
            counts = {"fired": record.fired[rule.id], "overridden": record.overridden[rule.id], "escaped": record.escaped[rule.id]} if record else {}
            click.echo(json.dumps({**rule.to_dict(), **counts}, ensure_ascii=False))
        return
    rows = []
    for rule in shown:
        where = "; ".join(f"{name} {', '.join(value)}" for name, value in rule.applies_to.model_dump().items() if value)
        requires = f"{rule.fact} {rule.operator} {'' if rule.limit is None else rule.limit}".strip()
        counts_of = (record.fired[rule.id], record.overridden[rule.id], record.escaped[rule.id]) if record else ()
        rows.append((rule.authority, rule.level, rule.id, *counts_of, requires, where or "everywhere"))
    table(("authority", "level", "rule", *(("fired", "overridden", "escaped") if record else ()), "requires", "where"), rows)


@rules.command()
@OVERLAY
def test(overlay: Path | None) -> int:
    """Load every file, hold every rule to its own cases, and move every limit to see that a case notices.

    Exit 1 names each problem as file:line:column: what does not load, limits and operators that no case pins down, sources of your own that are stale.
    """
    import rules as requirements

    made = _load(overlay)
    cases = sum(len(rule.passes) + len(rule.fails) for rule in made.rules)
    click.echo(f"{len(made.rules)} rules, {cases} cases: all hold. Rule set {made.hash[:12]}.")
    found = requirements.score(made.rules, _steps(), made)
    caught = found.mutants - len(found.survivors)
    click.echo(f"{found.mutants} mutants, {caught} caught by a case: {100 * caught / max(found.mutants, 1):.1f} %.")
    problems = [
        f"{made.place(each.rule, 'limit')}: {each.rule}: no case would notice if it asked for {each.words()}; {advice}"
        for each, advice in zip(found.survivors, found.advice, strict=True)
    ]
    problems += [str(each) for each in requirements.stale(made, _today()) if each.own]
    for problem in problems:
        click.echo(f"packshot: {problem}", err=True)
    return 1 if problems else 0


@rules.command()
@OVERLAY
@click.argument("a", required=False)
@click.argument("b", required=False)
def diff(overlay: Path | None, a: str | None, b: str | None) -> None:
    """What changes from rule set A to B, in words; without them, what your own rules change in the shipped ones.

    A and B are `shipped`, `active` (in force here), a folder of overlay files, an overlay file such as amazon.yaml, a file that `packshot rules export`
    wrote, or the first letters of the hash of a set that was ever in force here. B alone left out is what your own rules give.
    """
    import rules as requirements

    lines = requirements.diff(_named(a or "shipped"), _named(b) if b else _load(overlay))
    same = "the two sets say the same" if a else "the shipped rules are in force as they are"
    click.echo("\n".join(lines) if lines else f"Nothing: {same}.")


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
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output where not given.")
def schema(out: Path | None) -> None:
    """The JSON Schema of a rule file, for editors."""
    import imaging
    import rules as requirements

    text = json.dumps(requirements.json_schema(imaging.FACTS), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{out}: JSON Schema of a rule file")


@rules.command("doctor")
@OVERLAY
def doctor(overlay: Path | None) -> int:
    """What is doubtful about the rules: contradictions, stale sources, rules that say nothing new, never fired, or were proved wrong by listings that live.

    Exit 1 where something should be mended (BAD); a note is for a person to think about.
    """
    import rules as requirements

    made = _load(overlay)
    sick = [f"{made.place(one.id)}: {one.id} and {other.id}: no value can keep both where both apply" for one, other in requirements.contradicting(made.rules)]
    aged = requirements.stale(made, _today())
    sick += [str(each) for each in aged if each.own]
    notes = [str(each) for each in aged if not each.own]
    notes += [f"{made.place(one.id)}: {one.id}: says nothing that {other.id} does not say" for one, other in requirements.redundant(made.rules)]
    notes += _doubts(made)
    for kind, lines in (("BAD ", sick), ("note", notes)):
        for line in lines:
            click.echo(f"{kind}  {line}")
    if not sick and not notes:
        click.echo(f"ok    {len(made.rules)} rules, nothing doubtful.")
    return 1 if sick else 0


def _doubts(made: requirements.RuleSet) -> list[str]:
    """What this installation's history says against rules; nothing where there is no installation."""
    import rules as requirements

    limits, record = requirements.upkeep(), _record(made)
    if record is None:
        return []
    from app import rule_record
    from app.commands.common import open_house

    with open_house() as kit, kit.db.reading() as session:
        lived = rule_record.lived(session, kit.now(), limits.lived_days)
    often = [(rule.id, record.asked[rule.id]) for rule in made.rules if record.asked[rule.id] >= limits.asked_at_least and not record.fired[rule.id]]
    waived = f"live for {limits.lived_days} days or more with its finding waived and no notice"
    doubts = [f"{name}: never fired in {asked:,} verdicts" for name, asked in often]
    doubts += [f"{name}: {count} {'listing' if count == 1 else 'listings'} {waived}: is it right?" for name, count in sorted(lived.items())]
    return [f"{made.place(line.partition(':')[0])}: {line}" for line in doubts]


def _record(made: requirements.RuleSet) -> rule_record.Record | None:
    """What became of each rule here; None where there is no installation."""
    if not _is_installed():
        return None
    from app import rule_record
    from app.commands.common import open_house

    with open_house() as kit, kit.db.reading() as session:
        return rule_record.of(session, made)


def _named(what: str) -> requirements.RuleSet:
    """The rule set that a person means by a word, a path or a hash. Raises RuleError, LookupError."""
    import imaging
    import rules as requirements

    path = Path(what)
    if what == "shipped":
        return requirements.load(imaging.FACTS)
    if path.is_dir():
        return requirements.load(imaging.FACTS, path)
    if path.exists():
        return requirements.load_file(path, imaging.FACTS)
    if not _is_installed():
        raise LookupError(f"{what}: no such file or folder, and no installation here that could know a rule set of this name")
    from app import rulebook
    from app.commands.common import open_house

    with open_house() as kit, kit.db.reading() as session:
        return rulebook.active(session, kit) if what == "active" else rulebook.by_hash(session, kit, rulebook.full_hash(session, what))


def _steps() -> dict[str, float | None]:
    import imaging

    return {name: fact.step for name, fact in imaging.FACTS.items()}


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


@rules.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One object, with every changed picture.")
def simulate(file: Path, as_json: bool) -> None:
    """What changed rules would do to everything here: nothing is changed.

    FILE is an overlay named as a shipped file (amazon.yaml …), a folder of such, or a whole set as `packshot rules export` writes it. It is held
    against the set in force in this installation.
    """
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
