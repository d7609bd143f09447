"""Videos that are decoded once in a process and kept in memory, for tables of many trainings."""
from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from mmaction.datasets import DecordInit
from mmaction.registry import TRANSFORMS

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.shown_frames import Pictures
from mmlofi.fidelity import FULL

_FOUND = ('total_frames', 'avg_fps', 'frame_times_sec', 'duration_sec')   # of the file


class KeptFrames:
    """A video's frames (n, H, W, 3) in memory, as `DecodeSnippets` asks for them."""

    def __init__(self, frames: np.ndarray) -> None:
        self.frames = frames

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, number: int) -> Pictures:
        return Pictures(self.frames[number])

    def get_batch(self, numbers: np.ndarray) -> Pictures:
        return Pictures(self.frames[np.asarray(numbers)])

    def get_key_indices(self) -> list[int]:
        return [0]

    def seek(self, number: int) -> None:
        """Nothing is to be gone back to."""


@TRANSFORMS.register_module()
class OpenVideoOnce(OpenVideo):
    """As `OpenVideo`, which decodes a video of a size once in a process."""

    kept: dict[tuple, dict] = {}

    def transform(self, results: dict) -> dict:
        """Adds the same."""
        return _open_once(_OPEN, self, results)


_OPEN, _INIT = OpenVideo.transform, DecordInit.transform


def keep_frames() -> None:
    """From now on `OpenVideo`, wherever it is used, and `DecordInit` decode a video once."""
    OpenVideo.transform = functools.partialmethod(_as_method, _OPEN)
    DecordInit.transform = functools.partialmethod(_as_method, _INIT)


def _as_method(self, opening: Callable, results: dict) -> dict:
    return _open_once(opening, self, results)


def _open_once(opening: Callable, transform: OpenVideo | DecordInit, results: dict) -> dict:
    side = getattr(transform, 'short_side', None)
    if side is not None:
        side = results.get('fidelity', FULL).reduce_side(side, transform.divisor)
    key = results['filename'], side
    if key not in OpenVideoOnce.kept:
        opened = opening(transform, dict(results))
        frames = opened['video_reader'].get_batch(range(opened['total_frames'])).asnumpy()
        OpenVideoOnce.kept[key] = dict(
            video_reader=KeptFrames(frames), **{name: opened[name] for name in _FOUND
                                                if name in opened})
    return results | OpenVideoOnce.kept[key]
