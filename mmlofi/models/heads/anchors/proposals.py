"""From the scores of all anchors to the proposals of each video.

Shapes: N videos, L snippets, D durations, K proposals of a video.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmlofi.detections.boundaries import is_likely
from mmlofi.options import require_whole


@dataclass(frozen=True, kw_only=True)
class ProposalSelection:
    """Which anchors become proposals.

    With `peak_filter`, as on ActivityNet, an anchor must start at a local peak of the start
    probability or above half its maximum (the first position always passes) and end likewise (the
    last always passes). The end of an anchor is read at the first position after it.

    The score is regressed x classified IoU; with `boundary_scores`, as in BMN, times the start
    probability of its first position and the end probability of the first one after it.

    Deviation: the authors never propose a segment that ends with the video, where that position
    is missing, though many actions do; with `allow_end_at_last` the last position stands in.
    """

    peak_filter: bool = True
    allow_end_at_last: bool = True
    boundary_scores: bool = False
    max_proposals: int | None = None

    def __post_init__(self) -> None:
        if self.max_proposals is not None:
            require_whole('ProposalSelection', max_proposals=self.max_proposals)

    def __call__(self, iou_map: Tensor, start: Tensor, end: Tensor) -> list[InstanceData]:
        """Proposals of each video, highest score first, with `start` and `end` (L,) beside them."""
        N, _, D, L = iou_map.shape
        position = torch.arange(L, device=iou_map.device)
        after = position + position[:D, None] + 1  # (D, L): the first position after the anchor
        read_end = after.clamp(max=L - 1)
        chosen = after <= L if self.allow_end_at_last else after < L
        if self.peak_filter:
            chosen = chosen & is_likely(start, always=0)[:, None] \
                & is_likely(end, always=L - 1)[:, read_end]
        scores = iou_map.prod(1)
        if self.boundary_scores:
            scores = scores * start[:, None] * end[:, read_end]
        scores = scores.masked_fill(~chosen, -1).flatten(1)  # (N, D * L)
        scores, anchor = scores.topk(min(self.max_proposals or D * L, D * L))
        segments = torch.stack([anchor % L, after.flatten()[anchor]], dim=-1) / L
        kept = ~(scores < 0)  # NaN stays, for soft-NMS to say that the model has diverged
        return [InstanceData(metainfo=dict(start=first, end=last), segments=x[keep],
                             scores=score[keep])
                for first, last, x, score, keep in zip(start.detach(), end.detach(), segments,
                                                       scores, kept)]
