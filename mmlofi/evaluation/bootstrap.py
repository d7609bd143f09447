"""How sure a difference of two mAPs is: videos, and runs, drawn again with replacement.

Shape legend: R runs of a method, B resamples, b at a time, V videos, K detections, H hits (that
take a true segment at a threshold), C classes, T thresholds of tIoU.

A resample has as many videos as the ground truth, drawn from it (Efron 1979). What a detection
takes in its video does not depend on other videos, so detections are matched once, and a video that
was drawn three times weighs three: the mAP is exactly that of a ground truth and detections in
which it stands three times. Two methods are scored on the same draws, which makes differences of
paired resamples, and the runs of each method are drawn as well.

A resample has fewer different videos than the ground truth, and with fewer in a class its AP is
higher: on 394 of ActivityNet's videos by 4.6 points, of THUMOS14's 210 by 1.4, more than half the
width of the interval. So resamples are moved to have the mean that the videos as they are have.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.detection_map import parse_tious
from mmlofi.evaluation.matching import align, match

LEVEL = 0.95               # of the interval
_VALUES_AT_ONCE = 8_000_000  # weights of detections; bounds memory at about 100 MB


@dataclass(frozen=True)
class Spread:
    """A figure with its 95 % interval, over resamples of videos and runs."""

    value: float   # of the videos and runs as they are
    low: float
    high: float

    @classmethod
    def of(cls, value: float, resampled: np.ndarray) -> Spread:
        """Percentiles of (B,) resampled figures, moved to have the mean `value`."""
        moved = resampled - resampled.mean() + value
        low, high = np.quantile(moved, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        return cls(value, float(low), float(high))


@dataclass(frozen=True)
class Difference(Spread):
    """Of a second method over a first."""

    turns: float = 0.0   # share of resamples in which the order is the other one, ties half


class Resampler:
    """Scores runs on the same draws of the ground truth's videos.

    Args:
        ground_truth: The videos of the subset, with or without actions.
        tious: As `parse_tious` takes them.
        resamples: B.
        seed: Of the draws.
    """

    def __init__(self, ground_truth: Sequence[VideoRecord],
                 tious: str | float | Sequence[float] = '0.5:0.95:0.05', *,
                 resamples: int = 1000, seed: int = 0) -> None:
        if resamples < 100:
            raise ValueError(f'got {resamples} resamples; expected 100 or more, as a 95 % interval '
                             'of fewer means nothing')
        self.ground_truth, self.tious = ground_truth, parse_tious(tious)
        self.resamples, self.seed = resamples, seed

    def score(self, detections: Detections) -> tuple[float, np.ndarray]:
        """The average mAP of all videos, and (B,) that of each resample.

        Raises, warns: As `detection_map`.
        """
        matches = _Matches.of(self.ground_truth, detections, self.tious)
        V = len(self.ground_truth)
        once = matches.average_map(np.ones((1, V), np.int32))
        size = max(1, _VALUES_AT_ONCE // max(len(matches.video), 1))
        resampled = [matches.average_map(weights)
                     for weights in _draw(V, self.resamples, size, self.seed)]
        return float(once[0]), np.concatenate(resampled)

    def spread(self, runs: Sequence[tuple[float, np.ndarray]]) -> Spread:
        """Of the mean over R runs, each as `score` gives it."""
        values, resampled = zip(*runs)
        return Spread.of(float(np.mean(values)), self._over_runs(resampled, 0))

    def difference(self, first: Sequence[tuple[float, np.ndarray]],
                   second: Sequence[tuple[float, np.ndarray]]) -> Difference:
        """Of the mean over the second's runs to that over the first's."""
        values = [float(np.mean([value for value, _ in runs])) for runs in (first, second)]
        means = [self._over_runs([resampled for _, resampled in runs], place)
                 for place, runs in enumerate((first, second))]
        gap, gaps = values[1] - values[0], means[1] - means[0]
        spread = Spread.of(gap, gaps)
        toward = (gaps - gaps.mean() + gap) * (1 if gap >= 0 else -1)
        turns = np.mean(toward < 0) + 0.5 * np.mean(toward == 0)
        return Difference(spread.value, spread.low, spread.high, turns=float(turns))

    def _over_runs(self, resampled: Sequence[np.ndarray], method: int) -> np.ndarray:
        """(B,) means over R runs, drawn with replacement for each resample."""
        runs = np.stack(list(resampled))                                        # (R, B)
        R, B = runs.shape
        drawn = np.random.default_rng((self.seed, 1, method)).integers(R, size=(R, B))
        return np.take_along_axis(runs, drawn, 0).mean(0)


def _draw(V: int, resamples: int, size: int, seed: int) -> Iterator[np.ndarray]:
    """(b, V) how often each video was drawn, the same for one seed whatever the size is."""
    rng = np.random.default_rng((seed, 0))
    for first in range(0, resamples, size):
        count = min(size, resamples - first)
        yield np.stack([np.bincount(rng.integers(V, size=V), minlength=V)
                        for _ in range(count)]).astype(np.int32)


@dataclass(frozen=True, eq=False)
class _Matches:
    """What the mAP of any weights of videos needs of detections, class by class, best first."""

    video: np.ndarray        # (K,) V where the ground truth has no such video
    counts: np.ndarray       # (K,) whether it counts when it takes nothing
    hits: list[np.ndarray]   # T times (H,) places among K
    label: np.ndarray        # (K,)
    truth: np.ndarray        # (V, C) true segments

    @classmethod
    def of(cls, ground_truth: Sequence[VideoRecord], detections: Detections,
           tious: Sequence[float]) -> _Matches:
        """Raises and warns as `align`."""
        aligned = align(ground_truth, detections)
        matched = match(aligned, tious) >= 0                                    # (K, T)
        order = np.argsort(aligned.label, kind='stable')
        V, C = len(ground_truth), len(aligned.classes)
        truth = np.zeros((V, C), np.int32)
        np.add.at(truth, (aligned.true_video, aligned.true_label), 1)
        video = np.where(aligned.video < 0, V, aligned.video)[order]
        return cls(video, ~aligned.ignored[order],
                   [np.flatnonzero(column) for column in matched[order].T],
                   aligned.label[order], truth)

    def average_map(self, weights: np.ndarray) -> np.ndarray:
        """(b,) means over thresholds and the classes drawn, of weights (b, V) of the videos."""
        positives = weights @ self.truth                                        # (b, C)
        # A video that the ground truth lacks is not drawn: its detections are wrong in each.
        weights = np.pad(weights, ((0, 0), (0, 1)), constant_values=1)
        of_detection = weights[:, self.video]                                   # (b, K)
        seen = np.where(self.counts, of_detection, 0).cumsum(1, dtype=np.int32)
        APs = [self._sum_of_precision(of_detection, seen, hits, positives.shape[1])
               for hits in self.hits]
        mean = np.mean(APs, 0) / np.maximum(positives, 1)                       # (b, C)
        return mean.sum(1) / np.maximum((positives > 0).sum(1), 1)

    def _sum_of_precision(self, weight: np.ndarray, seen: np.ndarray, hits: np.ndarray,
                          C: int) -> np.ndarray:
        """(b, C) the envelope of precision, added up over the hits of each class."""
        sums = np.zeros((len(weight), C))
        if not len(hits):
            return sums
        label, of_hit = self.label[hits], weight[:, hits]                       # (H,), (b, H)
        known, first = np.unique(label, return_index=True)
        right = _within(of_hit.cumsum(1), of_hit, first, label)
        # Detections of a class begin at another place than its hits do.
        start = np.searchsorted(self.label, known)
        before = np.where(start > 0, seen[:, start - 1], 0)                     # (b, classes)
        total = seen[:, hits] - np.repeat(before, _sizes(first, len(hits)), axis=1)
        uncounted = np.where(self.counts[hits], 0, of_hit)
        total = total + _within(uncounted.cumsum(1), uncounted, first, label)
        precision = np.divide(right, total, out=np.zeros(total.shape), where=total > 0)
        # Going back, a class ahead is above all of those behind it, so that none reaches over.
        above = 2.0 * np.arange(len(known))[::-1].repeat(_sizes(first, len(hits)))
        envelope = np.maximum.accumulate((precision + above)[:, ::-1], 1)[:, ::-1] - above
        sums[:, known] = np.add.reduceat(envelope * of_hit, first, axis=1)
        return sums


def _within(cumulated: np.ndarray, values: np.ndarray, first: np.ndarray,
            label: np.ndarray) -> np.ndarray:
    """(b, H) sums from the first of each class, from sums (b, H) over all."""
    before = cumulated[:, first] - values[:, first]
    return cumulated - np.repeat(before, _sizes(first, len(label)), axis=1)


def _sizes(first: np.ndarray, total: int) -> np.ndarray:
    return np.diff(np.append(first, total))
