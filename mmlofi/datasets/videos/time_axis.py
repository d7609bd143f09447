"""When each frame of a video is shown, from the time stamps that decord reports.

Shape legend: F frames that decord counts, S of them shown.

Time: 0 s is where a player starts, the earliest picture or sound of the file::

    sound                |--------------------------------|
    decord's frames  h h h . 0 . 1 . 2 . 3 . . . . S-1     h: hidden by an edit list
    times_sec            |   late_sec
                         0 s                              duration_sec
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

NO_STAMP_SEC = -1e9   # below it: what FFmpeg's "no value" becomes, -3.7e17 s in some avi


class TimeAxis(NamedTuple):
    """The frames that are shown, and when."""

    times_sec: np.ndarray | None   # (S,) when each starts; None: evenly from 0 to the duration
    duration_sec: float            # from 0 s to the end of the last frame
    total_frames: int              # S
    hidden: int = 0                # of decord's frames, before the first one that is shown
    stamped: bool = True           # whether every frame has a time stamp
    repaired: str | None = None    # what was wrong with the stamps, and what was done


def time_axis(reader, *, late_sec: float = 0.0, until_sec: float | None = None) -> TimeAxis:
    """The time axis of an opened `decord.VideoReader`.

    Args:
        late_sec: By how much the first shown picture comes after the presentation's start.
        until_sec: Frames from here on, counted from the first shown one, are hidden as well.

    Raises:
        ValueError: When neither stamps nor a frame rate say how long the video is, or no frame of
            it is shown.
    """
    spans = reader.get_frame_timestamp(np.arange(len(reader)))                          # (F, 2)
    return axis_of(spans.astype(np.float64), reader.get_avg_fps(), late_sec, until_sec)


def axis_of(spans: np.ndarray, fps: float, late_sec: float = 0.0,
            until_sec: float | None = None) -> TimeAxis:
    """The same of starts and ends (F, 2) in seconds, ascending, 0 at the first shown frame.

    A rate counts as variable when some frame starts more than half a frame from where an even
    spacing puts it; as constant also where frames have no time stamp.

    Raises:
        ValueError: As `time_axis`.
    """
    rate = fps if fps > 0 and np.isfinite(fps) else None
    missing = int((spans.min(axis=1) < NO_STAMP_SEC).sum())
    if missing or len(np.unique(spans)) == 1:   # one stamp for all, and no length, tell nothing
        return _by_rate(len(spans), missing or len(spans), rate)
    hidden = int((spans[:, 0] < 0).sum())
    shown = spans[hidden:]
    if until_sec is not None:
        shown = shown[shown[:, 0] < until_sec]
    if not len(shown):
        raise ValueError(f'its edit list hides all of its {len(spans)} frames; expected one that '
                         'is shown: cut it again, ffmpeg -ss START -i in.mp4 -c:v libx264 out.mp4')
    total, starts = len(shown), shown[:, 0] - shown[0, 0]
    last = float(shown[-1, 1] - shown[-1, 0]) or 1 / (rate or 25.0)
    starts, last, repaired = _spread_equal(starts, last)
    starts, duration = starts + late_sec, float(starts[-1]) + last + late_sec
    even = np.arange(total) * duration / total
    variable = np.abs(starts - even).max() > 0.5 * duration / total
    return TimeAxis(starts if variable else None, duration, total, hidden,
                    repaired=repaired)


def _by_rate(total: int, missing: int, rate: float | None) -> TimeAxis:
    if rate is None:
        raise ValueError(f'{missing} of its {total} frames have no time stamp, and its header no '
                         'frame rate; expected either: encode it again, ffmpeg -i in.avi -c:v '
                         'libx264 out.mp4')
    repaired = None if missing == total else (
        f'{missing} of {total} frames have no time stamp: all are timed by the rate that the '
        f'header gives, {rate:g} a second')
    return TimeAxis(None, total / rate, total, stamped=False, repaired=repaired)


def _spread_equal(starts: np.ndarray, last: float) -> tuple[np.ndarray, float, str | None]:
    """Frames of one stamp share the time until the next stamp; `last` is how long the last one
    lasts."""
    stamps, first = np.unique(starts, return_index=True)
    repeated = len(starts) - len(stamps)
    if not repeated:
        return starts, last, None
    edges = np.append(stamps, stamps[-1] + last)
    spread = np.interp(np.arange(len(starts) + 1), np.append(first, len(starts)), edges)
    place = int(np.flatnonzero(np.diff(starts) == 0)[0]) + 1
    return spread[:-1], float(spread[-1] - spread[-2]), (
        f'{repeated} of {len(starts)} frames have the time stamp of the one before, the first '
        f'at {starts[place]:.3f} s: frames of one stamp share the time until the next')
