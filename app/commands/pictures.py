"""Pictures without a database: render and check."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from app.commands.common import overlay_folder

PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.command()
@PATHS
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the finished pictures.")
@click.option("--recipe", "recipe_name", default="amazon-main", show_default=True, help="What kind of picture: amazon-main, amazon-alt, ...")
@click.option("--recipes", envvar="PACKSHOT_RECIPES", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of your own recipes.")
@click.option("--alpha", is_flag=True, help="Also write NAME.alpha.png, the mask in the photo's own size.")
@click.option("--sidecar", is_flag=True, help="Also write NAME.json: how it was made, its facts and its notes.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes; as many as processors where not given.")
@click.option("--model", envvar="PACKSHOT_MODEL", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Instead of the shipped model.")
@JSON
def render(
    paths: tuple[Path, ...],
    out: Path,
    recipe_name: str,
    recipes: Path | None,
    alpha: bool,
    sidecar: bool,
    jobs: int | None,
    model: Path | None,
    as_json: bool,
) -> int:
    """Cut out, finish and measure photographs; exit 1 if one could not be read.

    A recipe with `background: own` (amazon-alt-own, ebay-alt-own) cuts nothing out and loads no model.
    """
    import imaging

    known = imaging.load_recipes(recipes)
    if recipe_name not in known:
        raise click.UsageError(f"--recipe: there is no {recipe_name}; there are {', '.join(sorted(known))}")
    own = isinstance(known[recipe_name], imaging.OwnRecipe)
    if own and alpha:
        raise click.UsageError(f"--alpha: {recipe_name} keeps the photo's own background, so there is no mask to write")
    one = len(paths) == 1 and not paths[0].is_dir()
    jobs = jobs or (1 if one else os.cpu_count() or 1)
    results = imaging.render_paths(paths, known[recipe_name], out, alpha=alpha, sidecar=sidecar, jobs=jobs, model=model)
    failed, made = 0, {}
    with _bar(None if one else sum(1 for _ in _pictures(paths)), as_json=as_json) as (advance, tell):
        for result in results:
            failed += "error" in result
            advance()
            if as_json:
                tell(json.dumps(result, ensure_ascii=False), False)
            elif "error" in result:
                tell(f"packshot: {result['file']}: {result['error']}", True)
            else:
                notes = f"  ({'; '.join(result['notes'])})" if result["notes"] else ""
                how = "own background" if own else f"sure {result['confidence']:.2f}"
                tell(f"{result['file']} -> {result['output']}  {how}{notes}", False)
                made[result["file"]] = result["facts"]
        if not own and (alike := imaging.consistency(made)) is not None:
            tell(f"{len(made)} pictures, spread {alike.spread:.2f} (0 all alike, 1 differences are just seen)", False)
            for odd in alike.odd:
                tell(f"unlike the others: {odd.name}: {odd.words} (z {odd.z:.1f})", False)
    return 1 if failed else 0


@click.command()
@PATHS
@click.option("--marketplace", required=True, help="Whose rules: amazon-uk, ebay-uk, ...")
@click.option("--position", default="main", show_default=True, help="Where the picture is to be shown: main, alt1, ...")
@click.option("--category", default="", help="watch, ring, necklace, ...; general rules alone where not given.")
@click.option("--condition", default="new", show_default=True, type=click.Choice(["new", "used"]))
@click.option(
    "--rules",
    "overlay",
    envvar="PACKSHOT_RULES_DIR",
    type=click.Path(file_okay=False, path_type=Path),
    callback=overlay_folder,
    help="Your overlay.",
)
@click.option(
    "--fail-on", default="stop", show_default=True, type=click.Choice(["stop", "review", "warn"]), help="The mildest level of finding that gives exit code 1."
)
@JSON
def check(paths: tuple[Path, ...], marketplace: str, position: str, category: str, condition: str, overlay: Path | None, fail_on: str, as_json: bool) -> int:
    """Judge picture files by a marketplace's rules. Needs no database and no account.

    Exit 0: nothing at the level of --fail-on or above. 1: a finding of that level, or a file that is no picture. 2: wrong usage, rules that do not load, or
    no picture at all in the folders named.
    """
    import imaging
    import integrations
    import rules

    site = integrations.SITES.get(marketplace)
    if site is None:
        raise click.UsageError(f"--marketplace: there is no {marketplace}; there are {', '.join(integrations.SITES)}")
    if position not in site.positions_for(condition):
        raise click.UsageError(f"--position: {marketplace} has no {position} for {condition} goods; it has {', '.join(site.positions_for(condition))}")
    try:
        rule_set = rules.load(imaging.FACTS, overlay)
    except rules.RuleError as error:
        for problem in error.problems:
            click.echo(f"packshot: {problem}", err=True)
        return 2
    named = rule_set.categories()
    if category and category not in named:
        words = f"no rule speaks of it, so the general ones alone are asked; rules speak of {', '.join(sorted(named))}"
        click.echo(f"packshot: --category {category}: {words}", err=True)
    scope = rules.Scope(marketplace=site.key, country=site.country, category=category, position=position, condition=condition)
    failing = rules.LEVELS[: rules.LEVELS.index(fail_on) + 1]
    seen = failed = 0
    for path in _pictures(paths):
        seen += 1
        try:
            measured = imaging.measure(path.read_bytes(), search_words=True)
        except (imaging.ImagingError, OSError) as error:
            failed += 1
            words = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            if as_json:
                click.echo(json.dumps({"file": str(path), "error": words}, ensure_ascii=False))
            else:
                click.echo(f"packshot: {path}: {words}", err=True)
            continue
        findings = rules.judge(rule_set, site.connector, measured.facts, scope, measured.regions)
        failed += any(finding.level in failing for finding in findings)
        if as_json:
            told = [finding.to_dict() for finding in findings]
            click.echo(json.dumps({"file": str(path), "facts": dict(measured.facts), "findings": told}, ensure_ascii=False))
        else:
            _tell(path, findings)
    if not seen:
        raise click.UsageError(f"there is no picture in {', '.join(map(str, paths))}")
    return 1 if failed else 0


def _tell(path: Path, findings: list[Any]) -> None:
    if not findings:
        click.echo(f"{path}: clean")
    for finding in findings:
        place = f" at {','.join(map(str, finding.region))}" if finding.region else ""
        click.echo(f"{path}: {finding.level} {finding.rule}: {finding.fact} is {finding.value}{place}. {finding.message} [{finding.source['page']}]")


def _pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and the pictures in the folders named."""
    from integrations import sources

    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in sources.PHOTO_SUFFIXES)
        else:
            yield path


@contextmanager
def _bar(total: int | None, *, as_json: bool) -> Iterator[tuple[Callable[[], None], Callable[[str, bool], None]]]:
    """A progress bar on a terminal: (one more is done, say a line; True: it is an error). Lines stay above the bar; what is piped stays clean."""
    if total is None or not sys.stderr.isatty() or (as_json and sys.stdout.isatty()):
        yield lambda: None, lambda line, is_error: click.echo(line, err=is_error)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    on_stdout = sys.stdout.isatty()
    console = Console(stderr=not on_stdout)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("rendering", total=total)

        def tell(line: str, is_error: bool) -> None:
            if is_error or on_stdout:
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            else:
                click.echo(line)

        yield lambda: bar.advance(task), tell


COMMANDS = (render, check)
