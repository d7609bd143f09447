"""frame_limits: the snippets that MMAction2's backbones take."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from small_transformers import TIMESFORMER, UNIFORMERV2, VIT
from torch import nn

from mmlofi.fidelity import PAPER_CYCLE
from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.frame_limits import Allowed, frame_limits, takes_clips

SWIN = dict(type='SwinTransformer3D', pretrained2d=False, window_size=(8, 7, 7), out_indices=(1,),
            arch=dict(embed_dims=12, depths=[2, 2], num_heads=[1, 2]))
TSM = dict(type='ResNetTSM', depth=18, pretrained=None, pretrained2d=False, num_segments=4)
PATHWAY = dict(type='resnet3d', depth=18, pretrained=None, base_channels=8, conv1_kernel=(1, 7, 7),
               dilations=(1, 1, 1, 1), conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1))
SLOWFAST = dict(type='ResNet3dSlowFast', pretrained=None, resample_rate=4, speed_ratio=4,
                channel_ratio=4, slow_pathway=dict(PATHWAY, lateral=True, fusion_kernel=5),
                fast_pathway=dict(PATHWAY, lateral=False, base_channels=2))


def encode(cfg, T, height, width=None, **settings):
    torch.manual_seed(0)
    backbone = MODELS.build(dict(cfg)) if isinstance(cfg, dict) else cfg
    with torch.no_grad():
        return SnippetEncoder(**settings)(backbone,
                                          torch.randn(1, 2, 3, T, height, width or height))


@pytest.mark.parametrize(('allowed', 'inside', 'outside', 'words'), [
    (Allowed(), [1, 7], [0], 'any'), (Allowed(2), [2, 9], [1], '2 or more'),
    (Allowed(16, 31), [16, 31], [15, 32], '16 to 31'), (Allowed(8, 8), [8], [4, 16], '8'),
    (Allowed(16, step=16), [16, 112, 224], [0, 8, 158], 'multiples of 16')])
def test_allowed_numbers_and_their_words(allowed, inside, outside, words):
    assert all(number in allowed for number in inside)
    assert not any(number in allowed for number in outside)
    assert str(allowed) == words


@pytest.mark.parametrize(('allowed', 'number', 'near'), [
    (Allowed(16, step=16), 158, [144, 160]), (Allowed(16, step=16), 3, [16]),
    (Allowed(96, 127), 56, [96]), (Allowed(96, 127), 224, [127]), (Allowed(8, 8), 4, [8])])
def test_the_nearest_allowed_numbers_are_named(allowed, number, near):
    assert allowed.around(number) == near


@pytest.mark.parametrize('cfg', [VIT, TIMESFORMER, UNIFORMERV2])
def test_a_side_that_is_no_multiple_of_the_patch_is_refused_with_those_that_fit(cfg):
    with pytest.raises(ValueError, match=(
            r'got frames of 158 x 158; expected sides of multiples of 16: .* Sides of 144 or 160 '
            'fit: set divisor=16 in AtFidelity')):
        encode(cfg, 4, 158)


@pytest.mark.parametrize('cfg', [VIT, TIMESFORMER, UNIFORMERV2])
def test_the_papers_sides_fit_once_rounded_to_the_patch(cfg):
    divisor = frame_limits(MODELS.build(dict(cfg))).side.step
    sides = [fidelity.reduce_side(224, divisor) for fidelity in PAPER_CYCLE]
    assert sides == [112, 224, 160]
    for side in sides:
        assert encode(cfg, 4, side).shape == (1, 24, 2)


@pytest.mark.parametrize(('cfg', 'setting'), [
    (VIT, 'num_frames'), (TIMESFORMER, 'num_frames'), (UNIFORMERV2, 't_size'),
    (TSM, 'num_segments')])
def test_another_number_of_frames_is_refused_with_both_ways_out(cfg, setting):
    with pytest.raises(ValueError, match=(
            fr'{cfg["type"]} got snippets of 8 frames; expected 4: .*{setting}=4.* Set clip_len=4 '
            fr'in SampleSnippets, or model\.backbone\.{setting}=8')):
        encode(cfg, 8, 32)
    assert encode(dict(cfg, **{setting: 8}), 8, 32).shape[2] == 2


def test_a_temporal_downsampling_uniformerv2_takes_its_whole_t_size():
    cfg = dict(UNIFORMERV2, temporal_downsample=True, t_size=8)
    assert encode(cfg, 8, 32).shape == (1, 24, 2)
    with pytest.raises(ValueError, match='snippets of 4 frames; expected 8'):
        encode(cfg, 4, 32)


def test_frames_that_are_no_squares_are_refused_where_a_square_is_built_in():
    with pytest.raises(ValueError, match='UniFormerV2 got frames of 32 x 64; expected H = W'):
        encode(UNIFORMERV2, 4, 32, 64)
    for cfg in (VIT, TIMESFORMER, SWIN):
        assert encode(cfg, 4, 32, 64).shape[2] == 2


def test_a_slow_pathway_needs_whole_steps_of_the_fast_one():
    assert encode(SLOWFAST, 8, 32).shape[2] == 2
    with pytest.raises(ValueError, match='snippets of 10 frames; expected multiples of 4: .*'
                                         'resample_rate.* Set clip_len=8 or 12'):
        encode(SLOWFAST, 10, 32)


@pytest.mark.parametrize(('strides', 'least'), [((1, 1), 2), ((2, 1), 3), ((2, 2), 5)])
def test_i3d_needs_two_frames_where_it_pools_them(strides, least):
    cfg = dict(type='ResNet3d', depth=18, base_channels=4, pretrained=None, pretrained2d=False,
               conv1_stride_t=strides[0], pool1_stride_t=strides[1], inflate=(0, 0, 0, 0))
    assert encode(cfg, least, 32).shape[2] == 2
    with pytest.raises(ValueError, match=f'snippets of {least - 1} frames; expected {least} or mo'):
        encode(cfg, least - 1, 32)
    with pytest.raises(RuntimeError):
        MODELS.build(cfg)(torch.randn(1, 3, least - 1, 32, 32))
    assert encode(dict(cfg, with_pool2=False), 1, 32).shape[2] == 2


def test_c3d_is_bound_to_its_own_frames():
    with torch.device('meta'):
        limits = frame_limits(MODELS.build(dict(type='C3D')))
    for side in (96, 112, 127):
        limits.check('C3D', 16, side, side)
    with pytest.raises(ValueError, match='C3D got frames of 56 x 56; expected sides of 96 to 127: '
                                         '.* 112 x 112. Sides of 96 fit: set the sizes of the tra'):
        limits.check('C3D', 16, 56, 56)
    with pytest.raises(ValueError, match='snippets of 8 frames; expected 16 to 31'):
        limits.check('C3D', 8, 112, 112)


def test_c3ds_limits_are_those_of_its_layers():
    with torch.device('meta'):
        backbone = MODELS.build(dict(type='C3D')).eval()
        for T, side, fits in ((16, 96, True), (31, 127, True), (15, 112, False), (32, 112, False),
                              (16, 95, False), (16, 128, False)):
            try:
                backbone(torch.empty(1, 3, T, side, side))
                assert fits
            except RuntimeError:
                assert not fits


@pytest.mark.parametrize('side', [112, 158, 160, 224])
def test_swin_takes_sides_that_its_windows_do_not_divide(side):
    assert encode(SWIN, 4, side).shape == (1, 24, 2)


def test_frames_that_are_not_shifted_may_be_any_number():
    assert encode(dict(TSM, is_shift=False), 3, 32).shape == (1, 512, 2)


def test_clips_and_images_are_told_apart_also_for_subclasses():
    class Mine(MODELS.get('C2D')):
        pass

    class Stem(nn.Sequential):
        pass
    assert takes_clips(Mine(depth=50, pretrained=None)) is True
    assert takes_clips(MODELS.build(dict(TIMESFORMER))) is True
    assert takes_clips(MODELS.build(dict(TSM))) is False
    assert takes_clips(Stem(nn.Conv3d(3, 4, 1))) is True
    assert takes_clips(Stem(nn.Linear(3, 4))) is None
    assert frame_limits(Stem()).frames == Allowed()
