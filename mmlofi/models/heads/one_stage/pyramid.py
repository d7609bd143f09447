"""The pyramid of features: embedding, stem, branch; and the neck after it.

The encoder of ActionFormer, the feature pyramid of TriDet. Blocks are the method's own: they
take x (N, C, L) and the mask (N, L') of their *output*, and give (N, C, L'). L' is L in the stem,
and L / 2 in the branch::

    level 0   o o o o o o o o   stride 1, the stem's output
    level 1   o   o   o   o     stride 2
    level 2   o       o         stride 4

A level's point i is at grid position i * stride; its mask is every second value of that before.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlofi.options import require_number, require_whole

from .layers import ChannelNorm, MaskedConv, position_encoding

EMBEDDING_KERNEL = 3  # in every published configuration


@dataclass(frozen=True, kw_only=True)
class PyramidSettings:
    """What the pyramids of both methods are told; each adds its own.

    Args:
        embed_dim: Width; with several sources, the width of each one's projection.
        arch: Convolutions of the embedding, blocks of the stem, and of the branch, each of which
            is a level.
        window: Of a block, in points of a level. One number, or one for each level.
        drop_path: Probability that a block's branch is left out of a video in training.
        positions: Whether a position encoding is added.

    Raises:
        ValueError: For sizes that no network can have.
    """

    embed_dim: int | Sequence[int] = 512
    arch: Sequence[int] = (2, 2, 5)
    window: int | Sequence[int] = 1
    drop_path: float = 0.1
    positions: bool = False

    def __post_init__(self) -> None:
        require_number('backbone', least=0, most=1, drop_path=self.drop_path)
        require_whole('backbone', embed_dim=self.width)
        if len(self.arch) != 3 or self.arch[0] < 1 or min(self.arch) < 0:
            raise ValueError(f'backbone got arch={self.arch}; expected the numbers of embedding '
                             'convolutions, stem blocks and branch blocks, such as (2, 2, 5)')

    @property
    def width(self) -> int:
        """C of the blocks."""
        return total(self.embed_dim)

    @property
    def num_levels(self) -> int:
        """The stem's output, and one for each branch block."""
        return 1 + self.arch[2]

    @property
    def windows(self) -> list[int]:
        """The window of each level."""
        one = isinstance(self.window, int)
        return [self.window] * self.num_levels if one else list(self.window)


class Pyramid(nn.Module):
    """Features to levels, finest first.

    Args:
        in_channels: Of the features; of each of several sources, which come concatenated.
        embed_dim: Width of the blocks; with several sources of each source's projection, and the
            blocks have their sum.
        num_embeddings: Convolutions of the embedding.
        stem: Blocks that keep the length.
        branch: Blocks that halve it, one for each level after the first.
        positions: Whether a position encoding is added after the embedding.
        max_seq_len: Length of its table, which is stretched for longer features.

    Raises:
        ValueError: For another number of sources than of widths.
    """

    def __init__(self, *, in_channels: int | Sequence[int], embed_dim: int | Sequence[int],
                 num_embeddings: int, stem: Sequence[nn.Module], branch: Sequence[nn.Module],
                 positions: bool = False, max_seq_len: int | None = None) -> None:
        super().__init__()
        width, self.sources = total(embed_dim), None
        _check_sources(in_channels, embed_dim)
        if not isinstance(in_channels, int):
            self.sources = list(in_channels)
            self.proj = nn.ModuleList(
                MaskedConv(*sizes, 1) for sizes in zip(in_channels, embed_dim))
            in_channels = width
        self.embd = nn.ModuleList(
            MaskedConv(width if i else in_channels, width, EMBEDDING_KERNEL, bias=False)
            for i in range(num_embeddings))
        self.embd_norm = nn.ModuleList(ChannelNorm(width) for _ in range(num_embeddings))
        self.stem, self.branch = nn.ModuleList(stem), nn.ModuleList(branch)
        self.positions, self.max_seq_len = positions, max_seq_len

    def forward(self, x: Tensor, mask: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """(N, C, L) and (N, L), L divisible by the last stride -> features and mask of each level.
        """
        x = self._embed(x, mask)
        for block in self.stem:
            x = block(x, mask)
        levels, masks = [x], [mask]
        for block in self.branch:
            mask = mask[:, ::2]
            x = block(x, mask)
            levels.append(x)
            masks.append(mask)
        return levels, masks

    def _embed(self, x: Tensor, mask: Tensor) -> Tensor:
        if self.sources is not None:
            parts = x.split(self.sources, dim=1)
            x = torch.cat([proj(part, mask) for proj, part in zip(self.proj, parts)], dim=1)
        for conv, norm in zip(self.embd, self.embd_norm):
            x = F.relu(norm(conv(x, mask)))
        if self.positions:
            x = x + position_encoding(x, self.max_seq_len) * mask[:, None]
        return x


class Neck(nn.Module):
    """A norm for each level, as in every published configuration ("identity")."""

    def __init__(self, channels: int, num_levels: int) -> None:
        super().__init__()
        self.fpn_norms = nn.ModuleList(ChannelNorm(channels) for _ in range(num_levels))

    def forward(self, levels: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        return [norm(x) for norm, x in zip(self.fpn_norms, levels)]


class TopDownNeck(nn.Module):
    """A feature pyramid network: each level adds the coarser one to its own projection."""

    def __init__(self, in_channels: int, channels: int, num_levels: int) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(
            MaskedConv(in_channels, channels, 1, bias=False) for _ in range(num_levels))
        self.fpn_convs = nn.ModuleList(
            MaskedConv(channels, channels, 3, groups=channels, bias=False)
            for _ in range(num_levels))
        self.fpn_norms = nn.ModuleList(ChannelNorm(channels) for _ in range(num_levels))

    def forward(self, levels: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        levels = [conv(x, mask) for conv, x, mask in zip(self.lateral_convs, levels, masks)]
        for finer in range(len(levels) - 2, -1, -1):
            coarser = F.interpolate(levels[finer + 1], scale_factor=2, mode='nearest')
            levels[finer] = levels[finer] + coarser
        return [norm(conv(x, mask)) for norm, conv, x, mask
                in zip(self.fpn_norms, self.fpn_convs, levels, masks)]


def total(channels: int | Sequence[int]) -> int:
    """Channels of one source, or of several together."""
    return channels if isinstance(channels, int) else sum(channels)


def _check_sources(in_channels: int | Sequence[int], embed_dim: int | Sequence[int]) -> None:
    counts = [None if isinstance(one, int) else len(one) for one in (in_channels, embed_dim)]
    if counts[0] != counts[1]:
        raise ValueError(f'a head got in_channels={in_channels} and embed_dim={embed_dim};'
                         ' expected one number each, or as many widths as sources of features')
