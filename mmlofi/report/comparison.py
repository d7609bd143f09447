"""What a second set of predictions finds and the first does not, and the other way round.

Shape legend: G true segments, C classes, V videos.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmlofi.report.analysis import Analysis


@dataclass(frozen=True, eq=False)
class Comparison:
    """Which true segments the second set wins and loses against the first."""

    won: np.ndarray         # (G,) found by the second alone
    lost: np.ndarray        # (G,) found by the first alone
    true_label: np.ndarray  # (G,)
    true_video: np.ndarray  # (G,)

    def by_class(self, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
        """(C,) how many are won, and (C,) lost."""
        return _count(self.true_label, self.won, num_classes), _count(
            self.true_label, self.lost, num_classes)

    def by_video(self, num_videos: int) -> tuple[np.ndarray, np.ndarray]:
        """(V,) how many are won, and (V,) lost."""
        return _count(self.true_video, self.won, num_videos), _count(
            self.true_video, self.lost, num_videos)


def compare(first: Analysis, second: Analysis) -> Comparison:
    """Of two analyses with one ground truth."""
    return Comparison(second.found & ~first.found, first.found & ~second.found,
                      first.true_label, first.true_video)


def _count(place: np.ndarray, chosen: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(place[chosen], minlength=size)
