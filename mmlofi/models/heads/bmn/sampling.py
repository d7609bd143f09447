"""Where BMN's anchors read: the Boundary-Matching layer's sample points.

Shapes: L snippets, D durations, B bins of an anchor.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from mmlofi.models.heads.anchors.align import Anchors, make_anchors

SAMPLES = 3  # a bin is the mean of so many, as in MMAction2's presets
MARGIN = 0.5  # on either side of the anchor, in lengths of the anchor: BMN, section 3.3


# A training cycle has three lengths and validation one; each takes 8 MB at L = D = 100 and 24 MB
# at L = 256, D = 64.
@torch.compiler.disable  # which would trace what the cache spares
@lru_cache(maxsize=16)
@torch.inference_mode(False)  # a tensor made in inference mode could not train later
def anchors_of(length: int, durations: int, bins: int, device: torch.device,
               dtype: torch.dtype) -> Anchors:
    """The anchors of a video of `length` snippets, made once for each size and device."""
    taps = torch.cat(_taps(length, durations, bins), dim=1)
    return make_anchors(taps, length, durations, bins, device, dtype)


def _taps(length: int, durations: int, bins: int) -> list[Tensor]:
    """What each bin reads, as (3, taps) of row, column and weight; a tensor for each duration.

    An anchor of l positions from s is widened to [s - l/2, s + l - 1 + l/2], from end to end of
    which lie 3 B samples, interpolated linearly between positions. The two ends of the video differ
    in MMAction2, and so they do here: a sample above -1 takes the first position whole, while one
    after the last position fades with its distance to zero. Anchors that end after the video read
    nothing.
    """
    taps, row = [], 0
    steps = torch.arange(SAMPLES * bins, dtype=torch.float64)
    bin_ = torch.arange(SAMPLES * bins) // SAMPLES
    for duration in range(1, durations + 1):
        start = torch.arange(length - duration + 1)[:, None]
        first, last = start - duration * MARGIN, start + duration - 1 + duration * MARGIN
        # In this order of operations a sample falls on the same side of -1 as in MMAction2.
        position = first.double() + (last - first).double() / (SAMPLES * bins - 1.0) * steps
        seen = position > -1
        position = position.clamp(min=0)
        below = position.floor()
        for at, share in ((below, 1 - position + below), (below + 1, position - below)):
            used = seen & (share > 0) & (at < length)
            entry = (row + start).expand_as(at), at * bins + bin_, share / SAMPLES
            taps.append(torch.stack(entry)[:, used])
        row += len(start)
    return taps
