"""Mean average precision of temporal detections, as ActivityNet's official code defines it.

Shape legend: K detections, C classes, T thresholds of tIoU.

For each class and each tIoU, detections of all videos are gone through from the best score to the
worst. One is right when, among the true segments of its video and class that no better detection
has taken, one overlaps it by at least that tIoU; it takes the one it overlaps most. Average
precision is the area under the precision that never falls as recall does (Pascal VOC 2011). The
classes are those of the ground truth.

Of equal scores, the video whose name is alphabetically first goes first, then the detection that
came first: the official code leaves this to an unstable sort. A detection in a video that the
ground truth does not have counts as wrong, as it does officially. One in a segment to ignore is
neither right nor wrong (`matching`).
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.matching import align, match


@dataclass(frozen=True, eq=False)
class DetectionScores:
    """Average precision by class and tIoU, with what it was computed from."""

    tious: tuple[float, ...]
    classes: tuple[str, ...]
    AP: np.ndarray  # (C, T)
    num_videos: int
    num_segments: int
    num_detections: int
    num_ignored: int    # segments of classes to ignore

    @property
    def mAP(self) -> np.ndarray:
        """(T,) means over the classes."""
        return self.AP.mean(0)

    @property
    def average_mAP(self) -> float:
        """Mean over the classes and all tIoUs."""
        return float(self.mAP.mean())

    @property
    def per_class_average_AP(self) -> dict[str, float]:
        """Mean over all tIoUs of each class."""
        return dict(zip(self.classes, self.AP.mean(1).tolist()))

    def to_dict(self) -> dict:
        """Everything but the single APs, ready for json."""
        return dict(tious=list(self.tious),
                    mAP=dict(zip(map(tiou_name, self.tious), self.mAP.tolist())),
                    average_mAP=self.average_mAP, num_videos=self.num_videos,
                    num_segments=self.num_segments, num_ignored=self.num_ignored,
                    num_detections=self.num_detections,
                    per_class_average_AP=self.per_class_average_AP)


def detection_map(ground_truth: Sequence[VideoRecord], detections: Detections,
                  tious: str | float | Sequence[float] = '0.5:0.95:0.05', *,
                  strict: bool = True) -> DetectionScores:
    """Scores detections at all thresholds in one pass.

    Args:
        ground_truth: The videos of the subset, with or without actions.
        detections: Of any videos and classes.
        tious: As `parse_tious` takes them.
        strict: As `align` takes it.

    Raises:
        ValueError: Without a true segment, or when not one detected video or class is in the
            ground truth: then names are wrong, and 0 would hide it.

    Warns:
        UserWarning: With counts, about detections outside the ground truth's videos (counted as
            wrong) or classes (left out), and about videos in which nothing was detected.
    """
    tious = parse_tious(tious)
    aligned = align(ground_truth, detections, strict=strict)
    matched = match(aligned, tious)                                          # (K, T)
    positives = np.bincount(aligned.true_label)
    return DetectionScores(
        tious, aligned.classes,
        average_precision(aligned.label, matched >= 0, aligned.wrong(matched), positives),
        aligned.num_videos, len(aligned.true_video), len(detections), aligned.num_ignored)


def parse_tious(tious: str | float | Sequence[float]) -> tuple[float, ...]:
    """Thresholds from '0.5:0.95:0.05' (both ends included), '0.5,0.75', a number or numbers.

    Raises:
        ValueError: When they are not increasing numbers in (0, 1].
    """
    try:
        if isinstance(tious, str) and ':' in tious:
            start, stop, step = (float(part) for part in tious.split(':'))
            count = int((stop - start) / step + 1e-6) + 1  # float steps may fall a hair short
            values = [start + place * step for place in range(count)]
        elif isinstance(tious, str):
            values = [float(part) for part in tious.split(',')]
        else:
            values = [float(value) for value in np.atleast_1d(tious)]
        values = tuple(round(value, 10) for value in values)
        if not values or not 0 < values[0] <= values[-1] <= 1:
            raise ValueError
        if any(later <= earlier for earlier, later in zip(values, values[1:])):
            raise ValueError
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"got tIoU thresholds {tious!r}; expected increasing numbers in (0, 1]: "
                         "write '0.5:0.95:0.05', '0.5,0.75,0.95' or [0.5, 0.75]") from error
    return values


def tiou_name(tiou: float) -> str:
    """'0.50' for 0.5; more digits only where needed."""
    return f'{tiou:.2f}' if round(tiou, 2) == tiou else f'{tiou:g}'


def average_precision(label: np.ndarray, right: np.ndarray, wrong: np.ndarray,
                      positives: np.ndarray, *, instances: float | None = None) -> np.ndarray:
    """(C, T) area under the precision that never falls as recall does.

    Args:
        label: (K,) classes of the detections, given from best to worst.
        right: (K, T) which are right.
        wrong: (K, T) which are wrong; those that are neither do not count.
        positives: (C,) true segments of each class.
        instances: Take precision as if each class had this many (`precision_of`).
    """
    ap = np.zeros((len(positives), right.shape[1]))
    for place, members in enumerate(split_by_class(label, len(positives))):
        hits = right[members]
        precision = precision_of(hits, wrong[members], positives[place], instances)
        rises = hits.any(1)   # the others' precision is no higher than that of a hit before them
        envelope = np.maximum.accumulate(precision[rises][::-1])[::-1]
        ap[place] = (envelope * hits[rises]).sum(0) / max(positives[place], 1)
    return ap


def precision_of(right: np.ndarray, wrong: np.ndarray, positives: int,
                 instances: float | None = None) -> np.ndarray:
    """(K, T) precision of one class down to each detection.

    With `instances` it is N R / (N R + false positives) of recall R, the normalised precision of
    Hoiem et al. (ECCV 2012): it does not depend on how many true segments a class happens to have.
    """
    hits, total = right.cumsum(0, np.float64), wrong.cumsum(0, np.float64)
    if instances is not None:
        hits = hits / max(positives, 1) * instances
    total += hits
    return np.divide(hits, total, out=total, where=total > 0)


def split_by_class(label: np.ndarray, num_classes: int) -> list[np.ndarray]:
    """The places of each class's detections, in their order."""
    by_class = np.argsort(label, kind='stable')
    return np.split(by_class, np.searchsorted(label[by_class], np.arange(1, num_classes)))
