"""Proposals of a window that reaches past the video's end.

Shape legend: L snippets of the window, K proposals.
"""
from __future__ import annotations

from collections.abc import Sequence

from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData


def cut_at_end(proposals: Sequence[InstanceData], data_samples: Sequence[ActionDataSample] | None,
               length: int) -> list[InstanceData]:
    """Proposals cut where `num_valid` of `length` snippets end; those that begin there are dropped.

    Before soft-NMS, so that what lies past the end takes no place among the best of a window, and
    two proposals are compared by what they have of the video.
    """
    return [_cut(one, sample.get('num_valid'), length) for one, sample in zip(
        proposals, data_samples or [{}] * len(proposals))]


def _cut(proposals: InstanceData, num_valid: int | None, length: int) -> InstanceData:
    if num_valid is None:
        return proposals
    end = num_valid / length
    inside = proposals[proposals.segments[:, 0] < end - 1e-6]
    inside.segments = inside.segments.clamp(max=end)
    return inside
