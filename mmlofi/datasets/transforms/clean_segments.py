"""Leaves out annotated actions that features cannot teach.

Shape legend: L features of a video, K actions.
"""
from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_number

SAME_SEC = 1e-3   # ends nearer than this are the same, and an action that is shorter is none


@TRANSFORMS.register_module()
class CleanSegments(BaseTransform):
    """Drops actions that features of a video lack, and those that are annotated twice.

    What ActionFormer and TriDet do in training on ActivityNet, some of whose videos have fewer
    frames than they should: an action is dropped that starts at or after the end of the features,
    or has less than `min_inside` of its length before it, and cut where it ends later. So is one
    that has the class and, within a millisecond, the start and the end of another one, or is
    shorter than that.

    Required Keys: features, window_norm, duration_sec, segments_sec, gt_labels

    Modified Keys: segments_sec, gt_labels

    Args:
        min_inside: Share of an action before the end.
        margin: The end, in positions after the middle of where the next feature would be.
    """

    def __init__(self, *, min_inside: float = 0.5, margin: float = 0.5) -> None:
        require_number('CleanSegments', least=0, most=1, min_inside=min_inside)
        require_number('CleanSegments', least=0, margin=margin)
        self.min_inside = min_inside
        self.margin = margin

    def transform(self, results: dict) -> dict:
        """Replaces the actions by those that stay."""
        L = results['features'].shape[1]
        start_norm, end_norm = results['window_norm']
        last_sec = results['duration_sec'] * (
            start_norm + (end_norm - start_norm) * (L + 0.5 + self.margin) / L)
        segments, labels = results['segments_sec'], results['gt_labels']
        start, end = segments.T
        kept = _is_first(segments, labels) & (end - start >= SAME_SEC) & (start < last_sec)
        kept &= np.minimum(end, last_sec) - start >= self.min_inside * (end - start)
        results.update(segments_sec=np.minimum(segments[kept], last_sec), gt_labels=labels[kept])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(min_inside={self.min_inside}, margin={self.margin})'


def _is_first(segments: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(K,) whether no action before it is the same."""
    near = (np.abs(segments[:, None] - segments) <= SAME_SEC).all(-1)                     # (K, K)
    return ~np.tril(near & (labels[:, None] == labels), -1).any(1)
