"""Class scores and offsets of each point, by towers of convolutions that all levels share.

Shape legend: N videos, C channels, P points of all levels, finest level first.
"""
from __future__ import annotations

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlofi.options import require_whole

from .layers import ChannelNorm, MaskedConv, Scale

PRIOR, EMPTY_PRIOR = 0.01, 1e-6  # probabilities that a class starts at


class Tower(nn.Module):
    """Convolution, norm and ReLU, `num_layers - 1` times: the last layer is the kind's own.

    Raises:
        ValueError: For an even kernel, which would move points, or no layer at all.
    """

    def __init__(self, in_channels: int, channels: int, num_layers: int, kernel_size: int) -> None:
        super().__init__()
        require_whole('towers', channels=channels, num_layers=num_layers, kernel_size=kernel_size)
        if kernel_size % 2 == 0:
            raise ValueError(f'towers got kernel_size={kernel_size}; expected an odd number, so '
                             'that a point keeps its place: take 3, or 1')
        self.head = nn.ModuleList(
            MaskedConv(channels if i else in_channels, channels, kernel_size, bias=False)
            for i in range(num_layers - 1))
        self.norm = nn.ModuleList(ChannelNorm(channels) for _ in range(num_layers - 1))

    def climb(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, C, L) of one level -> (N, channels, L)."""
        for conv, norm in zip(self.head, self.norm):
            x = F.relu(norm(conv(x, mask)))
        return x


class ClassTower(Tower):
    """One logit for each class and point; also TriDet's boundary heads.

    Args:
        empty_classes: Numbers of classes that no annotation has: they start at a probability of
            1e-6 in place of 0.01.
    """

    def __init__(self, in_channels: int, channels: int, num_classes: int, *, num_layers: int = 3,
                 kernel_size: int = 3, empty_classes: Sequence[int] = ()) -> None:
        super().__init__(in_channels, channels, num_layers, kernel_size)
        last = channels if num_layers > 1 else in_channels
        self.cls_head = MaskedConv(last, num_classes, kernel_size)
        nn.init.constant_(self.cls_head.conv.bias, -log((1 - PRIOR) / PRIOR))
        with torch.no_grad():
            self.cls_head.conv.bias[list(empty_classes)] = -log((1 - EMPTY_PRIOR) / EMPTY_PRIOR)

    def forward(self, levels: list[Tensor], masks: list[Tensor]) -> Tensor:
        """(N, P, classes), 0 at padded points."""
        return by_point([self.cls_head(self.climb(x, mask), mask)
                         for x, mask in zip(levels, masks)])


class OffsetTower(Tower):
    """Values that are not negative and scaled by level: ActionFormer's 2 distances in units of the
    stride, TriDet's 2 (bins + 1) logits of distances."""

    def __init__(self, in_channels: int, channels: int, num_values: int, num_levels: int, *,
                 num_layers: int = 3, kernel_size: int = 3) -> None:
        super().__init__(in_channels, channels, num_layers, kernel_size)
        self.scale = nn.ModuleList(Scale() for _ in range(num_levels))
        last = channels if num_layers > 1 else in_channels
        self.offset_head = MaskedConv(last, num_values, kernel_size)

    def forward(self, levels: list[Tensor], masks: list[Tensor]) -> Tensor:
        """(N, P, values), 0 at padded points."""
        return by_point([F.relu(scale(self.offset_head(self.climb(x, mask), mask)))
                         for scale, x, mask in zip(self.scale, levels, masks)])


def by_point(levels: list[Tensor]) -> Tensor:
    """(N, C, L) of each level -> (N, P, C)."""
    return torch.cat(levels, dim=2).transpose(1, 2)
