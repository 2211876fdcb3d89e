"""Benchmarks: ratios to a floor rather than seconds, so that they mean the same on every machine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

if TYPE_CHECKING:
    import imaging

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def bench() -> None:
    """How fast and how good, beside what nobody could do without."""


@bench.command("imaging")
@click.argument("photos", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--photos", "folder", type=_FOLDER, help="The photos of a folder; without any the sample shoot's, blown up to 12 megapixels.")
@click.option("--twelve-mp", is_flag=True, help="Blow the photos up to 12 megapixels first, with light grain.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100), help="Of a photo's rounds the fastest counts.")
@click.option("--memory", "count", type=click.IntRange(1, 100_000), help="Render so many photos in one fresh process and tell its memory; nothing is timed.")
@click.option("--quality", type=_FOLDER, help="Score the cut-out on FOLDER/images by FOLDER/masks instead; nothing is timed.")
@click.option("--rembg", metavar="MODEL", help="Time rembg too, where it is installed: a model's name, or NAME:FILE for u2net_custom and dis_custom.")
@click.option("--model", envvar="PACKSHOT_MODEL", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Instead of the shipped model.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def imaging_(
    photos: tuple[Path, ...],
    folder: Path | None,
    twelve_mp: bool,
    rounds: int,
    count: int | None,
    quality: Path | None,
    rembg: str | None,
    model: Path | None,
    as_json: bool,
) -> int:
    """Time the whole render of each photo on one core beside the floor: full decode, Lanczos to 2000 px, one pass of the net, encode."""
    import imaging

    if quality is not None:
        _quality(quality, model, as_json)
        return 0
    named = [*photos, *([folder] if folder else [])]
    given = [path for path, _ in imaging.plan_files(named)] if named else _sample()
    if not given:
        raise click.UsageError("no photos there")
    recipe = imaging.load_recipes()["amazon-main"]
    with tempfile.TemporaryDirectory(prefix="packshot-bench-") as place:
        used = imaging.blown_up(given, Path(place)) if twelve_mp or not named else given
        if count is not None:
            _memory(used, recipe, count, model, as_json)
        else:
            _times(imaging.time_render(used, recipe, rounds=rounds, model=model, rembg=rembg), rounds, as_json)
    return 0


@bench.command("sync")
@click.option("--changes", default=500, show_default=True, type=click.IntRange(20, 100_000), help="So many changed products.")
@click.option("--share", default=1.0, show_default=True, type=click.FloatRange(0.05, 1), help="Of the documented rate the account is allowed so much.")
@click.option("--seed", default=0, show_default=True, help="Decides how long each call is under way.")
@click.option("--feeds", is_flag=True, help="The same changes by feed too: from which backlog on is it faster?")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def sync(changes: int, share: float, seed: int, feeds: bool, as_json: bool) -> int:
    """Push changed products to the practice Amazon through the real connector and buckets, in simulated seconds, beside two bare calls a push."""
    from app import throughput
    from app.commands.common import table

    told = throughput.patches(changes, share=share, seed=seed)
    found: dict[str, Any] = {"patches": told.to_dict()}
    if feeds:
        found["feeds"] = [throughput.feed(number, seed=seed).to_dict() for number in throughput.BACKLOGS if number <= changes]
    if as_json:
        click.echo(json.dumps(found))
        return 0
    click.echo(f"{changes:,} changes in {told.seconds:,.0f} simulated seconds: {told.used():.1%} of the {told.allowed:.2f} calls a second that are allowed")
    click.echo(f"{len(told.refused)} of {len(told.calls):,} calls answered 429, {told.refusals():.3%} once it had settled")
    click.echo(f"{told.cpu_ms:.2f} ms of processor a push, {told.cpu_ms / told.floor_ms:.1f} times the {told.floor_ms:.2f} ms of two bare calls")
    if feeds:
        rows = [[f"{one['changes']:,}", f"{one['one_by_one_s']:,.0f}", f"{one['seconds']:,.0f}", f"{one['cpu_ms']:.2f}"] for one in found["feeds"]]
        table(["backlog", "one by one s", "by feed s", "processor ms a change"], rows)
    return 0


@bench.command("web")
@click.option("--products", default=2000, show_default=True, type=click.IntRange(100, 200_000), help="So many products are in the house that is drawn.")
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(5, 1000), help="So often each page is asked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def web(products: int, rounds: int, as_json: bool) -> int:
    """Ask the pages of a full house on SQLite, signed in, beside the least that the server answers (/health/live)."""
    from app.commands.common import table
    from app.web import pace

    floor, found = pace.pages(products, rounds)
    if as_json:
        click.echo(json.dumps({"products": products, "rounds": rounds, "floor_ms": floor, "pages": [one.to_dict() for one in found]}))
        return 0
    click.echo(f"{products:,} products, {rounds} rounds; the floor, {pace.FLOOR}, takes {floor:.2f} ms")
    rows = [[one.path, f"{one.ms_p50:.1f}", f"{one.ms_p95:.1f}", f"{one.ratio:.1f}", str(one.statements), f"{one.kilobytes:,.0f}"] for one in found]
    table(["page", "p50 ms", "p95 ms", "p50 / floor", "statements", "kB"], rows)
    return 0


def _sample() -> list[Path]:
    """The sample shoot's pictures that are meant to go live: of the spoilt ones some cannot be read or show no product."""
    from app.practice import sample_shoot

    shoot = sample_shoot()
    products = yaml.safe_load((shoot / "products.yaml").read_text("utf-8"))
    return sorted(shoot / product["sku"] / f"{shot}.jpg" for product in products for shot, word in product["expect"].items() if word == "live")


def _times(report: imaging.BenchReport, rounds: int, as_json: bool) -> None:
    from app.commands.common import table

    told = report.to_dict()
    if as_json:
        click.echo(json.dumps({"photos": len(report.timings["floor"].ms), "rounds": rounds, **told}))
        return
    click.echo(f"{len(report.timings['floor'].ms)} photos, {rounds} rounds, one core; ours is read, cut out, finish, measure and write")
    heads = ["", "p50 ms", "p95 ms", "p50 / floor", "p95 / floor"]
    table(heads, [[name, f"{of['ms_p50']:.0f}", f"{of['ms_p95']:.0f}", f"{of['ratio_p50']:.2f}", f"{of['ratio_p95']:.2f}"] for name, of in told.items()])
    for name, of in told.items():
        if of["steps"]:
            click.echo(f"{name}: " + ", ".join(f"{step} {ms:.1f}" for step, ms in of["steps"].items()) + "  (median ms)")


def _memory(photos: Sequence[Path], recipe: imaging.AnyRecipe, count: int, model: Path | None, as_json: bool) -> None:
    import imaging

    seen: list[dict[str, Any]] = []
    for done, now, most in imaging.peak_memory(photos, recipe, count, model):
        seen.append({"photos": done, "mb": round(now, 1), "peak_mb": round(most, 1)})
        if not as_json:
            click.echo(f"{done:>6} photos  {now:6.0f} MB now  {most:6.0f} MB at most")
    flat = imaging.is_flat([look["peak_mb"] for look in seen])
    if as_json:
        click.echo(json.dumps({"photos": count, "peak_mb": seen[-1]["peak_mb"], "flat": flat, "seen": seen}))
    else:
        click.echo(f"at most {seen[-1]['peak_mb']:.0f} MB in one worker, {'flat' if flat else 'and rising'}")


def _quality(folder: Path, model: Path | None, as_json: bool) -> None:
    import imaging

    found = imaging.quality(folder, imaging.load_segmenter(model))
    if as_json:
        click.echo(json.dumps(found.to_dict()))
        return
    for line in imaging.quality_table(found.summary):
        click.echo(line)
    for name, why in found.failed.items():
        click.echo(f"packshot: {name}: {why} (counted as missed)", err=True)


COMMANDS = (bench,)
