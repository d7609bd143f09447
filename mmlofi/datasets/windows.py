"""Long videos as overlapping windows of snippets, as is usual on THUMOS14.

Shape legend: P snippets of the whole video at full fidelity, L of a window, K actions.

Snippets lie on one grid over the video, snippet i in [i/P, (i+1)/P). A window is L of them from
`first_snippet` on; one that reaches over the video's end (of a video shorter than a window) repeats
the last snippet, and says how many of its positions are the video's::

    0        stride     2 stride                     P
    |---------|---------|---------|---------|-----|
    [========= L =======]
              [========= L =======]
                              [========= L =======]     the last one ends with the video

An action of up to half a window always lies in one of them. A longer one may be cut by all; in
training it gets a window of its own, centred on it, if it is not longer than a window::

                     [== action ==]
                 [========= L =======]
"""
from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from mmcv.transforms import BaseTransform

from mmlofi.options import require_number, require_whole


@dataclass(frozen=True, kw_only=True)
class SlidingWindows:
    """Where a video's windows start, and which of them are for training.

    G-TAD's recipe for THUMOS14: L = 256, stride 128, and windows that hold more than 90 % of an
    action. Deviations: there the last 51 snippets of a video may lie in no window, and actions that
    all windows cut are not trained on; here the first do, and the second have their own windows.

    Args:
        num_snippets: L.
        stride: Snippets from the start of one window to that of the next.
        min_inside: A window is for training when it holds this share of one of the actions. What
            it cuts of others is clipped, and trained on as well.

    Raises:
        ValueError: For values that leave gaps or no window.
    """

    num_snippets: int
    stride: int
    min_inside: float = 0.9

    def __post_init__(self) -> None:
        require_whole('window', stride=self.stride, num_snippets=self.num_snippets)
        if not 1 <= self.stride <= self.num_snippets:
            raise ValueError(f'window got stride={self.stride} for windows of {self.num_snippets} '
                             'snippets; expected 1 to as many, so that windows leave no gap: half '
                             'of them is usual')
        require_number('window', above=0, most=1, min_inside=self.min_inside)

    @classmethod
    def of_pipeline(cls, window: Mapping, transforms: Iterable[BaseTransform]) -> SlidingWindows:
        """From a dataset's `window` and the transform that makes its snippets.

        Raises:
            ValueError: When no transform can cut windows, or values make no sense.
        """
        sampler = next((one for one in transforms if hasattr(one, 'grid')), None)
        if sampler is None or None in (getattr(sampler, 'snippet_interval', 0),
                                       sampler.num_snippets):
            raise ValueError(
                f'window={dict(window)} needs snippets that are equally far apart in all videos; '
                'expected SampleSnippets(num_snippets=256, snippet_interval=5, …) for frames (with '
                "placement='contiguous' a frame_interval in its place), or "
                'LoadSnippetFeatures(num_snippets=256) for features in the pipeline, with the '
                'snippets of a window')
        unknown = sorted(set(window) - {'stride', 'min_inside'})
        if unknown or 'stride' not in window:
            raise ValueError(f'window={dict(window)}: expected dict(stride=…), and min_inside if '
                             f'need be; the length of a window is the num_snippets of '
                             f'{type(sampler).__name__}')
        return cls(num_snippets=sampler.num_snippets, **window)

    def norm(self, first: int, num_positions: int) -> tuple[float, float]:
        """The share of a video of P snippets that the window from snippet `first` on covers."""
        return window_norm(first, self.num_snippets, num_positions)

    def starts(self, num_positions: int) -> list[int]:
        """The first snippet of each window of a video of P snippets; every snippet is in one."""
        last = max(0, num_positions - self.num_snippets)
        starts = list(range(0, last + 1, self.stride))
        return starts if starts[-1] == last else [*starts, last]

    def training_starts(self, num_positions: int, segments_norm: np.ndarray) -> list[int]:
        """Those of windows that hold `min_inside` of one of the actions (K, 2).

        An action that none of `starts` holds has a window of its own among them, centred on it as
        far as the video goes, unless it is too long for any.
        """
        segments = segments_norm[segments_norm[:, 1] > segments_norm[:, 0]] * num_positions
        grid = np.array(self.starts(num_positions))
        cut = segments[~self._hold(grid, segments).any(0)]
        own = np.rint(cut.mean(1) - self.num_snippets / 2).clip(grid[0], grid[-1]).astype(np.int64)
        starts = np.union1d(grid, own)
        return starts[self._hold(starts, segments).any(1)].tolist()

    def too_long(self, num_positions: int, segments_norm: np.ndarray) -> np.ndarray:
        """(K,) the actions (K, 2) that no window for training holds."""
        starts = np.array(self.training_starts(num_positions, segments_norm), np.int64)
        held = self._hold(starts, segments_norm * num_positions).any(0)
        return ~held & (segments_norm[:, 1] > segments_norm[:, 0])

    def _hold(self, starts: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """(S, K) which windows from `starts` (S,) on hold which segments (K, 2), in snippets."""
        first, (begin, end) = starts[:, None], segments.T
        inside = np.minimum(end, first + self.num_snippets) - np.maximum(begin, first)
        return inside >= self.min_inside * (end - begin)


def window_norm(first: int, num_snippets: int, num_positions: int) -> tuple[float, float]:
    """A window's share of the video, which ends after 1 where the video is shorter."""
    return first / num_positions, (first + num_snippets) / num_positions


def num_valid(first: int, num_snippets: int, num_positions: int, length: int) -> int | None:
    """How many of a window's `length` positions lie in the video; None where all do.

    At least the first one does. With fewer positions than snippets those count whose middle is in
    the video.
    """
    inside = min(num_positions - first, num_snippets)
    if inside == num_snippets:
        return None
    return max(1, math.ceil(inside * length / num_snippets - 0.5))


def cut_window(array: np.ndarray, first: int, num_snippets: int) -> np.ndarray:
    """(…, P) to (…, L): a window's values, the last of them repeated after the video's end."""
    places = np.minimum(np.arange(first, first + num_snippets), array.shape[-1] - 1)
    return array[..., places]
