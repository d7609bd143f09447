"""Which videos are worth a person's time first: where a correction teaches the model most.

Shape legend: K segments over all videos.

Scores of heads are not probabilities (G-TAD's are products of several), so what counts is a
segment's place among all K: 0 for the lowest score, 1 for the highest. The model is most uncertain
where it would have decided one way or the other; without a score for that, in the middle.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmlofi.detections.exports.videos import ExportedVideo

ORDERS = ('name', 'uncertain', 'rare', 'both')


class Priority(NamedTuple):
    """Why a video comes where it does; both go from 0 to 1, the first to correct."""

    uncertain: float   # of its segments, on average
    rare: float        # its rarest class, 1 for the rarest of all
    rarest: str        # that class; '' where nothing was found


def in_order(videos: Sequence[ExportedVideo], by: str, *, known: Mapping[str, int] | None = None,
             decision_score: float | None = None) -> list[tuple[ExportedVideo, Priority]]:
    """The videos, those to correct first at the front; of the same priority, by name.

    Args:
        by: Of `ORDERS`; 'both' adds up the two.
        known: How many annotated actions there are of each class; None counts what was found. A
            class that was found and is not annotated at all is the rarest.
        decision_score: The score of a segment that may be right or wrong; None is the median.
    """
    doubt = _doubts(videos, decision_score)
    counts = Counter(one.label for video in videos for one in video.segments)
    if known is not None:
        counts = Counter({label: known.get(label, 0) for label in counts})
    least = min(counts.values(), default=0)
    found = [(video, _priority(video, doubt, counts, least)) for video in videos]
    keys = dict(name=lambda one: 0.0, uncertain=lambda one: one.uncertain,
                rare=lambda one: one.rare, both=lambda one: one.uncertain + one.rare)
    return sorted(found, key=lambda pair: (-keys[by](pair[1]), pair[0].name))


def _doubts(videos: Sequence[ExportedVideo], decision_score: float | None) -> dict[float, float]:
    """How uncertain a score is, 1 at the decision and 0 at whichever end is farther."""
    scores = np.sort([one.score for video in videos for one in video.segments])      # (K,)
    if not len(scores):
        return {}
    places = (np.searchsorted(scores, scores) + np.searchsorted(scores, scores, 'right') - 1) / 2
    places /= max(len(scores) - 1, 1)                                                # (K,)
    middle = 0.5 if decision_score is None else \
        min(np.searchsorted(scores, decision_score) / max(len(scores) - 1, 1), 1.0)
    doubts = 1 - np.abs(places - middle) / max(middle, 1 - middle)                   # (K,)
    return dict(zip(scores.tolist(), doubts.tolist()))


def _priority(video: ExportedVideo, doubts: Mapping[float, float], counts: Mapping[str, int],
              least: int) -> Priority:
    if not video.segments:
        return Priority(0.0, 0.0, '')
    rarest = min((one.label for one in video.segments), key=lambda label: (counts[label], label))
    return Priority(float(np.mean([doubts[one.score] for one in video.segments])),
                    (least + 1) / (counts[rarest] + 1), rarest)
