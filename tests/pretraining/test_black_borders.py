"""Black borders are cut off, and dark pictures are not."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.pretraining import CropBlackBorders


def crop(*images, **settings):
    return CropBlackBorders(**settings).transform(dict(imgs=list(images)))


def framed(top, bottom, left, right, border=5):
    image = np.full((40, 60, 3), border, np.uint8)
    image[top:40 - bottom, left:60 - right] = 100
    return image


def test_rows_and_columns_that_are_black_in_all_frames_are_cut():
    results = crop(framed(4, 6, 0, 10), framed(5, 6, 0, 12))
    assert results['img_shape'] == (30, 50)
    assert [image.shape for image in results['imgs']] == [(30, 50, 3)] * 2
    assert (results['imgs'][0] == 100).all()


def test_a_picture_without_borders_stays_as_it_is():
    image = framed(0, 0, 0, 0)
    assert crop(image)['imgs'][0].shape == image.shape


def test_a_dark_clip_is_left_alone():
    assert crop(np.zeros((40, 60, 3), np.uint8))['img_shape'] == (40, 60)
    spot = framed(18, 18, 0, 0)      # a tenth of the height
    assert crop(spot)['img_shape'] == (40, 60)


def test_one_bright_colour_is_no_border():
    image = np.zeros((40, 60, 3), np.uint8)
    image[..., 2] = 200
    assert crop(image)['img_shape'] == (40, 60)


@pytest.mark.parametrize('settings', [dict(threshold=300), dict(least=0)])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match='CropBlackBorders got'):
        CropBlackBorders(**settings)
