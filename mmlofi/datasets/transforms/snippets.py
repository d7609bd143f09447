"""Chooses the frames of a video's snippets.

Shape legend: L snippets a video, T frames a snippet (`clip_len`).

Time: the video is [0, 1]; position i of L covers the cell [i/L, (i+1)/L), and the snippet of
position i is centred in it (`even`) or anywhere inside it (`jitter`)::

    0        1/L       2/L                 1
    |---.-----|----.----|--- ... ---|--.---|       . = centre of a snippet
      T frames, every `frame_interval`-th, around each centre
"""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.datasets.transforms.contiguous import ContiguousClips
from mmlofi.datasets.videos.time_axis import frame_at
from mmlofi.datasets.windows import num_valid, window_norm
from mmlofi.fidelity import FULL, Fidelity

PLACEMENTS = ('even', 'jitter', 'window', 'contiguous')


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

    With `snippet_interval`, a video has a snippet about every so many frames, in place of a fixed
    number: all of them, or the window of `num_snippets` from `first_snippet` on, where the dataset
    cuts windows. Positions after the video's end repeat its last snippet, and do not count among
    `num_valid`.

    `contiguous` snippets lie one after the other, with neighbours equally far apart everywhere, for
    encoders that give several positions a snippet (`contiguous.py`): over the whole video or, with
    a `frame_interval`, in windows that the dataset cuts or `truncation` draws. Frames after the
    video's end repeat its last one; `valid_share` says how much of the window is the video's.

    Required Keys: total_frames, frame_times_sec (optional), duration_sec (optional),
    fidelity (optional), test_mode (optional), first_snippet (optional), min_snippets (optional,
    to which a whole video is filled up), segments_sec, gt_labels (for `truncation`)

    Added Keys: frame_inds, clip_len, frame_interval, placement, num_clips (the number L),
    window_norm (the part of the video that they cover), num_valid and valid_share (None where all
    of it is the video's)

    Modified Keys: segments_sec, gt_labels (by `truncation`)

    Args:
        num_snippets: L at full fidelity (the paper: 100), of a video or of a window.
        clip_len: T, frames a snippet (the paper: 8).
        frame_interval: Frames between two of them; None is the paper's 8, and for 'contiguous' as
            many as the whole video takes.
        placement: 'even', 'jitter', 'window' or 'contiguous'.
        snippet_interval: Frames from one snippet to the next, at most.
        centred_on_frame: Whether frame T // 2 of a snippet lies where its middle would, as in
            OpenTAD.
        truncation: As of `ContiguousClips`: how a window is drawn for training.
    """

    def __init__(self, *, num_snippets: int = 100, clip_len: int = 8,
                 frame_interval: int | None = None, placement: str = 'even',
                 snippet_interval: int | None = None, centred_on_frame: bool = False,
                 truncation: Mapping | None = None) -> None:
        for name, value in (('num_snippets', num_snippets), ('clip_len', clip_len),
                            ('frame_interval', 1 if frame_interval is None else frame_interval),
                            ('snippet_interval', 1 if snippet_interval is None
                             else snippet_interval)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f'SampleSnippets got {name}={value!r}; expected a whole number '
                                 'of 1 or more')
        _refuse_what_goes_not_together(placement, snippet_interval, centred_on_frame, truncation)
        self.contiguous = None
        if placement == 'contiguous':
            self.contiguous = ContiguousClips(
                num_snippets=num_snippets, clip_len=clip_len, frame_interval=frame_interval,
                truncation=truncation)
            snippet_interval = None if frame_interval is None else clip_len * frame_interval
        elif frame_interval is None:
            frame_interval = 8
        self.num_snippets = num_snippets
        self.clip_len = clip_len
        self.frame_interval = frame_interval
        self.placement = placement
        self.snippet_interval = snippet_interval
        self.centred_on_frame = centred_on_frame

    def transform(self, results: dict) -> dict:
        """Adds the frame numbers, flattened from (L, T)."""
        fidelity = results.get('fidelity', FULL)
        if self.contiguous is not None:
            results.update(self.contiguous.choose(fidelity, results), clip_len=self.clip_len,
                           frame_interval=self.frame_interval, placement=self.placement)
            return results
        centres_norm, window = self._over_video(fidelity, results) \
            if self.snippet_interval is None else self._on_grid(fidelity, results)
        frame_inds = self._frames_around(frame_at(centres_norm, results), results['total_frames'])
        L = len(centres_norm)
        results.update(frame_inds=frame_inds.reshape(-1), clip_len=self.clip_len,
                       frame_interval=self.frame_interval, placement=self.placement, num_clips=L,
                       window_norm=window)
        if self.snippet_interval is not None:
            first, full, P = self._part(results)
            if results.get('first_snippet') is not None or full > P:
                results.update(num_valid=num_valid(first, full, P, L),
                               valid_share=None if first + full <= P else (P - first) / full)
        return results

    def grid(self, results: dict) -> tuple[int, float, float]:
        """P, the snippets of the whole video at full fidelity, the seconds that they stand for, its
        duration or, where the last one reaches over its end, more, and those before: none."""
        if self.contiguous is not None:
            P = self.contiguous.count_clips(results)
            share = P * self.snippet_interval / results['total_frames']
            return P, results['duration_sec'] * share, 0.0
        return self._num_positions(results), results['duration_sec'], 0.0

    def _num_positions(self, results: dict) -> int:
        return -(-results['total_frames'] // self.snippet_interval)   # rounded up

    def _over_video(self, fidelity: Fidelity, results: dict
                    ) -> tuple[np.ndarray, tuple[float, float]]:
        """Centres (L,) as shares of the video, and the part of it that they cover."""
        L = fidelity.reduce_snippets(self.num_snippets)
        start, end = self._window(L, results.get('test_mode', False))
        return start + self._places(L) * (end - start), (start, end)

    def _on_grid(self, fidelity: Fidelity, results: dict
                 ) -> tuple[np.ndarray, tuple[float, float]]:
        """The same of a window, or of the video, where snippets are an interval apart."""
        first, full, P = self._part(results)
        positions = first + self._places(fidelity.reduce_snippets(full)) * full
        positions = np.where(positions < P, positions, P - 0.5)
        return positions / P, window_norm(first, full, P)

    def _part(self, results: dict) -> tuple[int, int, int]:
        """The first snippet and their number, of a window or the video, which is filled up to
        `min_snippets`; and P of the video."""
        P, first = self._num_positions(results), results.get('first_snippet')
        if first is None:
            return 0, max(P, results.get('min_snippets', 0)), P
        return first, self.num_snippets, P

    def _places(self, L: int) -> np.ndarray:
        """(L,) one place in each of L equal parts of [0, 1]."""
        offsets = np.random.uniform(size=L) if self.placement == 'jitter' else np.full(L, 0.5)
        return (np.arange(L) + offsets) / L

    def _window(self, L: int, test_mode: bool) -> tuple[float, float]:
        if self.placement != 'window' or L >= self.num_snippets:
            return 0.0, 1.0
        free = self.num_snippets - L
        first = free // 2 if test_mode else np.random.randint(free + 1)
        return first / self.num_snippets, (first + L) / self.num_snippets

    def _frames_around(self, centres: np.ndarray, total_frames: int) -> np.ndarray:
        """Frame numbers (L, T) around fractional frame positions (L,)."""
        middle = self.clip_len // 2 if self.centred_on_frame else (self.clip_len - 1) / 2
        reach = (np.arange(self.clip_len) - middle) * self.frame_interval                 # (T,)
        # A position that rounding put just below a frame's start is at the start.
        frames = np.floor(centres[:, None] + reach + 1e-6)                                # (L, T)
        return np.clip(frames, 0, total_frames - 1).astype(np.int64)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(num_snippets={self.num_snippets}, clip_len='
                f'{self.clip_len}, frame_interval={self.frame_interval}, '
                f'placement={self.placement!r}, snippet_interval={self.snippet_interval}, '
                f'centred_on_frame={self.centred_on_frame})')


def _refuse_what_goes_not_together(placement: str, snippet_interval: int | None,
                                   centred_on_frame: bool, truncation: Mapping | None) -> None:
    if placement not in PLACEMENTS:
        raise ValueError(f'SampleSnippets got placement={placement!r}; expected one of '
                         f'{PLACEMENTS}')
    if placement == 'window' and snippet_interval is not None:
        raise ValueError("SampleSnippets got placement='window' and a snippet_interval; "
                         "expected 'even' or 'jitter', since the dataset cuts the windows")
    if placement == 'contiguous' and (snippet_interval is not None or centred_on_frame):
        raise ValueError("SampleSnippets got placement='contiguous', and a snippet_interval or "
                         'centred_on_frame; expected neither, since snippets follow each other: '
                         'set frame_interval for windows')
    if placement != 'contiguous' and truncation is not None:
        raise ValueError(f'SampleSnippets got a truncation and placement={placement!r}; expected '
                         "'contiguous', whose windows it draws: otherwise the dataset cuts them, "
                         'by its `window`')
