"""build_backbone: MMAction2's presets as they are, and what is refused."""
from __future__ import annotations

from pathlib import Path

import mmaction
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from torch import nn

from mmlofi.models import EndToEndLocalizer, SnippetEncoder
from mmlofi.models.encoders import backbones as module
from mmlofi.models.encoders.backbones import build_backbone, pretrained_of

PRESETS = Path(mmaction.__file__).parent / '.mim' / 'configs'
MODEL_FILES = {'TSN': 'tsn_r50', 'TSM-R50': 'tsm_r50', 'TSM-MobileNetV2': 'tsm_mobilenet_v2',
               'TIN': 'tin_r50', 'TANet': 'tanet_r50', 'SlowOnly': 'slowonly_r50',
               'SlowFast': 'slowfast_r50', 'R(2+1)D': 'r2plus1d_r34', 'I3D': 'i3d_r50',
               'C2D': 'c2d_r50', 'C3D': 'c3d_sports1m_pretrained', 'CSN': 'ircsn_r152',
               'X3D': 'x3d', 'Swin': 'swin_tiny', 'MViT': 'mvit_small'}
RECOGNITION = {
    'UniFormer': 'uniformer/uniformer-small_imagenet1k-pre_16x4x1_kinetics400-rgb',
    'UniFormerV2': 'uniformerv2/uniformerv2-base-p16-res224_clip_8xb32-u8_kinetics400-rgb',
    'TimeSformer': 'timesformer/timesformer_divST_8xb8-8x32x1-15e_kinetics400-rgb',
    'VideoMAE': 'videomaev2/vit-small-p16_videomaev2-vit-g-dist-k710-pre_16x4x1_kinetics-400'}
# Frames of a snippet, and the side where it is not 32.
SNIPPETS = {'TSN': (2, 32), 'SlowOnly': (4, 32), 'R(2+1)D': (4, 32), 'C2D': (4, 32),
            'C3D': (16, 112), 'CSN': (4, 32), 'X3D': (4, 32), 'Swin': (4, 32), 'MViT': (4, 32),
            'SlowFast': (8, 32), 'I3D': (8, 32), 'VideoMAE': (16, 32), 'UniFormer': (4, 32)}


def preset(family: str) -> dict:
    path = f'_base_/models/{MODEL_FILES[family]}.py' if family in MODEL_FILES \
        else f'recognition/{RECOGNITION[family]}.py'
    return Config.fromfile(PRESETS / path).model.backbone


def no_weights(cfg: dict) -> dict:
    """What docs/encoders.md tells users to set."""
    return dict(cfg, **{name: None for name in ('pretrained', 'init_cfg') if name in cfg})


@pytest.mark.parametrize('family', [*MODEL_FILES, *RECOGNITION])
def test_each_familys_preset_encodes_and_learns_from_both_its_snippets(family):
    torch.manual_seed(0)
    backbone = build_backbone(no_weights(preset(family)))
    T, side = SNIPPETS.get(family, (8, 32))
    frames = torch.randn(1, 2, 3, T, side, side, requires_grad=True)
    backbone.train()
    features = SnippetEncoder()(backbone, frames)
    assert features.shape[0] == 1
    assert features.shape[2] == 2
    features.square().mean().backward()
    assert torch.isfinite(features).all()
    trained = [parameter for parameter in backbone.parameters() if parameter.requires_grad]
    reached = [parameter.grad is not None for parameter in trained]
    assert sum(reached) > 0.9 * len(trained)
    assert (frames.grad.abs().amax(dim=(0, 2, 3, 4, 5)) > 0).all()


class Settings(nn.Module):
    """A backbone that keeps its settings."""

    def __init__(self, pretrained=None, pretrained2d=True, clip_pretrained=True,
                 pretrained_type='maskfeat', init_cfg='its own'):
        super().__init__()
        self.settings = (pretrained2d, clip_pretrained, pretrained_type)
        self.init_cfg = init_cfg


@pytest.fixture
def settings():
    MODELS.register_module(name='Settings', module=Settings, force=True)

    def build(**cfg):
        return build_backbone(dict(type='Settings', **cfg))
    yield build
    MODELS.module_dict.pop('Settings')


def test_a_backbone_that_names_no_weights_is_told_not_to_look_for_them(settings):
    assert settings().settings == (False, False, None)
    assert settings(pretrained=None).settings == (False, False, None)
    assert settings(pretrained='a.pth').settings == (True, True, 'maskfeat')


def test_no_init_cfg_is_the_classs_own(settings):
    assert settings(init_cfg=None).init_cfg == 'its own'
    assert settings(init_cfg=dict(type='Normal')).init_cfg == dict(type='Normal')


def test_a_checkpoint_in_init_cfg_is_left_to_the_localizer(settings):
    init_cfg = dict(type='Pretrained', checkpoint='a.pth')
    cfg = dict(type='Settings', init_cfg=init_cfg)
    assert settings(init_cfg=init_cfg).init_cfg == 'its own'
    assert pretrained_of(cfg) == init_cfg
    assert cfg['init_cfg'] is init_cfg, 'the config given is left alone'
    assert pretrained_of(dict(type='Settings')) is None
    assert pretrained_of(dict(cfg, type='MobileOneTSM')) is None


@pytest.mark.parametrize('family', ['TSM-R50', 'TSM-MobileNetV2', 'Swin', 'UniFormerV2', 'MViT',
                                    'UniFormer', 'TANet', 'TimeSformer'])
def test_a_preset_without_weights_initialises(family):
    cfg = no_weights(preset(family))
    small = dict(Swin=dict(arch=dict(embed_dims=12, depths=[1], num_heads=[1]), out_indices=(0,)),
                 UniFormerV2=dict(width=24, layers=4, heads=2, return_list=[0, 1, 2, 3], n_dim=24,
                                  n_head=2),
                 UniFormer=dict(depth=[1, 1, 1, 1]), TimeSformer=dict(num_transformer_layers=1))
    EndToEndLocalizer(backbone=dict(cfg, **small.get(family, {})),
                      head=dict(type='GTADHead', in_channels=8)).init_weights()


def test_sync_batch_norm_becomes_plain_where_there_is_no_accelerator():
    cfg = dict(preset('R(2+1)D'), depth=18)
    assert 'SyncBN' in str(cfg)
    kinds = {type(one) for one in build_backbone(cfg).modules()}
    assert not any(issubclass(kind, nn.SyncBatchNorm) for kind in kinds)
    plain = {name for name, _ in build_backbone(cfg).named_parameters()}
    assert plain == {name for name, _ in MODELS.build(dict(cfg)).named_parameters()}


@pytest.mark.parametrize(('cfg', 'reason'), [
    (dict(type='STGCN', graph_cfg={}), 'it takes joints of skeletons'),
    (dict(type='mmaction.AAGCN', graph_cfg={}), 'it takes joints of skeletons'),
    (dict(type='RGBPoseConv3D'), 'it takes heatmaps of poses beside the frames'),
    (dict(type='ResNetAudio', depth=50), 'it takes spectrograms of sound'),
    (dict(type='BeitModel3D'), 'it is one part of a model of video and text'),
    (dict(type='ResNet', depth=50, in_channels=10), 'stacks of optical flow of 10 channels, not 3'),
    (dict(type='ResNet3dSlowOnly', depth=50, in_channels=17), 'heatmaps of poses of 17 channels'),
    (dict(type='ResNet', depth=50, in_channels=4), 'inputs of 4 channels, not 3'),
    (dict(type='mmcls.ResNeXt', depth=101), "set type='mmpretrain.ResNeXt'")])
def test_what_takes_no_frames_is_refused_when_the_localizer_is_built(cfg, reason):
    with pytest.raises(ValueError, match=f'the backbone {cfg["type"]} cannot encode the frames of '
                                         f'snippets: .*{reason}.*docs/encoders.md'):
        EndToEndLocalizer(backbone=cfg, head=dict(type='GTADHead', in_channels=8))


@pytest.mark.parametrize('kind', ['mmpretrain.MobileOne', 'MobileOneTSM'])
def test_an_absent_library_is_named(kind, monkeypatch):
    monkeypatch.setattr(module.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match=f'{kind} .*needs mmpretrain, which is not installed'):
        build_backbone(dict(type=kind, arch='s4'))


@pytest.mark.parametrize('library', ['torchvision', 'timm', 'transformers'])
def test_an_absent_library_is_named_with_the_command_that_installs_it(library, monkeypatch):
    monkeypatch.setattr(module.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match=fr'needs {library}, which is not installed: pip install '
                                         fr'"mmlofi\[{library}\]"'):
        build_backbone(dict(type=f'{library}.anything'))


def test_a_class_in_place_of_its_name_is_taken():
    backbone = build_backbone(dict(type=Settings))
    assert backbone.settings == (False, False, None)
