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

from collections.abc import Sequence

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
        if crop_ratio is not None and not (
                len(crop_ratio) == 2 and 0 < crop_ratio[0] <= crop_ratio[1] <= 1):
            raise ValueError(f'RandomTruncation got crop_ratio={crop_ratio!r}; expected the least '
                             'and the largest share of a video, above 0 and at most 1, or None')
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
        T = self._draw_length(L)
        if T == L:
            return results
        begin_norm, end_norm = results['window_norm']
        step_norm = (end_norm - begin_norm) / L
        segments, labels = results['segments_sec'], results['gt_labels']
        first, inside = self._draw_first(L, T, begin_norm * results['duration_sec'],
                                         step_norm * results['duration_sec'], segments)
        kept = self._is_held(inside, segments)
        begin_norm += first * step_norm
        results.update(features=results['features'][:, first:first + T].clone(), num_clips=T,
                       window_norm=(begin_norm, begin_norm + T * step_norm),
                       segments_sec=inside[kept], gt_labels=labels[kept])
        return results

    def _draw_length(self, L: int) -> int:
        if L > self.max_seq_len:
            return self.max_seq_len
        if self.crop_ratio is None:
            return L
        least, most = (round(ratio * L) for ratio in self.crop_ratio)
        return np.random.randint(max(least, 1), max(most, 1) + 1)

    def _draw_first(self, L: int, T: int, begin_sec: float, step_sec: float,
                    segments: np.ndarray) -> tuple[int, np.ndarray]:
        """The first feature of the part, and the actions (K, 2) cut at its window."""
        for _ in range(TRIALS):
            first = np.random.randint(0, L - T + 1)
            window = begin_sec + step_sec * (
                first + 0.5 + np.array([-self.offset, T + self.offset]))
            inside = np.stack([np.maximum(segments[:, 0], window[0]),
                               np.minimum(segments[:, 1], window[1])], axis=1)
            if not len(segments) or self._is_held(inside, segments).any():
                break
        return first, inside

    def _is_held(self, inside: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """(K,) of which actions (K, 2) enough is left."""
        lengths = segments[:, 1] - segments[:, 0]
        return (lengths > 0) & (inside[:, 1] - inside[:, 0] >= self.trunc_thresh * lengths)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(max_seq_len={self.max_seq_len}, trunc_thresh='
                f'{self.trunc_thresh}, crop_ratio={self.crop_ratio}, offset={self.offset})')
