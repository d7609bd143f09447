"""How TSP makes its frames: without rounding between steps, and with its own centre."""
from __future__ import annotations

import mmcv
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_whole


@TRANSFORMS.register_module()
class ResizeWholeFrame(BaseTransform):
    """Resizes each frame as a whole, its aspect not kept, in floating point.

    As torchvision's models of Kinetics had it in 2019, and so TSP: linear between the four pixels
    around, those between them left out where frames shrink. MMAction2's `Resize` rounds to whole
    values in between.

    Required Keys: imgs

    Modified Keys: imgs (float32, of 0 to 255), img_shape

    Args:
        height, width: Of all frames.
    """

    def __init__(self, *, height: int, width: int) -> None:
        require_whole('ResizeWholeFrame', height=height, width=width)
        self.height, self.width = height, width

    def transform(self, results: dict) -> dict:
        """Resizes."""
        results['imgs'] = [
            mmcv.imresize(np.asarray(image, np.float32), (self.width, self.height),
                          interpolation='bilinear') for image in results['imgs']]
        results['img_shape'] = self.height, self.width
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(height={self.height}, width={self.width})'


@TRANSFORMS.register_module()
class CropCentre(BaseTransform):
    """Cuts the square in the middle; half a pixel is rounded to the even one, as torchvision does.

    MMAction2's `CenterCrop` rounds down: one pixel further left at 171.

    Required Keys: imgs

    Modified Keys: imgs, img_shape

    Args:
        size: The side.
    """

    def __init__(self, *, size: int) -> None:
        require_whole('CropCentre', size=size)
        self.size = size

    def transform(self, results: dict) -> dict:
        """Cuts.

        Raises:
            ValueError: When frames are smaller.
        """
        height, width = results['imgs'][0].shape[:2]
        if min(height, width) < self.size:
            raise ValueError(f'CropCentre got frames of {width} x {height}; expected {self.size} '
                             'or more on both sides: resize them first')
        top, left = round((height - self.size) / 2), round((width - self.size) / 2)
        results['imgs'] = [image[top:top + self.size, left:left + self.size]
                           for image in results['imgs']]
        results['img_shape'] = self.size, self.size
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'
