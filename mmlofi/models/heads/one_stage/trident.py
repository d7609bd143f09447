"""TriDet's trident head: boundaries as expected distances to the positions around a point.

Shapes: N videos, K classes, L points of a level, B bins.

::

    point t                      t - B   ...   t - 1     t     t + 1   ...   t + B
    start's distance in strides    B             1       0
    end's distance                                       0       1             B
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


def start_windows(logits: Tensor, bins: int) -> Tensor:
    """(N, K, L) logits of starts -> (N, K, L, B + 1), a view: those of the points t - B to t.

    Points before the first have logit 0.
    """
    return pad(logits, (bins, 0)).unfold(-1, bins + 1, 1)


def end_windows(logits: Tensor, bins: int) -> Tensor:
    """(N, K, L) logits of ends -> (N, K, L, B + 1), a view: those of the points t to t + B.

    Points after the last have logit 0, as padded points have.
    """
    return pad(logits, (0, bins)).unfold(-1, bins + 1, 1)


def expected_offsets(starts: Tensor, ends: Tensor, bins: Tensor) -> Tensor:
    """Windows (…, B + 1) of both boundaries and the point's own bins (…, 2 (B + 1)) -> (…, 2).

    TriDet, section 3.3: the distance to a boundary, in strides, is its expectation under the
    softmax of what the positions around say of themselves and what the point says of them.
    """
    start_bins, end_bins = bins.chunk(2, dim=-1)
    distances = torch.arange(starts.size(-1), device=bins.device, dtype=bins.dtype)
    to_start = ((starts + start_bins).softmax(-1) * distances.flip(0)).sum(-1)
    to_end = ((ends + end_bins).softmax(-1) * distances).sum(-1)
    return torch.stack((to_start, to_end), dim=-1)
