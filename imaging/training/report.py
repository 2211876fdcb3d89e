"""A candidate model beside the current one: scores on the same photos, how far chance reaches, pictures, and in words whether to switch.

`write` makes report.md, report.html (one file, pictures inside) and scores.json. Both models go through the whole cut-out, as in production.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imaging import Segmenter, cut_out, load_segmenter, quality, quality_table
from imaging.errors import ImagingError
from imaging.quality import Quality

TELLING = 10  # photos, below which no difference is called one
DRAWS = 4000  # of the bootstrap
NOTICED = 0.01  # of overlap: a picture that lost more is worth a look
FORGOTTEN = 0.002  # of overlap on the golden set: a loss up to this is none
SHOWN = 4  # pictures of each kind
_CELL = 300  # px
_MEASURES = {"iou": "overlap (IoU)", "mae": "alpha error (MAE)", "bf": "boundary F", "edge_mae": "alpha error at the outline", "hole_recall": "hole recall"}
_LESS_IS_BETTER = frozenset({"mae", "edge_mae"})
_SETS = {"yours": "your photos", "golden": "the golden set"}


@dataclass(frozen=True)
class Difference:
    """Candidate minus current over the same photos: the mean, and where 95 % of the bootstrap's draws lie."""

    photos: int
    mean: float
    low: float
    high: float

    @property
    def word(self) -> str:
        """ "better", "worse" or "the same": as far as chance allows to say, more being better; "unknown" of fewer photos than TELLING."""
        if self.photos < TELLING:
            return "unknown"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "the same"

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


@dataclass(frozen=True)
class Compared:
    """Both models on one set of photos."""

    folder: Path
    current: Quality
    candidate: Quality

    def changes(self, measure: str = "iou") -> dict[str, float]:
        """Photo -> candidate minus current; photos for which the measure means nothing are left out."""
        pairs = {name: (getattr(self.current.pictures[name], measure), getattr(one, measure)) for name, one in self.candidate.pictures.items()}
        return {name: after - before for name, (before, after) in pairs.items() if before is not None and after is not None}

    def difference(self, measure: str = "iou") -> Difference | None:
        """None where no photo has the measure."""
        changes = self.changes(measure)
        return paired(list(changes.values())) if changes else None

    def lost(self) -> list[str]:
        """Photos whose overlap fell by more than NOTICED, the worst first."""
        changes = self.changes()
        return sorted((name for name in changes if changes[name] < -NOTICED), key=lambda name: changes[name])


def paired(changes: Sequence[float], draws: int = DRAWS) -> Difference:
    """The mean change with its bootstrap interval; the same for the same numbers."""
    values = np.asarray(changes, np.float64)
    means = values[np.random.default_rng(1).integers(0, len(values), (draws, len(values)))].mean(axis=1)
    return Difference(len(values), float(values.mean()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975)))


def verdict(sets: Mapping[str, Compared]) -> str:
    """Whether to switch, in a few sentences."""
    yours, golden = sets["yours"].difference(), sets["golden"].difference() if "golden" in sets else None
    assert yours is not None
    parts = [_said(yours, _SETS["yours"])]
    if golden is not None:
        parts.append(_said(golden, _SETS["golden"]))
    sentence = "; ".join(parts)
    for key, compared in sets.items():
        lost = compared.lost()
        if lost:
            sentence += f"; {len(lost)} of {len(compared.candidate.pictures)} pictures of {_SETS[key]} got worse by more than {_short(NOTICED)}: look at them"
    if golden is not None and golden.word == "worse" and golden.high < -FORGOTTEN:
        advice = "Do not switch: it has forgotten what it knew. Fine-tune with --data, fewer --steps, or a higher --keep."
    elif yours.word == "better":
        advice = "Switch, if the pictures below please you." if golden is not None else "It is worth a trial; without a golden set nobody knows what it forgot."
    elif yours.word == "worse":
        advice = "Do not switch: it is worse on your own photos. Look at the pairs: are the masks right?"
    elif yours.word == "unknown":
        advice = "Do not switch by these numbers alone: judge by the pictures, or add pairs."
    else:
        advice = "There is no reason to switch: the difference on your photos is within chance. More pairs may tell."
    return f"{sentence[0].upper()}{sentence[1:]}. {advice}"


def write(
    out: Path, current: Path, candidate: Path, sets: Mapping[str, Path], *, facts: Mapping[str, Any], warnings: Sequence[str], unusable: Mapping[str, str]
) -> str:
    """Scores both models on every set (name -> folder with images/ and masks/) and writes the report into `out`; the verdict."""
    out.mkdir(parents=True, exist_ok=True)
    models = load_segmenter(current), load_segmenter(candidate)
    compared = {key: Compared(folder, quality(folder, models[0]), quality(folder, models[1])) for key, folder in sets.items()}
    said = verdict(compared)
    scores = {key: {"current": one.current.to_dict(), "candidate": one.candidate.to_dict()} for key, one in compared.items()}
    (out / "scores.json").write_text(json.dumps(scores, indent=1), encoding="utf-8")
    head = {"current model": _named(current), "candidate": _named(candidate), **facts}
    (out / "report.md").write_text(_markdown(said, head, warnings, unusable, compared, candidate), encoding="utf-8")
    (out / "report.html").write_text(_html(said, head, warnings, unusable, compared, candidate, models), encoding="utf-8")
    return said


def _said(difference: Difference, where: str) -> str:
    if difference.word == "unknown":
        return f"{difference.photos} pictures of {where} are too few to tell ({_signed(difference.mean)} of overlap)"
    if difference.word == "the same":
        return f"the same on {where} within chance ({_signed(difference.mean)} of overlap, +- {_short((difference.high - difference.low) / 2)})"
    return f"{difference.word} on {where} by {_short(abs(difference.mean))} +- {_short((difference.high - difference.low) / 2)} of overlap"


def _short(value: float) -> str:
    return f"{value:.3f}".lstrip("0") if value < 1 else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'}{_short(abs(value))}"


def _named(path: Path) -> str:
    return f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _rows(compared: Compared) -> list[tuple[str, str, str, str]]:
    """(measure, current, candidate, difference with interval)."""
    rows = []
    for measure, words in _MEASURES.items():
        difference = compared.difference(measure)
        before, after = (of.summary["all"].values[measure] for of in (compared.current, compared.candidate))
        if difference is None or before is None or after is None:
            continue
        good = difference.word if measure not in _LESS_IS_BETTER else {"better": "worse", "worse": "better"}.get(difference.word, difference.word)
        rows.append((words, f"{before:.4f}", f"{after:.4f}", f"{difference}, {good}"))
    for measure, words in (("iou_p10", "overlap, worst tenth"), ("share98", "share of overlap >= .98")):
        before, after = (of.summary["all"].values[measure] for of in (compared.current, compared.candidate))
        rows.append((words, f"{before:.4f}", f"{after:.4f}", ""))
    return rows


def _switch(candidate: Path) -> list[str]:
    path = os.path.abspath(candidate)
    return [f"PACKSHOT_MODEL={path} packshot doctor", f"PACKSHOT_MODEL={path} packshot render PHOTOS --out out   # try it on more photos"]


_SWITCHING = (
    "Set PACKSHOT_MODEL to the candidate wherever workers, the scheduler and the web role get their settings, and start them again; keep the file. "
    "That is a new release: photos that arrive from then on are cut out by it. Products that are there keep their pictures until a rollout moves them. "
    "Let the render queue run empty first: a photo that arrived before and is not cut out yet asks for the model it was pinned to. "
    "To go back, set it to what it was."
)


def _markdown(said: str, head: Mapping[str, Any], warnings: Sequence[str], unusable: Mapping[str, str], sets: Mapping[str, Compared], candidate: Path) -> str:
    lines = ["# Fine-tuning report", "", f"**{said}**", "", *(f"- {name}: {value}" for name, value in head.items()), ""]
    lines += [f"> {words}\n" for words in warnings]
    for key, compared in sets.items():
        lines += [f"## {_SETS[key].capitalize()}: {len(compared.candidate.pictures)} pictures", ""]
        lines += ["| measure | current | candidate | difference (95 % interval) |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in _rows(compared)]
        for word, of in (("current", compared.current), ("candidate", compared.candidate)):
            lines += ["", f"{word.capitalize()}:", "", "```", *quality_table(of.summary), "```"]
        changes = compared.changes()
        lines += ["", f"Worse by more than {_short(NOTICED)}: {', '.join(f'{name} ({_signed(changes[name])})' for name in compared.lost()) or 'none'}", ""]
    if unusable:
        lines += ["## Pairs that could not be used", "", *(f"- {name}: {why}" for name, why in sorted(unusable.items())), ""]
    lines += ["## Switching", "", _SWITCHING, "", "```", *_switch(candidate), "```", ""]
    return "\n".join(lines)


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1320px; padding: 0 1rem; color: #1c1c1c; background: #fff }
.verdict { font-size: 1.15rem; border-left: 5px solid #1f6feb; padding: .5rem 1rem; background: #f3f6fb }
.warning { border-left: 5px solid #c98a00; padding: .3rem 1rem; background: #fdf7e8 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { border: 1px solid #d5d5d5; padding: .3rem .6rem; text-align: left; vertical-align: top }
.head td { overflow-wrap: anywhere }
.shots img { max-width: 300px; max-height: 300px; display: block } .shots td { background: #fafafa }
pre { background: #f5f5f5; padding: .8rem; overflow-x: auto }
.up { color: #18722f } .down { color: #b3261e }
"""


def _html(
    said: str,
    head: Mapping[str, Any],
    warnings: Sequence[str],
    unusable: Mapping[str, str],
    sets: Mapping[str, Compared],
    candidate: Path,
    models: tuple[Segmenter, Segmenter],
) -> str:
    e = html.escape
    body = [f'<h1>Fine-tuning report</h1><p class="verdict">{e(said)}</p>']
    body += [f'<p class="warning">{e(words)}</p>' for words in warnings]
    body.append('<table class="head">' + "".join(f"<tr><th>{e(str(name))}</th><td>{e(str(value))}</td></tr>" for name, value in head.items()) + "</table>")
    for key, compared in sets.items():
        body.append(f"<h2>{e(_SETS[key].capitalize())}: {len(compared.candidate.pictures)} pictures</h2>")
        rows = "".join("<tr>" + "".join(f"<td>{e(cell)}</td>" for cell in row) + "</tr>" for row in _rows(compared))
        body.append(f"<table><tr><th>measure</th><th>current</th><th>candidate</th><th>difference (95 % interval)</th></tr>{rows}</table>")
        for title, names in chosen(compared.changes()).items():
            if names:
                body.append(f"<h3>{e(title)}</h3>{_shots(compared, names, models)}")
    if unusable:
        items = "".join(f"<li><b>{e(name)}</b>: {e(why)}</li>" for name, why in sorted(unusable.items()))
        body.append(f"<h2>Pairs that could not be used</h2><ul>{items}</ul>")
    body.append(f"<h2>Switching</h2><p>{e(_SWITCHING)}</p><pre>{e(chr(10).join(_switch(candidate)))}</pre>")
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Fine-tuning report</title><style>{_STYLE}</style><body>{"".join(body)}</body></html>\n'


def chosen(changes: Mapping[str, float]) -> dict[str, list[str]]:
    """Which pictures to show: the most improved, the most worsened, and some by chance (the same ones for the same names)."""
    order = sorted(changes, key=lambda name: (changes[name], name))
    worse = [name for name in order[:SHOWN] if changes[name] < 0]
    better = [name for name in reversed(order[-SHOWN:]) if changes[name] > 0]
    rest = sorted(set(order) - set(worse) - set(better))
    picked = np.random.default_rng(1).permutation(len(rest))[:SHOWN]
    return {"Most improved": better, "Most worsened": worse, "By chance": [rest[k] for k in sorted(picked)]}


def _shots(compared: Compared, names: Sequence[str], models: tuple[Segmenter, Segmenter]) -> str:
    rows = ["<tr><th>photo</th><th>current</th><th>candidate</th><th>truth</th></tr>"]
    for name in names:
        before, after = compared.current.pictures[name].iou, compared.candidate.pictures[name].iou
        direction = "up" if after >= before else "down"
        photo = next(iter(sorted((compared.folder / "images").glob(f"{_literal(name)}.*"))))
        pictures = _pictures(photo, compared.folder / "masks" / f"{name}.png", models)
        labels = (html.escape(name), f"{before:.4f}", f'{after:.4f} <span class="{direction}">{_signed(after - before)}</span>', "")
        cells = "".join(f'<td><img alt="" src="{picture}">{label}</td>' for picture, label in zip(pictures, labels, strict=True))
        rows.append(f"<tr>{cells}</tr>")
    return f'<table class="shots">{"".join(rows)}</table>'


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _pictures(photo: Path, mask: Path, models: tuple[Segmenter, Segmenter]) -> list[str]:
    """Photo, current, candidate and truth on magenta, as addresses that hold the picture itself."""
    from imaging.decode import MOST_PIXELS, picture

    data = photo.read_bytes()
    image = picture(data, _CELL * 2, most_pixels=MOST_PIXELS)[1]
    shown = [image]
    for model in models:
        try:
            cut = Image.open(io.BytesIO(cut_out(data, model).alpha)).convert("L")
        except ImagingError:
            cut = Image.new("L", image.size)
        shown.append(_on_magenta(image, cut))
    with Image.open(mask) as truth:
        shown.append(_on_magenta(image, truth.convert("L")))
    return [_address(one) for one in shown]


def _on_magenta(image: Image.Image, mask: Image.Image) -> Image.Image:
    return Image.composite(image, Image.new("RGB", image.size, (255, 0, 255)), mask.resize(image.size))


def _address(image: Image.Image) -> str:
    image = image.copy()
    image.thumbnail((_CELL, _CELL))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
