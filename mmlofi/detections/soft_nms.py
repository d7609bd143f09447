"""Soft-NMS of segments, for many videos at once, and score voting.

Shape legend: N videos, K segments of the longest one (shorter ones are padded), M picked.

All of it is numpy's, on the CPU: the steps of the loop are so small that starting them is most of
what they cost, and torch takes two to three times as long for that.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlofi.options import require_number, require_whole

_METHODS = ('gaussian', 'linear', 'hard')
_WEIGHTS = ('score', 'score_iou')
_TAKEN = -np.inf           # the score of what was picked and of padding
_VALUES_AT_ONCE = 16_384   # of padded videos; more leave the processor's cache


def soft_nms(segments: np.ndarray, scores: np.ndarray, **options: object
             ) -> tuple[np.ndarray, np.ndarray]:
    """Picks the best segments of one video, each time lowering the scores of those it overlaps.

    Args:
        segments: (K, 2) starts and ends, in any unit.
        scores: (K,) not negative.
        **options: As of `soft_nms_picks`.

    Returns:
        Segments (M, 2) and decayed scores (M,), best first; M <= top_k. Of equal scores, the one
        that came first in the input is picked first.

    Raises:
        ValueError: On shapes that do not match, negative or non-finite scores, segments that are
            not finite, or options that `check_options` refuses.
    """
    return soft_nms_batch([segments], [scores], **options)[0]


def soft_nms_batch(segments: Sequence[np.ndarray], scores: Sequence[np.ndarray], **options: object
                   ) -> list[tuple[np.ndarray, np.ndarray]]:
    """`soft_nms` of N videos together: segments and scores of each, as that gives them.

    Args:
        segments: (K_i, 2) of each video.
        scores: (K_i,) of each video.
        **options: As of `soft_nms_picks`.
    """
    return [(found, decayed) for found, decayed, _ in soft_nms_picks(segments, scores, **options)]


def soft_nms_picks(segments: Sequence[np.ndarray], scores: Sequence[np.ndarray], *, top_k: int,
                   method: str = 'gaussian', sigma: float | None = None,
                   iou_threshold: float | None = None, min_score: float = 0.0,
                   voting_thresh: float | None = None, voting_weight: str = 'score'
                   ) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Soft-NMS of N videos together: the loop runs top_k times for several of them.

    Args:
        segments: (K_i, 2) of each video.
        scores: (K_i,) of each video.
        top_k: Segments kept at most.
        method: What a pick does to the scores of those that it overlaps by more than
            `iou_threshold`: 'gaussian' multiplies them by exp(-IoU² / sigma), as G-TAD's code
            does, 'linear' by 1 - IoU, 'hard' leaves the segments out.
        sigma: Width of the Gaussian decay; LoFi 0.84, G-TAD 0.8 on ActivityNet and 0.46 on
            THUMOS14. The other methods do not use it.
        iou_threshold: 0 when left out; 'hard' needs one. (MMAction2's BMN has a threshold that
            grows with the pick's length.)
        min_score: Picks with a lower decayed score are left out.
        voting_thresh: Replaces each pick by the weighted mean of all segments whose IoU with it is
            at least this; None leaves picks as they are.
        voting_weight: 'score', the one that a segment was given, as TriDet's code has it, or
            'score_iou', that times its IoU with the pick, as ActionFormer's.

    Returns:
        Segments (M, 2) and decayed scores (M,) of each video, as `soft_nms` gives them, and which
        of the given segments they are (M,).
    """
    check_options(top_k=top_k, method=method, sigma=sigma, iou_threshold=iou_threshold,
                  min_score=min_score, voting_thresh=voting_thresh, voting_weight=voting_weight)
    _check(segments, scores)
    if not len(segments):
        return []
    arrays = [(_array(video), _array(given)) for video, given in zip(segments, scores)]
    kept = []
    rows = max(1, _VALUES_AT_ONCE // max(1, *(len(given) for _, given in arrays)))
    for begin in range(0, len(arrays), rows):
        some = arrays[begin:begin + rows]
        start, end, live = _pad(some)
        kept += _pick(start, end, live, min(top_k, live.shape[1]), method, sigma,
                      iou_threshold or 0.0, max(min_score, 0.0))

    results = []
    for video, given, (boxes, weights), (pick, decayed) in zip(segments, scores, arrays, kept):
        found = video[pick] if voting_thresh is None else _vote(
            boxes[pick], boxes, weights, voting_thresh, voting_weight).astype(video.dtype)
        results.append((found, decayed.astype(given.dtype), pick))
    return results


def check_options(*, top_k: int, method: str = 'gaussian', sigma: float | None = None,
                  iou_threshold: float | None = None, min_score: float = 0.0,
                  voting_thresh: float | None = None, voting_weight: str = 'score') -> None:
    """Refuses options of soft-NMS that make no sense, such as those of a config.

    Raises:
        ValueError: With the option.
    """
    if method not in _METHODS:
        raise ValueError(f'soft_nms got method={method!r}; expected one of {_METHODS}: choose one')
    if voting_weight not in _WEIGHTS:
        raise ValueError(f'soft_nms got voting_weight={voting_weight!r}; expected one of '
                         f'{_WEIGHTS}: choose one')
    require_whole('soft_nms', top_k=top_k)
    if method == 'gaussian':
        require_number('soft_nms', above=0, sigma=sigma)
    if method == 'hard' and iou_threshold is None:
        raise ValueError("soft_nms got method='hard' without iou_threshold; expected the IoU above "
                         'which segments are left out, such as iou_threshold=0.5')
    for name, value in (('iou_threshold', iou_threshold), ('voting_thresh', voting_thresh)):
        if value is not None:
            require_number('soft_nms, which takes an IoU,', least=0, most=1, **{name: value})
    require_number('soft_nms', min_score=min_score)


def _pick(start: np.ndarray, end: np.ndarray, live: np.ndarray, steps: int, method: str,
          sigma: float | None, threshold: float, least: float
          ) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places and decayed scores of each row's picks; `start` and `live` (N, K) are used up."""
    N, K = live.shape
    length = np.maximum(end - start, np.finfo(live.dtype).tiny)  # instants have an IoU of 0
    start[live == _TAKEN] = np.inf  # overlaps nothing, so that its score stays
    picks, decayed = np.empty((steps, N), np.int64), np.empty((steps, N), live.dtype)
    iou, union = np.empty_like(live), np.empty_like(live)
    flat_live, flat_start, flat_end, flat_length = (
        array.reshape(-1) for array in (live, start, end, length))
    offset = np.arange(N) * K
    for step in range(steps):
        best = live.argmax(1)
        place = best + offset
        picks[step], decayed[step] = best, flat_live.take(place)
        np.minimum(end, flat_end.take(place)[:, None], out=iou)
        iou -= np.maximum(start, flat_start.take(place)[:, None], out=union)
        np.maximum(iou, 0, out=iou)
        np.add(length, flat_length.take(place)[:, None], out=union)
        union -= iou
        iou /= union
        _decay(live, iou, method, sigma, threshold)
        flat_live[place], flat_start[place] = _TAKEN, np.inf
        if (least > 0 or method == 'hard') and decayed[step].max() < least:
            picks, decayed = picks[:step], decayed[:step]
            break
    keep = decayed >= least
    return [(picks[mine, row], decayed[mine, row]) for row, mine in enumerate(keep.T)]


def _decay(live: np.ndarray, iou: np.ndarray, method: str, sigma: float | None,
           threshold: float) -> None:
    """Lowers the scores in place; `iou` is used up."""
    if method == 'hard':
        live[iou > threshold] = _TAKEN
        return
    spared = iou <= threshold if threshold > 0 else None
    if method == 'linear':
        np.subtract(1, iou, out=iou)
    else:
        iou *= iou
        iou *= -1 / sigma
        np.exp(iou, out=iou)
    if spared is not None:
        iou[spared] = 1
    live *= iou


def _vote(picked: np.ndarray, segments: np.ndarray, scores: np.ndarray, threshold: float,
          weight: str) -> np.ndarray:
    """(M, 2) means of the segments (K, 2) around each pick (M, 2), weighted by scores (K,)."""
    overlap = np.minimum(picked[:, None, 1], segments[:, 1]) - np.maximum(
        picked[:, None, 0], segments[:, 0])                                  # (M, K)
    overlap = np.maximum(overlap, 0)
    union = np.diff(picked) + np.diff(segments)[:, 0] - overlap
    union = np.maximum(union, np.finfo(scores.dtype).tiny)
    near = overlap >= threshold * union
    weights = near * scores
    if weight == 'score_iou':
        weights *= overlap / union
    total = weights.sum(1, keepdims=True)
    return np.where(total > 0, weights @ segments / np.where(total > 0, total, 1), picked)


def _pad(videos: Sequence[tuple[np.ndarray, np.ndarray]]
         ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts, ends and scores (N, K)."""
    N, K = len(videos), max(len(scores) for _, scores in videos)
    dtype = np.result_type(*(scores.dtype for _, scores in videos))
    start, end = np.zeros((N, K), dtype), np.zeros((N, K), dtype)
    live = np.full((N, K), _TAKEN, dtype)
    for row, (segments, scores) in enumerate(videos):
        start[row, :len(scores)], end[row, :len(scores)] = segments.T
        live[row, :len(scores)] = scores
    return start, end, live


def _array(values: np.ndarray) -> np.ndarray:
    """At least in single precision, in which scores decay."""
    return values.astype(np.result_type(values, np.float32), copy=False)


def _check(segments: Sequence[np.ndarray], scores: Sequence[np.ndarray]) -> None:
    shapes = [(a.shape, b.shape) for a, b in zip(segments, scores)]
    wrong = [pair for pair in shapes if len(pair[1]) != 1 or pair[0] != (*pair[1], 2)]
    if wrong or len(segments) != len(scores):
        raise ValueError(f'soft_nms got segments and scores of shapes {wrong or shapes}; expected '
                         '(K, 2) and (K,) for each video: hand it one video after the other')
    if not all(((given >= 0) & np.isfinite(given)).all() for given in scores):
        raise ValueError('soft_nms got negative, infinite or NaN scores; expected probabilities. '
                         'Apply a sigmoid first, or look for a diverged model')
    if not all(np.isfinite(video).all() for video in segments):
        raise ValueError('soft_nms got segments with infinite or NaN ends; expected numbers: look '
                         'for a diverged model')
