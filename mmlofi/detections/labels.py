"""Which classes proposals are given, and what that makes of their scores.

A proposal's classes are the head's own (`RawProposals.labels`), those of a classifier of segments
(`class_scores` (K, C)), or those of its whole video (`class_scores` (C,)).

Shape legend: K proposals of a video, C classes, T of them given to each, M detections.
"""
from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

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


def fuse(scores: Tensor, class_scores: Tensor, fusion: str) -> Tensor:
    """One score of a proposal's and a class's.

    Args:
        scores: Of proposals; of any shape that goes with the other's.
        class_scores: Of the classes that they are given.
        fusion: 'product', as G-TAD has it, 'sqrt', the square root of that, as ActionFormer has it
            on ActivityNet, or 'none', the proposal's alone.
    """
    if fusion == 'none':
        return scores.expand(torch.broadcast_shapes(scores.shape, class_scores.shape))
    product = class_scores * scores
    return product.sqrt() if fusion == 'sqrt' else product


def label_each(video: RawProposals, top_classes: int, fusion: str) -> RawProposals:
    """Proposals with class scores of their own (K, C), each once for each of its best classes."""
    weights, labels = video.class_scores.topk(
        min(top_classes, video.class_scores.shape[1]), dim=1)                             # (K, T)
    return replace(video, segments=video.segments.repeat_interleave(labels.shape[1], 0),
                   scores=fuse(video.scores[:, None], weights, fusion).flatten(),
                   labels=labels.flatten(), class_scores=None)


def label(video: RawProposals, top_classes: int, fusion: str = 'product'
          ) -> tuple[Tensor, Tensor, Tensor]:
    """segments_sec (M, 2) inside the video, scores (M,) and labels (M,) of what soft-NMS left.

    Where head and video both say classes, a detection keeps its own if that is one of the video's
    `top_classes`, and is left out otherwise.
    """
    if video.class_scores is not None and video.class_scores.ndim == 2:
        video = label_each(video, top_classes, fusion)
    segments_sec, scores, labels = _to_seconds(video), video.scores, video.labels
    if video.class_scores is None:
        none = torch.zeros_like(scores, dtype=torch.long)
        return segments_sec, scores, none if labels is None else labels
    weights, classes = video.class_scores.topk(min(top_classes, len(video.class_scores)))
    if labels is None:
        return (segments_sec.repeat(len(classes), 1),
                fuse(scores, weights[:, None], fusion).flatten(),
                classes.repeat_interleave(len(scores)))
    kept = torch.isin(labels, classes)
    labels = labels[kept]
    return segments_sec[kept], fuse(scores[kept], video.class_scores[labels], fusion), labels


def _to_seconds(video: RawProposals) -> Tensor:
    """From shares of the window that the snippets cover to seconds of the video."""
    start, end = video.window_norm
    return (start + video.segments * (end - start)).clamp(0, 1) * video.duration_sec
