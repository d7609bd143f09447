"""Where G-TAD's anchors read: SGAlign's bins, inside and context.

Shapes: L snippets, D durations, B bins of an anchor (those of its inside, then its context).
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from mmlofi.models.heads.anchors.align import Anchors, make_anchors


# A training cycle has three lengths and validation one; each takes 13 MB at L = D = 100.
@torch.compiler.disable  # which would trace what the cache spares
@lru_cache(maxsize=16)
@torch.inference_mode(False)  # a tensor made in inference mode could not train later
def anchors_of(length: int, durations: int, inner_bins: int, context_bins: int,
               device: torch.device, dtype: torch.dtype) -> Anchors:
    """The anchors of a video of `length` snippets, made once for each size and device."""
    all_bins = inner_bins + context_bins
    taps = torch.cat([*_taps(length, durations, inner_bins, 0, all_bins),
                      *_taps(length, durations, context_bins, inner_bins, all_bins)], dim=1)
    return make_anchors(taps, length, durations, all_bins, device, dtype)


def _taps(length: int, durations: int, bins: int, first_bin: int, all_bins: int) -> list[Tensor]:
    """What each bin reads, as (3, taps) of row, column and weight; a tensor for each duration.

    An anchor of l positions from s is widened to [s - l/2, s + l - 1 + l/2], and a bin of that
    width is the mean of ceil(width / bins) samples, linearly interpolated between positions. A
    sample before -1 or after L is zero; from there to the video it takes the outermost position.
    """
    taps, row = [], 0
    for duration in range(1, durations + 2):
        inside = duration <= durations
        # The last round is the anchor [0, 0], which RoIAlign takes for one position wide.
        start = torch.arange(length - duration + 1 if inside else 1)[:, None]
        origin, width = (start - duration / 2, 2 * duration - 1) if inside else (start, 1)
        samples = -(-width // bins)  # a bin
        offset = (torch.arange(bins * samples, dtype=torch.float64) + 0.5) * width
        position = origin + offset / (bins * samples)  # (starts, bins * samples)
        seen = (position >= -1) & (position <= length)
        position = position.clamp(0, length - 1)
        below = position.floor()
        bin_ = first_bin + torch.arange(bins * samples) // samples
        for at, share in ((below, 1 - position + below), (below + 1, position - below)):
            used = seen & (share > 0)
            entry = (row + start).expand_as(at), at * all_bins + bin_, share / samples
            taps.append(torch.stack(entry)[:, used])
        row += len(start)
    return taps
