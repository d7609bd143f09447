"""Clips stitched of two parts, labelled by the kind of boundary: after the idea of BSP.

Shape legend: T frames a clip, the cut before the c-th of them, H × W a frame.

Four kinds; the last two are of one video, which goes on::

    0  other class   A A A A A | B B B      B: a video of another class
    1  same class    A A A A | B B B B      B: another video of the class
    2  other speed   a a a a   a   a   a    the interval changes at the cut
    3  same speed    a a a a a a a a        no boundary: the negative
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import mmcv
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo
from mmlofi.options import require_number, require_whole
from mmlofi.pretraining.too_short import TooShort

KINDS = ('other class', 'same class', 'other speed', 'same speed')   # a label is its place here
OTHER_CLASS, SAME_CLASS, OTHER_SPEED, SAME_SPEED = range(len(KINDS))


class Stitched(NamedTuple):
    """Which frames make up a clip."""

    frames: np.ndarray   # (T,) numbers in the file of each
    cut: int             # frames before the cut
    two_files: bool      # whether those after it are of the second video


@TRANSFORMS.register_module()
class StitchBoundary(BaseTransform):
    """Makes a clip of two parts, whose kind is the label.

    After the idea of BSP (Xu et al., ICCV 2021), of which neither code nor settings are public:
    the kinds of boundaries are the paper's. Ours are where the cut may lie, the speeds, how the
    join is smoothed, and that all kinds are equally many.

    So that nothing but the boundary tells the kind, the interval of a part is drawn alike in all
    kinds, frames beside the cut are mixed with those on its other side in all of them, and both
    parts get one size before anything else.

    Required Keys: filename, kind, second_filename (of the first two kinds), test_mode (optional)

    Added Keys: imgs (T of (H, W, 3)), img_shape, original_shape, clip_len, frame_interval,
    num_clips, label, stitched

    Args:
        clip_len: T.
        intervals: Frames of a file from one of a part to the next; two or more.
        margin: Share of the clip that either part has at least; the first has two frames in any
            case, as one alone shows no interval that the cut could change.
        blend: Frames on each side of the cut that are mixed.
        height, width: H and W.

    Raises:
        ValueError: For settings that make no boundary.
    """

    def __init__(self, *, clip_len: int = 8, intervals: Sequence[int] = (4, 8, 16),
                 margin: float = 0.25, blend: int = 1, height: int = 256, width: int = 340) -> None:
        if not isinstance(intervals, (list, tuple)):
            raise ValueError(f'StitchBoundary got intervals={intervals!r}; expected two numbers or '
                             'more, such as (4, 8, 16)')
        require_whole('StitchBoundary', least=2, clip_len=clip_len,
                      num_intervals=len(set(intervals)))
        require_whole('StitchBoundary', **{f'interval_{place}': interval
                                           for place, interval in enumerate(intervals)})
        require_whole('StitchBoundary', height=height, width=width)
        require_number('StitchBoundary', above=0, most=0.5, margin=margin)
        require_whole('StitchBoundary', least=0, blend=blend)
        self.clip_len, self.intervals = clip_len, sorted(set(intervals))
        self.least = max(1, int(np.ceil(margin * clip_len)))
        self.first_least = max(2, self.least)
        if blend > self.least or self.first_least + self.least > clip_len:
            raise ValueError(f'StitchBoundary got blend={blend} and margin={margin} of {clip_len} '
                             f'frames, parts of {self.least} or more; expected parts that the clip '
                             'has room for and the mixed frames fit in: change margin or blend')
        self.blend, self.size = blend, (height, width)

    def transform(self, results: dict) -> dict | None:
        """Adds the clip; None passes a video over that is too short.

        Raises:
            TooShort: In testing, for a video that is too short.
        """
        kind, names = int(results['kind']), [results['filename']]
        if kind in (OTHER_CLASS, SAME_CLASS):
            names.append(results['second_filename'])
        videos = [OpenVideo()(dict(filename=name)) for name in names]
        stitched = self.choose(kind, [video['total_frames'] for video in videos])
        if stitched is None:
            if not results.get('test_mode', False):
                return None
            raise TooShort(f'{" or ".join(map(repr, names))} is too short to be stitched; '
                           'expected more frames: leave it out of the list, or lower intervals '
                           'or clip_len')
        imgs = mix_at(self._decode(videos, stitched), stitched.cut, self.blend)
        results.update(imgs=imgs, img_shape=self.size, original_shape=self.size, num_clips=1,
                       clip_len=self.clip_len, frame_interval=1, label=kind, stitched=stitched)
        return results

    def choose(self, kind: int, totals: Sequence[int]) -> Stitched | None:
        """The frames of a clip of that kind; None where a video has too few.

        Intervals that a video is too short for are left out in all kinds, or they would tell it.

        Args:
            totals: Frames of each video, two of them for the first two kinds.
        """
        T = self.clip_len
        fitting = [one for one in self.intervals if one * (T - 1) < min(totals)]
        if len(fitting) < 2:
            return None
        cut = int(np.random.randint(self.first_least, T - self.least + 1))
        interval = int(np.random.choice(fitting))
        other = int(np.random.choice([one for one in fitting if one != interval]))
        after = other if kind == OTHER_SPEED else interval
        steps = np.where(np.arange(1, T) < cut, interval, after)                    # (T - 1,)
        frames = np.append(0, np.cumsum(steps))
        two_files = len(totals) == 2
        parts = np.split(frames, [cut]) if two_files else [frames]
        placed = [_place(part - part[0], total) for part, total in zip(parts, totals)]
        return Stitched(np.concatenate(placed), cut, two_files)

    def _decode(self, videos: Sequence[dict], stitched: Stitched) -> list[np.ndarray]:
        """T frames (H, W, 3) of one size."""
        parts = np.split(stitched.frames, [stitched.cut]) if stitched.two_files \
            else [stitched.frames]
        decode, (height, width) = DecodeSnippets(), self.size
        return [mmcv.imresize(image, (width, height)) for video, part in zip(videos, parts)
                for image in decode(dict(video, frame_inds=part))['imgs']]

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, intervals={self.intervals}, '
                f'blend={self.blend})')


def mix_at(images: Sequence[np.ndarray], cut: int, blend: int) -> list[np.ndarray]:
    """Mixes frames beside a cut with those as far on its other side, less and less with distance.

    The first ones on either side have a share of blend / (2 · blend + 1) of the other.
    """
    mixed = list(images)
    for distance in range(blend):
        share = (blend - distance) / (2 * blend + 1)
        pair = cut - 1 - distance, cut + distance
        for one, other in (pair, pair[::-1]):
            values = (1 - share) * images[one] + share * images[other].astype(np.float32)
            mixed[one] = np.rint(values).astype(images[one].dtype)
    return mixed


def _place(offsets: np.ndarray, total: int) -> np.ndarray:
    """Frames at a random place of a video of so many."""
    return offsets + np.random.randint(total - int(offsets[-1]))
