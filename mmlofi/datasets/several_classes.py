"""Whether videos hold actions of several classes, and whether actions share time.

Where they do, class scores of the whole video cannot say which action is of which class.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

# From here on several classes a video are usual. ActivityNet has 0.1 % of such videos, which cost
# it less than scores vary from seed to seed, and THUMOS14 15 %.
USUAL_SHARE = 0.05


@dataclass(frozen=True)
class SeveralClasses:
    """How many videos hold actions of several classes, of those that hold any."""

    several: int
    labelled: int

    @classmethod
    def of(cls, labels: Iterable[Collection]) -> SeveralClasses:
        """From the labels of each video's actions."""
        counts = [len(set(video)) for video in labels]
        return cls(sum(count > 1 for count in counts), sum(count > 0 for count in counts))

    @property
    def usual(self) -> bool:
        """Whether so many do that scores of the whole video are the wrong kind."""
        return self.several > 0 and self.several >= USUAL_SHARE * self.labelled

    def __str__(self) -> str:
        return f'{self.several} of {self.labelled} videos with actions hold several classes'


def overlaps(segments: Sequence[tuple[float, float]], labels: Sequence) -> tuple[int, int]:
    """How many of a video's actions share time with another one of the same class, and of others.

    Those that only meet, where one ends and the other starts, do not.
    """
    if len(segments) < 2:
        return 0, 0
    start, end = np.array(segments, np.float64).T
    shared = np.minimum(end[:, None], end) > np.maximum(start[:, None], start)
    np.fill_diagonal(shared, False)
    numbers = np.unique(np.array(labels, object).astype(str), return_inverse=True)[1]
    same = numbers[:, None] == numbers
    return int((shared & same).any(1).sum()), int((shared & ~same).any(1).sum())


def mend(class_scores: str, in_channels: int | str = '…', num_classes: int | str = '…') -> str:
    """The line that lets each proposal have classes of its own, in place of the video's."""
    if class_scores == 'VideoClassifier':
        return '--cfg-options model.class_scores.type=SegmentClassifier'
    return ("model = dict(class_scores=dict(_delete_=True, type='SegmentClassifier', "
            f'in_channels={in_channels}, num_classes={num_classes}))')
