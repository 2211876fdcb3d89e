"""The ways a chain can lie: drops, rings, curves, heaps, and strands that cross over one another. Pure numpy; units are centimetres."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any


def laid(layout: str, size: float, seed: int, n: int = 900) -> Array:
    """A path (n, 3) of about `size` cm across, its middle (where a pendant hangs) at the origin and the rest towards +y.

    Closed: "drop", "ring", "oval", "bean". Open: "vee" (hanging), "line", "wave", "spiral", "loose". Crossing: "heap", "double".
    """
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, n)
    a = 2 * math.pi * t
    r = size / 2
    wob = sum(rng.normal(0, 0.035) * np.sin(k * a + rng.uniform(0, 6)) for k in (2, 3, 4))
    if layout == "drop":
        xy = np.column_stack([r * 0.95 * np.sin(a) * (0.6 + 0.4 * (1 - np.cos(a)) / 2), r * (1 - np.cos(a)) + r * 0.1 * np.sin(2 * a) * np.sin(a / 2)])
    elif layout in ("ring", "oval", "bean"):
        squash = {"ring": 1.0, "oval": 0.72, "bean": 0.8}[layout]
        rr = r * (1 + (wob if layout != "ring" else wob * 0.5) + (0.16 * np.cos(2 * a + 1) if layout == "bean" else 0))
        xy = np.column_stack([rr * np.sin(a), -rr * squash * np.cos(a)])
        xy -= xy[0]
    elif layout == "vee":
        u = 2 * t - 1
        y = r * rng.uniform(1.0, 1.8) * np.abs(u) ** rng.uniform(1.05, 1.9)
        xy = np.column_stack([r * u * rng.uniform(0.5, 0.9), y])
    elif layout == "line":
        xy = np.column_stack([size * 1.2 * (t - 0.5), r * 0.05 * np.sin(3 * a + rng.uniform(0, 6))])
    elif layout == "wave":
        xy = np.column_stack([size * 1.1 * (t - 0.5), r * rng.uniform(0.25, 0.6) * np.sin(rng.uniform(1.0, 2.2) * a + rng.uniform(0, 6))])
    elif layout == "spiral":
        rr = r * (0.25 + 0.75 * t)
        xy = np.column_stack([rr * np.cos(a * 2.2), rr * np.sin(a * 2.2)])
    elif layout == "double":
        b = 2 * a
        rr = r * (1 + 0.12 * np.sin(a) + wob)
        xy = np.column_stack([rr * np.sin(b), -0.8 * rr * np.cos(b)])
        xy -= xy[0]
    else:  # heap, loose: a wandering line
        loops = {"heap": 5, "loose": 2}.get(layout, 3)
        xy = np.zeros((n, 2))
        for k in range(1, loops + 2):
            for q in (0, 1):
                xy[:, q] += rng.normal(0, 1 / k) * np.sin(k * a * 0.93 + rng.uniform(0, 6))
        xy *= size / max(np.ptp(xy, axis=0).max(), 1e-6)
        xy[:, 1] -= xy[:, 1].min()
    return np.column_stack([xy, np.zeros(n)])


def risen(path: Array, thick: float, closed: bool) -> Array:
    """Lifts the later strand over the earlier one where a path crosses itself, and all of it by half its thickness."""
    p = path.copy()
    step = max(1, len(p) // 450)
    q = p[::step]
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(q[:, :2], axis=0), axis=1))])
    apart = np.abs(s[:, None] - s[None])
    if closed:
        apart = np.minimum(apart, s[-1] - apart)
    near = (np.linalg.norm(q[:, None, :2] - q[None, :, :2], axis=2) < thick * 1.1) & (apart > 4 * thick)
    lift = np.zeros(len(q))
    for k in range(len(q)):
        if near[k, :k].any():
            lift[k] = lift[:k][near[k, :k]].max() + thick
    lift = np.minimum(lift, 4 * thick)
    reach = max(1, int(1.5 * thick / max(s[-1] / len(q), 1e-6)))
    wide = np.array([lift[max(0, k - reach) : k + reach + 1].max() for k in range(len(q))])
    kernel = np.ones(2 * reach + 1) / (2 * reach + 1)
    smooth = np.convolve(np.pad(wide, reach, mode="wrap" if closed else "edge"), kernel, "valid")
    p[:, 2] += np.interp(np.arange(len(p)), np.arange(len(q)) * step, smooth) + thick / 2
    return p


def evenly(path: Array, pitch: float, even: bool = False) -> tuple[Array, float]:
    """Resamples to about `pitch` cm apart: points (n, 3) at the middles of n equal steps, and the step."""
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    n = max(4, round(s[-1] / pitch))
    n += n % 2 if even else 0
    at = (np.arange(n) + 0.5) * s[-1] / n
    return np.column_stack([np.interp(at, s, path[:, k]) for k in range(3)]), s[-1] / n
