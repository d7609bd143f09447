"""Clips that give several positions in time."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from torch import nn
from torch.nn import functional as F

from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.dense import (
    NoSteps,
    join_clips,
    resample_positions,
    steps_of_clips,
)

T, SIDE = 16, 32
VIDEOMAE = dict(type='VisionTransformer', img_size=SIDE, patch_size=16, embed_dims=32, depth=2,
                num_heads=2, num_frames=T)


class Given(nn.Module):
    """Gives the same whatever it gets."""

    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, inputs):
        return self.output


def build(cfg=VIDEOMAE, **options):
    torch.manual_seed(0)
    backbone, encoder = MODELS.build(cfg), SnippetEncoder(dense=True, **options)
    encoder.prepare(backbone)
    backbone.eval()
    return backbone, encoder


@pytest.fixture(scope='module')
def frames():
    return torch.randn(2, 3, 3, T, SIDE, SIDE, generator=torch.manual_seed(1))


def test_steps_joined_and_interpolated_are_those_of_adatad(reference_data):
    arrays = np.load(reference_data / 'reference' / 'rivals' / 'adatad.npz')
    feats, joined, interpolated = (torch.from_numpy(arrays[f'after.{name}'])
                                   for name in ('feats', 'joined', 'interp9'))
    ours = join_clips(steps_of_clips(feats, 'a backbone'), 1)
    torch.testing.assert_close(ours, joined, rtol=0, atol=1e-6)
    torch.testing.assert_close(resample_positions(ours, 1.5), interpolated, rtol=0, atol=1e-6)
    backbone, encoder = Given(feats), SnippetEncoder(input_format='3d', dense=True, resample=1.5)
    given = torch.zeros(1, len(feats), 3, 4, 8, 8)
    torch.testing.assert_close(encoder(backbone, given), interpolated, rtol=0, atol=1e-6)


def test_each_clip_of_videomae_gives_a_position_every_two_frames(frames):
    backbone, encoder = build()
    with torch.no_grad():
        features = encoder(backbone, frames)
        assert features.shape == (2, 32, 3 * 8)
        for video in range(2):
            alone = [backbone(clip[None])[0].mean((2, 3)) for clip in frames[video]]   # (C, 8)
            torch.testing.assert_close(features[video], torch.cat(alone, 1))


def test_one_feature_a_snippet_stays_the_default_to_the_bit(frames):
    torch.manual_seed(0)
    backbone, encoder = MODELS.build(VIDEOMAE).eval(), SnippetEncoder()
    encoder.prepare(backbone)
    with torch.no_grad():
        features = encoder(backbone, frames)
        expected = backbone(frames.flatten(0, 1)).unflatten(0, (2, 3)).transpose(1, 2)
    assert not backbone.return_feat_map
    assert encoder.num_positions(3, 8) == 3
    assert torch.equal(features, expected)


@pytest.mark.parametrize(('resample', 'positions'), [(1, 24), (2, 48), (0.5, 12), (1 / 3, 8)])
def test_the_head_gets_as_many_positions_as_the_factor_says(frames, resample, positions):
    backbone, encoder = build(resample=resample)
    with torch.no_grad():
        steps = encoder(backbone, frames, resample=False)
        features = encoder(backbone, frames)
    assert steps.shape[2] == 24
    assert features.shape[2] == positions
    assert encoder.num_positions(3, 8) == positions
    expected = steps if resample == 1 else F.interpolate(steps, size=positions, mode='linear')
    assert torch.equal(features, expected)
    assert torch.equal(encoder.to_head(steps), features)


def test_frames_that_a_backbone_takes_as_images_are_steps():
    cfg = dict(type='ResNet', depth=18, pretrained=None, norm_eval=True)
    backbone, encoder = build(cfg)
    frames = torch.randn(1, 2, 3, 4, 32, 32)
    with torch.no_grad():
        features = encoder(backbone, frames)                                           # (1, C, 8)
        images = frames[0].transpose(1, 2).flatten(0, 1)                               # (8, 3, …)
        expected = backbone(images).mean((2, 3)).T
    torch.testing.assert_close(features[0], expected)


def test_a_step_of_tsm_knows_its_neighbours_in_the_clip_and_no_other_clip():
    cfg = dict(type='ResNetTSM', depth=18, pretrained=None, pretrained2d=False, num_segments=4,
               shift_div=8)
    backbone, encoder = build(cfg)
    frames = torch.randn(1, 2, 3, 4, 32, 32)
    other = frames.clone()
    other[0, 1, :, 3] += 1                                                   # the very last frame
    with torch.no_grad():
        changed = (encoder(backbone, frames) != encoder(backbone, other))[0].any(0)
    assert changed.shape == (8,)
    assert changed[6]
    assert changed[7]
    assert not changed[:4].any()


def test_pathways_of_more_steps_are_averaged_to_the_fewest():
    slow, fast = torch.randn(2, 5, 2, 3, 3), torch.randn(2, 4, 8, 3, 3)
    steps = steps_of_clips((slow, fast), 'SlowFast')
    torch.testing.assert_close(steps[:, :5], slow.mean((3, 4)))
    torch.testing.assert_close(steps[:, 5:], fast.unflatten(2, (2, 4)).mean((3, 4, 5)))
    with pytest.raises(NoSteps, match=r'\[3, 8\] steps.*set a clip_len'):
        steps_of_clips((torch.randn(2, 5, 3, 3, 3), fast), 'SlowFast')


def test_a_class_token_beside_a_map_is_no_step():
    one = torch.randn(2, 5, 4, 3, 3)
    assert torch.equal(steps_of_clips([[one, torch.randn(2, 5)]], 'MViT'), one.flatten(3).mean(3))


def test_a_backbone_without_a_map_is_refused_by_its_name(frames):
    encoder = SnippetEncoder(input_format='3d', dense=True)
    with pytest.raises(ValueError, match=r'^Given gives \[\(6, 32\)\] for clips; expected maps'):
        encoder(Given(torch.zeros(6, 32)), frames)


@pytest.mark.parametrize(('options', 'message'), [
    (dict(resample=2), 'set dense=True'), (dict(dense=True, resample=0), 'resample=0'),
    (dict(dense=True, resample=True), 'resample=True')])
def test_factors_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SnippetEncoder(**options)


@pytest.mark.parametrize('chunk_size', [1, 2, 5])
def test_chunks_change_neither_positions_nor_gradients(frames, chunk_size):
    def run(**options):
        backbone, encoder = build(resample=2, **options)
        features = encoder(backbone, frames)
        (features * torch.arange(features.shape[2])).sum().backward()
        return features.detach(), backbone.patch_embed.projection.weight.grad
    for whole, chunked in zip(run(), run(chunk_size=chunk_size)):
        torch.testing.assert_close(chunked, whole, rtol=1e-4, atol=1e-3)


def test_a_share_of_the_clips_learns_and_all_give_their_positions(frames):
    backbone, encoder = build(grad_ratio=0.3)
    given = frames.clone().requires_grad_()
    encoder.train()
    features = encoder(backbone, given)
    with torch.no_grad():
        torch.testing.assert_close(features, encoder.eval()(backbone, frames))
    features.square().sum().backward()
    learned = given.grad.abs().flatten(2).sum(2) > 0                                   # (N, L)
    assert learned.sum(1).tolist() == [1, 1]


def test_every_weight_that_learns_gets_a_gradient(frames):
    backbone, encoder = build()
    encoder(backbone, frames).square().sum().backward()
    assert [name for name, value in backbone.named_parameters()
            if value.requires_grad and value.grad is None] == []
    assert not any(value.requires_grad for value in backbone.fc_norm.parameters())
