"""Detections beside the ground truth: who is where, what overlaps, which takes which.

Shape legend: K detections, G true segments, P pairs of both, T thresholds of tIoU.

Segments to ignore (`VideoRecord.ignored_sec`) are no truth. A detection that overlaps one of its
video at all, of whatever class, is right where it takes a true segment, and where it takes none it
is not wrong either: it does not count, as in THUMOS14's evaluation kit (TH14eventdetpr.m).

Of equal scores, the video whose name is alphabetically first goes first, then the detection that
came first: the official codes leave this to unstable sorts.
"""
from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.annotations import VideoRecord, class_names
from mmlofi.detections.predictions import Detections

_PAIRS_AT_ONCE = 1_000_000  # bounds memory at about 100 MB, whatever the number of pairs


@dataclass(frozen=True, eq=False)
class Aligned:
    """Detections, best first, and true segments, by the ground truth's videos and classes."""

    num_videos: int
    classes: tuple[str, ...]
    video: np.ndarray          # (K,) -1 where the ground truth has no such video
    label: np.ndarray          # (K,) -1 where the ground truth has no such class
    segments: np.ndarray       # (K, 2) seconds
    true_video: np.ndarray     # (G,)
    true_label: np.ndarray     # (G,)
    true_segments: np.ndarray  # (G, 2) seconds
    ignored: np.ndarray        # (K,) whether it overlaps a segment to ignore
    num_ignored: int           # segments to ignore

    def wrong(self, matched: np.ndarray) -> np.ndarray:
        """(K, T) which detections are false positives, of what they take as `match` gives it."""
        return (matched < 0) & ~self.ignored[:, None]

    @property
    def group(self) -> np.ndarray:
        """(K,) video and class as one number, -1 where the ground truth lacks either."""
        known = (self.video >= 0) & (self.label >= 0)
        return np.where(known, self.video * len(self.classes) + self.label, -1)

    @property
    def true_group(self) -> np.ndarray:
        """(G,) video and class as one number."""
        return self.true_video * len(self.classes) + self.true_label


def align(ground_truth: Sequence[VideoRecord], detections: Detections, *,
          by_class: bool = True, strict: bool = True) -> Aligned:
    """Orders detections and puts them in the ground truth's terms.

    Args:
        ground_truth: The videos of the subset, with or without actions.
        detections: Of any videos and classes.
        by_class: Leave detections of classes that the ground truth lacks out; without, their
            class does not matter and they stay.
        strict: Refuse detections of which not one has a class of the ground truth; without, that
            is a warning with the classes of both.

    Raises:
        ValueError: Without a true segment, or when not one of the videos or classes that the
            detector knows is in the ground truth: then names are wrong, and 0 would hide it.

    Warns:
        UserWarning: With counts, about detections outside the ground truth's videos (kept) or
            classes (left out), and about videos in which nothing was detected.
    """
    classes = class_names(ground_truth)
    if not classes:
        raise ValueError(f'the ground truth has no action in {len(ground_truth)} videos; expected '
                         'at least one: choose an annotated subset')
    video_of = {record.name: place for place, record in enumerate(ground_truth)}
    if len(video_of) != len(ground_truth):
        raise ValueError(f'{len(ground_truth)} videos of the ground truth have {len(video_of)} '
                         'names; expected each video once: join its annotations')
    video, label = _translate(detections, video_of, classes, by_class, strict)

    # Alphabetical order of videos breaks ties; lexsort is stable, so position comes after it.
    rank = np.argsort(np.argsort(np.array(detections.video_names, dtype=object)))
    known = np.flatnonzero(label >= 0) if by_class else np.arange(len(detections))
    order = known[np.lexsort((rank[detections.video[known]], -detections.scores[known]))]
    class_of = {name: place for place, name in enumerate(classes)}
    truth = [(video_of[record.name], class_of[name], *segment) for record in ground_truth
             for segment, name in zip(record.segments_sec, record.labels)]
    truth = np.array(truth, dtype=np.float64)                                # (G, 4)
    video, segments = video[order], detections.segments_sec[order]
    return Aligned(len(ground_truth), classes, video, label[order], segments,
                   truth[:, 0].astype(np.int64), truth[:, 1].astype(np.int64), truth[:, 2:],
                   _overlap_ignored(ground_truth, video, segments),
                   sum(len(record.ignored_sec) for record in ground_truth))


def _overlap_ignored(ground_truth: Sequence[VideoRecord], video: np.ndarray,
                     segments: np.ndarray) -> np.ndarray:
    """(K,) which detections overlap a segment to ignore of their video, however little."""
    ignored = [(place, *segment) for place, record in enumerate(ground_truth)
               for segment in record.ignored_sec]
    if not ignored:
        return np.zeros(len(video), dtype=bool)
    ignored = np.array(ignored, dtype=np.float64)
    overlapping, _, _ = all_pairs(video, segments, ignored[:, 0].astype(np.int64), ignored[:, 1:],
                                  np.finfo(np.float64).smallest_subnormal)
    found = np.zeros(len(video), dtype=bool)
    found[overlapping] = True
    return found


def match(aligned: Aligned, tious: Sequence[float]) -> np.ndarray:
    """(K, T) the true segment that each detection takes, or -1.

    A detection takes the one it overlaps most among those of its video and class that it overlaps
    by the tIoU and that no better detection has taken. One video and class does not influence
    another, so the n-th detection of every one of these groups is decided in the same step.
    """
    tious, group = np.asarray(tious, dtype=np.float64), aligned.group
    taker, truth, iou = all_pairs(group, aligned.segments, aligned.true_group,
                                  aligned.true_segments, tious[0])           # (P,)
    matched = np.full((len(group), len(tious)), -1, dtype=np.int64)
    if not len(taker):
        return matched
    order = np.lexsort((-truth, -iou, taker))
    truth, iou = truth[order], iou[order]
    first = np.flatnonzero(np.diff(taker, prepend=-1))   # of each taker, which are in order
    count, taker = np.diff(first, append=len(taker)), taker[first]

    # Steps: the n-th of each group, among detections that overlap anything at all.
    nth = place_in_group(group[taker])
    steps = np.split(np.argsort(nth, kind='stable'), np.cumsum(np.bincount(nth))[:-1])
    taken = np.zeros((len(aligned.true_label), len(tious)), dtype=bool)
    for step in steps:
        place = np.arange(count[step].max())
        pair = np.minimum(first[step, None] + place, len(truth) - 1)         # (n, candidates)
        overlap = np.where(place < count[step, None], iou[pair], -1.0)
        free = ~taken[truth[pair]] & (overlap[..., None] >= tious)           # (n, candidates, T)
        row, threshold = np.nonzero(free.any(1))
        best = truth[pair[row, free.argmax(1)[row, threshold]]]
        matched[taker[step[row]], threshold] = best
        taken[best, threshold] = True
    return matched


def place_in_group(group: np.ndarray) -> np.ndarray:
    """(K,) how many before each one are of its group."""
    by_group = np.argsort(group, kind='stable')
    _, begin, size = np.unique(group[by_group], return_index=True, return_counts=True)
    place = np.empty(len(group), np.int64)
    place[by_group] = np.arange(len(group)) - np.repeat(begin, size)
    return place


def all_pairs(group: np.ndarray, segments: np.ndarray, true_group: np.ndarray,
              true_segments: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Detections (P,) and true segments (P,) of one group that overlap by `least` or more, and
    their IoU (P,), in the order of the detections."""
    parts = zip(*_pairs(group, segments, true_group, true_segments, least))
    return tuple(np.concatenate(part) for part in parts)


def segment_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(P,) of two lists (P, 2); 0 for two instants, where the official codes have NaN."""
    overlap = np.minimum(first[:, 1], second[:, 1]) - np.maximum(first[:, 0], second[:, 0])
    overlap = np.maximum(overlap, 0.0)
    union = (second[:, 1] - second[:, 0]) + (first[:, 1] - first[:, 0]) - overlap
    return np.divide(overlap, union, out=np.zeros_like(union), where=union > 0)


def _pairs(group: np.ndarray, segments: np.ndarray, true_group: np.ndarray,
           true_segments: np.ndarray, least: float) -> Iterator[tuple[np.ndarray, ...]]:
    by_group = np.argsort(true_group, kind='stable')
    groups, first, size = np.unique(true_group[by_group], return_index=True, return_counts=True)
    place = np.searchsorted(groups, group)                                       # (K,)
    none = np.append(groups, -2)[place] != group   # groups of detections are -1 at the least
    begin, count = np.append(first, 0)[place], np.append(size, 0)[place] * ~none
    ends = np.cumsum(count)
    cuts = np.searchsorted(ends, np.arange(_PAIRS_AT_ONCE, ends[-1] if len(ends) else 0,
                                           _PAIRS_AT_ONCE))
    for chunk in np.split(np.arange(len(group)), cuts):
        detection = np.repeat(chunk, count[chunk])
        offset = np.repeat(np.cumsum(count[chunk]) - count[chunk], count[chunk])
        truth = by_group[begin[detection] + np.arange(len(detection)) - offset]
        iou = segment_iou(segments[detection], true_segments[truth])
        near = iou >= least
        yield detection[near], truth[near], iou[near]


def _translate(detections: Detections, video_of: dict[str, int], classes: tuple[str, ...],
               by_class: bool, strict: bool) -> tuple[np.ndarray, np.ndarray]:
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
        if not unknown or kind == 'label' and not by_class:
            continue
        used = detections.video if kind == 'video' else detections.label
        others = sorted({names[place] for place in np.unique(used[known < 0])})
        if unknown == count and not set(names).intersection(there):
            message = (f'no {kind} of the {count} detections is in the ground truth: they have '
                       f'{kind}s such as {others[:3]}, expected some of {list(there[:3])}, …: use '
                       'the same names and the right subset')
            if kind == 'video' or strict:
                raise ValueError(message)
            _warn(f'{message}. As it is every action is missed')
            continue
        fate = 'count as wrong' if kind == 'video' else 'are left out'
        _warn(f'{unknown} of {count} detections have one of {len(others)} {kind}s that the '
              f'ground truth does not have, such as {others[:3]}; they {fate}')
    seen = len(np.unique(video_of_detection[video_of_detection >= 0]))
    if seen < len(video_of):
        _warn(f'{len(video_of) - seen} of {len(video_of)} videos of the ground truth have no '
              'detection; their actions count as missed')
    return video_of_detection, label_of_detection


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=5)
