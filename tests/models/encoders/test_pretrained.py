"""Checkpoints by init_cfg."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.runner import save_checkpoint

from mmlofi.models import EndToEndLocalizer
from mmlofi.models.encoders import pretrained as module

BACKBONES = {   # X3D, TANet and TimeSformer do not look at init_cfg
    'ResNetTSM': dict(depth=18, pretrained=None, num_segments=2),
    'TANet': dict(depth=50, num_segments=8),
    'X3D': dict(gamma_w=1, gamma_b=2.25, gamma_d=1.0),
    'TimeSformer': dict(num_frames=2, img_size=32, patch_size=16, embed_dims=24, num_heads=2,
                        num_transformer_layers=1),
    'SwinTransformer3D': dict(arch=dict(embed_dims=12, depths=[1], num_heads=[1]),
                              out_indices=(0,))}


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda message, **_: lines.append(message))
    return lines


def localizer(name='ResNetTSM', *, backbone=None, seed=1, **settings):
    torch.manual_seed(seed)
    return EndToEndLocalizer(backbone=dict(BACKBONES[name], type=name, **(backbone or {})),
                             head=dict(type='GTADHead', in_channels=8), **settings)


def saved(path, model_or_state, rename=lambda name: name):
    state = getattr(model_or_state, 'state_dict', lambda: model_or_state)()
    save_checkpoint(dict(state_dict={rename(key): value for key, value in state.items()}),
                    str(path))
    return dict(type='Pretrained', checkpoint=str(path))


def equal(one, other):
    state = other.state_dict()
    return all(torch.equal(value, state[name]) for name, value in one.state_dict().items())


@pytest.mark.parametrize('name', BACKBONES)
@pytest.mark.parametrize('prefix', ['backbone.', 'backbone', None])
def test_a_backbones_init_cfg_takes_it_whole_out_of_a_recognizer(name, prefix, tmp_path, log):
    source = localizer(name, seed=0)
    state = {key: value for key, value in source.state_dict().items() if 'head' not in key}
    init_cfg = saved(tmp_path / 'acp.pth', state | {'cls_head.fc.weight': torch.zeros(2)})
    model = localizer(name, backbone=dict(init_cfg=dict(init_cfg, prefix=prefix)))
    model.init_weights()
    assert equal(source.backbone, model.backbone)
    assert f'gives backbone: {len(state)} weights; ' in log[0]
    assert '1 weight not used' in log[0]


@pytest.mark.parametrize('start', ['', 'module.', 'encoder.'])
def test_a_checkpoint_of_the_backbone_alone_is_taken(start, tmp_path, log):
    source = localizer(seed=0)
    init_cfg = saved(tmp_path / 'b.pth', source.backbone, lambda name: start + name)
    prefix = dict(prefix='encoder.') if start == 'encoder.' else {}
    model = localizer(backbone=dict(init_cfg=dict(init_cfg, **prefix)))
    model.init_weights()
    assert equal(source.backbone, model.backbone)


def test_a_models_init_cfg_gives_its_parts_and_the_rest_starts_anew(tmp_path, log):
    source = localizer(seed=0)
    init_cfg = saved(tmp_path / 'acp.pth', source,
                     lambda name: name.replace('head.', 'cls_head.', 1))
    model = localizer(init_cfg=init_cfg)
    model.init_weights()
    assert equal(source.backbone, model.backbone)
    assert not equal(source.head, model.head)
    assert 'head: none of' in log[0]
    whole = localizer(init_cfg=saved(tmp_path / 'lofi.pth', source))
    whole.init_weights()
    assert equal(source, whole)


@pytest.mark.parametrize('prefix', ['backbone.', 'head.', None])
def test_a_backbone_of_another_depth_is_refused(prefix, tmp_path):
    init_cfg = saved(tmp_path / 'r34.pth', localizer(backbone=dict(depth=34)))
    model = localizer(backbone=dict(init_cfg=dict(init_cfg, prefix=prefix), depth=50))
    with pytest.raises(ValueError, match=r'does not fit the model: of backbone \d+ of \d+ weights '
                                         r'fit \(the first that does not: backbone\..*correct '
                                         'init_cfg'):
        model.init_weights()


def test_a_checkpoint_of_which_nothing_fits_is_refused(tmp_path):
    init_cfg = saved(tmp_path / 'other.pth', {'fc.weight': torch.zeros(2)})
    with pytest.raises(ValueError, match=r'no weight fits.*unused, fc \(1 weight\)'):
        localizer(init_cfg=init_cfg).init_weights()
    with pytest.raises(ValueError, match='of backbone 0 of 100 weights fit'):
        localizer(backbone=dict(init_cfg=init_cfg)).init_weights()


def test_a_second_initialisation_keeps_the_weights(tmp_path, log):
    model = localizer(backbone=dict(init_cfg=saved(tmp_path / 'a.pth', localizer(seed=0))))
    model.init_weights()
    trained = torch.nn.init.ones_(model.backbone.conv1.conv.weight)
    model.init_weights()
    assert (trained == 1).all()
    assert len(log) == 1


def test_the_authors_head_is_taken_by_init_cfg(authors_names, tmp_path, log):
    head = dict(type='GTADHead', in_channels=8)
    source = EndToEndLocalizer(head=head)
    state = authors_names(source.head)
    model = EndToEndLocalizer(head=head, init_cfg=saved(tmp_path / 'gtad.pth', state))
    model.init_weights()
    assert equal(source, model)


def test_a_recognizers_own_init_is_left_alone():
    assert MODELS.get('ResNetTSM')
    model = localizer(init_cfg=dict(type='Constant', layer='Conv1d', val=0.5))
    model.init_weights()
    assert (model.head.network.stem[0].weight == 0.5).all()
