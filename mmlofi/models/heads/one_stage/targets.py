"""Which points are positive, for which classes, and how far from them the action starts and ends.

Shape legend: N videos, P points of all levels, K actions of a video, C classes.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor

from mmlofi.options import require_number, require_whole

from .points import Points, check_ranges, doubling_ranges

SAME_LENGTH = 1e-3  # grid units within which two candidates count as equally short


@dataclass(frozen=True, eq=False)
class PointTargets:
    """What the points of all videos should say."""

    classes: Tensor    # (N, P, C) 0 or 1; several for the same action under several classes
    offsets: Tensor    # (N, P, 2) distances to start and end, in strides
    positive: Tensor   # (N, P) bool


@dataclass(frozen=True, kw_only=True)
class TargetAssignment:
    """Center sampling: an action is found near its centre, on the level of its length.

    A point is positive for an action that it is strictly inside of, if it is nearer to its centre
    than `center_radius` strides and the farther of start and end is in its level's range. Of
    several it takes the shortest; the classes of all that are as short count.

    Args:
        ranges: Distances (from, to) of each level, in grid units, both included; None doubles them
            from (0, 4) on.
        center_radius: None lets all points inside an action find it.
        ranges_length: Snippets of the features that `ranges` are meant for: at others they are
            stretched, so that an action is found on the same level at every fidelity. None, as the
            authors have it, counts snippets at any length.

    Raises:
        ValueError: For a radius that is none.
    """

    ranges: Sequence[Sequence[float]] | None = None
    center_radius: float | None = 1.5
    ranges_length: int | None = None

    def __post_init__(self) -> None:
        if self.ranges_length is not None:
            require_whole('targets', ranges_length=self.ranges_length)
        if self.center_radius is not None:
            require_number('targets', above=0, center_radius=self.center_radius)

    def ranges_of(self, num_levels: int) -> list[tuple[float, float]]:
        """The range of each level, checked."""
        if self.ranges is None:
            return doubling_ranges(num_levels)
        return check_ranges(self.ranges, num_levels)

    def stretched(self, ranges: Sequence[Sequence[float]], length: int
                  ) -> list[tuple[float, float]]:
        """The ranges for features of `length` snippets."""
        share = 1.0 if self.ranges_length is None else length / self.ranges_length
        return [(near * share, far * share) for near, far in ranges]

    def __call__(self, points: Points, mask: Tensor, segments: Sequence[Tensor],
                 labels: Sequence[Tensor], num_classes: int) -> PointTargets:
        """Targets of videos with `segments` (K, 2) in grid units and `labels` (K,), K may be 0.

        Args:
            points: P of them.
            mask: (N, P) valid ones; the others are not positive.
            segments: Of each video.
            labels: Of each video.
            num_classes: C.
        """
        found = [self._of_video(points, *one, num_classes) for one in zip(segments, labels)]
        classes, offsets = (torch.stack(part) for part in zip(*found))
        return PointTargets(classes, offsets, (classes.sum(-1) > 0) & mask)

    def _of_video(self, points: Points, segments: Tensor, labels: Tensor, num_classes: int
                  ) -> tuple[Tensor, Tensor]:
        position, stride = points.position[:, None], points.stride[:, None]
        if not len(segments):
            return position.new_zeros(len(position), num_classes), position.new_zeros(
                len(position), 2)
        start, end = segments.unbind(1)
        to_start, to_end = position - start, end - position    # (P, K)
        farther = torch.maximum(to_start, to_end)
        candidate = self._near_centre(position, stride, start, end) \
            & (farther >= points.nearest[:, None]) & (farther <= points.farthest[:, None])
        length = torch.where(candidate, end - start, inf)
        shortest, which = length.min(dim=1)
        chosen = candidate & (length <= shortest[:, None] + SAME_LENGTH)
        classes = position.new_zeros(len(labels), num_classes)
        classes.scatter_(1, labels[:, None], 1)
        offsets = [distance.gather(1, which[:, None]) for distance in (to_start, to_end)]
        return (chosen.to(classes) @ classes).clamp(max=1), torch.cat(offsets, dim=1) / stride

    def _near_centre(self, position: Tensor, stride: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """(P, K) which points are strictly inside which action, and near its centre."""
        if self.center_radius is not None:
            centre, reach = (start + end) / 2, stride * self.center_radius
            start = torch.maximum(centre - reach, start)
            end = torch.minimum(centre + reach, end)
        return (position > start) & (position < end)
