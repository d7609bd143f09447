"""AtFidelity: MMAction2's own spatial transforms at side / r_s."""
from __future__ import annotations

import copy
import math

import numpy as np
import pytest

from mmlofi import Fidelity
from mmlofi.datasets.transforms import AtFidelity

FULL = Fidelity()
S = Fidelity('S', spatial=2)
T = Fidelity('T', temporal=4)
ST = Fidelity('ST', temporal=2, spatial=math.sqrt(2))


def shape_after(transform, fidelity, height=120, width=160):
    """The size of frames of height × width after the transform."""
    results = dict(imgs=[np.zeros((height, width, 3), np.uint8)] * 2, img_shape=(height, width),
                   modality='RGB')
    if fidelity is not None:
        results['fidelity'] = fidelity
    results = transform(results)
    shapes = {frame.shape[:2] for frame in results['imgs']}
    assert shapes == {tuple(results['img_shape'])}
    return shapes.pop()


@pytest.mark.parametrize(('fidelity', 'side'), [(FULL, 112), (S, 56), (T, 112), (ST, 80)])
@pytest.mark.parametrize('kind', ['RandomCrop', 'CenterCrop'])
def test_crops_have_the_fidelitys_side(kind, fidelity, side):
    crop = AtFidelity(transform=dict(type=kind, **{
        'size' if kind == 'RandomCrop' else 'crop_size': 112}), sizes=('size', 'crop_size'))
    assert shape_after(crop, fidelity) == (side, side)


@pytest.mark.parametrize(('fidelity', 'shape'), [(FULL, (64, 96)), (S, (32, 48)), (ST, (46, 68))])
def test_a_resize_to_two_sides_reduces_both(fidelity, shape):
    resize = AtFidelity(transform=dict(type='Resize', scale=(96, 64), keep_ratio=False))
    assert shape_after(resize, fidelity) == shape


def test_a_resize_that_keeps_the_ratio_reduces_the_side_it_names():
    resize = AtFidelity(transform=dict(type='Resize', scale=(-1, 60)))
    assert shape_after(resize, FULL) == (60, 80)
    assert shape_after(resize, S) == (30, 40)


def test_sides_are_multiples_of_the_divisor():
    crop = AtFidelity(transform=dict(type='RandomCrop', size=112), divisor=16)
    assert [shape_after(crop, fidelity)[0] for fidelity in (FULL, S, ST)] == [112, 64, 80]


def test_without_a_fidelity_the_full_size_is_taken():
    assert shape_after(AtFidelity(transform=dict(type='RandomCrop', size=100)), None) == (100, 100)


def test_the_order_of_fidelities_does_not_matter():
    crop = AtFidelity(transform=dict(type='RandomCrop', size=112))
    assert [shape_after(crop, fidelity)[0] for fidelity in (S, FULL, ST, S, FULL)] == \
        [56, 112, 80, 56, 112]


def test_the_config_given_is_left_alone():
    cfg = dict(type='Resize', scale=(96, 64), keep_ratio=False)
    before = copy.deepcopy(cfg)
    shape_after(AtFidelity(transform=cfg), S)
    assert cfg == before


def test_a_transform_without_pixels_is_refused():
    with pytest.raises(ValueError, match=r"'Flip'.*has none of the arguments \('size', 'scale'\)"):
        AtFidelity(transform=dict(type='Flip', flip_ratio=0.5))


def test_a_wrong_config_fails_at_construction():
    with pytest.raises(TypeError, match='sizes_of_crop'):
        AtFidelity(transform=dict(type='RandomCrop', size=100, sizes_of_crop=3))
    with pytest.raises(KeyError, match='RandomCrob'):
        AtFidelity(transform=dict(type='RandomCrob', size=100))
