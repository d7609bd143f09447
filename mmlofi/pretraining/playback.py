"""Clips played at one of several rates, backwards among them, labelled by which.

Shape legend: T frames a clip, R rates.

Time: a stretch of the video is drawn that the fastest rate fills; every clip lies in its middle,
so that neither its place nor the video's end tells the rate::

    video        |-------------------------------------------------|
    stretch             [=============================]
    rate 2              x   x   x   x   x   x   x   x
    rate 1                      x x x x x x x x
    rate -1                     8 7 6 5 4 3 2 1          the same frames, the last one first
    rate 0                             x                 one frame all along
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_number, require_whole
from mmlofi.pretraining.too_short import TooShort


@TRANSFORMS.register_module()
class PlaybackRate(BaseTransform):
    """Chooses the frames of a clip at one of R rates; which is the label.

    - ``rates=(1, -1)``: Arrow of Time (Wei et al. 2018), forwards or backwards;
    - ``rates=((1, 1.2), (1.7, 2.2))``: SpeedNet (Benaim et al. 2020), normal or sped up;
    - ``rates=(-4, -2, -1, 0, 1, 2, 4)``: the family that CtP (Wang et al. 2021) classifies.

    A rate that makes no whole steps is kept in the mean, by frames left out at random, so that no
    fixed skip tells it. Other short cuts are closed by what every clip has in common: the stretch,
    whatever the rate; the frame interval, which is lowered for a short video whatever the rate; and
    no frame is repeated to fill a clip. A video too short for the fastest rate at an interval of 1
    is passed over in training and refused in testing; `PlaybackDataset` plays the next in its
    place.

    Deviations from Arrow of Time and SpeedNet: frames in place of optical flow; the papers' own
    networks are not here.

    Required Keys: total_frames, start_index (optional), rate_label (optional, drawn otherwise)

    Added Keys: frame_inds, clip_len, frame_interval, num_clips, label

    Args:
        rates: Of each class a number, or a range (low, high) to draw from; the clip is played
            backwards below 0, and stands still at 0.
        clip_len: T.
        frame_interval: Frames of the file between two of a clip at rate 1.
        test_mode: Whether to take the middle of the video and of a range, and regular steps.

    Raises:
        ValueError: For settings that make no clips, and fewer than two classes, or some that share
            rates.
    """

    def __init__(self, *, rates: Sequence[float | Sequence[float]], clip_len: int = 8,
                 frame_interval: int = 8, test_mode: bool = False) -> None:
        if not isinstance(rates, (list, tuple)):
            raise ValueError(f'PlaybackRate got rates={rates!r}; expected two or more, each a '
                             'number or (low, high), such as (1, -1)')
        require_whole('PlaybackRate', least=2, clip_len=clip_len, num_rates=len(rates))
        require_whole('PlaybackRate', frame_interval=frame_interval)
        self.rates = [_as_range(rate) for rate in rates]
        _refuse_shared(self.rates)
        self.clip_len, self.frame_interval = clip_len, frame_interval
        self.test_mode = test_mode
        self.fastest = max(abs(rate) for pair in self.rates for rate in pair)

    def transform(self, results: dict) -> dict | None:
        """Adds frame numbers and label; None passes the video over.

        Raises:
            TooShort: In testing, for a video that is too short.
        """
        total = results['total_frames']
        interval = self._interval(total)
        if interval == 0:
            if not self.test_mode:
                return None
            raise TooShort(f'{results.get("filename")!r} has {total} frames; expected '
                           f'{self._stretch(1)} or more, which the fastest rate needs: leave it '
                           'out of the list, or lower clip_len or the rates')
        stretch = self._stretch(interval)
        # Before the label and what depends on it: clips of one seed are of one stretch.
        start = (total - stretch) // 2 if self.test_mode else np.random.randint(total - stretch + 1)
        label = results.get('rate_label')
        label = int(np.random.randint(len(self.rates)) if label is None else label)
        offsets = self._offsets(label, interval)
        middle = (stretch - 1 - offsets.max()) // 2
        results.update(frame_inds=results.get('start_index', 0) + start + middle + offsets,
                       clip_len=self.clip_len, frame_interval=interval, num_clips=1, label=label)
        return results

    def names(self) -> tuple[str, ...]:
        """Of the classes, in the order of the labels."""
        return tuple(f'rate {low:g}' if low == high else f'rate {low:g} to {high:g}'
                     for low, high in self.rates)

    def _offsets(self, label: int, interval: int) -> np.ndarray:
        """(T,) frames of a clip of that class, counted from the first one in the file."""
        low, high = self.rates[label]
        rate = (low + high) / 2 if self.test_mode else np.random.uniform(low, high)
        steps = self._steps(abs(rate) * interval)
        offsets = np.append(0, np.cumsum(steps))
        return offsets[::-1] if rate < 0 else offsets

    def _steps(self, frames: float) -> np.ndarray:
        """(T - 1,) whole steps of so many frames in the mean."""
        count = self.clip_len - 1
        if self.test_mode or float(frames).is_integer():
            return np.diff(np.floor(np.arange(count + 1) * frames + 1e-6)).astype(np.int64)
        steps = np.full(count, int(frames))
        longer = round(frames * count) - steps.sum()
        steps[np.random.choice(count, longer, replace=False)] += 1
        return steps

    def _stretch(self, interval: int) -> int:
        """Frames that the longest clip reaches over."""
        return int(np.ceil(self.fastest * interval * (self.clip_len - 1))) + 1

    def _interval(self, total: int) -> int:
        """The longest frame interval, up to that asked for, at which all rates fit; 0: none."""
        fitting = int((total - 1) / (max(self.fastest, 1e-9) * (self.clip_len - 1)))
        while fitting > 0 and self._stretch(fitting) > total:
            fitting -= 1
        return min(self.frame_interval, fitting)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(rates={self.rates}, clip_len={self.clip_len}, '
                f'frame_interval={self.frame_interval}, test_mode={self.test_mode})')


def _as_range(rate: float | Sequence[float]) -> tuple[float, float]:
    """A number as a range of one; each whole or of frames left out, so none between 0 and 1.

    Raises:
        ValueError: For what repeats frames, which would tell the rate, or is no range.
    """
    pair = tuple(rate) if isinstance(rate, (tuple, list)) else (rate, rate)
    if len(pair) != 2:
        raise ValueError(f'PlaybackRate got the rate {rate!r}; expected a number, or (low, high)')
    require_number('PlaybackRate', low=pair[0], high=pair[1])
    still = pair == (0, 0)
    if pair[0] > pair[1] or not (still or pair[0] >= 1 or pair[1] <= -1):
        raise ValueError(f'PlaybackRate got the rate {rate!r}; expected 0, or numbers of 1 or more '
                         'or of -1 or less, the lower one first: slower than the video shows '
                         'frames twice, which tells the rate')
    return pair


def _refuse_shared(rates: Sequence[tuple[float, float]]) -> None:
    """Refuses classes of which a clip may be either."""
    ordered = sorted(rates)
    for (low, high), after in zip(ordered, ordered[1:]):
        if after[0] < high or after == (low, high):
            raise ValueError(f'PlaybackRate got the rates {(low, high)} and {after}, which share '
                             'some; expected rates that tell the classes apart')
