"""TSP's R(2+1)D-34, whose published weights fit no preset of MMAction2's.

Shape legend: B snippets, T frames, H × W a frame, C channels.
"""
from __future__ import annotations

from collections import OrderedDict

from mmaction.registry import MODELS
from torch import Tensor, nn

# Basic blocks a stage.
DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
WIDTHS = (64, 128, 256, 512)
STEM_WIDTHS = (45, 64)


@MODELS.register_module()
class TSPResNet2Plus1d(nn.Module):
    """R(2+1)D as IG-65M's weights and TSP (Alwassel et al., ICCV Workshops 2021) have it.

    Tran et al. 2018. Other than MMAction2's `ResNet2Plus1d`: 45 channels in the middle of the stem,
    no pooling behind it, and batch norm that follows the last batch (momentum 0.9). Other than
    torchvision's: each convolution has the middle channels of its own width. Names of parameters
    are theirs without `features.`, so a published checkpoint loads by `init_cfg=dict(
    type='Pretrained', checkpoint=FILE, prefix='features.')`. TSP's R(2+1)D-18 and R3D-18 are
    torchvision's: `torchvision.r2plus1d_18` and `torchvision.r3d_18`, with the same `init_cfg`.

    Args:
        depth: 34, or 18 for tests and small data.
        norm_eps, norm_momentum: Of batch norm.

    Raises:
        ValueError: For another depth.
    """

    def __init__(self, *, depth: int = 34, norm_eps: float = 1e-3,
                 norm_momentum: float = 0.9) -> None:
        super().__init__()
        if depth not in DEPTHS:
            raise ValueError(f'TSPResNet2Plus1d got depth={depth!r}; expected one of '
                             f'{sorted(DEPTHS)}: only that of 34 is published')
        middle, width = STEM_WIDTHS
        self.stem = nn.Sequential(
            nn.Conv3d(3, middle, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False),
            nn.BatchNorm3d(middle), nn.ReLU(inplace=True),
            nn.Conv3d(middle, width, (3, 1, 1), 1, (1, 0, 0), bias=False),
            nn.BatchNorm3d(width), nn.ReLU(inplace=True))
        stages = OrderedDict()
        for stage, (count, out) in enumerate(zip(DEPTHS[depth], WIDTHS), start=1):
            strides = [1 if stage == 1 else 2, *[1] * (count - 1)]
            widths = [width, *[out] * (count - 1)]
            stages[f'layer{stage}'] = nn.Sequential(
                *(BasicBlock(channels, out, stride) for channels, stride in zip(widths, strides)))
            width = out
        for name, layers in stages.items():
            self.add_module(name, layers)
        self._start(norm_eps, norm_momentum)

    def _start(self, eps: float, momentum: float) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
            elif isinstance(module, nn.BatchNorm3d):
                module.eps, module.momentum = eps, momentum

    def forward(self, clips: Tensor) -> Tensor:
        """(B, 3, T, H, W) to (B, 512, T/8, H/16, W/16), rounded up."""
        features = self.stem(clips)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            features = stage(features)
        return features


class BasicBlock(nn.Module):
    """Two convolutions, each of space and then of time, beside a shortcut.

    `with_cp`, as in MMAction2, is how the encoder finds what can be computed again.
    """

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.with_cp = False
        self.conv1 = nn.Sequential(space_and_time(channels, out, stride), nn.BatchNorm3d(out),
                                   nn.ReLU(inplace=True))
        self.conv2 = nn.Sequential(space_and_time(out, out, 1), nn.BatchNorm3d(out))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None if stride == 1 and channels == out else nn.Sequential(
            nn.Conv3d(channels, out, 1, stride, bias=False), nn.BatchNorm3d(out))

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, C, T, H, W) to (B, out, T, H, W), halved where the stride is 2."""
        shortcut = inputs if self.downsample is None else self.downsample(inputs)
        return self.relu(self.conv2(self.conv1(inputs)) + shortcut)


def space_and_time(channels: int, out: int, stride: int) -> nn.Sequential:
    """1×3×3 and 3×1×1, with as many parameters together as one 3×3×3 would have."""
    middle = 27 * channels * out // (9 * channels + 3 * out)
    return nn.Sequential(
        nn.Conv3d(channels, middle, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False),
        nn.BatchNorm3d(middle), nn.ReLU(inplace=True),
        nn.Conv3d(middle, out, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False))
