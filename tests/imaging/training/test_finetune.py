"""Fine-tuning: a model file read back, the candidate, and what the report says of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.quality import Quality, Score, summarise
from imaging.training.report import Compared, chosen, paired, verdict


def scores(ious: dict[str, float]) -> Quality:
    pictures = {name: Score(iou=iou, mae=1 - iou, bf=iou, edge_mae=1 - iou, hole_recall=None) for name, iou in ious.items()}
    return Quality(pictures, summarise(pictures, draws=50), {})


def compared(change: float, spread: float = 0.002, count: int = 60, fallen: int = 0) -> Compared:
    rng = np.random.default_rng(0)
    before = {f"p_{n}": 0.9 for n in range(count)}
    after = {name: 0.9 + change + float(rng.normal(0, spread)) for name in before}
    after |= dict.fromkeys(list(after)[:fallen], 0.8)
    return Compared(Path(), scores(before), scores(after))


def test_a_gain_beyond_chance_is_told_with_its_interval_and_the_pictures_that_fell() -> None:
    said = verdict({"yours": compared(0.012, fallen=2), "golden": compared(0.0)})
    assert said.startswith("Better on your photos by .008 +- .00")
    assert "the same on the golden set within chance" in said
    assert "2 of 60 pictures of your photos got worse by more than .010: look at them" in said
    assert "Switch, if the pictures" in said


@pytest.mark.parametrize(
    ("yours", "golden", "words"),
    [
        (compared(0.02), compared(-0.02), "Do not switch: it has forgotten"),
        (compared(-0.02), compared(0.0), "Do not switch: it is worse on your own photos"),
        (compared(0.0), compared(0.0), "There is no reason to switch"),
        (compared(0.02, count=4), compared(0.0), "4 pictures of your photos are too few to tell"),
        (compared(0.02), None, "worth a trial"),
    ],
)
def test_the_advice_follows_from_both_sets(yours: Compared, golden: Compared | None, words: str) -> None:
    assert words in verdict({"yours": yours} | ({"golden": golden} if golden else {}))


def test_the_interval_is_of_the_pairs_and_less_error_is_better() -> None:
    wide = paired([0.5, -0.5] * 20)
    narrow = paired([0.01, 0.012] * 20)
    assert wide.word == "the same"
    assert (narrow.word, narrow.low > 0.0105, narrow.high < 0.0115) == ("better", True, True)
    one = compared(0.02)
    assert one.difference("mae").word == "worse"  # type: ignore[union-attr]
    assert one.difference("hole_recall") is None


def test_best_worst_and_some_by_chance_are_shown_once_each() -> None:
    changes = {f"p{n}": (n - 10) / 100 for n in range(21)}
    shown = chosen(changes)
    assert shown["Most improved"] == ["p20", "p19", "p18", "p17"]
    assert shown["Most worsened"] == ["p0", "p1", "p2", "p3"]
    assert len({name for names in shown.values() for name in names}) == 12
    assert chosen({"p": 0.0}) == {"Most improved": [], "Most worsened": [], "By chance": ["p"]}


# --- with torch: kept apart, for it is not in the product's own test environment ---------------------------------------------


@pytest.fixture
def torch():  # type: ignore[no-untyped-def]
    found = pytest.importorskip("torch", reason="torch is in the training environment alone")
    pytest.importorskip("onnx", reason="onnx is in the training environment alone")
    found.set_num_threads(1)
    found.manual_seed(3)
    return found


@pytest.fixture
def model(torch, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    """An untrained net as a shipped file; its equal biases make the exporter store them once."""
    from imaging.training.export import add_metadata, export
    from imaging.training.net import Net

    net = Net(wide=16, fine=8)
    for module in net.modules():  # norms that do something, so that folding is seen
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    export(net, tmp_path / "net.onnx")
    add_metadata(tmp_path / "net.onnx", {"side": "128", "confidence": '{"bias":1}'})
    return tmp_path / "net.onnx"


def answers(model: Path, rgb: np.ndarray) -> list[np.ndarray]:
    import onnxruntime

    return onnxruntime.InferenceSession(model.read_bytes(), providers=["CPUExecutionProvider"]).run(None, {"rgb": rgb})


@pytest.mark.filterwarnings("ignore")  # torch's exporter warns of itself
def test_a_model_file_is_read_back_and_answers_as_it_does(torch, model: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from imaging.training.export import export
    from imaging.training.weights import read

    net, about = read(model)
    rgb = np.random.default_rng(0).integers(0, 255, (1, 96, 128, 3), dtype=np.uint8)
    with torch.no_grad():
        said = net.eval()(torch.from_numpy(rgb).permute(0, 3, 1, 2).float())

    assert about == {"side": "128", "confidence": '{"bias":1}'}
    for ours, theirs in zip(said, answers(model, rgb), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-4, rtol=1e-4)
    export(net, tmp_path / "again.onnx")
    for ours, theirs in zip(answers(tmp_path / "again.onnx", rgb), answers(model, rgb), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_is_not_ours_is_refused_by_name(torch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from imaging.errors import ImagingError
    from imaging.training.weights import read

    (tmp_path / "other.onnx").write_bytes(b"no model")
    with pytest.raises(ImagingError, match=r"other\.onnx"):
        read(tmp_path / "other.onnx")
    with pytest.raises(ImagingError, match=r"gone\.onnx: No such file"):
        read(tmp_path / "gone.onnx")


@pytest.mark.filterwarnings("ignore")
def test_a_folded_net_learns_and_the_candidate_lies_between(torch, model: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from imaging.training.feed import Batch
    from imaging.training.finetune import interpolated
    from imaging.training.train import Trainer
    from imaging.training.weights import read

    net, _ = read(model)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    trainer = Trainer(1e-3, 3, 1, tmp_path / "run", net=net, warm_up=1)
    (tmp_path / "run").mkdir()
    trainer.resume()
    rng = np.random.default_rng(0)
    alpha = np.zeros((2, 64, 64), np.uint8)
    alpha[:, 16:48, 16:48] = 255
    words = np.float32([[1, np.nan, np.nan, np.nan]] * 2)
    batch = Batch(rng.integers(0, 255, (2, 64, 64, 3), dtype=np.uint8), alpha, np.ones((2, 64, 64), np.float32), words)
    assert all(np.isfinite(trainer.learn(batch)["total"]) for _ in range(3))
    trainer.save()

    again = Trainer(1e-3, 3, 1, tmp_path / "run", net=read(model)[0])
    again.resume()
    assert again.step == 3
    after = {name: value.clone() for name, value in trainer.mean.state_dict().items()}
    between = interpolated(read(model)[0], trainer.mean, 0.25).state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    for name, value in between.items():
        torch.testing.assert_close(value, after[name] * 0.75 + before[name] * 0.25)


def test_the_golden_set_is_of_scenes_that_are_never_trained_on(torch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from imaging.training.finetune import golden_set

    for seed, products in ((899_999, 1), (900_000, 1), (900_001, 2)):
        path = tmp_path / "scenes" / f"{seed // 1000:03d}" / f"{seed:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (40, 30), (200, 10, 10, 255)).save(path)
        path.with_suffix(".json").write_text(json.dumps({"kind": "ring", "products": products}))
    folder = golden_set(tmp_path, tmp_path / "golden", 10)
    assert folder is not None
    assert [path.name for path in (folder / "images").iterdir()] == ["ring_900000.jpg"]
    assert golden_set(tmp_path / "none", tmp_path / "golden", 10) is None
