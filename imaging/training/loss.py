"""What the net is punished for. Needs `torch`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from imaging.parts import fill_enclosed, find_parts
from imaging.training.net import Answers

EDGE = 4.0  # an outline pixel weighs 1 + EDGE: a picture is judged by its outline, and outlines are few
HOLE, HOLE_MOST = 3.0, 12.0  # an enclosed-backdrop pixel weighs so much more: rings, lugs and bracelets are what generic nets fill
SMALL = 0.01  # of the picture: from this area down a hole's pixels weigh more than HOLE
_REACH = 5  # px of the training picture that count as outline, both sides together


class Loss(NamedTuple):
    """The sum to minimise and its parts, for the log."""

    total: Tensor
    alpha: float
    overlap: float
    sure: float
    scene: float


def enclosed(product: Tensor) -> Tensor:
    """(n, 1, h, w) 0/1 -> what a pixel weighs more for being backdrop that the product encloses, found exactly.

    HOLE in a hole of SMALL of the picture or more; the smaller a hole, the more, up to HOLE_MOST, since the gap at a lug must not weigh
    nothing beside the daylight in a bangle.
    """
    weight = np.zeros(product.shape, np.float32)
    for mask, out in zip(product[:, 0].numpy() > 0, weight[:, 0], strict=True):
        holes = find_parts(fill_enclosed(mask) & ~mask)
        each = np.minimum(HOLE * np.sqrt(np.maximum(SMALL * mask.size / holes.areas, 1)), HOLE_MOST)
        out += np.concatenate([[0], each]).astype(np.float32)[holes.labels]
    return torch.from_numpy(weight)


def loss_of(answers: Answers, alpha: Tensor, care: Tensor, scene: Tensor) -> Loss:
    """`alpha`, `care` (n, 1, h, w) 0..1; `scene` (n, 4) 0..1 or NaN where nobody knows."""
    hard = (alpha >= 0.5).float()
    outline = F.max_pool2d(hard, _REACH, 1, _REACH // 2) + F.max_pool2d(1 - hard, _REACH, 1, _REACH // 2) - 1
    weight = care * (1 + EDGE * outline + enclosed(hard))
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
