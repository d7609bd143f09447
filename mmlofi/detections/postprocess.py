"""From a head's proposals to detections, in the model or later from files (`raw_files`).

Shape legend: K proposals of a video, C classes, L snippets, M detections.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmlofi.detections.labels import label, label_each
from mmlofi.detections.proposals import RawProposals, refuse_no_numbers
from mmlofi.detections.soft_nms import check_options, soft_nms_picks


def postprocess(videos: Sequence[RawProposals], *, nms: dict, top_classes: int,
                fusion: str = 'product') -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Soft-NMS, seconds, and each segment once for each of its classes.

    Args:
        videos: Their proposals.
        nms: Options of `suppress`.
        top_classes: Classes of the video, or of each proposal, that proposals are given.
        fusion: How a class's score meets the proposal's, of `fusions.FUSIONS`.

    Returns:
        segments_sec (M, 2), scores (M,) and labels (M,) of each video; all labels are 0 where
        nothing says classes.

    Raises:
        ValueError: As `refuse_no_numbers`.
    """
    return [label(video, top_classes, fusion)
            for video in suppress(videos, nms, top_classes=top_classes, fusion=fusion)]


def suppress(videos: Sequence[RawProposals], nms: Mapping, *, top_classes: int = 1,
             fusion: str = 'product') -> list[RawProposals]:
    """What soft-NMS leaves of each video or window by itself, without `start` and `end`.

    Args:
        videos: Their proposals.
        nms: Options of `soft_nms_picks`, and `by_class`: whether proposals of one class leave those
            of others as they are; then `top_k` counts for each class, and again in all. By default
            so where each proposal has classes of its own.
        top_classes: Of each proposal that has class scores (K, C), if by class.
        fusion: Of those with the proposals' scores.

    Raises:
        ValueError: As `refuse_no_numbers`.
    """
    for video in videos:
        refuse_no_numbers(video)
    options = dict(nms)
    by_class = options.pop('by_class', None) is not False
    groups = []    # of proposals that see each other: of a video, or of a class of it
    for video in videos:
        if by_class and video.class_scores is not None and video.class_scores.ndim == 2:
            video = label_each(video, top_classes, fusion)
        video = replace(video, start=None, end=None)
        groups.append([video] if video.labels is None or not by_class else
                      [video.take(np.flatnonzero(video.labels == one))
                       for one in np.unique(video.labels)] or [video])
    flat = [group for video in groups for group in video]
    picks = iter(soft_nms_picks([group.segments for group in flat],
                                [group.scores for group in flat], **options))
    found = [[replace(group.take(picked), segments=segments, scores=scores)
              for group, (segments, scores, picked) in zip(video, picks)] for video in groups]
    return [video[0] if len(video) == 1 else _best(video, options['top_k']) for video in found]


def check_nms(*, by_class: bool | None = None, **options: object) -> None:
    """Refuses options of `suppress` that make no sense, such as those of a config.

    Raises:
        ValueError: With the option.
    """
    if by_class not in (None, True, False):
        raise ValueError(f'nms got by_class={by_class!r}; expected True, False, or None for what '
                         'suits the proposals')
    check_options(**options)


def _best(groups: Sequence[RawProposals], top_k: int) -> RawProposals:
    """The `top_k` best of several classes of a video, best first."""
    whole = replace(groups[0], segments=np.concatenate([one.segments for one in groups]),
                    scores=np.concatenate([one.scores for one in groups]),
                    labels=np.concatenate([one.labels for one in groups]))
    return whole.take(np.argsort(-whole.scores, kind='stable')[:top_k])
