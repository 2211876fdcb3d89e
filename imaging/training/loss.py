"""What the net is punished for. Needs `torch`."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from imaging.training.net import Answers

EDGE = 4.0  # an outline pixel weighs 1 + EDGE: a picture is judged by its outline, and outlines are few
HOLE = 3.0  # an enclosed-backdrop pixel weighs 1 + HOLE: rings and bracelets are what generic nets fill
_REACH = 5  # px of the training picture that count as outline, both sides together


class Loss(NamedTuple):
    """The sum to minimise and its parts, for the log."""

    total: Tensor
    alpha: float
    overlap: float
    sure: float
    scene: float


def enclosed(background: Tensor, rounds: int = 0) -> Tensor:
    """(n, 1, h, w) 0/1 -> the background that cannot be reached from the frame, found on a grid of a quarter of the size."""
    small = F.max_pool2d(background, 4)
    size = small.shape[-2:]
    reached = torch.zeros_like(small)
    reached[..., 0, :], reached[..., -1, :], reached[..., :, 0], reached[..., :, -1] = 1, 1, 1, 1
    reached = reached * small
    for _ in range(rounds or 2 * max(size)):
        grown = F.max_pool2d(reached, 3, 1, 1) * small
        if torch.equal(grown, reached):
            break
        reached = grown
    return F.interpolate(small * (1 - reached), scale_factor=4.0, mode="nearest") * background


def loss_of(answers: Answers, alpha: Tensor, care: Tensor, scene: Tensor) -> Loss:
    """`alpha`, `care` (n, 1, h, w) 0..1; `scene` (n, 4) 0..1 or NaN where nobody knows."""
    hard = (alpha >= 0.5).float()
    outline = F.max_pool2d(hard, _REACH, 1, _REACH // 2) + F.max_pool2d(1 - hard, _REACH, 1, _REACH // 2) - 1
    weight = care * (1 + EDGE * outline + HOLE * enclosed(1 - hard))
    weight = weight / weight.mean((1, 2, 3), keepdim=True).clamp(min=1e-3)

    logits = answers.alpha.float()
    cross = (F.binary_cross_entropy_with_logits(logits, alpha, reduction="none") * weight).mean()
    p = torch.sigmoid(logits)
    off = ((p - alpha).abs() * weight).mean()

    both = (p * alpha * care).sum((1, 2, 3))
    either = ((p + alpha - p * alpha) * care).sum((1, 2, 3))
    there = (alpha.mean((1, 2, 3)) > 1e-4).float()
    overlap = ((1 - (both + 1) / (either + 1)) * there).sum() / there.sum().clamp(min=1)

    quarter = F.avg_pool2d(alpha, 4)
    trust = F.avg_pool2d(care, 4)
    sure = (F.binary_cross_entropy_with_logits(answers.sure.float(), quarter, reduction="none") * trust).mean()

    known = ~torch.isnan(scene)
    told = F.binary_cross_entropy_with_logits(answers.scene.float(), torch.nan_to_num(scene), reduction="none")
    words = (told * known).sum() / known.sum().clamp(min=1)

    total = cross + 0.5 * off + 0.7 * overlap + 0.5 * sure + 0.1 * words
    return Loss(total, float(cross.detach()), float(overlap.detach()), float(sure.detach()), float(words.detach()))
