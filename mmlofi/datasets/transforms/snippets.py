"""Chooses the frames of a video's snippets.

Shape legend: L snippets a video, T frames a snippet (`clip_len`).

Time: the video is [0, 1]; position i of L covers the cell [i/L, (i+1)/L), and the snippet of
position i is centred in it (`even`) or anywhere inside it (`jitter`)::

    0        1/L       2/L                 1
    |---.-----|----.----|--- ... ---|--.---|       . = centre of a snippet
      T frames, every `frame_interval`-th, around each centre
"""
from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.fidelity import FULL

PLACEMENTS = ('even', 'jitter', 'window')


@TRANSFORMS.register_module()
class SampleSnippets(BaseTransform):
    """Spreads L / r_t snippets over the untrimmed video (LoFi, section 3.2).

    Where the fewer snippets lie is not stated in the paper. `even` (the natural reading) and
    `jitter` (a random centre inside each cell, for training) cover the whole video; `window` takes
    one contiguous run of the full-fidelity positions (a random one in training, the middle one in
    testing) and the ground truth is clipped to it.

    A snippet that reaches over the video's start or end repeats the first or last frame, so that
    videos shorter than a snippet, or of a single frame, work. At a variable frame rate positions
    are times, not frame numbers: the frame shown at that time is taken.

    Required Keys: total_frames, frame_times_sec (optional), duration_sec (optional),
    fidelity (optional), test_mode (optional)

    Added Keys: frame_inds, clip_len, frame_interval, num_clips (the number of snippets L),
    window_norm (the part of the video that they cover)

    Args:
        num_snippets: L at full fidelity (the paper: 100).
        clip_len: T, frames a snippet (the paper: 8).
        frame_interval: Frames between two of them (the paper: 8).
        placement: 'even', 'jitter' or 'window'.
    """

    def __init__(self, *, num_snippets: int = 100, clip_len: int = 8, frame_interval: int = 8,
                 placement: str = 'even') -> None:
        for name, value in (('num_snippets', num_snippets), ('clip_len', clip_len),
                            ('frame_interval', frame_interval)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f'SampleSnippets got {name}={value!r}; expected a whole number '
                                 'of 1 or more')
        if placement not in PLACEMENTS:
            raise ValueError(f'SampleSnippets got placement={placement!r}; expected one of '
                             f'{PLACEMENTS}')
        self.num_snippets = num_snippets
        self.clip_len = clip_len
        self.frame_interval = frame_interval
        self.placement = placement

    def transform(self, results: dict) -> dict:
        """Adds the frame numbers, flattened from (L, T)."""
        L = results.get('fidelity', FULL).reduce_snippets(self.num_snippets)
        window = self._window(L, results.get('test_mode', False))
        offsets = np.random.uniform(size=L) if self.placement == 'jitter' else np.full(L, 0.5)
        centres_norm = window[0] + (np.arange(L) + offsets) / L * (window[1] - window[0])
        frame_inds = self._frames_around(_frame_at(centres_norm, results), results['total_frames'])
        results.update(frame_inds=frame_inds.reshape(-1), clip_len=self.clip_len,
                       frame_interval=self.frame_interval, num_clips=L, window_norm=window)
        return results

    def _window(self, L: int, test_mode: bool) -> tuple[float, float]:
        if self.placement != 'window' or L >= self.num_snippets:
            return 0.0, 1.0
        free = self.num_snippets - L
        first = free // 2 if test_mode else np.random.randint(free + 1)
        return first / self.num_snippets, (first + L) / self.num_snippets

    def _frames_around(self, centres: np.ndarray, total_frames: int) -> np.ndarray:
        """Frame numbers (L, T) around fractional frame positions (L,)."""
        reach = (np.arange(self.clip_len) - (self.clip_len - 1) / 2) * self.frame_interval   # (T,)
        # A position that rounding put just below a frame's start is at the start.
        frames = np.floor(centres[:, None] + reach + 1e-6)                                # (L, T)
        return np.clip(frames, 0, total_frames - 1).astype(np.int64)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(num_snippets={self.num_snippets}, clip_len='
                f'{self.clip_len}, frame_interval={self.frame_interval}, '
                f'placement={self.placement!r})')


def _frame_at(times_norm: np.ndarray, results: dict) -> np.ndarray:
    """Fractional frame positions (frame f covers [f, f+1)) of times in [0, 1] of the video."""
    starts = results.get('frame_times_sec')
    if starts is None:
        return times_norm * results['total_frames']
    edges = np.append(starts, results['duration_sec'])
    return np.interp(times_norm * results['duration_sec'], edges, np.arange(len(edges)))
