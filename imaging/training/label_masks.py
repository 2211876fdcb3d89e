"""Pure steps from a small photo and a net's guess to a truth mask: backdrop fit, flood, GrabCut in the doubtful band, holes, smooth outline.

Everything works on arrays of one size ("the working size", twice the photo's); lengths are in working pixels unless a name says otherwise.
Masks are bool, True = product. Lab is CIE L*a*b* as float32: L 0..100, a and b about -100..100.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

TOLERANCES = tuple(float(t) for t in np.geomspace(2.5, 32, 18))  # colour distances tried by the flood; below 2.5 lies JPEG noise, above 32 nothing is backdrop
SMOOTH = 3.0  # median distance of the backdrop from its own fit under which the flood leads and the net only advises
_FRAME = 4  # width of the border strip that is asked for the backdrop's colour


@dataclass(frozen=True)
class Backdrop:
    """What a fit of the backdrop says: each pixel's distance from it, how rough the backdrop itself is, and the flood at the steadiest tolerance."""

    distance: Floats
    roughness: float
    tolerance: float
    flooded: Mask


def to_lab(rgb: Pixels) -> Floats:
    """HxWx3 uint8 sRGB -> HxWx3 float32 Lab."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB), dtype=np.float32)


def disc(radius: float) -> Pixels:
    """A round structuring element."""
    r = max(round(radius), 0)
    y, x = np.mgrid[-r : r + 1, -r : r + 1]
    return (x * x + y * y <= radius * radius + 0.5).astype(np.uint8)


def grown(mask: Mask, radius: float) -> Mask:
    """Dilated by `radius`; what lies outside the picture does not matter."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc(radius)), dtype=bool)


def shrunk(mask: Mask, radius: float) -> Mask:
    """Eroded by `radius`; the picture's edge does not erode, so a strap that leaves the frame stays whole."""
    return np.asarray(cv2.erode(mask.astype(np.uint8), disc(radius), borderType=cv2.BORDER_CONSTANT, borderValue=1), dtype=bool)


def fit_backdrop(lab: Floats, probability: Floats, tolerance: float | None = None) -> Backdrop:
    """A quadratic surface per Lab channel through the border and what the net calls backdrop, refitted three times without outliers, then flooded.

    `probability` HxW 0..1 of "product" only chooses the samples. `tolerance` replaces the search for the steadiest flood.
    """
    h, w = probability.shape
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    x, y = x / w - 0.5, y / h - 0.5
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)
    likely = probability < 0.1
    frame = np.zeros((h, w), bool)
    frame[:_FRAME], frame[-_FRAME:], frame[:, :_FRAME], frame[:, -_FRAME:] = True, True, True, True
    samples = (likely | frame) & (probability < 0.4)
    if samples.sum() < 200:
        samples = frame
    distance = np.full((h, w), np.inf, np.float32)
    keep = samples
    for _ in range(4):
        solution, *_rest = np.linalg.lstsq(terms[keep].astype(np.float64), lab[keep].astype(np.float64), rcond=None)
        distance = np.linalg.norm(lab - (terms @ solution.astype(np.float32)), axis=2).astype(np.float32)
        limit = max(2.5 * float(np.median(distance[keep])), 2.0)
        refined = samples & (distance < limit)
        if refined.sum() < 200:
            break
        keep = refined
    roughness = float(np.median(distance[samples]))
    steady = tolerance if tolerance is not None else steadiest(distance, samples)
    return Backdrop(distance, roughness, steady, flood(distance < steady, frame & samples))


def flood(passable: Mask, seeds: Mask) -> Mask:
    """The connected parts (8 neighbours) of `passable` that hold a seed."""
    count, labels = cv2.connectedComponents(passable.astype(np.uint8), connectivity=8)
    wanted = np.zeros(count, bool)
    wanted[np.unique(labels[seeds & passable])] = True
    wanted[0] = False
    return np.asarray(wanted[labels], dtype=bool)


def spot_flood(lab: Floats, spot: tuple[int, int], tolerance: float) -> Mask:
    """What is connected with the spot (x, y) and within `tolerance` of the median colour of its 5 x 5 surroundings; its rim of 1 pixel included."""
    h, w = lab.shape[:2]
    x, y = min(max(spot[0], 0), w - 1), min(max(spot[1], 0), h - 1)
    colour = np.median(lab[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].reshape(-1, 3), axis=0)
    seed = np.zeros((h, w), bool)
    seed[y, x] = True
    near = np.linalg.norm(lab - colour, axis=2) < tolerance
    near[y, x] = True
    return grown(flood4(near, seed), 1)


def steadiest(distance: Floats, samples: Mask) -> float:
    """The tolerance around which the flood's area changes least, among those that reach 85 % of the samples' own range; never below 1.5 x their median."""
    floor = max(2.5, 1.5 * float(np.median(distance[samples])))
    areas = np.array([float(flood(distance < t, samples & (distance < t)).sum()) for t in TOLERANCES])
    best, least = max(floor, 6.0), np.inf
    reach = 0.85 * float(samples.sum())
    for i in range(1, len(TOLERANCES) - 1):
        if TOLERANCES[i] < floor or areas[i] < reach:
            continue
        change = (areas[i + 1] - areas[i - 1]) / max(areas[i], 1.0) + 0.002 * i
        if change < least:
            best, least = TOLERANCES[i], change
    return float(best)


def soft_shadow(lab: Floats, backdrop: Backdrop, probability: Floats, step: float = 1.6) -> Mask:
    """Where the flood may go on: hue of the backdrop, darker, changing slowly (under `step` L per working pixel), and not thought product by the net."""
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 1.5)
    slope = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=0.125))
    edge = lab[backdrop.flooded] if backdrop.flooded.any() else lab.reshape(-1, 3)
    middle = np.median(edge, axis=0)
    chroma = np.linalg.norm(lab[..., 1:] - middle[1:], axis=2)
    passable = backdrop.flooded | ((slope < step) & (chroma < 7) & (lab[..., 0] < middle[0] + 3) & (probability < 0.5))
    return flood(passable, backdrop.flooded) & ~backdrop.flooded


def grabcut(rgb: Pixels, guess: Mask, sure: Mask, sure_not: Mask, rounds: int = 4) -> Mask:
    """OpenCV's GrabCut between what is sure; colour models come from the whole picture, so the guess should be roughly right. Deterministic."""
    if not (guess & ~sure_not).any() or not (~guess & ~sure).any():
        return guess
    labels = np.where(guess, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[sure], labels[sure_not] = cv2.GC_FGD, cv2.GC_BGD
    if not ((labels == cv2.GC_PR_FGD) | (labels == cv2.GC_PR_BGD)).any():
        return labels == cv2.GC_FGD
    cv2.setRNGSeed(1)
    cv2.grabCut(np.ascontiguousarray(rgb[..., ::-1]), labels, None, np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), dtype=bool)


def without_specks(mask: Mask, share: float = 0.02) -> Mask:
    """Only the parts that have at least `share` of the largest one's area."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA]
    wanted = areas >= share * areas[1:].max()
    wanted[0] = False
    return np.asarray(wanted[labels], dtype=bool)


def decide_holes(mask: Mask, backdrop: Backdrop, probability: Floats, smallest: int = 60) -> Mask:
    """Enclosed holes stay open only where they show the backdrop's colour and the net does not call them product; all others are filled."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    h, w = mask.shape
    out = mask.copy()
    for i in range(1, count):
        x, y, bw, bh, area = (int(v) for v in stats[i])
        if x == 0 or y == 0 or x + bw == w or y + bh == h:
            continue
        hole = labels == i
        like = float((backdrop.distance[hole] < backdrop.tolerance * 1.2).mean())
        if area < smallest or like < 0.6 or float(probability[hole].mean()) > 0.5:
            out |= hole
    return out


def see_through(mask: Mask, backdrop: Backdrop, probability: Floats, smallest: int = 60) -> Mask:
    """Enclosed parts of `mask` that have the backdrop's colour and that the net is sure are not product: inside of bracelets, gaps at the lugs."""
    like = mask & (backdrop.distance < backdrop.tolerance)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(like.astype(np.uint8), connectivity=4)
    out = np.zeros_like(mask)
    for i in range(1, count):
        part = labels == i
        if stats[i, cv2.CC_STAT_AREA] >= smallest and float(probability[part].mean()) < 0.3:
            out |= part
    return out


def smoothed(mask: Mask, sigma: float = 1.2) -> Mask:
    """The outline without staircase and hairs; thin parts under about 2 sigma vanish."""
    padded = cv2.copyMakeBorder(mask.astype(np.float32), 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(padded, (0, 0), sigma)[8:-8, 8:-8] > 0.5, dtype=bool)


def centred(rgb: Pixels, mask: Mask, reach: int = 3) -> Mask:
    """The outline moved to the middle of the blur between product and backdrop.

    GrabCut counts blended pixels as product, for the backdrop's colour model is the tighter one: on drawn pictures with a camera's blur its outline lies
    a photo pixel too far out. Here each pixel of the band from `reach` inside to 1 outside is compared with the product's colour deeper inside and the
    backdrop's just outside, both averaged nearby, and stays product if it is nearer to the first. Where the two look alike, or the part is too
    thin to have a deeper inside, the outline stays.
    """
    level = rgb.astype(np.float32) * np.float32(100 / 255)  # sRGB, in which later scaling and sharpening have mixed the two
    inside, outside = shrunk(mask, reach + 1), ~grown(mask, 2)
    product, weight = _average(level, inside)
    other, other_weight = _average(level, outside)
    along = product - other
    contrast = np.einsum("ijk,ijk->ij", along, along)
    share = np.einsum("ijk,ijk->ij", level - other, along) / np.maximum(contrast, 1)
    share = cv2.GaussianBlur(share.clip(-0.5, 1.5).astype(np.float32), (0, 0), 0.8)
    band = grown(mask, 1) & ~shrunk(mask, reach) & (contrast > 12**2) & (weight > 0.01) & (other_weight > 0.01)
    shaved = flood4((band & mask & (share < 0.5)) | ~mask, ~mask)  # from outside only: a dark link inside the band stays
    return smoothed((mask & ~shaved) | (band & ~mask & (share > 0.5)), 1.0)


def _average(level: Floats, where: Mask, sigma: float = 4.0) -> tuple[Floats, Floats]:
    """Mean colour of the marked pixels near each pixel, and how much of its neighbourhood they fill."""
    weight = cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(level * where[..., None].astype(np.float32), (0, 0), sigma)
    return total / np.maximum(weight, 1e-4)[..., None], weight


def candidate(rgb: Pixels, probability: Floats, tolerance: float | None = None, method: str = "auto") -> tuple[Mask, Backdrop]:
    """The automatic mask. `method`: "flood" trusts the backdrop, "net" trusts the net, "auto" takes the flood where the backdrop is smooth.

    `rgb` HxWx3 uint8 and `probability` HxW are of the working size.
    """
    lab = to_lab(rgb)
    backdrop = fit_backdrop(lab, probability, tolerance)
    led = method if method != "auto" else ("flood" if backdrop.roughness < SMOOTH else "net")
    shadow = soft_shadow(lab, backdrop, probability)
    if led == "flood":
        guess = filled(~(backdrop.flooded | shadow) & ~((probability < 0.03) & (backdrop.distance < 2 * backdrop.tolerance)))
        gaps = see_through(guess, backdrop, probability)
        guess = without_specks(smoothed(guess, 2.0) & ~gaps)
        sure, sure_not = shrunk(guess, 5), ~grown(guess, 3) | shrunk(gaps, 1)
    else:
        guess = without_specks(filled((probability > 0.5) & ~(backdrop.flooded & (probability < 0.8))))
        sure, sure_not = shrunk(guess, 9) & (probability > 0.8), ~grown(guess, 9) & (probability < 0.2)
    mask = grabcut(rgb, guess, sure, sure_not)
    mask = decide_holes(without_specks(smoothed(mask)), backdrop, probability)
    return mask, backdrop


def filled(mask: Mask) -> Mask:
    """Without enclosed holes."""
    h, w = mask.shape
    border = np.zeros((h, w), bool)
    border[0], border[-1], border[:, 0], border[:, -1] = True, True, True, True
    return ~flood4(~mask, border)


def flood4(passable: Mask, seeds: Mask) -> Mask:
    """As `flood` with 4 neighbours: a diagonal hairline still separates."""
    count, labels = cv2.connectedComponents(passable.astype(np.uint8), connectivity=4)
    wanted = np.zeros(count, bool)
    wanted[np.unique(labels[seeds & passable])] = True
    wanted[0] = False
    return np.asarray(wanted[labels], dtype=bool)
