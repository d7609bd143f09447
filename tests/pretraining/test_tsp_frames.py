"""Frames as the authors make them."""
from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import MODELS
from mmengine.dataset import Compose

from mmlofi.pretraining import CropCentre, ResizeWholeFrame

NORMALIZE = dict(type='ActionDataPreprocessor', mean=[110.2008, 100.63983, 95.99475],
                 std=[58.14765, 56.46975, 55.332195], format_shape='NCTHW')


def test_a_clip_of_validation_is_the_authors(tsp_arrays):
    pipeline = Compose([
        ResizeWholeFrame(height=128, width=171), CropCentre(size=112),
        dict(type='FormatShape', input_format='NCTHW'), dict(type='PackActionInputs')])
    packed = pipeline(dict(imgs=list(tsp_arrays['transform_in']), num_clips=1, clip_len=2))
    inputs = MODELS.build(NORMALIZE)(dict(inputs=[packed['inputs']], data_samples=[
        packed['data_samples']]))['inputs'][0, 0]
    assert inputs.shape == (3, 2, 112, 112)
    assert np.allclose(inputs[..., ::7, ::7], tsp_arrays['transform_out'], atol=1e-5)


def test_frames_too_small_for_the_crop_are_refused():
    with pytest.raises(ValueError, match='frames of 9 x 8; expected 10 or more on both sides'):
        CropCentre(size=10).transform(dict(imgs=[np.zeros((8, 9, 3))]))
