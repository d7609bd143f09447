"""TSP's encoders, equal to the original program on its own arrays."""
from __future__ import annotations

import argparse
import hashlib
import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from mmlofi.models import EndToEndLocalizer, SnippetEncoder
from mmlofi.models.encoders.backbones import build_backbone

BACKBONES = {'r2plus1d_34': dict(type='TSPResNet2Plus1d'),
             'r2plus1d_18': dict(type='torchvision.r2plus1d_18'),
             'r3d_18': dict(type='torchvision.r3d_18')}


@pytest.fixture(scope='module')
def published(reference_data):
    """Names, shapes and outputs of the original's encoders."""
    folder = reference_data / 'reference' / 'rivals'
    return (json.loads((folder / 'tsp_encoders.json').read_text()),
            np.load(folder / 'tsp_encoders.npz'))


def numbers(shape, key=None, seed=0):
    """Values by the formula that tsp_encoders.json states."""
    size = math.prod(shape)
    place = (np.arange(size) % 10007).astype(float)
    shift = 0 if key is None else int(hashlib.md5(key.encode()).hexdigest()[:6], 16) % 1000
    return torch.tensor(np.sin(0.37 * place * place + 0.013 * shift + seed)).reshape(shape)


def published_state(shapes):
    state = {}
    for key, shape in shapes.items():
        wave, name = numbers(shape, key), key.rpartition('.')[2]
        if name == 'running_mean' or name == 'bias':
            value = 0.05 * wave
        elif name == 'running_var':
            value = 1 + 0.3 * wave
        elif len(shape) == 1:
            value = 1 + 0.1 * wave
        else:
            value = wave * (3 / (math.prod(shape) / shape[0]))**0.5
        state[key] = value.float()
    return state


def close(one, array):
    assert np.abs(one.detach().numpy() - array).max() <= 1e-4 * np.abs(array).max()


@pytest.mark.parametrize('name', BACKBONES)
def test_names_shapes_and_outputs_are_the_originals(name, published):
    facts, arrays = published
    backbone = build_backbone(BACKBONES[name]).eval()
    shapes = {key: list(value.shape) for key, value in backbone.state_dict().items()
              if not key.endswith('num_batches_tracked')}
    assert shapes == facts[name]['shapes']
    assert sum(one.numel() for one in backbone.parameters()) == facts[name]['parameters']
    norms = [one for one in backbone.modules() if isinstance(one, nn.BatchNorm3d)]
    assert {(one.eps, one.momentum) for one in norms} == {
        (facts[name]['bn_eps'], facts[name]['bn_momentum'])}
    backbone.load_state_dict(published_state(shapes), strict=False)
    clip = 2 * numbers((1, 3, 8, 24, 28)).float()
    with torch.no_grad():
        close(backbone.stem(clip).mean((2, 3, 4)), arrays[f'{name}.stem_mean'])
        close(backbone.layer1(backbone.stem(clip)).mean((2, 3, 4)), arrays[f'{name}.layer1_mean'])
        close(SnippetEncoder()(backbone, clip[:, None])[..., 0], arrays[f'{name}.y'])


@pytest.mark.parametrize('name', BACKBONES)
def test_a_published_checkpoint_is_read_as_it_is(name, tmp_path, published):
    """As TSP's training writes them: weights in `model`, options in `args`."""
    state = published_state(published[0][name]['shapes'])
    file = tmp_path / f'{name}-tsp_on_activitynet.pth'
    torch.save(dict(model={f'features.{key}': value for key, value in state.items()} | {
        'fc1.weight': torch.zeros(200, 512), 'fc2.weight': torch.zeros(2, 1024)},
        optimizer=dict(state={}, param_groups=[dict(lr=1e-4)]), epoch=5,
        args=argparse.Namespace(backbone=name, lr=1e-4)), file)
    model = EndToEndLocalizer(
        backbone=dict(BACKBONES[name], init_cfg=dict(
            type='Pretrained', checkpoint=str(file), prefix='features.')),
        head=dict(type='GTADHead', in_channels=512))
    model.init_weights()
    assert all(torch.equal(model.backbone.state_dict()[key], value)
               for key, value in state.items())


def test_another_depth_is_refused():
    with pytest.raises(ValueError, match=r'got depth=50; expected one of \[18, 34\]'):
        build_backbone(dict(type='TSPResNet2Plus1d', depth=50))
