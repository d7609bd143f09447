"""An encoder without a checkpoint: from the weights that its config names."""
from __future__ import annotations

import re

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from mmlofi.apis import load_encoder
from mmlofi.apis.load import load_weights
from mmlofi.models.encoders import pretrained

TSM = dict(type='ResNetTSM', depth=18, num_segments=8, pretrained=None, pretrained2d=False)


def stage_2(**backbone):
    return Config(dict(model=dict(
        type='EndToEndLocalizer', backbone=TSM | backbone, encoder=dict(norm='frozen'),
        head=dict(type='GTADHead', in_channels=512))))


@pytest.fixture
def imagenet(tmp_path):
    """A ResNet-18 of images under torchvision's names, and its weights under MMAction2's."""
    ours = MODELS.build(dict(type='ResNet', depth=18)).state_dict()
    theirs = {}
    for key, value in ours.items():
        for name, other in ((r'conv(\d)\.conv\.', r'conv\1.'), (r'conv(\d)\.bn\.', r'bn\1.'),
                            (r'downsample\.conv\.', 'downsample.0.'),
                            (r'downsample\.bn\.', 'downsample.1.')):
            key = re.sub(name, other, key)
        theirs[key] = value.normal_(std=0.1).abs_() if value.is_floating_point() else value
    path = tmp_path / 'resnet18.pth'
    torch.save(theirs | {'fc.weight': torch.zeros(1000, 512), 'fc.bias': torch.zeros(1000)}, path)
    return path, ours


def test_images_weights_reach_every_layer_of_a_video_encoder(imagenet):
    path, weights = imagenet
    model = load_encoder(stage_2(pretrained=str(path), pretrained2d=True), None, 'cpu')
    own = {key.replace('.net.', '.'): value for key, value in model.backbone.state_dict().items()}
    assert own.keys() == weights.keys()
    for key, value in weights.items():
        torch.testing.assert_close(own[key], value)
    assert not model.training


def test_init_cfg_of_the_backbone_counts(tmp_path):
    torch.manual_seed(0)
    weights = MODELS.build(TSM).state_dict()
    torch.save(weights, tmp_path / 'tsm.pth')
    model = load_encoder(stage_2(init_cfg=dict(
        type='Pretrained', checkpoint=str(tmp_path / 'tsm.pth'))), None, 'cpu')
    for key, value in weights.items():
        torch.testing.assert_close(model.backbone.state_dict()[key], value)


@pytest.mark.parametrize('checkpoint', [None, 'named'])
def test_weights_of_another_library_count(checkpoint, monkeypatch):
    torchvision = pytest.importorskip('torchvision')
    state = torchvision.models.get_model('resnet18').state_dict()
    monkeypatch.setattr(pretrained.CheckpointLoader, 'load_checkpoint', lambda file, **_: state)
    cfg = Config(dict(model=dict(
        type='EndToEndLocalizer', head=dict(type='GTADHead', in_channels=512),
        backbone=dict(type='torchvision.resnet18', weights='IMAGENET1K_V1'))))
    model = load_encoder(cfg, checkpoint, 'cpu')
    assert torch.equal(model.backbone.conv1.weight, state['conv1.weight'])


def test_random_features_are_refused():
    with pytest.raises(ValueError, match='no checkpoint was given, and model.backbone of .* names '
                                         'no weights either; expected one of them'):
        load_encoder(stage_2(), None, 'cpu')


def test_a_checkpoint_with_its_weights_elsewhere_is_named():
    content = dict(state_dict_ema=dict(w=torch.zeros(1)))
    with pytest.raises(ValueError, match=r"ema\.pth has the keys \['state_dict_ema'\]"):
        load_weights(torch.nn.Identity(), content, 'ema.pth')
