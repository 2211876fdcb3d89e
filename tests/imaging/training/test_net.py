"""The cut-out net: its shapes, that folding and exporting change nothing, and that it can learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is an optional extra for training ([train])")

from imaging.training.loss import HOLE, HOLE_MOST, enclosed, loss_of  # noqa: E402
from imaging.training.net import Net, folded  # noqa: E402


def _net() -> Net:
    torch.manual_seed(0)
    net = Net(wide=16, fine=8)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics as after some training, so that folding has something to do
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2.0)
    return net.eval()


def test_answers_span_the_picture() -> None:
    with torch.no_grad():
        answers = _net()(torch.zeros(2, 3, 96, 128))

    assert answers.alpha.shape == (2, 1, 96, 128)
    assert answers.sure.shape == (2, 1, 24, 32)
    assert answers.scene.shape == (2, 4)


def test_folding_the_norms_changes_no_answer() -> None:
    net, levels = _net(), torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        for plain, fold in zip(net(levels), folded(net)(levels), strict=True):
            torch.testing.assert_close(plain, fold, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings(
    "ignore:You are using the legacy TorchScript",
    "ignore::torch.jit.TracerWarning",
    "ignore::DeprecationWarning",
    "ignore:Constant folding:UserWarning",
)
def test_the_exported_file_answers_as_the_net_does(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is part of the optional extra for training ([train])")
    import onnxruntime

    from imaging.training.export import export

    net = _net()
    rgb = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
    with torch.no_grad():
        want = net(torch.from_numpy(rgb).permute(0, 3, 1, 2).float())
    for half, off in ((False, 1e-3), (True, 0.05)):
        path = tmp_path / f"{half}.onnx"
        export(net, path, half=half)
        got = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"]).run(None, {"rgb": rgb})
        for answer, expected in zip(got, want, strict=True):
            np.testing.assert_allclose(answer, expected.numpy(), atol=off)


@pytest.mark.filterwarnings(
    "ignore:You are using the legacy TorchScript",
    "ignore::torch.jit.TracerWarning",
    "ignore::DeprecationWarning",
    "ignore:Constant folding:UserWarning",
)
def test_the_mean_of_two_files_lies_between_them_and_forgets_the_calibration(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is part of the optional extra for training ([train])")
    from imaging.errors import ImagingError
    from imaging.training.__main__ import main
    from imaging.training.export import add_metadata, export
    from imaging.training.weights import read

    one, other = _net(), _net()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.01)
    for name, net in (("one", one), ("other", other)):
        export(net, tmp_path / f"{name}.onnx", half=False)
        add_metadata(tmp_path / f"{name}.onnx", {"side": "512", "confidence": "{}"})
    files = ["--model", str(tmp_path / "one.onnx"), "--model", str(tmp_path / "other.onnx"), "--out", str(tmp_path / "mean.onnx")]

    assert main(["mean", *files, "--share", "1", "--share", "3"]) == 0

    (first, _), (second, _), (mean, about) = (read(tmp_path / f"{name}.onnx") for name in ("one", "other", "mean"))
    for name, value in mean.state_dict().items():
        torch.testing.assert_close(value, first.state_dict()[name] * 0.25 + second.state_dict()[name] * 0.75, rtol=2e-3, atol=2e-3)
    assert about == {"side": "512"}
    with pytest.raises(ImagingError, match="1 shares for 2 models"):
        main(["mean", *files, "--share", "1"])


def test_an_enclosed_part_of_the_backdrop_is_found_and_an_open_one_is_not() -> None:
    product = torch.zeros(1, 1, 64, 64)
    product[..., 16:48, 16:48] = 1
    product[..., 24:40, 24:40] = 0
    assert enclosed(product)[0, 0, 32, 32] == HOLE
    assert enclosed(product)[0, 0, 4, 4] == 0
    assert enclosed(product)[0, 0, 20, 20] == 0

    product[..., 30, 40:48] = 0  # a gap in the wall, however narrow
    assert enclosed(product).max() == 0


def test_a_pixel_of_a_small_hole_weighs_more_than_one_of_a_large_hole() -> None:
    product = torch.zeros(2, 1, 200, 200)
    product[..., 20:180, 20:180] = 1
    product[0, ..., 50:150, 50:150] = 0
    product[0, ..., 30:34, 100:110] = 0  # behind a wall of a few pixels, as at a lug
    product[1, ..., 99, 99] = 0
    weight = enclosed(product)[:, 0]

    assert weight[0, 100, 100] == HOLE
    assert HOLE < weight[0, 32, 105] < HOLE_MOST
    assert weight[1, 99, 99] == HOLE_MOST


def test_pixels_nobody_labelled_do_not_count() -> None:
    answers = _net()(torch.zeros(1, 3, 64, 64))
    alpha, care = torch.zeros(1, 1, 64, 64), torch.ones(1, 1, 64, 64)
    care[..., 32:, :] = 0
    unknown = torch.full((1, 4), float("nan"))
    plain = loss_of(answers, alpha, care, unknown)
    alpha[..., 40:, :] = 1
    other = loss_of(answers, alpha, care, unknown)

    assert other.scene == 0
    assert other.sure == pytest.approx(plain.sure, abs=1e-6)


@pytest.mark.slow
def test_it_learns_a_square() -> None:
    net = _net().train()
    levels = torch.full((2, 3, 64, 64), 230.0)
    alpha = torch.zeros(2, 1, 64, 64)
    levels[..., 20:44, 16:40], alpha[..., 20:44, 16:40] = 40.0, 1.0
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        loss = loss_of(net(levels), alpha, torch.ones_like(alpha), torch.zeros(2, 4)).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))

    assert losses[-1] < 0.6 * losses[0]


def test_unfolding_brings_the_norms_back_and_changes_no_answer() -> None:
    pytest.importorskip("onnx", reason="onnx is part of the optional extra for training ([train])")
    from imaging.training.weights import unfolded

    fold, levels = folded(_net()), torch.rand(4, 3, 64, 64) * 255
    again = unfolded(fold, [levels, levels.flip(3)])

    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in again.modules())
    assert again.training
    with torch.no_grad():
        for plain, back in zip(fold(levels), again.eval()(levels), strict=True):
            torch.testing.assert_close(plain, back, rtol=1e-3, atol=1e-3)
