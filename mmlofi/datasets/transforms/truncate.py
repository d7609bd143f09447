"""A random part of a video's features, for training heads that take videos of many lengths.

Shape legend: L features of a video, T of the part, C channels, K actions.

Actions are cut at the window, which is `offset` positions wider than the part at both ends. The
authors count from the middle of a video's first feature, and so their window begins there::

    0                first           first + T        L
    |-----|-----|-----|--.--|-----|-----|--.--|-----|
                      [====== part =====]
                         (---- window ----)             offset 0
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_number, require_whole

TRIALS = 200   # parts that are looked at for an action


@TRANSFORMS.register_module()
class RandomTruncation(BaseTransform):
    """Cuts a random part out of a video's features that holds enough of an action.

    ActionFormer (Zhang et al., ECCV 2022), section 4.1 and its code; TriDet (Shi et al., CVPR 2023)
    as well. A video of more than `max_seq_len` features is cut to as many; another one loses up to
    a tenth. The part is drawn anew until at least one action has `trunc_thresh` of its length in
    the window, 200 times at most. The actions that do are kept, and cut at the window; a part as
    long as the video leaves them all as they are.

    Required Keys: features, window_norm, duration_sec, segments_sec, gt_labels, video_name
    (optional)

    Modified Keys: features ((C, T)), num_clips, window_norm, segments_sec, gt_labels

    Args:
        max_seq_len: The most features that are left.
        trunc_thresh: Share of an action that has to lie in the window.
        crop_ratio: The least and the largest share that is left of a video of `max_seq_len` or
            fewer; None leaves these whole.
        offset: Positions that the window reaches beyond the part: in ActionFormer half the frames
            of a feature, divided by those from one feature to the next; in TriDet 0.

    Raises:
        ValueError: At construction for numbers that make no sense; of features that are padded.
    """

    def __init__(self, *, max_seq_len: int, trunc_thresh: float = 0.5,
                 crop_ratio: Sequence[float] | None = (0.9, 1.0), offset: float = 0) -> None:
        require_whole('RandomTruncation', max_seq_len=max_seq_len)
        require_number('RandomTruncation', above=0, most=1, trunc_thresh=trunc_thresh)
        require_number('RandomTruncation', least=0, offset=offset)
        check_crop_ratio('RandomTruncation', crop_ratio)
        self.max_seq_len = max_seq_len
        self.trunc_thresh = trunc_thresh
        self.crop_ratio = crop_ratio
        self.offset = offset

    def transform(self, results: dict) -> dict:
        """Replaces the features by a part of them, and the actions by those in it."""
        if results.get('num_valid') is not None:
            raise ValueError(
                f'RandomTruncation got features of video {results.get("video_name", "")!r}, of '
                f'which {results["num_valid"]} of {results["features"].shape[1]} are valid; '
                'expected all of them: put PadFeatures after it, and cut no windows of the video')
        L = results['features'].shape[1]
        T = draw_length(L, self.max_seq_len, self.crop_ratio)
        if T == L:
            return results
        begin_norm, end_norm = results['window_norm']
        step_norm = (end_norm - begin_norm) / L
        begin_sec, step_sec = (norm * results['duration_sec'] for norm in (begin_norm, step_norm))
        segments, labels = results['segments_sec'], results['gt_labels']
        reach = 0.5 + np.array([-self.offset, T + self.offset])
        first, inside = draw_part(L, T, segments, self.trunc_thresh,
                                  lambda first: begin_sec + step_sec * (first + reach))
        kept = is_held(inside, segments, self.trunc_thresh)
        begin_norm += first * step_norm
        results.update(features=results['features'][:, first:first + T].clone(), num_clips=T,
                       window_norm=(begin_norm, begin_norm + T * step_norm),
                       segments_sec=inside[kept], gt_labels=labels[kept])
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(max_seq_len={self.max_seq_len}, trunc_thresh='
                f'{self.trunc_thresh}, crop_ratio={self.crop_ratio}, offset={self.offset})')


def check_crop_ratio(owner: str, crop_ratio: Sequence[float] | None) -> None:
    """Refuses what is no least and largest share of a video.

    Raises:
        ValueError: With it.
    """
    if crop_ratio is not None and not (
            len(crop_ratio) == 2 and 0 < crop_ratio[0] <= crop_ratio[1] <= 1):
        raise ValueError(f'{owner} got crop_ratio={crop_ratio!r}; expected the least and the '
                         'largest share of a video, above 0 and at most 1, or None')


def draw_length(L: int, longest: int, crop_ratio: Sequence[float] | None) -> int:
    """T of a video of L positions: `longest`, or of no more than that a random share."""
    if L > longest:
        return longest
    if crop_ratio is None:
        return L
    least, most = (round(ratio * L) for ratio in crop_ratio)
    return np.random.randint(max(least, 1), max(most, 1) + 1)


def draw_part(L: int, T: int, segments: np.ndarray, trunc_thresh: float,
              window_sec: Callable[[int], np.ndarray]) -> tuple[int, np.ndarray]:
    """The first position of the part, and the actions (K, 2) cut at its window.

    Args:
        window_sec: The window (2,) of the part from a position on.
    """
    for _ in range(TRIALS):
        first = np.random.randint(0, L - T + 1)
        window = window_sec(first)
        inside = np.stack([np.maximum(segments[:, 0], window[0]),
                           np.minimum(segments[:, 1], window[1])], axis=1)
        if not len(segments) or is_held(inside, segments, trunc_thresh).any():
            break
    return first, inside


def is_held(inside: np.ndarray, segments: np.ndarray, trunc_thresh: float) -> np.ndarray:
    """(K,) of which actions (K, 2) enough is left."""
    lengths = segments[:, 1] - segments[:, 0]
    return (lengths > 0) & (inside[:, 1] - inside[:, 0] >= trunc_thresh * lengths)
