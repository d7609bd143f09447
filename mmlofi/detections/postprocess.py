"""From a head's proposals to detections, in the model or later from files (`raw_files`).

Shape legend: K proposals of a video, C classes, L snippets, M detections.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mmlofi.detections.soft_nms import soft_nms_batch


@dataclass(frozen=True, eq=False)
class RawProposals:
    """What a head proposes in one video, before soft-NMS."""

    video_name: str
    duration_sec: float
    window_norm: tuple[float, float]  # the part of the video that the segments are shares of
    segments: Tensor                  # (K, 2)
    scores: Tensor                    # (K,)
    class_scores: Tensor | None       # (C,) of the video
    first_snippet: int | None = None  # of a window, where the video was cut into several
    start: Tensor | None = None       # (L,) probabilities, of heads that have them
    end: Tensor | None = None         # (L,)


def postprocess(videos: Sequence[RawProposals], *, nms: dict, top_classes: int
                ) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Soft-NMS, seconds, and each segment once for each of its video's best classes.

    Args:
        videos: Their proposals.
        nms: Options of `soft_nms_batch`.
        top_classes: Classes of the video that each proposal is given.

    Returns:
        segments_sec (M, 2), scores (M,) and labels (M,) of each video; all labels are 0 where
        there are no class scores.

    Raises:
        ValueError: As `refuse_no_numbers`.
    """
    return [label(video, top_classes) for video in suppress(videos, nms)]


def suppress(videos: Sequence[RawProposals], nms: dict) -> list[RawProposals]:
    """What soft-NMS leaves of each video or window by itself, without `start` and `end`.

    Raises:
        ValueError: As `refuse_no_numbers`.
    """
    for video in videos:
        refuse_no_numbers(video)
    kept = soft_nms_batch([video.segments for video in videos],
                          [video.scores for video in videos], **nms)
    return [replace(video, segments=segments, scores=scores, start=None, end=None)
            for video, (segments, scores) in zip(videos, kept)]


def refuse_no_numbers(video: RawProposals) -> None:
    """Sees that all that a model says of a video are numbers, before any of it becomes a detection.

    Raises:
        ValueError: With the video, for values that are not finite, scores below 0 or a duration
            that is none.
    """
    for name in ('segments', 'scores', 'class_scores', 'start', 'end'):
        values = getattr(video, name)
        bad = 0 if values is None else int((~values.isfinite()).sum())
        if bad:
            raise ValueError(
                f'the model gives {bad} of {values.numel()} {name} of video {video.video_name!r} '
                'that are not finite; expected numbers: it has diverged, take a checkpoint from '
                'before, or its features are of another encoder than it was trained on')
    if (video.scores < 0).any():
        raise ValueError(f'the model gives scores below 0 in video {video.video_name!r}; expected '
                         'probabilities: let its head apply a sigmoid')
    if not (0 < video.duration_sec < math.inf and all(map(math.isfinite, video.window_norm))):
        raise ValueError(f'video {video.video_name!r} lasts {video.duration_sec} s, of which '
                         f'{video.window_norm} are looked at; expected seconds above 0: correct '
                         'its "duration" in the annotations')


def label(video: RawProposals, top_classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """segments_sec (M, 2), scores (M,) and labels (M,) of what soft-NMS left."""
    segments_sec, scores = _to_seconds(video.segments, video), video.scores
    if video.class_scores is None:
        return segments_sec, scores, torch.zeros_like(scores, dtype=torch.long)
    weights, classes = video.class_scores.topk(min(top_classes, len(video.class_scores)))
    return (segments_sec.repeat(len(classes), 1), (weights[:, None] * scores).flatten(),
            classes.repeat_interleave(len(scores)))


def _to_seconds(segments: Tensor, video: RawProposals) -> Tensor:
    """From shares of the window that the snippets cover to seconds of the video."""
    start, end = video.window_norm
    return (start + segments * (end - start)) * video.duration_sec
