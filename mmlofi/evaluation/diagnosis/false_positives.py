"""What kind of mistake each wrong detection is, and what the kinds cost.

Shape legend: K detections, T thresholds of tIoU, C classes.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlofi.evaluation.detection_map import average_precision
from mmlofi.evaluation.matching import Aligned, all_pairs, place_in_group

# The places are the codes of `error_types`.
TYPES = ('true positive', 'double detection', 'wrong label', 'localization', 'confusion',
         'background')
IGNORED = -1       # the code of a detection in a segment to ignore that takes no action
BANDS = 10         # of as many detections as a class has true segments
NEAR_TIOU = 0.1    # below it a detection has nothing to do with an action


def error_types(aligned: Aligned, matched: np.ndarray, tious: Sequence[float]) -> np.ndarray:
    """(K, T) the place in `TYPES` of each detection, or `IGNORED`.

    A wrong detection is compared with the true segment of its video, of any class, that it overlaps
    most; of equal ones, with one of its own class. In a video that has no actions it is a
    background error.

    Args:
        aligned: Detections and ground truth.
        matched: (K, T) as `match` gives it.
        tious: The thresholds.
    """
    detection, truth, iou = all_pairs(aligned.video, aligned.segments, aligned.true_video,
                                      aligned.true_segments, NEAR_TIOU)
    same = aligned.label[detection] == aligned.true_label[truth]
    order = np.lexsort((same, iou, detection))
    best, count = np.unique(detection[order], return_counts=True)
    last = order[np.cumsum(count) - 1]

    most, own = np.zeros(len(matched)), np.zeros(len(matched), dtype=bool)
    most[best], own[best] = iou[last], same[last]
    found = most[:, None] >= np.asarray(tious)                               # (K, T)
    kinds = np.where(own[:, None], np.where(found, 1, 3), np.where(found, 2, 4))
    kinds[most < NEAR_TIOU] = 5
    kinds[matched >= 0] = 0
    kinds[(matched < 0) & aligned.ignored[:, None]] = IGNORED
    return kinds


def bands(aligned: Aligned, kinds: np.ndarray) -> np.ndarray:
    """(K,) 0 for a class's first G detections, 1 for its next G, …, G being its true segments.

    `BANDS`, none of them, for a detection that does not count at any tIoU.
    """
    positives = np.bincount(aligned.true_label, minlength=len(aligned.classes))
    counted = np.flatnonzero((kinds != IGNORED).any(1))
    band, label = np.full(len(kinds), BANDS), aligned.label[counted]
    band[counted] = place_in_group(label) // positives[label]
    return band


def profile(kinds: np.ndarray, band: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many detections each band has (BANDS,), and which share of them is of each type
    (BANDS, TYPES), the mean over the tIoUs; NaN in a band without detections."""
    shares = np.full((BANDS, len(TYPES)), np.nan)
    sizes = np.bincount(band[band < BANDS], minlength=BANDS)
    for place in np.flatnonzero(sizes):
        mine = kinds[band == place]
        mine = mine[mine != IGNORED]
        shares[place] = np.bincount(mine, minlength=len(TYPES)) / mine.size
    return sizes, shares


def gains(aligned: Aligned, kinds: np.ndarray, band: np.ndarray,
          instances: float | None) -> tuple[float, dict[str, float]]:
    """Average mAP of the first BANDS · G detections, and how much it grows without each type.

    With `instances` it is the normalised one (`precision_of`).
    """
    positives = np.bincount(aligned.true_label, minlength=len(aligned.classes))
    counted = (band < BANDS)[:, None]
    right = (kinds == 0) & counted

    def score(wrong: np.ndarray) -> float:
        return float(average_precision(aligned.label, right, wrong & counted, positives,
                                       instances=instances).mean())

    base = score(kinds > 0)
    return base, {name: score((kinds > 0) & (kinds != code)) - base
                  for code, name in enumerate(TYPES) if code}
