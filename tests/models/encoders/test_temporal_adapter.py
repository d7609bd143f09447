"""TemporalAdapter and Ladder against AdaTAD's own program, and what a cycle would break in it."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from torch.nn import functional as F

from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.clip_grouping import clips_of
from mmlofi.models.encoders.temporal_adapter import TemporalAdapter

REFERENCE = Path(__file__).parents[4] / 'shared' / 'reference' / 'rivals'
CLOSE = dict(rtol=1e-6, atol=1e-6)
NETWORKS = {'vit_adapter': dict(type='temporal', scope='video'),
            'vit_ladder': dict(type='ladder', scope='video', blocks=[0, 1])}


@pytest.fixture(scope='module')
def adatad():
    if not REFERENCE.is_dir():
        pytest.skip('the reference data is not there')
    arrays = np.load(REFERENCE / 'adatad.npz')
    return (json.loads((REFERENCE / 'adatad.json').read_text()),
            {name: torch.from_numpy(arrays[name]) for name in arrays.files})


def under(arrays, prefix):
    """The arrays whose names start so, without the start."""
    return {name.removeprefix(prefix): value for name, value in arrays.items()
            if name.startswith(prefix)}


def published(adatad, name):
    """An adapter with the weights of a case, and how many videos its clips are of."""
    settings, arrays = adatad
    case = settings['cases'][name]
    patches = case['h'] * case['w']
    steps = arrays[f'{name}.x'].shape[1] // patches
    adapter = TemporalAdapter(
        case['embed_dims'], steps=steps, ratio=case['mlp_ratio'],
        kernel_size=case.get('kernel_size', 3), residual=name != 'ladder_step',
        scope='video' if 'temporal_size' in case else None)
    adapter.load_state_dict({key: value for key, value in under(arrays, f'{name}.').items()
                             if key in adapter.state_dict()})
    return adapter, len(arrays[f'{name}.x']) * steps // case.get('temporal_size', steps)


@pytest.mark.parametrize('name', ['tia', 'tia_k5', 'plain', 'ladder_step'])
def test_an_adapter_and_its_gradients_are_those_of_the_authors(adatad, name):
    adapter, videos = published(adatad, name)
    arrays = under(adatad[1], f'{name}.')
    x = arrays['x'].clone().requires_grad_()
    with clips_of(videos):
        y = adapter(x)
    (y * arrays['w']).sum().backward()
    torch.testing.assert_close(y, arrays['y'], **CLOSE)
    torch.testing.assert_close(x.grad, arrays['grad_x'], **CLOSE)
    gradients = under(arrays, 'grad.')
    assert gradients.keys() == dict(adapter.named_parameters()).keys()
    for key, parameter in adapter.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('name', ['tia', 'tia_k5', 'plain', 'ladder_step'])
def test_a_fresh_adapter_has_the_authors_weights_by_name_shape_and_spread(adatad, name):
    settings, _ = adatad
    adapter, _ = published(adatad, name)
    theirs = settings['init'][name]
    assert {key: list(value.shape) for key, value in adapter.state_dict().items()} == {
        key: one['shape'] for key, one in theirs.items()}
    drawn = {key: [] for key in theirs}
    for _ in range(100):
        adapter.init_weights()
        for key in theirs:
            value = adapter.get_parameter(key)
            drawn[key].append((value.mean().item(), value.std(correction=0).item()))
    for key, one in theirs.items():
        for place, what in enumerate(('mean', 'std')):
            values = [draw[place] for draw in drawn[key]]
            assert min(values) <= one[what] <= max(values), (key, what)


def test_a_large_fresh_adapter_has_the_deviations_that_the_authors_draw_from():
    adapter = TemporalAdapter(512, steps=8, kernel_size=5)
    expected = {'down_proj.weight': 0.02, 'dwconv.weight': (2 / 5)**0.5,
                'conv.weight': (2 / 128)**0.5, 'up_proj.weight': 0}
    for key, std in expected.items():
        assert adapter.get_parameter(key).std().item() == pytest.approx(std, rel=0.1)


def network(adatad, name):
    settings, arrays = adatad
    cfg = {key: value for key, value in settings['vit'][name].items()
           if key not in ('total_frames', 'adapter_index', 'with_cp')}
    backbone = MODELS.build(dict(cfg, type='VisionTransformer'))
    encoder = SnippetEncoder(adapters=NETWORKS[name])
    encoder.prepare(backbone)
    missing, extra = backbone.load_state_dict(under(arrays, f'{name}.sd.'), strict=False)
    assert extra == []
    assert all(key.startswith('fc_norm.') for key in missing)
    return backbone, encoder


@pytest.mark.parametrize('side', [8, 12])
@pytest.mark.parametrize('name', NETWORKS)
def test_a_network_its_gradients_and_what_trains_are_those_of_the_authors(adatad, name, side):
    backbone, _ = network(adatad, name)
    settings, arrays = adatad
    with clips_of(1):
        y = backbone(arrays[f'{name}.{side}.x'])
    y.sum().backward()
    torch.testing.assert_close(y, arrays[f'{name}.{side}.y'], rtol=1e-5, atol=1e-5)
    trained = {key: value for key, value in backbone.named_parameters() if value.requires_grad}
    # Theirs leave a norm trainable that a map does not go through: it has no gradient.
    unused = {'fc_norm.weight', 'fc_norm.bias'}
    assert trained.keys() == set(settings['requires_grad'][name]) - unused
    assert {key for key, value in backbone.named_parameters() if value.grad is not None} == set(
        settings['grad_params'][f'{name}.{side}'])
    for key, gradient in under(arrays, f'{name}.{side}.grad.').items():
        torch.testing.assert_close(trained[key].grad, gradient, rtol=1e-5, atol=1e-5)


def test_the_map_averaged_joined_and_interpolated_is_the_authors(adatad):
    _, arrays = adatad
    joined = arrays['after.feats'].mean((3, 4)).transpose(0, 1).flatten(1)[None]
    torch.testing.assert_close(joined, arrays['after.joined'], **CLOSE)
    torch.testing.assert_close(F.interpolate(joined, size=9, mode='linear', align_corners=False),
                               arrays['after.interp9'], **CLOSE)


@pytest.mark.parametrize(('embed_dims', 'count'), [
    (384, 83_905), (768, 333_697), (1024, 592_385), (1280, 924_801), (1408, 1_118_657)])
def test_an_adapter_of_each_size_has_the_published_number_of_weights(embed_dims, count):
    adapter = TemporalAdapter(embed_dims, steps=8, scope='video')
    assert sum(value.numel() for value in adapter.parameters()) == count
