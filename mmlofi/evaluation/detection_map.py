"""Mean average precision of temporal detections, as ActivityNet's official code defines it.

Shape legend: K detections, G true segments, C classes, P pairs of both, T thresholds of tIoU.

For each class and each tIoU, detections of all videos are gone through from the best score to the
worst. One is right when, among the true segments of its video and class that no better detection
has taken, one overlaps it by at least that tIoU; it takes the one it overlaps most. Average
precision is the area under the precision that never falls as recall does (Pascal VOC 2011). The
classes are those of the ground truth.

Of equal scores, the video whose name is alphabetically first goes first, then the detection that
came first: the official code leaves this to an unstable sort. A detection in a video that the
ground truth does not have counts as wrong, as it does officially.
"""
from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.annotations import VideoRecord, class_names
from mmlofi.evaluation.predictions import Detections

_PAIRS_AT_ONCE = 1_000_000  # bounds memory at about 100 MB, whatever the number of pairs


@dataclass(frozen=True, eq=False)
class DetectionScores:
    """Average precision by class and tIoU, with what it was computed from."""

    tious: tuple[float, ...]
    classes: tuple[str, ...]
    AP: np.ndarray  # (C, T)
    num_videos: int
    num_segments: int
    num_detections: int

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
                    num_segments=self.num_segments, num_detections=self.num_detections,
                    per_class_average_AP=self.per_class_average_AP)


def detection_map(ground_truth: Sequence[VideoRecord], detections: Detections,
                  tious: str | float | Sequence[float] = '0.5:0.95:0.05') -> DetectionScores:
    """Scores detections at all thresholds in one pass.

    Args:
        ground_truth: The videos of the subset, with or without actions.
        detections: Of any videos and classes.
        tious: As `parse_tious` takes them.

    Raises:
        ValueError: Without a true segment, or when not one detected video or class is in the
            ground truth: then names are wrong, and 0 would hide it.

    Warns:
        UserWarning: With counts, about detections outside the ground truth's videos (counted as
            wrong) or classes (left out), and about videos in which nothing was detected.
    """
    tious = parse_tious(tious)
    classes = class_names(ground_truth)
    if not classes:
        raise ValueError(f'the ground truth has no action in {len(ground_truth)} videos; expected '
                         'at least one: choose an annotated subset')
    video_of = {record.name: place for place, record in enumerate(ground_truth)}
    if len(video_of) != len(ground_truth):
        raise ValueError(f'{len(ground_truth)} videos of the ground truth have {len(video_of)} '
                         'names; expected each video once: join its annotations')
    video, label = _translate(detections, video_of, classes)

    # Alphabetical order of videos breaks ties; lexsort is stable, so position comes after it.
    rank = np.argsort(np.argsort(np.array(detections.video_names, dtype=object)))
    known = np.flatnonzero(label >= 0)
    order = known[np.lexsort((rank[detections.video[known]], -detections.scores[known]))]
    label = label[order]

    truth = [(video_of[record.name], classes.index(name), *segment) for record in ground_truth
             for segment, name in zip(record.segments_sec, record.labels)]
    truth = np.array(truth, dtype=np.float64)                                # (G, 4)
    true_label = truth[:, 1].astype(np.int64)
    true_group = truth[:, 0].astype(np.int64) * len(classes) + true_label
    group = np.where(video[order] < 0, -1, video[order] * len(classes) + label)
    right = _match(group, detections.segments_sec[order], true_group, truth[:, 2:],
                   np.array(tious))                                          # (K, T)
    return DetectionScores(
        tious, classes, _average_precision(label, right, np.bincount(true_label)),
        len(ground_truth), len(truth), len(detections))


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


def _translate(detections: Detections, video_of: dict[str, int],
               classes: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The ground truth's video and class index of each detection, -1 where it has none."""
    class_of = {name: place for place, name in enumerate(classes)}
    video = np.array([video_of.get(name, -1) for name in detections.video_names], dtype=np.int64)
    label = np.array([class_of.get(name, -1) for name in detections.classes], dtype=np.int64)
    count = len(detections)
    video_of_detection = video[detections.video] if count else np.empty(0, np.int64)
    label_of_detection = label[detections.label] if count else np.empty(0, np.int64)
    for kind, known, names, there in (
            ('video', video_of_detection, detections.video_names, tuple(video_of)),
            ('label', label_of_detection, detections.classes, classes)):
        unknown = int((known < 0).sum())
        used = detections.video if kind == 'video' else detections.label
        others = sorted({names[place] for place in np.unique(used[known < 0])})
        if unknown and unknown == count:
            raise ValueError(
                f'no {kind} of the {count} detections is in the ground truth: they have {kind}s '
                f'such as {others[:3]}, expected some of {list(there[:3])}, …: use the same names '
                'and the right subset')
        if unknown:
            fate = 'count as wrong' if kind == 'video' else 'are left out'
            _warn(f'{unknown} of {count} detections have one of {len(others)} {kind}s that the '
                  f'ground truth does not have, such as {others[:3]}; they {fate}')
    seen = len(np.unique(video_of_detection[video_of_detection >= 0]))
    if seen < len(video_of):
        _warn(f'{len(video_of) - seen} of {len(video_of)} videos of the ground truth have no '
              'detection; their actions count as missed')
    return video_of_detection, label_of_detection


def _match(group: np.ndarray, segments: np.ndarray, true_group: np.ndarray,
           true_segments: np.ndarray, tious: np.ndarray) -> np.ndarray:
    """(K, T) whether each detection, given from best to worst, takes a true segment.

    Groups (one video, one class) do not influence each other, so the n-th detection of every
    group is decided in the same step.
    """
    pairs = list(_pairs(group, segments, true_group, true_segments, tious[0]))
    detection, truth, iou = (np.concatenate(part) for part in zip(*pairs))   # (P,)
    right = np.zeros((len(group), len(tious)), dtype=bool)
    if not len(detection):
        return right
    order = np.lexsort((-truth, -iou, detection))
    truth, iou = truth[order], iou[order]
    detection, first, count = np.unique(detection, return_index=True, return_counts=True)

    # Steps: the n-th of each group, among detections that overlap anything at all.
    by_group = np.argsort(group[detection], kind='stable')
    _, begin, size = np.unique(group[detection][by_group], return_index=True, return_counts=True)
    nth = np.empty(len(detection), np.int64)
    nth[by_group] = np.arange(len(detection)) - np.repeat(begin, size)
    steps = np.split(np.argsort(nth, kind='stable'), np.cumsum(np.bincount(nth))[:-1])

    taken = np.zeros((len(true_group), len(tious)), dtype=bool)
    for step in steps:
        place = np.arange(count[step].max())
        pair = np.minimum(first[step, None] + place, len(truth) - 1)         # (n, candidates)
        overlap = np.where(place < count[step, None], iou[pair], -1.0)
        free = ~taken[truth[pair]] & (overlap[..., None] >= tious)           # (n, candidates, T)
        found = free.any(1)                                                  # (n, T)
        right[detection[step]] = found
        row, threshold = np.nonzero(found)
        best = free.argmax(1)[row, threshold]
        taken[truth[pair[row, best]], threshold] = True
    return right


def _pairs(group: np.ndarray, segments: np.ndarray, true_group: np.ndarray,
           true_segments: np.ndarray, least: float) -> Iterator[tuple[np.ndarray, ...]]:
    """Detections and true segments of one group that overlap by `least` or more, and their IoU."""
    by_group = np.argsort(true_group, kind='stable')
    begin = np.searchsorted(true_group[by_group], group)
    count = np.searchsorted(true_group[by_group], group, side='right') - begin  # (K,)
    ends = np.cumsum(count)
    cuts = np.searchsorted(ends, np.arange(_PAIRS_AT_ONCE, ends[-1] if len(ends) else 0,
                                           _PAIRS_AT_ONCE))
    for chunk in np.split(np.arange(len(group)), cuts):
        detection = np.repeat(chunk, count[chunk])
        offset = np.repeat(np.cumsum(count[chunk]) - count[chunk], count[chunk])
        truth = by_group[begin[detection] + np.arange(len(detection)) - offset]
        iou = _iou(segments[detection], true_segments[truth])
        near = iou >= least
        yield detection[near], truth[near], iou[near]


def _iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    overlap = np.minimum(first[:, 1], second[:, 1]) - np.maximum(first[:, 0], second[:, 0])
    overlap = np.maximum(overlap, 0.0)
    union = (second[:, 1] - second[:, 0]) + (first[:, 1] - first[:, 0]) - overlap
    # Two instants have no union: 0, where the official code has NaN and counts a match.
    return np.divide(overlap, union, out=np.zeros_like(union), where=union > 0)


def _average_precision(label: np.ndarray, right: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """(C, T) from detections given from best to worst."""
    ap = np.zeros((len(positives), right.shape[1]))
    by_class = np.argsort(label, kind='stable')
    cuts = np.searchsorted(label[by_class], np.arange(1, len(positives)))
    for place, members in enumerate(np.split(by_class, cuts)):
        hits = right[members]
        precision = hits.cumsum(0) / np.arange(1, len(hits) + 1)[:, None]
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        ap[place] = (envelope * hits).sum(0) / positives[place]
    return ap


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)
