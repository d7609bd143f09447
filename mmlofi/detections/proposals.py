"""What a head proposes in a video, before anything is done with it.

Shape legend: K proposals of a video, C classes, L snippets.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

_VALUES = ('segments', 'scores', 'class_scores', 'start', 'end')


@dataclass(frozen=True, eq=False)
class RawProposals:
    """What a head proposes in one video, before soft-NMS.

    Arrays, so that what is done with them needs no torch: `mmlofi.models.arrays` makes them.
    """

    video_name: str
    duration_sec: float
    window_norm: tuple[float, float]      # the part of the video that the segments are shares of
    segments: np.ndarray                  # (K, 2)
    scores: np.ndarray                    # (K,)
    class_scores: np.ndarray | None       # (C,) of the video, or (K, C) of each proposal
    first_snippet: int | None = None      # of a window, where the video was cut into several
    start: np.ndarray | None = None       # (L,) probabilities, of heads that have them
    end: np.ndarray | None = None         # (L,)
    labels: np.ndarray | None = None      # (K,) of heads that know classes

    def take(self, places: np.ndarray) -> RawProposals:
        """Some of the proposals, in this order, with all that belongs to each."""
        classes = self.class_scores
        if classes is not None and classes.ndim == 2:
            classes = classes[places]
        return replace(self, segments=self.segments[places], scores=self.scores[places],
                       class_scores=classes,
                       labels=None if self.labels is None else self.labels[places])


def refuse_no_numbers(video: RawProposals) -> None:
    """Sees that all that a model says of a video are numbers, before any of it becomes a detection.

    Raises:
        ValueError: With the video, for values that are not finite, scores below 0, labels that are
            not one whole number a proposal, or a duration that is none.
    """
    for name in _VALUES:
        values = getattr(video, name)
        bad = 0 if values is None else int((~np.isfinite(values)).sum())
        if bad:
            raise ValueError(
                f'the model gives {bad} of {values.size} {name} of video {video.video_name!r} '
                'that are not finite; expected numbers: it has diverged, take a checkpoint from '
                'before, or its features are of another encoder than it was trained on')
    if (video.scores < 0).any():
        raise ValueError(f'the model gives scores below 0 in video {video.video_name!r}; expected '
                         'probabilities: let its head apply a sigmoid')
    _refuse_no_labels(video)
    if not (0 < video.duration_sec < math.inf and all(map(math.isfinite, video.window_norm))):
        raise ValueError(f'video {video.video_name!r} lasts {video.duration_sec} s, of which '
                         f'{video.window_norm} are looked at; expected seconds above 0: correct '
                         'its "duration" in the annotations')


def _refuse_no_labels(video: RawProposals) -> None:
    labels, count = video.labels, len(video.scores)
    if labels is not None and (labels.shape != (count,) or labels.dtype.kind not in 'iu'
                               or (labels < 0).any()):
        raise ValueError(f'the model gives labels {labels.dtype} {labels.shape} of '
                         f'{count} proposals of video {video.video_name!r}; expected a whole '
                         "number from 0 on for each: let the head's predict give labels (K,)")
    classes = video.class_scores
    if classes is not None and classes.ndim == 2 and len(classes) != count:
        raise ValueError(f'the model gives class scores {classes.shape} of {count} '
                         f'proposals of video {video.video_name!r}; expected a row for each')
