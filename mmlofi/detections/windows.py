"""Joins what was found in the windows of a video.

Shape legend: K proposals of a window, M of the whole video, C classes.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmlofi.detections.labels import label
from mmlofi.detections.postprocess import postprocess, suppress
from mmlofi.detections.predictions import Detections
from mmlofi.detections.proposals import RawProposals


@dataclass(frozen=True, eq=False)
class WindowResult:
    """What soft-NMS left of one window, and how its video is to be post-processed."""

    proposals: RawProposals
    nms: dict
    top_classes: int
    fusion: str = 'product'

    @property
    def key(self) -> tuple[str, int]:
        """Video and place: equal of a window that was given out twice."""
        return self.proposals.video_name, self.proposals.first_snippet


def detect_in_videos(windows: Iterable[WindowResult]
                     ) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Segments in seconds (M, 2), scores (M,) and labels (M,) of each video, by its name.

    As G-TAD does on THUMOS14: soft-NMS in each window, which came before, and again over all that
    is left in the video. The order in which windows come does not matter, nor does one that comes
    twice.
    """
    videos: dict[str, list[WindowResult]] = {}
    for result in sorted({result.key: result for result in windows}.values(),
                         key=lambda result: result.key):
        videos.setdefault(result.proposals.video_name, []).append(result)
    found = {}
    for name, results in videos.items():
        whole, first = join_windows([result.proposals for result in results]), results[0]
        (found[name],) = postprocess([whole], nms=first.nms, top_classes=first.top_classes,
                                     fusion=first.fusion)
    return found


def detect(videos: Sequence[RawProposals], *, nms: dict, top_classes: int,
           fusion: str = 'product') -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """`postprocess` by name, where several of `videos` may be windows of one."""
    suppressed = suppress(videos, nms, top_classes=top_classes, fusion=fusion)
    found = {one.video_name: label(one, top_classes, fusion) for one in suppressed
             if one.first_snippet is None}
    return found | detect_in_videos(
        WindowResult(one, nms, top_classes, fusion) for one in suppressed
        if one.first_snippet is not None)


def to_detections(found: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
                  classes: Sequence[str]) -> Detections:
    """What `detect` gives, with the names of the classes.

    Raises:
        ValueError: As `Detections.from_videos`.
    """
    return Detections.from_videos(
        [(name, *values) for name, values in found.items()], classes)


def join_windows(windows: Sequence[RawProposals]) -> RawProposals:
    """One video from its windows: segments as shares of it, clipped to it; the mean class scores of
    the video, or those of each proposal.

    What lies after the video's end, in a window that reaches over it, is dropped.
    """
    parts = []
    for window in windows:
        start, end = window.window_norm
        inside = (start + window.segments * (end - start)).clip(0, 1)
        parts.append(replace(window, segments=inside).take(inside[:, 1] > inside[:, 0]))
    classes = [part.class_scores for part in parts if part.class_scores is not None]
    if classes:
        classes = np.stack(classes).mean(0) if classes[0].ndim == 1 else np.concatenate(classes)
    labels = [part.labels for part in parts if part.labels is not None]
    return replace(windows[0], window_norm=(0.0, 1.0), first_snippet=None,
                   segments=np.concatenate([part.segments for part in parts]),
                   scores=np.concatenate([part.scores for part in parts]),
                   class_scores=classes if len(classes) else None,
                   labels=np.concatenate(labels) if labels else None)
