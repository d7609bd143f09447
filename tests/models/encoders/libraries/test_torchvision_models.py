"""torchvision's models as backbones, beside torchvision itself."""
from __future__ import annotations

import re

import pytest
import torch

from mmlofi.models import EndToEndLocalizer, SnippetEncoder
from mmlofi.models.encoders import pretrained
from mmlofi.models.encoders.backbones import build_backbone, pretrained_of
from mmlofi.models.encoders.frame_limits import frame_limits, takes_clips
from mmlofi.models.encoders.positions import resize_positions

torchvision = pytest.importorskip('torchvision')
VIDEOS = ['r2plus1d_18', 'r3d_18', 'mc3_18', 's3d', 'swin3d_t']
POOLED = ['resnet18', 'mobilenet_v3_small', 'efficientnet_b0', 'convnext_tiny', 'regnet_y_400mf',
          'swin_t']
# Of those whose pooling is no module: torchvision's own steps up to it.
STEPS = {'densenet121': lambda model, images: torch.relu(model.features(images)),
         'mobilenet_v2': lambda model, images: model.features(images)}


def both(name, **settings):
    """The same weights twice: torchvision's model, and it as a backbone."""
    theirs = torchvision.models.get_model(name, weights=None, **settings).eval()
    ours = build_backbone(dict(type=f'torchvision.{name}', **settings)).eval()
    ours.load_state_dict(theirs.state_dict(), strict=False)
    return theirs, ours


@pytest.mark.parametrize('name', [*VIDEOS, *POOLED])
def test_the_map_is_what_torchvision_averages(name):
    theirs, ours = both(name)
    averaged = []
    theirs.avgpool.register_forward_pre_hook(lambda module, inputs: averaged.append(inputs[0]))
    inputs = torch.randn(2, 3, *([16, 64, 64] if name in VIDEOS else [64, 64]))
    if name == 's3d':      # its pooling is for frames of 224 and takes no others
        theirs.avgpool.forward = lambda maps: maps
    with torch.no_grad():
        found = ours(inputs)
        theirs(inputs)
    torch.testing.assert_close(found, averaged[0])
    assert takes_clips(ours) is (name in VIDEOS)


@pytest.mark.parametrize('name', STEPS)
def test_the_map_is_what_torchvisions_steps_give(name):
    theirs, ours = both(name)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), STEPS[name](theirs, images))


def test_a_vision_transformer_leaves_its_class_token_out():
    theirs, ours = both('vit_b_32', image_size=64)
    tokens = []
    theirs.encoder.register_forward_hook(lambda module, inputs, output: tokens.append(output))
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        found = ours(images)
        theirs(images)
        assert ours(torch.randn(1, 3, 32, 96)).shape == (1, 768, 1, 3)
    torch.testing.assert_close(found.flatten(2).transpose(1, 2), tokens[0][:, 1:])


def tokens_of(mvit, clips, *, steps, grid):
    """Those before the classifier, of torchvision's own model told that it was built for them."""
    mvit.pos_encoding.temporal_size, mvit.pos_encoding.spatial_size = steps, grid
    tokens = []
    mvit.norm.register_forward_hook(lambda *call: tokens.append(call[2]))
    mvit(clips)
    return tokens[0]


@torch.no_grad()
def test_mvit_v2_leaves_its_class_token_out_at_every_size():
    """It has relative positions alone, of which torchvision takes what it needs."""
    theirs, ours = both('mvit_v2_s')
    for T, height, width in ((4, 64, 64), (8, 32, 64)):
        clips, grid = torch.randn(1, 3, T, height, width), (height // 4, width // 4)
        tokens = tokens_of(theirs, clips, steps=T // 2, grid=grid)
        found = ours(clips)
        assert found.shape == (1, 768, T // 2, height // 32, width // 32)
        torch.testing.assert_close(found.flatten(2).transpose(1, 2), tokens[:, 1:])


@torch.no_grad()
def test_mvit_v1_has_positions_of_its_own_side_and_resizes_them_for_others():
    theirs, ours = both('mvit_v1_b')
    places = torch.nn.Parameter(torch.randn(16 * 16, 96))        # as if built for a side of 64
    theirs.pos_encoding.spatial_pos = ours.pos_encoding.spatial_pos = places
    clips = torch.randn(1, 3, 16, 64, 64)
    tokens = tokens_of(theirs, clips, steps=8, grid=(16, 16))
    torch.testing.assert_close(ours(clips).flatten(2).transpose(1, 2), tokens[:, 1:])
    clips = torch.randn(1, 3, 16, 32, 32)
    theirs.pos_encoding.spatial_pos = torch.nn.Parameter(
        resize_positions(places, (8, 8), tokens=0))
    theirs.norm._forward_hooks.clear()
    tokens = tokens_of(theirs, clips, steps=8, grid=(8, 8))
    torch.testing.assert_close(ours(clips).flatten(2).transpose(1, 2), tokens[:, 1:])
    with pytest.raises(ValueError, match='MViT got snippets of 8 frames; expected 16: it has pos'):
        SnippetEncoder()(ours, torch.randn(1, 1, 3, 8, 32, 32))


@pytest.mark.parametrize('name', ['r2plus1d_18', 's3d', 'mvit_v1_b', 'densenet121', 'vit_b_32'])
def test_the_limits_are_those_of_the_layers(name):
    with torch.device('meta'), torch.no_grad():
        backbone = build_backbone(dict(type=f'torchvision.{name}')).eval()
        limits = frame_limits(backbone)
        for T, side in ((16, 16), (16, 17), (16, 32), (16, 64), (4, 64), (5, 64)):
            fits = T in limits.frames and side in limits.side
            inputs = torch.empty(1, 3, T, side, side)
            try:
                shape = backbone(inputs if takes_clips(backbone) else inputs[:, :, 0]).shape
            except RuntimeError:
                shape = (0,)
            assert fits <= (0 not in shape), (T, side)
            if name in ('s3d', 'mvit_v1_b') and side != 32:
                assert fits == (0 not in shape), (T, side)


def test_weights_by_name_are_a_checkpoint_to_load_and_its_frames_are_known(monkeypatch):
    state = torchvision.models.get_model('r2plus1d_18').state_dict()
    asked = []
    monkeypatch.setattr(pretrained.CheckpointLoader, 'load_checkpoint',
                        lambda file, **_: asked.append(file) or state)
    model = EndToEndLocalizer(backbone=dict(type='torchvision.r2plus1d_18',
                                            weights='KINETICS400_V1'),
                              head=dict(type='GTADHead', in_channels=512))
    assert not asked, 'nothing is downloaded to build a model'
    model.init_weights()
    assert asked == ['https://download.pytorch.org/models/r2plus1d_18-91a641e6.pth']
    assert torch.equal(model.backbone.state_dict()['layer4.1.conv1.0.0.weight'],
                       state['layer4.1.conv1.0.0.weight'])
    clip = torch.randint(256, (1, 3, 4, 16, 16), dtype=torch.uint8)
    mean, std = ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989))
    wanted = torch.stack([(clip[:, c] / 255 - mean[c]) / std[c] for c in range(3)], 1)
    torch.testing.assert_close(model._normalize(clip), wanted, atol=1e-4, rtol=1e-4)


def test_frames_normalised_otherwise_than_for_the_weights_are_refused():
    backbone = dict(type='torchvision.r3d_18', weights='KINETICS400_V1')
    head = dict(type='GTADHead', in_channels=512)
    imagenet = dict(type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53],
                    std=[58.395, 57.12, 57.375], format_shape='NCTHW')
    with pytest.raises(ValueError, match=r'VideoResNet has mean=\[123.675, .*; expected what '
                                         r'torchvision, of R3D_18_Weights.KINETICS400_V1, says: '
                                         r'mean=\[110.2008, .*Leave model.data_preprocessor out'):
        EndToEndLocalizer(backbone=backbone, head=head, data_preprocessor=imagenet)
    with pytest.raises(ValueError, match='it does not normalise'):
        EndToEndLocalizer(backbone=backbone, head=head,
                          data_preprocessor=dict(type='ActionDataPreprocessor',
                                                 format_shape='NCTHW'))
    EndToEndLocalizer(backbone=dict(type='torchvision.r3d_18'), head=head,
                      data_preprocessor=imagenet)


@pytest.mark.parametrize(('cfg', 'words'), [
    (dict(type='torchvision.r2plus1d_34'), r"has no model 'r2plus1d_34'; .*'r2plus1d_18'"),
    (dict(type='torchvision.r3d_18', weights='IMAGENET'), r"weights='IMAGENET'; .*KINETICS400_V1"),
    (dict(type='torchvision.fasterrcnn_resnet50_fpn', weights_backbone=None),
     'is a FasterRCNN; expected a model whose map is known')])
def test_what_torchvision_does_not_have_as_an_encoder_is_refused(cfg, words):
    with pytest.raises(ValueError, match=words):
        build_backbone(cfg)


def test_a_presets_pretrained_is_the_first_weights():
    cfg = dict(type='torchvision.densenet161', pretrained=True)
    assert pretrained_of(cfg)['checkpoint'].endswith('densenet161-8d451a50.pth')
    assert pretrained_of(dict(cfg, pretrained=None)) is None


def test_densenets_weights_of_2017_fit(monkeypatch):
    state = torchvision.models.get_model('densenet121').state_dict()
    old = {re.sub(r'(denselayer\d+\.(?:norm|conv))(\d)\.', r'\1.\2.', name): value
           for name, value in state.items()}
    assert 'features.denseblock1.denselayer1.norm.1.weight' in old
    monkeypatch.setattr(pretrained.CheckpointLoader, 'load_checkpoint', lambda file, **_: old)
    model = EndToEndLocalizer(backbone=dict(type='torchvision.densenet121', weights='DEFAULT'),
                              head=dict(type='GTADHead', in_channels=1024))
    model.init_weights()
    assert all(torch.equal(value, state[name])
               for name, value in model.backbone.state_dict().items())


@pytest.mark.parametrize('name', ['r3d_18', 'swin3d_t'])
def test_recomputed_blocks_and_chunks_give_the_same_features_and_gradients(name):
    found = []
    for settings in ({}, dict(checkpointing=True), dict(chunk_size=1)):
        torch.manual_seed(0)
        backbone = build_backbone(dict(type=f'torchvision.{name}'))
        encoder = SnippetEncoder(norm='frozen' if name == 'r3d_18' else None, **settings)
        encoder.prepare(backbone)
        backbone.eval()
        features = encoder(backbone, torch.linspace(-1, 1, 2 * 3 * 4 * 32 * 32).view(
            1, 2, 3, 4, 32, 32))
        features.square().sum().backward()
        found.append((features.detach(), next(backbone.parameters()).grad))
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-3, atol=1e-5)
