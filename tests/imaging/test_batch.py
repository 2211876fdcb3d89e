from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from imaging import Recipe, RenderRequest, load_segmenter, measure, render_paths, shipped_model_sha256
from imaging.batch import ALONE, _in_processes, _processes, plan, render_file
from tests import shots


def shoot(folder: Path) -> None:
    for name, data in {
        "a/dial.jpg": shots.watch_photo(0, (400, 300), orientation=6),
        "b/dial.jpg": shots.watch_photo(1, (400, 300)),
        "b/broken.jpg": shots.watch_photo(2, (400, 300), truncated=True),
        "b/notes.txt": b"not for us",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def test_a_folder_is_rendered_and_a_bad_file_does_not_stop_it(tmp_path: Path, recipe: Recipe) -> None:
    shoot(tmp_path / "in")

    results = list(render_paths([tmp_path / "in"], recipe, tmp_path / "out", alpha=True))

    good = [result for result in results if "error" not in result]
    assert [Path(result["file"]).name for result in results] == ["dial.jpg", "broken.jpg", "dial.jpg"]
    assert "unreadable" in results[1]["error"]
    assert {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")} == {
        "a/dial.jpg",
        "a/dial.alpha.png",
        "b/dial.jpg",
        "b/dial.alpha.png",
    }
    assert set(good[0]) == {"file", "output", "alpha", "sha256", "facts", "notes", "confidence", "ms"}
    assert measure(Path(good[0]["output"]).read_bytes()).facts.items() <= good[0]["facts"].items()
    mask = np.asarray(Image.open(good[0]["alpha"]))
    truth = shots.watch_alpha(0, (400, 300)) >= 128
    assert mask.shape == truth.shape
    assert ((mask >= 128) & truth).sum() > 0.9 * truth.sum()


def test_the_suffix_follows_the_recipe_s_format(tmp_path: Path, recipe: Recipe) -> None:
    shoot(tmp_path / "in")
    png = recipe.model_copy(update={"format": "png", "quality": None, "subsampling": None, "width_px": 400, "height_px": 400})

    (result,) = render_paths([tmp_path / "in" / "a"], png, tmp_path / "out", sidecar=True)

    assert result["output"].endswith("dial.png")
    assert result["facts"]["format"] == "PNG"
    assert json.loads((tmp_path / "out" / "dial.json").read_text())["request"]["recipe"]["format"] == "png"


def test_processes_give_the_same_bytes_in_the_same_order(tmp_path: Path, recipe: Recipe) -> None:
    shoot(tmp_path / "in")

    alone = list(render_paths([tmp_path / "in"], recipe, tmp_path / "one"))
    together = list(render_paths([tmp_path / "in"], recipe, tmp_path / "two", jobs=2))

    assert [result.get("sha256") for result in alone] == [result.get("sha256") for result in together]
    assert [result["file"] for result in alone] == [result["file"] for result in together]


def test_processes_that_cannot_begin_are_told_file_by_file(tmp_path: Path, recipe: Recipe) -> None:
    tasks = [(tmp_path / f"{n}.jpg", tmp_path / "out" / str(n)) for n in range(6)]

    with _processes(1, tmp_path / "gone.onnx", cuts=True) as pool:
        results = list(_in_processes(pool, tasks, recipe, ALONE, 1, {}))

    assert [Path(result["file"]) for result in results] == [source for source, _ in tasks]
    assert all("died" in result["error"] for result in results)


def test_files_of_one_name_never_overwrite_each_other() -> None:
    named = [Path("/x/a/dial.jpg"), Path("/x/b/dial.jpg"), Path("/x/b/Dial.png"), Path("/x/b/side.jpg"), Path("/y/z/side.jpg")]

    targets = [str(target).lower() for _, target in plan(named)]

    assert len(set(targets)) == len(named)
    assert all(not target.startswith(("/", "..")) for target in targets)


def test_a_photo_that_must_be_decoded_whole_is_rendered_however_big(tmp_path: Path, recipe: Recipe) -> None:
    small = Image.open(io.BytesIO(shots.watch_photo(size=(650, 490))))
    small.resize((6500, 4900), Image.Resampling.NEAREST).save(tmp_path / "dial.tif")

    result = render_file(tmp_path / "dial.tif", tmp_path / "out" / "dial", recipe, load_segmenter())

    assert "error" not in result
    assert result["facts"]["longest_side"] == 2000


def test_a_missing_file_is_told(tmp_path: Path, recipe: Recipe) -> None:
    result = render_file(tmp_path / "none.jpg", tmp_path / "out" / "none", recipe, load_segmenter())

    assert result == {"file": str(tmp_path / "none.jpg"), "error": "No such file or directory"}


def test_a_sidecar_says_how_a_picture_was_made(tmp_path: Path, recipe: Recipe) -> None:
    (tmp_path / "dial.jpg").write_bytes(shots.watch_photo(size=(300, 300)))

    (result,) = render_paths([tmp_path / "dial.jpg"], recipe, tmp_path / "out", sidecar=True)

    told = json.loads((tmp_path / "out" / "dial.json").read_text())
    assert told["id"] == RenderRequest.from_dict(told["request"]).id
    assert told["id"].encode() in (tmp_path / "out" / "dial.jpg").read_bytes()
    assert told["facts"] == result["facts"]
    assert (told["source"], told["model"]) == ("dial.jpg", shipped_model_sha256())
