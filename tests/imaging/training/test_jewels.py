"""The laws of drawing jewellery at random: repeatable, every form reached, sizes of real pieces, builders there for all."""

import ast
import inspect
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.training import jewels

KINDS = {"ring", "chain", "pendant", "bracelet", "bangle", "earrings", "brooch", "stone", "cufflinks"}


@pytest.fixture(scope="module")
def drawn() -> list[tuple[str, Any, str]]:
    rng = np.random.default_rng(1)
    return [jewels.sample_jewel(rng) for _ in range(3000)]


def options(drawn: list[tuple[str, Any, str]], form: str) -> list[dict[str, Any]]:
    return [jewel.options for _, jewel, _ in drawn if jewel.form == form]


def built() -> set[str]:
    """The forms of `jewellery.FORMS`, read without importing it: that needs Blender."""
    tree = ast.parse((Path(inspect.getfile(jewels)).parent / "jewellery.py").read_text())
    tables = [node.value for node in tree.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "FORMS"]
    assert isinstance(tables[0], ast.Dict)
    return {key.value for key in tables[0].keys if isinstance(key, ast.Constant)}


def test_the_same_seed_gives_the_same_piece() -> None:
    for seed in range(40):
        assert jewels.sample_jewel(np.random.default_rng(seed)) == jewels.sample_jewel(np.random.default_rng(seed))


def test_other_seeds_give_other_pieces() -> None:
    pieces = [repr(jewels.sample_jewel(np.random.default_rng(seed))) for seed in range(200)]
    assert len(set(pieces)) > 195


def test_every_form_is_reached_and_has_a_builder(drawn: list[tuple[str, Any, str]]) -> None:
    assert {jewel.form for _, jewel, _ in drawn} == set(jewels.FORMS) == built()


def test_kinds_come_in_their_shares(drawn: list[tuple[str, Any, str]]) -> None:
    seen = Counter(kind for kind, _, _ in drawn)
    assert set(seen) == KINDS
    share = {kind: count / len(drawn) for kind, count in seen.items()}
    assert 0.22 < share["ring"] < 0.36
    assert share["chain"] + share["pendant"] > 0.2
    assert share["bangle"] + share["bracelet"] > 0.2
    assert 0.12 < share["earrings"] < 0.22


def test_options_are_plain_data(drawn: list[tuple[str, Any, str]]) -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(isinstance(k, str) and plain(v) for k, v in value.items())
        if isinstance(value, tuple):
            return all(plain(v) for v in value)
        return type(value) in (bool, int, float, str)

    assert all(plain(jewel.options) for _, jewel, _ in drawn)


def test_poses_are_those_the_builder_knows(drawn: list[tuple[str, Any, str]]) -> None:
    known = {"standing", "lying", "flat", "rolled", "rolled far", "back", "facing", "upside down", "upright", "hanging", "laid", "gathered"}
    assert {pose for _, _, pose in drawn} == known


def test_sizes_are_those_of_real_pieces(drawn: list[tuple[str, Any, str]]) -> None:
    assert all(0.75 <= o["inner"] <= 1.05 for o in options(drawn, "ring"))
    assert all(2.7 <= o["inner"] <= 3.4 for o in options(drawn, "round_bangle"))
    assert all(0.0025 <= o["wire"] / o["size"] <= 0.017 for o in options(drawn, "necklace"))


def test_thin_and_open_work_is_drawn_often(drawn: list[tuple[str, Any, str]]) -> None:
    chains = options(drawn, "necklace")
    assert sum(o["wire"] < 0.006 * o["size"] for o in chains) > 0.3 * len(chains)
    rings = options(drawn, "ring")
    assert sum(o["surface"] in ("lattice", "zigzag", "split", "twisted") for o in rings) > 0.1 * len(rings)


def test_every_stone_named_is_known(drawn: list[tuple[str, Any, str]]) -> None:
    for _, jewel, _ in drawn:
        named = [jewel.options.get("gem"), jewel.options.get("accent"), *jewel.options.get("gems", ())]
        assert {name for name in named if name} <= set(jewels.GEMS)


def test_a_form_can_be_asked_for() -> None:
    for form, (kind, _) in jewels.FORMS.items():
        got, jewel, _ = jewels.sample_form(np.random.default_rng(3), form)
        assert jewel.form == form
        assert got == kind or form in ("necklace", "open_band")


def test_pieces_are_counted(drawn: list[tuple[str, Any, str]]) -> None:
    counts = Counter((jewel.form, jewels.pieces(jewel)) for _, jewel, _ in drawn)
    assert {n for form, n in counts if form in ("necklace", "ring", "brooch", "bracelet")} == {1}
    assert {n for form, n in counts if form == "studs"} == {1, 2}
    assert {n for form, n in counts if form == "stacked"} == {2, 3, 4}
    assert {n for form, n in counts if form == "round_bangle"} == {1, 2, 3, 4, 5}
