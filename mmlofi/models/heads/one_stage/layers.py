"""The layers of both heads, with the names and shapes of the authors' checkpoints.

Shape legend: N videos, C channels, L points of a level. Masks are (N, L) bool and say which points
are part of a video; those that are not, padding, follow them.
"""
from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MaskedConv(nn.Module):
    """A convolution of odd kernel whose output is 0 at padded points; its input is not masked.

    The mask is that of the output, so with `stride=2` every second value of the input's.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1,
                 groups: int = 1, bias: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, stride=stride,
                              padding=kernel_size // 2, groups=groups, bias=bias)
        if bias:
            nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.conv(x) * mask[:, None]


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of each point; weight and bias are (1, C, 1).

    A padded point, 0 before, holds the bias after it. As in the authors' programs nothing masks
    it, and the next convolution sees it from the last valid points.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, channels, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        normed = F.layer_norm(x.transpose(1, 2), self.weight.shape[1:2], self.weight.flatten(),
                              self.bias.flatten(), eps=1e-5)
        return normed.transpose(1, 2)


class AffineDropPath(nn.Module):
    """A learnt scale of each channel, at inference too, then stochastic depth of each video."""

    def __init__(self, channels: int, probability: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1, channels, 1), 1e-4))
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        x = self.scale * x
        if not self.training or not self.probability:
            return x
        kept = torch.rand(len(x), 1, 1, device=x.device) >= self.probability
        return x * kept / (1 - self.probability)


def drop_path(channels: int, probability: float) -> nn.Module:
    """`AffineDropPath`; nothing, and no scale, where the probability is 0, as the authors have it.
    """
    return AffineDropPath(channels, probability) if probability else nn.Identity()


class Scale(nn.Module):
    """One learnt factor of a level."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


@torch.compiler.disable  # which would trace what the cache spares
@lru_cache(maxsize=16)
@torch.inference_mode(False)  # a tensor made in inference mode could not train later
def sinusoid(length: int, channels: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(1, C, L) position encoding: sines in even channels, cosines in odd ones, over sqrt(C)."""
    channel = torch.arange(channels, dtype=torch.float64)
    rate = 10000 ** (-2 * (channel // 2) / channels)
    angle = rate[:, None] * torch.arange(length, dtype=torch.float64)
    table = torch.where(channel[:, None] % 2 == 0, angle.sin(), angle.cos()) / channels**0.5
    return table[None].to(device, dtype)


def position_encoding(x: Tensor, max_seq_len: int | None) -> Tensor:
    """(1, C, L) encoding of the positions of x (N, C, L).

    From `max_seq_len` on the table of that length is stretched to L.
    """
    _, C, L = x.shape
    if max_seq_len is None or L <= max_seq_len:
        return sinusoid(max(L, max_seq_len or 0), C, x.device, x.dtype)[..., :L]
    table = sinusoid(max_seq_len, C, x.device, x.dtype)
    return F.interpolate(table, L, mode='linear', align_corners=False)
