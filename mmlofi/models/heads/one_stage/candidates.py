"""From the scores and offsets of points to scored segments, before any soft-NMS.

Shape legend: P points of all levels, K classes, M candidates of a video.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mmlofi.options import require_number, require_whole

from .points import Points


@dataclass(frozen=True, kw_only=True)
class CandidateSelection:
    """The best (point, class) pairs of each level, as the authors choose them.

    Args:
        pre_nms_thresh: Scores have to be above it.
        pre_nms_topk: At most so many of each level.
        duration_thresh: Segments have to be longer, in grid units.

    Raises:
        ValueError: For numbers that are none.
    """

    pre_nms_thresh: float = 0.001
    pre_nms_topk: int = 2000
    duration_thresh: float = 0.05

    def __post_init__(self) -> None:
        require_number('candidates', least=0, pre_nms_thresh=self.pre_nms_thresh,
                       duration_thresh=self.duration_thresh)
        require_whole('candidates', pre_nms_topk=self.pre_nms_topk)

    def __call__(self, points: Points, scores: Tensor,
                 offsets: Tensor | Callable[[Tensor, Tensor], Tensor]
                 ) -> tuple[Tensor, Tensor, Tensor]:
        """Candidates of one video: level by level, by falling score.

        Args:
            points: P of them.
            scores: (P, K), 0 at padded points.
            offsets: (P, 2) distances to start and end in strides, or what gives (M, 2) of points
                (M,) and classes (M,).

        Returns:
            Segments (M, 2) in grid units, which may leave the video, scores (M,), labels (M,).
        """
        point, label = self._best_of_each_level(scores, points.counts)
        distance = offsets(point, label) if callable(offsets) else offsets[point]
        position, stride = points.position[point], points.stride[point]
        segments = position[:, None] + distance * stride[:, None] * distance.new_tensor([-1, 1])
        long = segments[:, 1] - segments[:, 0] > self.duration_thresh
        return segments[long], scores[point, label][long], label[long]

    def _best_of_each_level(self, scores: Tensor, counts: tuple[int, ...]
                            ) -> tuple[Tensor, Tensor]:
        """Points (M,) and classes (M,)."""
        found, first, num_classes = [], 0, scores.size(1)
        for count in counts:
            level = scores[first:first + count].flatten()
            best, index = level.topk(min(self.pre_nms_topk, len(level)))
            found.append(first * num_classes + index[best > self.pre_nms_thresh])
            first += count
        entry = torch.cat(found)
        return entry // num_classes, entry % num_classes
