"""Which videos of a split are detected best and worst.

Shape legend: K detections, T thresholds of tIoU, V videos.
"""
from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.detection_map import average_precision, parse_tious
from mmlofi.evaluation.matching import Aligned, align, match


def rank_videos(ground_truth: Sequence[VideoRecord], detections: Detections,
                tious: str | float | Sequence[float] = '0.5:0.95:0.05'
                ) -> list[tuple[float, VideoRecord]]:
    """The average mAP of each video by itself, best first; of equal ones by name.

    Videos without an action or without a detection are left out. A split's mAP is not their mean:
    it compares scores across videos.

    Args:
        tious: As `parse_tious` takes them.

    Raises:
        ValueError: As `align`.
    """
    tious = parse_tious(tious)
    with warnings.catch_warnings():     # of videos that are left out here
        warnings.simplefilter('ignore', UserWarning)
        aligned = align(ground_truth, detections)
    scores = score_videos(aligned, match(aligned, tious))
    seen = {detections.video_names[place] for place in np.unique(detections.video)}
    ranked = [(float(score), record) for score, record in zip(scores, ground_truth)
              if record.labels and record.name in seen]
    return sorted(ranked, key=lambda pair: (-pair[0], pair[1].name))


def score_videos(aligned: Aligned, matched: np.ndarray) -> np.ndarray:
    """(V,) the average mAP of each video by itself, over its own classes; NaN without an action.

    Args:
        aligned: Detections and ground truth.
        matched: (K, T) as `match` gives it.
    """
    # A video and class is to its video what a class is to the split.
    groups, positives = np.unique(aligned.true_group, return_counts=True)
    own = np.flatnonzero(np.isin(aligned.group, groups))
    ap = average_precision(np.searchsorted(groups, aligned.group[own]), matched[own] >= 0,
                           aligned.wrong(matched)[own], positives).mean(1)   # (groups,)
    video = groups // len(aligned.classes)
    classes = np.bincount(video, minlength=aligned.num_videos)
    total = np.bincount(video, ap, minlength=aligned.num_videos)
    return np.divide(total, classes, out=np.full(len(total), np.nan), where=classes > 0)
