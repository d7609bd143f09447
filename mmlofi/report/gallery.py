"""Which videos the page shows, and why.

Shape legend: G true segments, V videos.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.report.analysis import Analysis
from mmlofi.report.comparison import Comparison, compare
from mmlofi.report.timeline import TimeLine, Truth, draw_timeline


@dataclass(frozen=True)
class Group:
    """Some videos, under a heading."""

    title: str
    why: str
    timelines: tuple[TimeLine, ...]


def make_gallery(ground_truth: Sequence[VideoRecord], analyses: Sequence[Analysis], *,
                 num_videos: int, top_k: int, colours: Mapping[str, str],
                 files: dict[str, str] | None = None) -> list[Group]:
    """The videos that the last set detects best and worst; of two sets also those in which it wins
    and loses most.

    Args:
        ground_truth: The videos of the subset.
        analyses: Of one or two sets.
        num_videos: Of each group, at most.
        top_k: Predictions drawn of each video and set.
        colours: Of the classes, by name.
        files: Video files by name, of whose frames thumbnails are made.
    """
    last = analyses[-1]
    chosen = best_and_worst(last.video_mAP, num_videos)
    by = f'by the mAP of each video alone, of {last.name}'
    groups = [('Best', f'Best first, {by}.', chosen[0]),
              ('Worst', f'Worst first, {by}.', chosen[1])]
    comparison = None
    if len(analyses) == 2:
        first, comparison = analyses[0], compare(*analyses)
        gained, lost = most_changed(comparison, first.video_mAP, last.video_mAP, num_videos)
        by = f'actions that {last.name} finds and {first.name} does not, less the reverse'
        groups = [('Won', f'Most first: {by}; where these are as many, by the gain in mAP.',
                   gained),
                  ('Lost', f'Fewest first: {by}; where these are as many, or all won, by the loss '
                   'in mAP.', lost), *groups]
    return [Group(title, why, tuple(
        _draw(place, ground_truth[place], analyses, comparison, top_k, colours, files or {})
        for place in places)) for title, why, places in groups if len(places)]


def best_and_worst(score: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the best, best first, and the worst, worst first; none is both.

    Videos whose score is NaN are neither.
    """
    order = np.argsort(-score, kind='stable')[:np.isfinite(score).sum()]
    best = order[:min(count, -(-len(order) // 2))]
    return best, order[len(best):][::-1][:count]


def most_changed(comparison: Comparison, first: np.ndarray, second: np.ndarray, count: int
                 ) -> tuple[np.ndarray, np.ndarray]:
    """Places of the videos that win most, and lose most, from the first scores (V,) to the second.

    A video whose wins and losses are equal counts by its mAP; one that stays as it is is neither.
    """
    won, lost = comparison.by_video(len(first))
    net, gain = won - lost, np.nan_to_num(second - first)
    order = np.lexsort((-gain, -net))
    better = (net > 0) | (net == 0) & (gain > 0)
    worse = (net < 0) | (net == 0) & (gain < 0)
    return order[better[order]][:count], order[worse[order]][::-1][:count]


def _draw(place: int, record: VideoRecord, analyses: Sequence[Analysis],
          comparison: Comparison | None, top_k: int, colours: Mapping[str, str],
          files: dict[str, str]) -> TimeLine:
    mine = np.flatnonzero(analyses[0].true_video == place)
    truth = [Truth(*record.segments_sec[nth], record.labels[nth],
                   fate(analyses, comparison, segment)) for nth, segment in enumerate(mine)]
    scores = {one.name: float(one.video_mAP[place]) for one in analyses}
    return draw_timeline(record, truth, {one.name: one.detections for one in analyses},
                         scores, top_k=top_k, colours=colours,
                         filename=files.get(record.name))


def fate(analyses: Sequence[Analysis], comparison: Comparison | None, segment: int) -> str:
    """'found' or 'missed', of two sets by both; 'won' and 'lost' are those found by one."""
    if comparison is not None and comparison.won[segment]:
        return 'won'
    if comparison is not None and comparison.lost[segment]:
        return 'lost'
    return 'found' if analyses[-1].found[segment] else 'missed'
