"""When the frames of a video are, for programs that number them; with its rate and its size.

Shape legend: S frames that a player shows.
"""
from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np


class FrameClock(NamedTuple):
    """Of one file; frames count from 0, and frame i lasts until frame i + 1 begins."""

    duration_sec: float
    fps: float                       # on average
    total_frames: int                # S
    width: int
    height: int
    times_sec: np.ndarray | None = None   # (S,) when each begins; None: evenly

    def second_of(self, frame: float) -> float:
        """When a frame begins; from the last one on the end of the video."""
        return float(np.interp(frame, np.arange(self.total_frames + 1), self._edges()))

    def frame_at(self, second: float) -> int:
        """The frame whose beginning is nearest; S for the end of the video."""
        edges = self._edges()
        after = int(np.searchsorted(edges, second))
        before = max(after - 1, 0)
        after = min(after, self.total_frames)
        return before if second - edges[before] < edges[after] - second else after

    def _edges(self) -> np.ndarray:
        if self.times_sec is None:
            return np.linspace(0, self.duration_sec, self.total_frames + 1)
        return np.append(self.times_sec, self.duration_sec)


def read_clock(filename: str | os.PathLike) -> FrameClock:
    """Of a file, as training sees it.

    Raises:
        FileNotFoundError, ValueError: As `OpenVideo`.
    """
    from mmlofi.datasets.transforms import OpenVideo  # loads torch, which reading json needs not
    results = OpenVideo()(dict(filename=os.fspath(filename)))
    height, width = results['video_reader'][0].shape[:2]
    return FrameClock(results['duration_sec'], float(results['avg_fps']), results['total_frames'],
                      int(width), int(height), results['frame_times_sec'])
