"""How the score and the misses depend on what the actions are like.

Shape legend: K detections, G true segments, T thresholds of tIoU, C classes.
"""
from __future__ import annotations

import numpy as np

from mmlofi.evaluation.detection_map import average_precision, precision_of, split_by_class
from mmlofi.evaluation.matching import Aligned

LEAST_PRECISION = 0.05  # normalised; a class's detections from there on do not count as found


def normalized_map(aligned: Aligned, matched: np.ndarray, instances: float,
                   members: np.ndarray | None = None) -> np.ndarray:
    """(T,) mAP_N of all true segments or of some, over the classes that have any of them.

    Detections that take a segment that is not among them, at any tIoU, are neither right nor wrong,
    nor are those in a segment to ignore.

    Args:
        aligned: Detections and ground truth.
        matched: (K, T) as `match` gives it.
        instances: True segments that each class is taken to have.
        members: (G,) which true segments; None for all.
    """
    if members is None:
        members = np.ones(len(aligned.true_label), dtype=bool)
    other = ((matched >= 0) & ~members[matched]).any(1, keepdims=True)       # (K, 1)
    positives = np.bincount(aligned.true_label[members], minlength=len(aligned.classes))
    scores = average_precision(
        aligned.label, (matched >= 0) & ~other, aligned.wrong(matched) & ~other, positives,
        instances=instances)                                                 # (C, T)
    return scores[positives > 0].mean(0)


def missed(aligned: Aligned, matched: np.ndarray, instances: float) -> np.ndarray:
    """(G, T) which true segments no detection takes where its class's normalised precision is
    above `LEAST_PRECISION`."""
    positives = np.bincount(aligned.true_label, minlength=len(aligned.classes))
    unseen = np.ones((len(aligned.true_label), matched.shape[1]), dtype=bool)
    wrong = aligned.wrong(matched)
    for place, detections in enumerate(split_by_class(aligned.label, len(positives))):
        mine = matched[detections]
        precision = precision_of(mine >= 0, wrong[detections], positives[place], instances)
        row, column = np.nonzero((mine >= 0) & (precision > LEAST_PRECISION))
        unseen[mine[row, column], column] = False
    return unseen
