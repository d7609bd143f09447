"""Gaussian soft-NMS of segments, for many videos at once.

Shape legend: N videos, K segments of the longest one; shorter ones are padded.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_TAKEN = -torch.inf  # the score of what was picked and of padding


def soft_nms(segments: Tensor, scores: Tensor, *, sigma: float, top_k: int,
             min_score: float = 0.0) -> tuple[Tensor, Tensor]:
    """Picks the best segments of one video, each time lowering the scores of those it overlaps.

    Every pick multiplies the others' scores by exp(-IoU² / sigma). This is the form of G-TAD's
    code; that of BMN, which MMAction2 has, spares overlaps below a threshold.

    Args:
        segments: (K, 2) starts and ends, in any unit.
        scores: (K,) not negative.
        sigma: Width of the decay; LoFi 0.84, G-TAD 0.8 on ActivityNet and 0.46 on THUMOS14.
        top_k: Segments kept at most.
        min_score: Picks with a lower decayed score are left out.

    Returns:
        Segments (M, 2) and decayed scores (M,), best first; M <= top_k. Of equal scores, the one
        that came first in the input is picked first.

    Raises:
        ValueError: On shapes that do not match, negative or non-finite scores, or a sigma or top_k
            that is not positive.
    """
    return soft_nms_batch([segments], [scores], sigma=sigma, top_k=top_k, min_score=min_score)[0]


def soft_nms_batch(segments: Sequence[Tensor], scores: Sequence[Tensor], *, sigma: float,
                   top_k: int, min_score: float = 0.0) -> list[tuple[Tensor, Tensor]]:
    """`soft_nms` of N videos together: the loop runs top_k times, not N * top_k times.

    Args:
        segments: (K_i, 2) of each video.
        scores: (K_i,) of each video.

    Returns:
        Segments and scores of each video, as `soft_nms` gives them.
    """
    _check(segments, scores, sigma, top_k)
    if not len(segments):
        return []
    dtype = torch.promote_types(scores[0].dtype, torch.float32)
    live = _pad([s.to(dtype) for s in scores], _TAKEN)                          # (N, K)
    start = _pad([s[:, 0].to(dtype) for s in segments], 0.0)
    end = _pad([s[:, 1].to(dtype) for s in segments], 0.0)
    if not bool(((live >= 0) & live.isfinite() | (live == _TAKEN)).all()):
        raise ValueError('soft_nms got negative, infinite or NaN scores; expected probabilities. '
                         'Apply a sigmoid first, or look for a diverged model')

    picks, decayed = _pick(start, end, live, sigma, min(top_k, live.shape[1]))  # (N, top_k)
    kept = decayed >= max(min_score, 0.0)
    return [(video[pick[keep]], score[keep].to(given.dtype))
            for video, given, pick, score, keep in zip(segments, scores, picks, decayed, kept)]


def _pick(start: Tensor, end: Tensor, live: Tensor, sigma: float,
          steps: int) -> tuple[Tensor, Tensor]:
    length = end - start
    picks = torch.empty((len(live), steps), dtype=torch.long, device=live.device)
    decayed = live.new_empty((len(live), steps))
    tiny = torch.finfo(live.dtype).tiny  # two instants have an IoU of 0, not 0 / 0
    for step in range(steps):
        score, best = live.max(1, keepdim=True)                                 # (N, 1)
        first, last = start.gather(1, best), end.gather(1, best)
        overlap = (torch.minimum(end, last) - torch.maximum(start, first)).clamp_(min=0)
        union = (length + (last - first)).sub_(overlap).clamp_(min=tiny)
        iou = overlap.div_(union)
        # An exp that underflows to 0 would make NaN of what was taken.
        live.mul_(iou.square_().mul_(-1 / sigma).exp_().clamp_(min=tiny)).scatter_(1, best, _TAKEN)
        picks[:, step], decayed[:, step] = best[:, 0], score[:, 0]
    return picks, decayed


def _pad(rows: Sequence[Tensor], value: float) -> Tensor:
    if len(rows) == 1:
        return rows[0][None].clone()
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)


def _check(segments: Sequence[Tensor], scores: Sequence[Tensor], sigma: float,
           top_k: int) -> None:
    if not sigma > 0 or top_k < 1:
        raise ValueError(f'soft_nms got sigma={sigma}, top_k={top_k}; expected both above 0, such '
                         'as sigma=0.84, top_k=100')
    shapes = [(tuple(a.shape), tuple(b.shape)) for a, b in zip(segments, scores)]
    wrong = [pair for pair in shapes if len(pair[1]) != 1 or pair[0] != (*pair[1], 2)]
    if wrong or len(segments) != len(scores):
        raise ValueError(f'soft_nms got segments and scores of shapes {wrong or shapes}; expected '
                         '(K, 2) and (K,) for each video: hand it one video after the other')
