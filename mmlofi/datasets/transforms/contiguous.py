"""Clips that lie one after the other: a run of evenly spread frames, cut into clips.

AdaTAD (Liu et al., CVPR 2024): frame k of the F of a run is the one in the middle of the k-th of F
equal parts of it, so that all neighbours are equally far apart, inside a clip and across two::

    frame    |--0--|--1--|--2--|-- … --|-15--|-16--| …  F      part k is [k, k+1) · span / F
    clip     |--------------- 0 -------------|---- 1 …  L      of T frames, F = L · T

A run is the whole video, however long, or a window of it with a frame every `frame_interval`, the
parts. Temporal fidelity has fewer frames over the same run, and clips of T frames still.

Shape legend: L clips, T frames a clip, K actions. A position is a part at full fidelity.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.transforms.truncate import (
    check_crop_ratio,
    draw_length,
    draw_part,
    is_held,
)
from mmlofi.datasets.videos.time_axis import frame_at
from mmlofi.fidelity import Fidelity
from mmlofi.options import require_number, require_whole


@dataclass(frozen=True)
class Run:
    """A stretch of a video in frames, which may end after it; what is its own ends at `end`."""

    first: float
    span: float
    end: float
    num_clips: int   # at full fidelity


@dataclass(frozen=True, kw_only=True)
class ContiguousClips:
    """Chooses a run of a video and its frames.

    Args:
        num_snippets: L at full fidelity, of the video or of a window.
        clip_len: T.
        frame_interval: Frames from one to the next in a window; None spreads them over the video.
        truncation: ``dict(trunc_thresh=0.75, crop_ratio=(0.9, 1.0))``: in training a window is
            drawn from the video until it holds that share of an action (`RandomTruncation`), where
            the dataset has cut none. A shorter video loses up to a tenth; None as the ratio keeps
            it whole.

    Raises:
        ValueError: For numbers that make no sense, and where no window can be drawn.
    """

    num_snippets: int
    clip_len: int
    frame_interval: int | None = None
    truncation: Mapping | None = None

    def __post_init__(self) -> None:
        require_whole('SampleSnippets', **{} if self.frame_interval is None else dict(
            frame_interval=self.frame_interval))
        if self.truncation is None:
            return
        if self.frame_interval is None or set(self.truncation) - {'trunc_thresh', 'crop_ratio'} \
                or 'trunc_thresh' not in self.truncation:
            raise ValueError(
                f'SampleSnippets got truncation={dict(self.truncation)} and frame_interval='
                f'{self.frame_interval}; expected dict(trunc_thresh=0.75, crop_ratio=(0.9, 1.0)), '
                'and the frames from one to the next, without which a run is the whole video')
        require_number('truncation', above=0, most=1, trunc_thresh=self.truncation['trunc_thresh'])
        check_crop_ratio('truncation', self.truncation.get('crop_ratio'))

    def choose(self, fidelity: Fidelity, results: dict) -> dict:
        """What `SampleSnippets` adds, and the actions that a drawn window holds.

        `valid_share` is the part of the window that is the video's, None where all of it is.
        """
        cut = {}
        if self.frame_interval is None:
            run = Run(0, results['total_frames'], results['total_frames'], self.num_snippets)
        elif results.get('first_snippet') is not None:
            run = self._run(results, results['first_snippet'] * self.clip_len, self.num_snippets)
        elif self.truncation is None or results.get('test_mode', False):
            clips = max(self.count_clips(results), results.get('min_snippets', 0))
            run = self._run(results, 0, clips)
        else:
            run, cut = self._draw(results)
        L, total = fidelity.reduce_snippets(run.num_clips), results['total_frames']
        share = (run.end - run.first) / run.span
        return dict(cut, frame_inds=self._frames(run, L * self.clip_len, results), num_clips=L,
                    window_norm=(run.first / total, (run.first + run.span) / total),
                    valid_share=None if share >= 1 else share)

    def count_clips(self, results: dict) -> int:
        """Clips of the whole video at full fidelity; the last may reach over its end."""
        return -(-self._num_positions(results) // self.clip_len)   # rounded up

    def _num_positions(self, results: dict) -> int:
        return -(-results['total_frames'] // self.frame_interval)   # rounded up

    def _run(self, results: dict, first: int, num_clips: int, length: int | None = None) -> Run:
        """From position `first` on, `length` of which count at most."""
        end = self._num_positions(results) if length is None else first + length
        positions = num_clips * self.clip_len
        return Run(*(self.frame_interval * place for place in (
            first, positions, min(end, first + positions))), num_clips)

    def _draw(self, results: dict) -> tuple[Run, dict]:
        """A window for training, and the actions cut at it."""
        P = self._num_positions(results)
        length = draw_length(P, self.num_snippets * self.clip_len,
                             self.truncation.get('crop_ratio', (0.9, 1.0)))
        if length == P:
            return self._run(results, 0, self.num_snippets, length), {}
        step_sec = results['duration_sec'] * self.frame_interval / results['total_frames']
        segments, share = results['segments_sec'], self.truncation['trunc_thresh']
        first, inside = draw_part(P, length, segments, share,
                                  lambda first: step_sec * (first + np.array([0, length])))
        kept = is_held(inside, segments, share)
        return self._run(results, first, self.num_snippets, length), dict(
            segments_sec=inside[kept], gt_labels=results['gt_labels'][kept])

    def _frames(self, run: Run, count: int, results: dict) -> np.ndarray:
        """(count,) frame numbers; after the run's own end its last frame is repeated."""
        middles = run.first + (np.arange(count) + 0.5) * run.span / count
        frames = frame_at(middles / results['total_frames'], results) - 0.5
        last = min(results['total_frames'], math.ceil(run.end)) - 1
        # Halves are rounded to even numbers, as they are, and not as sums have left them.
        return np.rint(frames.round(6)).clip(0, last).astype(np.int64)
