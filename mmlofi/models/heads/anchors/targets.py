"""What the IoU map, the starts and the ends should be for known segments.

Shapes: N videos, L snippets, D durations, K segments of a video.

The time convention of the whole package: time runs from 0 to 1 over the video, position i of L
covers [i/L, (i+1)/L), and a segment (t0, t1) is where t0 <= t < t1. For L = 8:

    position   0     1     2     3     4     5     6     7
            |-----|-----|-----|-----|-----|-----|-----|-----|
    time    0    1/8   2/8   3/8   4/8   5/8   6/8   7/8    1
                        [=================)                       anchor s = 2, d = 2
                        s/L         (s+d+1)/L
                  (-----------)                                   window of position 2 is
               1.5/8         3.5/8                                [(2-0.5)/L, (2+1.5)/L]

Anchor (d, s) starts with position s and is d + 1 positions long; its target is the largest IoU
with a true segment. Position i is a start if the share of its window within 1.5/L of the start of
a true segment is above one half; an end likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Targets(NamedTuple):
    """iou (N, D, L); start, end (N, L), which are shares of a window, 0 to 1."""

    iou: Tensor
    start: Tensor
    end: Tensor


def build_targets(segments: Sequence[Tensor], length: int, durations: int) -> Targets:
    """Targets of a batch from one (K, 2) tensor of normalised segments for each video."""
    return Targets(torch.stack([anchor_iou(x, length, durations) for x in segments]),
                   torch.stack([boundary_overlap(x[:, 0], length) for x in segments]),
                   torch.stack([boundary_overlap(x[:, 1], length) for x in segments]))


def anchor_iou(segments: Tensor, length: int, durations: int) -> Tensor:
    """(K, 2) segments -> (D, L) largest IoU of each anchor with any, 0 without segments."""
    begin = torch.arange(length, device=segments.device, dtype=segments.dtype)  # in positions
    end = begin + begin[:durations, None] + 1  # (D, L)
    true_begin, true_end = (segments * length)[:, :, None, None].unbind(1)  # (K, 1, 1)
    inter = (torch.minimum(end, true_end) - torch.maximum(begin, true_begin)).clamp(min=0)
    return _largest(inter / (end - begin + true_end - true_begin - inter))


def boundary_overlap(times: Tensor, length: int) -> Tensor:
    """(K,) times -> (L,) largest share of each position's window within 1.5/L of one of them."""
    position = torch.arange(length, device=times.device, dtype=times.dtype)
    time = (times * length)[:, None]  # in positions
    inter = torch.minimum(position + 1.5, time + 1.5) - torch.maximum(position - 0.5, time - 1.5)
    return _largest(inter.clamp(min=0) / 2)


def _largest(overlap: Tensor) -> Tensor:
    """Maximum over segments, which may be none."""
    return overlap.amax(0) if len(overlap) else overlap.new_zeros(overlap.shape[1:])
