"""Background segments: what of an untrimmed video lies outside of its actions.

Shape legend: K actions, B background segments.

Time, in seconds of the video; a gap counts as background if it is long enough::

    0                                                          duration
    |------[== action ==]--[== action ==]-----------------|
                 [= nested =]
    |BBBBBB|             |  | too short  |BBBBBBBBBBBBBBBB|
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlofi.options import require_number

REGIONS = ('Action', 'No action')   # a region's label is its place here
ACTION, NO_ACTION = 0, 1
MISSING_LABEL = -1   # the class of a background segment


def background_segments(segments_sec: Sequence[Sequence[float]] | np.ndarray, duration_sec: float,
                        *, shortest_gap_sec: float, merge_overlaps: bool = True,
                        ignored_sec: Sequence[Sequence[float]] = ()) -> np.ndarray:
    """The gaps (B, 2) between a video's actions (K, 2), and those before and after all of them.

    TSP ships the rows, not the rule; this rule gives its rows for all videos but 3 of 15,361, which
    have actions of equal starts (there the order of its table decides).

    Args:
        segments_sec: Actions in any order; none gives one gap, the whole video.
        duration_sec: Of the video.
        shortest_gap_sec: A gap this long or longer is background. TSP: 80 / 15 on ActivityNet,
            16 / 15 on THUMOS14.
        merge_overlaps: Whether a gap starts at the last end of all actions before it. TSP takes the
            end of the one that started last, so that where actions are nested parts of an action
            count as background: False does so.
        ignored_sec: Segments of classes that do not count, such as THUMOS14's `Ambiguous`, which
            are no background either; with `merge_overlaps=False` they are, since TSP's tables do
            not have them.

    Raises:
        ValueError: For a shortest gap of nothing or less, and a rule that is neither.
    """
    require_number('background', above=0, shortest_gap_sec=shortest_gap_sec)
    if not isinstance(merge_overlaps, bool):
        raise ValueError(f'background got merge_overlaps={merge_overlaps!r}; expected True, or '
                         "False for the authors' rule")
    segments = np.asarray(segments_sec, np.float64).reshape(-1, 2)
    if merge_overlaps:
        segments = np.concatenate([segments, np.reshape(ignored_sec, (-1, 2))])
    segments = segments[np.argsort(segments[:, 0], kind='stable')]
    gap_starts = np.append(0.0, segments[:, 1])                                     # (K + 1,)
    if merge_overlaps:
        gap_starts = np.maximum.accumulate(gap_starts)
    gap_ends = np.append(segments[:, 0], duration_sec)
    long_enough = gap_ends - gap_starts >= shortest_gap_sec
    return np.stack([gap_starts, gap_ends], axis=1)[long_enough]
