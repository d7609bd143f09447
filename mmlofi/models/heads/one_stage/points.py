"""The grid: where points are, how long an action each may find, and what that is of the video.

Positions count snippets; 0 is the centre of the first one, without any shift by half a stride::

    share    0     1/L    2/L               1
             |------|------|------| … |------|     snippet i covers [i/L, (i+1)/L)
    grid        0      1      2         L-1        grid = share * L - 0.5

L is the length of the features that the head was given, before it pads them.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

FARTHEST = 10000.0  # no bound for the last level


@dataclass(frozen=True, eq=False)
class Points:
    """The points of all levels (P,), finest first."""

    position: Tensor        # grid units
    stride: Tensor
    nearest: Tensor         # of the distances to start and end, the farther one is at least this
    farthest: Tensor        # and at most this, both in grid units
    counts: tuple[int, ...]  # points of each level


def make_points(counts: Sequence[int], ranges: Sequence[Sequence[float]],
                device: torch.device | str | None = None, dtype: torch.dtype = torch.float32
                ) -> Points:
    """The points of levels of so many points, each with its range of distances."""
    def level(index: int, count: int) -> Tensor:
        constants = torch.tensor([2**index, *ranges[index]], device=device, dtype=dtype)
        position = torch.arange(count, device=device, dtype=dtype) * 2**index
        return torch.cat([position[None], constants[:, None].expand(3, count)])
    columns = torch.cat([level(index, count) for index, count in enumerate(counts)], dim=1)
    return Points(*columns, tuple(counts))


def doubling_ranges(num_levels: int, first: float = 4.0) -> list[tuple[float, float]]:
    """(0, 4), (4, 8), (8, 16) and so on; the last level takes all that is longer."""
    bounds = [0.0, *(first * 2**level for level in range(num_levels - 1)), FARTHEST]
    return list(zip(bounds, bounds[1:]))


def check_ranges(ranges: Sequence[Sequence[float]], num_levels: int) -> list[tuple[float, float]]:
    """The ranges, one for each level.

    Raises:
        ValueError: For another number of them, or one that ends before it starts.
    """
    if len(ranges) != num_levels or any(len(pair) != 2 or not 0 <= pair[0] < pair[1]
                                        for pair in ranges):
        raise ValueError(
            f'targets got ranges={list(ranges)}; expected {num_levels} pairs (from, to) of rising '
            'distances in snippets, one for each level of the pyramid: correct them, or leave '
            'them out')
    return [tuple(map(float, pair)) for pair in ranges]


def to_grid(shares: Tensor, length: int) -> Tensor:
    """Shares of `length` snippets as grid positions."""
    return shares * length - 0.5


def to_shares(grid: Tensor, length: int) -> Tensor:
    """Grid positions as shares of `length` snippets; outside [0, 1] before and after them."""
    return (grid + 0.5) / length
