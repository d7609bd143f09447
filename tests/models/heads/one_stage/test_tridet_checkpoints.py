"""TriDet's published checkpoints in a localizer, as they come."""
from __future__ import annotations

import gzip
import json

import pytest
import torch
from mmaction.registry import MODELS
from tridet_settings import head_of

from mmlofi.models import EndToEndLocalizer

HEAD = dict(type='TriDetHead', in_channels=6, num_classes=3,
            backbone=dict(embed_dim=16, arch=(2, 1, 2), mlp_channels=8, downsample='avg'))
TSM = dict(type='ResNetTSM', depth=18, pretrained=None, num_segments=2)


@pytest.fixture
def checkpoint(tmp_path):
    """A file like theirs, and the averaged weights in it by name."""
    weights = {key: torch.randn_like(value)
               for key, value in MODELS.build(HEAD).state_dict().items()}
    path = tmp_path / 'epoch_039.pth.tar'
    torch.save(dict(epoch=40, state_dict={f'module.{key}': value + 1
                                          for key, value in weights.items()},
                    state_dict_ema={f'module.{key}': value for key, value in weights.items()},
                    scheduler=dict(last_epoch=40), optimizer=dict(state={}, param_groups=[])), path)
    return str(path), weights


@pytest.mark.parametrize('backbone', [None, TSM])
def test_init_cfg_takes_the_average_beside_an_encoder_or_without_one(checkpoint, backbone):
    path, average = checkpoint
    model = EndToEndLocalizer(head=HEAD, backbone=backbone)
    names = set(model.state_dict())
    assert {model.own_name(name) for name in names} == names
    model.init_cfg = dict(type='Pretrained', checkpoint=path)

    model.init_weights()

    assert model.head.state_dict().keys() == average.keys()
    for key, value in model.head.state_dict().items():
        assert torch.equal(value, average[key]), key


def test_every_published_name_is_known_as_the_heads(reference_data):
    path = reference_data / 'reference/one_stage/tridet/official_configs.json.gz'
    for name, published in json.loads(gzip.decompress(path.read_bytes())).items():
        with torch.device('meta'):
            head = head_of(published['config'])
        for key in published['state_dict']:
            assert head.own_name(f'module.{key}') == key, (name, key)
