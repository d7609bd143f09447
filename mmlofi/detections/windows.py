"""Joins what was found in the windows of a video.

Shape legend: K proposals of a window, M of the whole video, C classes.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mmlofi.detections.postprocess import RawProposals, label, postprocess, suppress
from mmlofi.detections.predictions import Detections


@dataclass(frozen=True, eq=False)
class WindowResult:
    """What soft-NMS left of one window, and how its video is to be post-processed."""

    proposals: RawProposals
    nms: dict
    top_classes: int

    @property
    def key(self) -> tuple[str, int]:
        """Video and place: equal of a window that was given out twice."""
        return self.proposals.video_name, self.proposals.first_snippet

    def cpu(self) -> WindowResult:
        """A copy that other processes can take."""
        found = self.proposals
        scores = found.class_scores
        return replace(self, proposals=replace(
            found, segments=found.segments.detach().cpu(), scores=found.scores.detach().cpu(),
            class_scores=None if scores is None else scores.detach().cpu()))


def detect_in_videos(windows: Iterable[WindowResult]
                     ) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
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
        whole = join_windows([result.proposals for result in results])
        (found[name],) = postprocess([whole], nms=results[0].nms,
                                     top_classes=results[0].top_classes)
    return found


def detect(videos: Sequence[RawProposals], *, nms: dict, top_classes: int
           ) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """`postprocess` by name, where several of `videos` may be windows of one."""
    suppressed = suppress(videos, nms)
    found = {one.video_name: label(one, top_classes) for one in suppressed
             if one.first_snippet is None}
    return found | detect_in_videos(WindowResult(one, nms, top_classes) for one in suppressed
                                    if one.first_snippet is not None)


def to_detections(found: Mapping[str, tuple[Tensor, Tensor, Tensor]],
                  classes: Sequence[str]) -> Detections:
    """What `detect` gives as arrays, with the names of the classes.

    Raises:
        ValueError: As `Detections.from_videos`.
    """
    return Detections.from_videos(
        [(name, segments.double().numpy(), scores.double().numpy(), labels.numpy())
         for name, (segments, scores, labels) in found.items()], classes)


def join_windows(windows: Sequence[RawProposals]) -> RawProposals:
    """One video from its windows: segments as shares of it, clipped to it; the mean class scores.

    What lies after the video's end, in a window that reaches over it, is dropped.
    """
    segments, scores = [], []
    for window in windows:
        start, end = window.window_norm
        inside = (start + window.segments * (end - start)).clamp(0, 1)
        kept = inside[:, 1] > inside[:, 0]
        segments.append(inside[kept])
        scores.append(window.scores[kept])
    classes = [window.class_scores for window in windows if window.class_scores is not None]
    return replace(windows[0], window_norm=(0.0, 1.0), first_snippet=None,
                   segments=torch.cat(segments), scores=torch.cat(scores),
                   class_scores=torch.stack(classes).mean(0) if classes else None)
