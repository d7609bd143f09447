"""Fewer features of a video than are stored.

Shape legend: L features of a video, C channels.
"""
from __future__ import annotations

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_whole


@TRANSFORMS.register_module()
class DownsampleFeatures(BaseTransform):
    """Takes every `rate`-th feature, from the first on: ActionFormer's `downsample_rate`.

    Each stands for `rate` times as much of the video, with its own time in the middle, so that the
    window begins earlier and ends later::

        |--0--|--1--|--2--|--3--|
      |-----0-----|-----2-----|          rate 2

    Required Keys: features, window_norm, num_valid (optional)

    Modified Keys: features ((C, L / rate, rounded up)), num_clips, window_norm, num_valid
    """

    def __init__(self, *, rate: int) -> None:
        require_whole('DownsampleFeatures', rate=rate)
        self.rate = rate

    def transform(self, results: dict) -> dict:
        """Leaves out the features between."""
        L = results['features'].shape[1]
        features = results['features'][:, ::self.rate].clone()
        start, end = results['window_norm']
        step = (end - start) / L
        start -= (self.rate - 1) / 2 * step
        valid = results.get('num_valid')
        results.update(
            features=features, num_clips=features.shape[1],
            num_valid=None if valid is None else -(-valid // self.rate),   # rounded up
            window_norm=(start, start + features.shape[1] * self.rate * step))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(rate={self.rate})'
