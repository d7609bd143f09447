"""Which classes proposals are given, and what that makes of their scores.

A proposal's classes are the head's own (`RawProposals.labels`), those of a classifier of segments
(`class_scores` (K, C)), or those of its whole video (`class_scores` (C,)).

Shape legend: K proposals of a video, C classes, T of them given to each, M detections.
"""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlofi.detections.fusions import FUSIONS
from mmlofi.detections.proposals import RawProposals
from mmlofi.options import require_whole


def check_labelling(owner: str, *, top_classes: int, fusion: str) -> None:
    """Refuses what makes no sense, such as in a config.

    Raises:
        ValueError: With the option.
    """
    require_whole(owner, top_classes=top_classes)
    if fusion not in FUSIONS:
        raise ValueError(f'{owner} got fusion={fusion!r}; expected how the scores of classes and '
                         f'proposals become one, of {FUSIONS}: choose one')


def fuse(scores: np.ndarray, class_scores: np.ndarray, fusion: str) -> np.ndarray:
    """One score of a proposal's and a class's.

    Args:
        scores: Of proposals; of any shape that goes with the other's.
        class_scores: Of the classes that they are given.
        fusion: 'product', as G-TAD has it, 'sqrt', the square root of that, as ActionFormer has it
            on ActivityNet, or 'none', the proposal's alone.
    """
    if fusion == 'none':
        return np.broadcast_to(
            scores, np.broadcast_shapes(scores.shape, class_scores.shape)).copy()
    product = class_scores * scores
    return np.sqrt(product) if fusion == 'sqrt' else product


def label_each(video: RawProposals, top_classes: int, fusion: str) -> RawProposals:
    """Proposals with class scores of their own (K, C), each once for each of its best classes."""
    labels = _best(video.class_scores, top_classes)                                       # (K, T)
    weights = np.take_along_axis(video.class_scores, labels, 1)
    return replace(video, segments=video.segments.repeat(labels.shape[1], 0),
                   scores=fuse(video.scores[:, None], weights, fusion).ravel(),
                   labels=labels.ravel(), class_scores=None)


def label(video: RawProposals, top_classes: int, fusion: str = 'product'
          ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """segments_sec (M, 2) inside the video, scores (M,) and labels (M,) of what soft-NMS left.

    Where head and video both say classes, a detection keeps its own if that is one of the video's
    `top_classes`, and is left out otherwise.
    """
    if video.class_scores is not None and video.class_scores.ndim == 2:
        video = label_each(video, top_classes, fusion)
    segments_sec, scores, labels = _to_seconds(video), video.scores, video.labels
    if video.class_scores is None:
        none = np.zeros(len(scores), np.int64)
        return segments_sec, scores, none if labels is None else labels
    classes = _best(video.class_scores, top_classes)                                      # (T,)
    if labels is None:
        return (np.tile(segments_sec, (len(classes), 1)),
                fuse(scores, video.class_scores[classes, None], fusion).ravel(),
                classes.repeat(len(scores)))
    kept = np.isin(labels, classes)
    labels = labels[kept]
    return segments_sec[kept], fuse(scores[kept], video.class_scores[labels], fusion), labels


def _to_seconds(video: RawProposals) -> np.ndarray:
    """From shares of the window that the snippets cover to seconds of the video."""
    start, end = video.window_norm
    return (start + video.segments * (end - start)).clip(0, 1) * video.duration_sec


def _best(class_scores: np.ndarray, count: int) -> np.ndarray:
    """The `count` best classes (T,) or (K, T), best first; of equal scores, the first class."""
    return np.argsort(-class_scores, -1, kind='stable')[..., :count]
