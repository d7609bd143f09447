"""When each frame of a video is shown, from the time stamps that a reader reports.

Shape legend: F frames that the reader counts, S of them shown.

Time: 0 s is where a player starts, the earliest picture or sound of the file::

    sound                |--------------------------------|
    reader's frames  h h h . 0 . 1 . 2 . 3 . . . . S-1     h: hidden by an edit list
    times_sec            |   late_sec
                         0 s                              duration_sec
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

ROUNDING_SEC = 1e-4    # decord's stamps are of single precision
NO_STAMP_SEC = -1e9    # below it: what FFmpeg's "no value" becomes, -3.7e17 s in some avi


class TimeAxis(NamedTuple):
    """The frames that are shown, and when."""

    times_sec: np.ndarray | None   # (S,) when each starts; None: evenly from 0 to the duration
    duration_sec: float            # from 0 s to the end of the last frame
    total_frames: int              # S
    hidden: int = 0                # of the reader's frames, before the first one that is shown
    stamped: bool = True           # whether every frame has a time stamp
    repaired: str | None = None    # what was wrong with the stamps, and what was done


def axis_of(spans: np.ndarray, fps: float, late_sec: float = 0.0,
            until_sec: float | None = None) -> TimeAxis:
    """The time axis of frames.

    A rate counts as variable when some frame starts more than half a frame from where an even
    spacing puts it; as constant also where frames have no time stamp.

    Args:
        spans: (F, 2) starts and ends in seconds, ascending, 0 at the first shown frame.
        fps: Of the header.
        late_sec: By how much the first shown picture comes after the presentation's start.
        until_sec: Frames from here on, counted from the first shown one, are hidden as well.

    Raises:
        ValueError: When neither stamps nor a frame rate say how long the video is, or no frame of
            it is shown.
    """
    rate = fps if fps > 0 and np.isfinite(fps) else None
    if _lack_stamps(spans[:, 0], rate) or spans.min() == spans.max():   # one for all: none
        return _by_rate(spans[:, 0], rate)
    hidden = int(np.searchsorted(spans[:, 0], 0.0))
    end = len(spans) if until_sec is None else int(np.searchsorted(spans[:, 0],
                                                                   until_sec - ROUNDING_SEC))
    if end <= hidden:
        raise ValueError(f'its edit list hides all of its {len(spans)} frames; expected one that '
                         'is shown: cut it again, ffmpeg -ss START -i in.mp4 -c:v libx264 out.mp4')
    starts, total = spans[hidden:end, 0] - spans[hidden, 0], end - hidden
    last = spans[end - 1, 1] - spans[end - 1, 0] or (1 / rate if rate else starts[-1] / total)
    starts, last, repaired = _spread_equal(starts, float(last))
    starts, duration = starts + late_sec, float(starts[-1] + last) + late_sec
    even = np.arange(total) * duration / total
    variable = np.abs(starts - even).max() > 0.5 * duration / total
    return TimeAxis(starts if variable else None, duration, total, hidden, repaired=repaired)


def _lack_stamps(stamps: np.ndarray, rate: float | None) -> bool:
    """Whether frames that are shown have none: the others leave room between them, as in avi.

    A mkv that was cut in an open group of pictures has some that nothing can decode or show.
    """
    known = stamps[np.searchsorted(stamps, NO_STAMP_SEC):]
    missing = len(stamps) - len(known)
    if not missing or rate is None or not len(known):
        return missing > 0
    return np.ptp(known) * rate + 1 - len(known) >= missing / 2


def _by_rate(stamps: np.ndarray, rate: float | None) -> TimeAxis:
    """Of frames that have not all a stamp; those there are may lie at other times."""
    total, known = len(stamps), stamps[stamps > NO_STAMP_SEC]
    if rate is None:
        raise ValueError(f'{total - len(known)} of its {total} frames have no time stamp, and its '
                         'header gives no frame rate; expected either: encode it again, ffmpeg -i '
                         'in.avi -c:v libx264 out.mp4')
    agree = not len(known) or np.ptp(known) <= (total + 1) / rate
    return TimeAxis(None, total / rate, total, stamped=False, repaired=None if agree else (
        f'{total - len(known)} of {total} frames have no time stamp, and the others last longer '
        f'than {total / rate:.3f} s: all are timed by the rate of its header, {rate:g} a second'))


def _spread_equal(starts: np.ndarray, last: float) -> tuple[np.ndarray, float, str | None]:
    """Frames of one stamp share the time until the next stamp; `last` is how long the last one
    lasts."""
    new = np.append(True, np.diff(starts) > 0)
    if new.all():
        return starts, last, None
    stamps, first = starts[new], np.flatnonzero(new)
    edges = np.append(stamps, stamps[-1] + last)
    spread = np.interp(np.arange(len(starts) + 1), np.append(first, len(starts)), edges)
    return spread[:-1], float(spread[-1] - spread[-2]), (
        f'{(~new).sum()} of {len(starts)} frames have the time stamp of the one before, the first '
        f'at {starts[~new][0]:.3f} s: frames of one stamp share the time until the next')


def frame_at(times_norm: np.ndarray, results: dict) -> np.ndarray:
    """Fractional frame positions (frame f covers [f, f+1)) of times in [0, 1] of the video."""
    starts = results.get('frame_times_sec')
    if starts is None:
        return times_norm * results['total_frames']
    edges = np.append(starts, results['duration_sec'])
    return np.interp(times_norm * results['duration_sec'], edges, np.arange(len(edges)))
