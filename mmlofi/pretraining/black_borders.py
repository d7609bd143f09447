"""Cuts off black borders, which compression leaves another trace in than in the picture."""
from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_number


@TRANSFORMS.register_module()
class CropBlackBorders(BaseTransform):
    """Cuts rows and columns at the edges that are black in all frames of a clip.

    Borders that are not quite black in some frame tell which way the clip is played, by what
    compression leaves of the frame before (Wei et al. 2018). Of a clip that is dark altogether
    nothing is cut.

    Required Keys: imgs

    Modified Keys: imgs, img_shape

    Args:
        threshold: Up to this of 255 a pixel counts as black.
        least: Share of a side that has to stay, or nothing of it is cut.

    Raises:
        ValueError: For settings out of range.
    """

    def __init__(self, *, threshold: float = 16, least: float = 0.25) -> None:
        require_number('CropBlackBorders', least=0, most=255, threshold=threshold)
        require_number('CropBlackBorders', above=0, most=1, least_share=least)
        self.threshold, self.least = threshold, least

    def transform(self, results: dict) -> dict:
        """Cuts."""
        brightest = np.max([image.max(axis=2) for image in results['imgs']], axis=0)    # (H, W)
        rows, columns = (self._kept(brightest.max(axis=axis)) for axis in (1, 0))
        results['imgs'] = [image[rows, columns] for image in results['imgs']]
        results['img_shape'] = results['imgs'][0].shape[:2]
        return results

    def _kept(self, brightest: np.ndarray) -> slice:
        """From the first to the last that is not black."""
        shown = np.flatnonzero(brightest > self.threshold)
        if not len(shown) or shown[-1] + 1 - shown[0] < self.least * len(brightest):
            return slice(None)
        return slice(shown[0], shown[-1] + 1)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(threshold={self.threshold}, least={self.least})'
