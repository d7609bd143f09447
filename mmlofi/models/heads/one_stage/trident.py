"""TriDet's trident head: boundaries as expected distances to the points beside a point.

Shape legend: N videos, P points of all levels, K classes, B bins, M pairs of a point and a class.

::

    points of the level           t - B   ...   t - 1     t     t + 1   ...   t + B
    strides to the start            B             1       0
    strides to the end                                    0       1             B
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmlofi.options import require_number

from .losses import OneStageLoss

Pairs = tuple[Tensor, Tensor, Tensor]  # video, point and class, (M,) each


def trident_offsets(start: Tensor, end: Tensor, bins: Tensor, counts: Sequence[int],
                    pairs: Pairs) -> Tensor:
    """(M, 2) distances to start and end, in strides and at most B.

    TriDet, section 3.3: the expectation of the distance under the softmax of what the boundary
    heads say of the points around, plus what the point says of each distance. Beyond the level's
    ends the first is 0, as it is at padded points. Only what is asked for is computed: EPIC's 300
    nouns at 4,600 points would be 1.4 million pairs.

    Args:
        start: (N, P, K) logits that a start is there.
        end: (N, P, K) logits that an end is there.
        bins: (N, P, 2 (B + 1)) logits of the distances B to 0 to the start, then 0 to B to the end.
        counts: Points of each level.
        pairs: Which are asked for.
    """
    video, point, _ = pairs
    to_start, to_end = bins[video, point].chunk(2, dim=-1)                       # (M, B + 1) each
    distance = torch.arange(to_start.size(-1), device=bins.device)
    before = logits_at(start, point[:, None] - distance.flip(0), counts, pairs)
    after = logits_at(end, point[:, None] + distance, counts, pairs)
    return torch.stack([((before + to_start).softmax(-1) * distance.flip(0)).sum(-1),
                        ((after + to_end).softmax(-1) * distance).sum(-1)], dim=-1)


def logits_at(logits: Tensor, places: Tensor, counts: Sequence[int], pairs: Pairs) -> Tensor:
    """(M, B + 1) logits (N, P, K) of the pairs' videos and classes at other points, `places`.

    0 where such a point would be on another level than the pair's own.
    """
    video, point, label = pairs
    counts = torch.tensor(counts, device=point.device)
    ends = counts.cumsum(0)
    level = torch.bucketize(point, ends, right=True)
    end = ends[level][:, None]
    inside = (places >= end - counts[level][:, None]) & (places < end)
    places = places.clamp(0, logits.size(1) - 1)
    return logits[video[:, None], places, label[:, None]].where(inside, 0)


@dataclass(kw_only=True)
class TriDetLoss(OneStageLoss):
    """The losses of both methods; TriDet weighs the classes of positive points by their IoU.

    The IoU is not detached: the loss of the classes trains the offsets too.

    Args:
        iou_weight_power: Of the IoU; THUMOS14 0.2, EPIC-Kitchens 0.25, ActivityNet and HACS 1.
    """

    iou_weight_power: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number('loss', least=0, iou_weight_power=self.iou_weight_power)

    def class_weights(self, iou: Tensor) -> Tensor:
        """(M,) of pairs; where nothing overlaps the root's slope would have no bound."""
        return iou.clamp(min=1e-8) ** self.iou_weight_power
