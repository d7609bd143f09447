"""SnippetEncoder over MMAction2's own backbones."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from mmlofi.models import SnippetEncoder

T, SIDE = 8, 32
PATHWAY = dict(type='resnet3d', depth=18, pretrained=None, base_channels=16, dilations=(1, 1, 1, 1),
               conv1_kernel=(1, 7, 7), conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1),
               norm_eval=False)
BACKBONES = {
    'TSM-R18': (dict(type='ResNetTSM', depth=18, pretrained=None, pretrained2d=False,
                     num_segments=T, shift_div=8), 512),
    'TSM-R50': (dict(type='ResNetTSM', depth=50, pretrained=None, pretrained2d=False,
                     num_segments=T, shift_div=8), 2048),
    'TSN-R18': (dict(type='ResNet', depth=18, pretrained=None), 512),
    'R(2+1)D-18': (dict(
        type='ResNet2Plus1d', depth=18, pretrained=None, pretrained2d=False, norm_eval=False,
        conv_cfg=dict(type='Conv2plus1d'), norm_cfg=dict(type='BN3d', requires_grad=True, eps=1e-3),
        conv1_kernel=(3, 7, 7), conv1_stride_t=1, pool1_stride_t=1, inflate=(1, 1, 1, 1),
        spatial_strides=(1, 2, 2, 2), temporal_strides=(1, 2, 2, 2)), 512),
    'SlowOnly-R18': (dict(
        type='ResNet3dSlowOnly', depth=18, pretrained=None, lateral=False, base_channels=16,
        conv1_kernel=(1, 7, 7), conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1),
        norm_eval=False), 128),
    'SlowFast-R18': (dict(
        type='ResNet3dSlowFast', pretrained=None, resample_rate=4, speed_ratio=4, channel_ratio=8,
        slow_pathway=dict(PATHWAY, lateral=True, fusion_kernel=5),
        fast_pathway=dict(PATHWAY, lateral=False, base_channels=2, conv1_kernel=(5, 7, 7))), 144),
    'MViT': (dict(
        type='MViT', spatial_size=SIDE, temporal_size=T,
        arch=dict(embed_dims=8, num_layers=3, num_heads=1, downscale_indices=[1, 2])), 32)}


def build(name):
    torch.manual_seed(0)
    cfg, channels = BACKBONES[name]
    return MODELS.build(cfg), channels


def alone(backbone, snippet):
    """The feature of one snippet (3, T, H, W) by the backbone itself."""
    if isinstance(next(module for module in backbone.modules()
                       if isinstance(module, (nn.Conv2d, nn.Conv3d))), nn.Conv2d):
        return backbone(snippet.transpose(0, 1)).mean(dim=(0, 2, 3))         # of (T, C, h, w)
    outputs = backbone(snippet[None])
    pathways = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    pathways = [one[0] if isinstance(one, list) else one for one in pathways]   # MViT's map
    return torch.cat([pathway.mean(dim=(0, 2, 3, 4)) for pathway in pathways])


@pytest.mark.parametrize('name', BACKBONES)
def test_each_feature_is_that_of_its_snippet_alone(name):
    backbone, channels = build(name)
    backbone.eval()
    frames = torch.randn(2, 3, 3, T, SIDE, SIDE)                             # (N, L, 3, T, H, W)
    with torch.no_grad():
        features = SnippetEncoder()(backbone, frames)
        assert features.shape == (2, channels, 3)
        for video in range(2):
            for place in range(3):
                torch.testing.assert_close(features[video, :, place],
                                           alone(backbone, frames[video, place]),
                                           rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('name', [name for name in BACKBONES if 'R50' not in name])
def test_the_steps_of_a_snippet_average_to_its_one_feature(name):
    backbone, channels = build(name)
    backbone.eval()
    frames = torch.randn(1, 2, 3, T, SIDE, SIDE)
    with torch.no_grad():
        steps = SnippetEncoder(dense=True)(backbone, frames)                    # (1, C, 2 · S)
        one = SnippetEncoder()(backbone, frames)
    S = {'R(2+1)D-18': 1, 'SlowFast-R18': 2, 'MViT': 4}.get(name, T)
    assert steps.shape == (1, channels, 2 * S)
    torch.testing.assert_close(steps.unflatten(2, (2, S)).mean(3), one, rtol=1e-4, atol=1e-5)


def test_a_class_token_beside_the_map_is_left_out_and_one_alone_is_taken():
    class Tokens(nn.Module):
        def forward(self, clips):
            B = len(clips)
            return [torch.full((B, 2, 2, 3, 3), 1.0), torch.full((B, 2), 9.0)] if self.training \
                else [torch.full((B, 2), 9.0)]
    frames, encoder = torch.zeros(1, 3, 3, T, 4, 4), SnippetEncoder(input_format='3d')
    assert encoder(Tokens(), frames).flatten().tolist() == [1] * 6
    assert encoder(Tokens().eval(), frames).flatten().tolist() == [9] * 6


def test_a_backbone_of_2d_convolutions_that_takes_clips_has_to_say_so():
    class Clips(nn.Conv2d):
        def forward(self, clips):
            return super().forward(clips.permute(0, 2, 1, 3, 4).flatten(0, 1)).unflatten(
                0, (len(clips), -1)).transpose(1, 2)
    frames, backbone = torch.randn(1, 2, 3, T, SIDE, SIDE), Clips(3, 4, 1)
    with pytest.raises(ValueError, match=(
            r'Clips failed on images of shape \(16, 3, 32, 32\) \(permute.*\); expected a backbone '
            r"that takes images, .*'auto': if it takes clips, set .*input_format='3d'")) as caught:
        SnippetEncoder()(backbone, frames)
    assert isinstance(caught.value.__cause__, RuntimeError)
    features = SnippetEncoder(input_format='3d')(backbone, frames)
    torch.testing.assert_close(features[0, :, 1], backbone(frames[:, 1])[0].mean((1, 2, 3)))


def test_a_backbone_of_3d_convolutions_that_takes_images_has_to_say_so():
    class Images(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Conv3d(3, 4, 1)

        def forward(self, images):
            B, C, H, W = images.shape
            return images
    frames = torch.randn(1, 2, 3, T, 4, 4)
    with pytest.raises(ValueError, match=r"Images failed on clips of shape \(2, 3, 8, 4, 4\) .*"
                                         "if it takes images, set .*input_format='2d'"):
        SnippetEncoder()(Images(), frames)
    assert SnippetEncoder(input_format='2d')(Images(), frames).shape == (1, 3, 2)


def test_a_full_memory_is_not_taken_for_a_wrong_format():
    class Big(nn.Conv3d):
        def forward(self, clips):
            raise torch.OutOfMemoryError('CUDA out of memory')
    with pytest.raises(torch.OutOfMemoryError):
        SnippetEncoder()(Big(3, 4, 1), torch.randn(1, 2, 3, T, 4, 4))


@pytest.mark.parametrize('name', [name for name in BACKBONES if 'R50' not in name])
def test_the_gradient_reaches_every_parameter_of_the_backbone(name):
    backbone, _ = build(name)
    frames = torch.randn(1, 2, 3, T, SIDE, SIDE)
    SnippetEncoder()(backbone, frames).square().mean().backward()
    without = [name for name, parameter in backbone.named_parameters()
               if parameter.requires_grad and (parameter.grad is None
                                               or not parameter.grad.abs().sum())]
    assert without == []


def test_only_the_snippets_own_frames_get_its_gradient():
    backbone, _ = build('TSM-R18')
    backbone.eval()
    frames = torch.randn(2, 3, 3, T, SIDE, SIDE, requires_grad=True)
    SnippetEncoder()(backbone, frames)[1, :, 2].sum().backward()
    touched = frames.grad.abs().sum(dim=(2, 4, 5)) > 0                       # (N, L, T)
    assert touched[1, 2].all()
    touched[1, 2] = False
    assert not touched.any()


@pytest.mark.parametrize('side', [32, 46, 64])
def test_any_frame_side_and_number_of_snippets_is_taken(side):
    backbone, channels = build('TSN-R18')
    frames = torch.randn(1, 5, 3, 2, side, side)
    assert SnippetEncoder()(backbone, frames).shape == (1, channels, 5)


def test_a_tsm_of_other_segments_is_refused_with_both_ways_out():
    backbone, _ = build('TSM-R18')
    with pytest.raises(ValueError, match=(
            'ResNetTSM got snippets of 4 frames; expected 8: it mixes features among num_segments='
            r'8 frames. Set clip_len=8 in SampleSnippets, or model\.backbone\.num_segments=4')):
        SnippetEncoder()(backbone, torch.randn(1, 2, 3, 4, SIDE, SIDE))


def test_features_for_a_backbone_are_refused_with_their_shape():
    backbone, _ = build('TSN-R18')
    with pytest.raises(ValueError, match=r'input of shape \(2, 512, 100\); expected frames '
                                         r'\(N, L, 3, T, H, W\).*or remove the backbone'):
        SnippetEncoder()(backbone, torch.randn(2, 512, 100))


class Flat(nn.Module):
    """A backbone without convolutions: the mean colour of a clip, as a vector."""

    def forward(self, clips):
        return clips.mean(dim=(2, 3, 4))


def test_a_backbone_without_convolutions_needs_to_say_what_it_takes():
    frames = torch.randn(2, 3, 3, T, 4, 4)
    with pytest.raises(ValueError, match="what Flat takes.*input_format='2d'"):
        SnippetEncoder()(Flat(), frames)
    features = SnippetEncoder(input_format='3d')(Flat(), frames)
    torch.testing.assert_close(features, frames.mean(dim=(3, 4, 5)).transpose(1, 2))


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="input_format='NCHW'; expected one of"):
        SnippetEncoder(input_format='NCHW')
