"""A second opinion on a picture: a few lines of numpy of our own, sharing nothing with the product's measuring or rules."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from integrations.practice.config import HiddenRule

WORK = 1000  # px of the longest side on which sharpness is judged
_FRAME, _UNLIKE = 0.12, 30  # of the side: no added frame is wider; levels between a frame and what it surrounds
DARKEST = 0.005  # of the border: so few pixels may be anything
WHITE = 250  # a border pixel with all channels at least this is white
SUBJECT = 230  # a pixel with its darkest channel under this belongs to the goods; a soft shadow does not
LUMA_TABLE_SUM = 3697  # sum of the standard luminance quantisation table (JPEG annex K) at quality 50

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]


def measure(data: bytes) -> dict[str, Any]:
    """Facts of an encoded picture; raises OSError or ValueError where Pillow cannot read it."""
    with Image.open(io.BytesIO(data)) as opened:
        quality = jpeg_quality(opened)
        rgb = upright(opened)
    darkest = np.asarray(rgb).min(axis=2)
    height, width = darkest.shape
    subject: Mask = darkest < SUBJECT
    ring = np.concatenate([darkest[0], darkest[-1], darkest[:, 0], darkest[:, -1]])
    rows, columns = np.flatnonzero(subject.any(axis=1)), np.flatnonzero(subject.any(axis=0))
    dark_share = float((ring < 200).mean())
    facts: dict[str, Any] = {
        "width": width,
        "height": height,
        "longest_side": max(width, height),
        "quality": quality,
        "border_white_share": float((ring >= WHITE).mean()),
        "border_level": float(np.quantile(ring, DARKEST, method="lower")),  # the level that all but the darkest of the border reach
        "border_dark_share": dark_share if dark_share < 0.35 else 0.0,  # more than that is a backdrop, not a product running out of the frame
        "frame_share": _frame_share(darkest),
        "fill": 0.0,
        "sharpness": 0.0,
        "text_pieces": 0,
    }
    if rows.size:
        box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        facts["fill"] = max((box[2] - box[0]) / width, (box[3] - box[1]) / height)
        facts["sharpness"] = sharpness(rgb, box)
        facts["text_pieces"] = text_pieces(subject)
    return facts


def broken(rules: tuple[HiddenRule, ...], facts: dict[str, Any], position: str) -> list[HiddenRule]:
    """The rules that the picture at `position` breaks, at most one per reason, in file order."""
    found: list[HiddenRule] = []
    for rule in rules:
        applies = "all" in rule.positions or position in rule.positions
        if not applies or (rule.unless and facts[rule.unless] > 0):
            continue
        if rule.fact not in facts:  # measured by an earlier version
            continue
        value = float(facts[rule.fact])
        if (rule.at_least is not None and value < rule.at_least) or (rule.at_most is not None and value > rule.at_most):
            found.append(rule)
    return found


def upright(opened: Image.Image) -> Image.Image:
    """The first frame as people see it: turned by EXIF, on white, RGB."""
    turned = ImageOps.exif_transpose(opened)
    if turned.mode in {"RGBA", "LA", "PA"} or "transparency" in turned.info:
        layered = turned.convert("RGBA")
        paper = Image.new("RGBA", layered.size, "white")
        paper.alpha_composite(layered)
        return paper.convert("RGB")
    return turned.convert("RGB")


def jpeg_quality(opened: Image.Image) -> int | None:
    """The encoder's quality guessed from the luminance table, None for other formats."""
    tables: dict[int, list[int]] = getattr(opened, "quantization", None) or {}
    if not tables:
        return None
    scale = 100 * sum(next(iter(tables.values()))) / LUMA_TABLE_SUM
    return max(1, min(100, round((200 - scale) / 2 if scale <= 100 else 5000 / scale)))


def sharpness(rgb: Image.Image, box: tuple[int, int, int, int]) -> float:
    """Variance of the Laplacian inside the goods, their box scaled to WORK px; the outline is left out, for a cut-out's edge is always crisp."""
    piece = rgb.crop(box)
    scale = WORK / max(piece.size)
    piece = piece.resize((max(8, round(piece.width * scale)), max(8, round(piece.height * scale))), Image.Resampling.BICUBIC)
    grey: Grey = np.asarray(piece.convert("L"), dtype=np.float32)
    mask = Image.fromarray(np.where(np.asarray(piece).min(axis=2) < SUBJECT, 255, 0).astype(np.uint8))
    laplacian = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    for margin in (12, 5, 2):
        inside: Mask = np.asarray(mask.filter(ImageFilter.BoxBlur(margin)))[1:-1, 1:-1] > 230  # nine tenths of the surroundings: glints do not count
        if inside.mean() > 0.02:
            return float(laplacian[inside].var())
    return float(laplacian.var())


def text_pieces(subject: Mask) -> int:
    """How many small marks stand in one line beside the goods: the look of lettering on a photograph."""
    height, width = subject.shape
    step = max(1, max(height, width) // 500)
    small = subject[::step, ::step]
    boxes = sorted(pieces(small), key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), reverse=True)
    if len(boxes) < 2:
        return 0
    big, frame = boxes[0], small.shape[0]
    marks = [
        box for box in boxes[1:] if 0.012 < (box[3] - box[1]) / frame < 0.1 and (box[2] <= big[0] or box[0] >= big[2] or box[3] <= big[1] or box[1] >= big[3])
    ]
    middles = sorted((box[1] + box[3]) / 2 for box in marks)
    return max((sum(1 for other in middles if 0 <= other - middle <= 0.03 * frame) for middle in middles), default=0)


def pieces(mask: Mask) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) of the 8-connected parts, found run by run."""
    parent: list[int] = []
    boxes: list[list[int]] = []

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    above: list[tuple[int, int, int]] = []
    for y, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
        line: list[tuple[int, int, int]] = []
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            label = len(parent)
            parent.append(label)
            boxes.append([start, y, stop, y + 1])
            for other_start, other_stop, other in above:
                if other_start <= stop and start <= other_stop:
                    parent[root(other)] = root(label)
            line.append((start, stop, label))
        above = line
    merged: dict[int, list[int]] = {}
    for label, (left, top, right, bottom) in enumerate(boxes):
        whole = merged.setdefault(root(label), [left, top, right, bottom])
        whole[:] = [min(whole[0], left), min(whole[1], top), max(whole[2], right), max(whole[3], bottom)]
    return [(box[0], box[1], box[2], box[3]) for box in merged.values()]


def _frame_share(darkest: NDArray[np.uint8]) -> float:
    """How many of the four sides (0..1) are one flat dark line along the whole edge, unlike the picture within: an added frame.

    Paper or a table that a photograph was taken on goes on inside the picture, and is no frame.
    """
    down, across = round(darkest.shape[0] * _FRAME), round(darkest.shape[1] * _FRAME)
    sides = [(darkest[0], darkest[down]), (darkest[-1], darkest[-1 - down]), (darkest[:, 0], darkest[:, across]), (darkest[:, -1], darkest[:, -1 - across])]
    return sum(1 for side, within in sides if side.mean() < 200 and side.std() < 12 and abs(float(np.median(within)) - float(side.mean())) > _UNLIKE) / 4
