"""Calibration: logistic regression that finds what is there, and limits that keep their promise."""

from __future__ import annotations

import numpy as np

from imaging.confidence import calibrated
from imaging.training.calibrate import Case, fitted, held_out, limit_for, logistic, passing, reliability


def cases(count: int = 400, seed: int = 0) -> list[Case]:
    """Good with the probability that `told` says; `noise` says nothing."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(count):
        told, noise = rng.normal(0, 2), rng.normal(0, 5)
        good = rng.random() < 1 / (1 + np.exp(-(told * 1.5 + 1)))
        made.append(Case(f"watch_{k}", {"told": float(told), "noise": float(noise)}, 0.99 if good else 0.8))
    return made


def test_regression_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4000, 2))
    y = (rng.random(4000) < 1 / (1 + np.exp(-(2 * x[:, 0] - 0.5)))).astype(float)

    weights, bias = logistic(x, y, ridge=0.0)

    assert abs(weights[0] - 2) < 0.2
    assert abs(weights[1]) < 0.1
    assert abs(bias + 0.5) < 0.1


def test_one_class_alone_stays_finite() -> None:
    weights, bias = logistic(np.random.default_rng(0).normal(size=(50, 3)), np.ones(50))

    assert np.isfinite(weights).all()
    assert bias > 2


def test_what_is_told_is_what_happens() -> None:
    told, good = held_out(cases(2000), 0.95)

    for low, high in ((0.1, 0.4), (0.4, 0.7), (0.7, 0.95)):
        inside = (told >= low) & (told < high)
        assert abs(good[inside].mean() - told[inside].mean()) < 0.1
    assert len(reliability(told, good)) > 5


def test_noise_gets_next_to_no_weight() -> None:
    fit = fitted(cases(2000), 0.95)

    assert abs(fit["weights"]["noise"]["weight"]) < 0.2 * abs(fit["weights"]["told"]["weight"])
    assert calibrated({"told": 4.0, "noise": 0.0}, fit) > 0.95


def test_at_most_so_many_of_those_above_the_limit_are_bad() -> None:
    told = np.array([0.99, 0.98, 0.97, 0.96, 0.5, 0.4])
    good = np.array([True, True, True, False, True, False])

    assert limit_for(told, good, 0.0) == 0.97
    assert limit_for(told, good, 0.25) == 0.5
    assert limit_for(np.array([0.9]), np.array([False]), 0.01) == 1.0


def test_a_picture_of_two_products_that_passes_is_counted_as_wrong_and_one_that_is_told_does_not_pass() -> None:
    some = [Case("watch_1", {}, 0.99), Case("watch_2", {}, 0.99, told=True), Case("ring_3", {}, 0.0, one=False), Case("none_4", {}, 0.0, one=False, told=True)]

    first, second = passing(some, np.full(4, 0.9), np.array([True, True, False, False]), 0.8)

    assert first == "2 pictures of one product, 100.0% well cut out; 2 of none or two in which something was cut out"
    assert second == "limit 0.800: 50.0% of those of one product pass; 1 of all 2 that pass should not have, 1 of them of none or two"
