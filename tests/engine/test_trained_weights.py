"""Trainings of adapters by a Runner: what is optimised, what a checkpoint holds, where it loads."""
from __future__ import annotations

import re
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from recording import make_runner
from torch import nn

from mmlofi.apis.load import load_encoder, load_weights
from mmlofi.engine import AtomicCheckpointHook, CheckpointFitHook
from mmlofi.models.encoders.checkpoint_fit import CheckpointFit
from mmlofi.models.encoders.frozen_base import (
    STANDS_ON,
    frozen_weights,
    hash_weights,
    leave_out_frozen,
    put_back_frozen,
)

VIT = dict(type='VisionTransformer', img_size=32, patch_size=16, embed_dims=8, depth=2, num_heads=2,
           num_frames=2)
ADAPTERS = {'temporal': dict(type='temporal', scope='both'), 'ladder': dict(type='ladder'),
            'lora': dict(type='lora', targets=['qkv', 'mlp.layers.1'], rank=2)}
CYCLE = [dict(name='S', spatial=2), dict(name='T', temporal=4), dict(name='ST', temporal=2)]


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    """The checkpoint of a recognizer with the backbone."""
    torch.manual_seed(1)
    backbone = MODELS.build(VIT)
    for value in backbone.parameters():
        nn.init.normal_(value, std=0.2)
    path = tmp_path_factory.mktemp('base') / 'videomae.pth'
    torch.save(dict(state_dict={f'backbone.{key}': value for key, value in
                                backbone.state_dict().items()} | {'cls_head.w': torch.ones(1)}),
               path)
    return str(path)


def model_cfg(kind, base=None):
    init = dict(init_cfg=dict(type='Pretrained', checkpoint=base)) if base else {}
    return dict(type='EndToEndLocalizer', backbone=dict(VIT, **init),
                encoder=dict(adapters=kind and ADAPTERS[kind]),
                head=dict(type='GTADHead', in_channels=8))


def runner_of(videos, kind, base, *, epochs=1, weights='trained', **settings):
    hooks = dict(checkpoint=dict(type='AtomicCheckpointHook', interval=1, weights=weights),
                 checkpoint_fit=dict(type='CheckpointFitHook'))
    runner = make_runner(videos, epochs=epochs, hook={}, cycle=CYCLE, workers=0, divisor=16,
                         model=model_cfg(kind, base), default_hooks=hooks, optim_wrapper=dict(
                             optimizer=dict(type='AdamW', lr=0.01)), **settings)
    return runner


@pytest.mark.parametrize('kind', ADAPTERS)
def test_a_runner_trains_adapters_alone_and_its_checkpoint_holds_them_alone(videos, kind, base):
    runner = runner_of(videos, kind, base)
    calls = []
    runner.model.backbone.register_forward_hook(
        lambda _, given, output: calls.append((given[0], output.detach())))
    runner.train()
    frozen = torch.load(base, weights_only=True)['state_dict']
    now = runner.model.state_dict()
    assert all(torch.equal(now[key], value) for key, value in frozen.items() if key in now)
    bare = MODELS.build(VIT)
    bare.load_state_dict({key.removeprefix('backbone.'): value for key, value in frozen.items()
                          if key.startswith('backbone.')})
    clips, features = calls[0]      # before the first step: the identity, after init_weights
    assert torch.equal(bare(clips), features)
    clips, features = calls[-1]
    assert not torch.equal(bare(clips), features)
    saved = torch.load(videos / 'work' / 'epoch_1.pth', weights_only=False)
    trained = {key for key in saved['state_dict'] if key.startswith('backbone.')}
    assert trained == {key for key, value in runner.model.named_parameters()
                       if key.startswith('backbone.') and value.requires_grad}
    assert saved[STANDS_ON]['source'] == base
    (group,) = saved['optimizer']['param_groups']
    assert len(group['params']) == sum(value.requires_grad for value in runner.model.parameters())


def test_a_resumed_training_and_a_test_go_on_from_what_trains_alone(videos, base):
    straight = runner_of(videos, 'temporal', base, epochs=2, weights='all')
    straight.train()
    first = runner_of(videos, 'temporal', base, epochs=1)
    first.train()
    tested = runner_of(videos, 'temporal', base, load_from=str(videos / 'work' / 'epoch_1.pth'))
    tested.load_or_resume()      # as a test does, without init_weights
    for key, value in first.model.state_dict().items():
        assert torch.equal(tested.model.state_dict()[key], value), key
    resumed = runner_of(videos, 'temporal', base, epochs=2, resume=True)
    resumed.train()
    for key, value in straight.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[key], value), key


def test_averaged_weights_are_left_out_and_put_back_too(videos, base):
    ema = [dict(type='ModelEMAHook', momentum=0.5)]

    def train(**settings):
        runner = runner_of(videos, 'temporal', base, **settings)
        runner.register_custom_hooks(ema)
        runner.train()
        return runner
    straight = train(epochs=2, weights='all')
    train(epochs=1)
    resumed = train(epochs=2, resume=True)
    saved = torch.load(videos / 'work' / 'epoch_2.pth', weights_only=False)
    for state in (saved['state_dict'], saved['ema_state_dict']):
        assert any('adapter' in key for key in state)
        assert not any('attn' in key for key in state)
    for key, value in straight.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[key], value), key


@pytest.fixture(scope='module')
def slim(base, tmp_path_factory):
    """A checkpoint of what trains alone, of a model whose adapters do something."""
    model = MODELS.build(model_cfg('temporal', base))
    model.init_weights()
    for name, value in model.named_parameters():
        if 'up_proj' in name:
            nn.init.normal_(value)
    checkpoint = dict(state_dict=dict(model.state_dict()), meta={})
    leave_out_frozen(checkpoint, dict(sha256=hash_weights(frozen_weights(model)), source=base))
    path = tmp_path_factory.mktemp('slim') / 'epoch_1.pth'
    torch.save(checkpoint, path)
    return str(path), model.eval()


def test_inference_and_extraction_load_it_onto_what_the_config_names(slim, base):
    path, model = slim
    frames = torch.randint(0, 255, (1, 3, 3, 2, 32, 32), dtype=torch.uint8)
    encoder = load_encoder(Config(dict(model=model_cfg('temporal', base))), path, 'cpu')
    whole = MODELS.build(model_cfg('temporal', base))
    load_weights(whole, torch.load(path, weights_only=True), path)
    with torch.no_grad():
        for other in (encoder, whole.eval()):
            torch.testing.assert_close(other.extract_feat(frames), model.extract_feat(frames))


@pytest.mark.parametrize('onto', ['random weights', 'another file', 'a hook'])
def test_it_is_not_loaded_onto_another_encoder(slim, base, onto, tmp_path):
    path, _ = slim
    state = torch.load(base, weights_only=True)['state_dict']
    torch.save({key: value * 1.001 for key, value in state.items()}, tmp_path / 'other.pth')
    named = None if onto == 'random weights' else str(tmp_path / 'other.pth')
    model, loaded = MODELS.build(model_cfg('temporal', named)), torch.load(path, weights_only=True)
    runner = SimpleNamespace(model=model, _train_loop=None, _resume=False)
    load = partial(CheckpointFitHook().after_load_checkpoint, runner) if onto == 'a hook' else \
        partial(load_weights, model, source=path)
    with pytest.raises(ValueError, match=(
            r'stands on an encoder with weights [0-9a-f]{12} \(.*videomae.pth|the checkpoint holds')
            ) as caught:
        load(checkpoint=loaded)
    assert re.search(r'the model has [0-9a-f]{12}; expected those: set model.backbone.init_cfg',
                     str(caught.value))


def test_it_is_no_encoder_for_another_training(slim):
    with pytest.raises(ValueError, match='epoch_1.pth, which holds what was trained beside a frozen'
                                         '.*name that in model.backbone.init_cfg'):
        MODELS.build(model_cfg('temporal', slim[0])).init_weights()


def test_other_checkpoints_stay_as_they_are(base):
    checkpoint = dict(state_dict={})
    put_back_frozen(checkpoint, nn.Linear(1, 1), 'it')
    assert checkpoint == dict(state_dict={})


@pytest.mark.parametrize(('kind', 'given', 'words'), [
    (None, True, "'trained' got a model without adapters; expected model.encoder.adapters"),
    ('temporal', False, 'an encoder of random weights, which no later run would have .*init_cfg')])
def test_what_cannot_be_loaded_again_is_refused_before_the_first_epoch(videos, kind, given, words,
                                                                       base):
    runner = runner_of(videos, kind, base if given else None)
    with pytest.raises(ValueError, match=words):
        runner.train()


def test_an_encoder_by_load_from_is_refused_for_it_and_taken_for_whole_checkpoints(videos, base):
    with pytest.raises(ValueError, match='encoder from load_from=.* leave load_from out'):
        runner_of(videos, 'temporal', None, load_from=base).train()
    runner = runner_of(videos, 'temporal', None, load_from=base, weights='all')
    runner.train()
    state = torch.load(base, weights_only=True)['state_dict']
    assert torch.equal(runner.model.backbone.blocks[0].attn.qkv.weight,
                       state['backbone.blocks.0.attn.qkv.weight'])


def test_a_value_that_is_none_is_refused():
    with pytest.raises(ValueError, match="weights='adapters'; expected 'all', or 'trained'"):
        AtomicCheckpointHook(weights='adapters')


@pytest.mark.parametrize('paramwise', [None, dict(custom_keys={'adapter': dict(lr_mult=2.0)})])
@pytest.mark.parametrize('grouped', [False, True])
@pytest.mark.parametrize('kind', ADAPTERS)
def test_only_what_trains_is_in_the_optimizer(kind, grouped, paramwise, monkeypatch):
    logger, lines = MMLogger.get_instance('mmlofi'), []
    monkeypatch.setattr(logger, 'handle', lambda record: lines.append(record.getMessage()) if
                        logger.filter(record) else None)
    model = MODELS.build(model_cfg(kind))
    wrapper = build_optim_wrapper(model, dict(
        optimizer=dict(type='AdamW', lr=0.1), **(
            dict(paramwise_cfg=paramwise) if paramwise else {}), **(
            dict(constructor='GroupedOptimWrapperConstructor') if grouped else {})))
    given = {id(value) for group in wrapper.optimizer.param_groups for value in group['params']}
    assert given == {id(value) for value in model.parameters() if value.requires_grad}
    if grouped and paramwise:
        assert not [line for line in lines if 'is skipped' in line]


def test_an_optimizer_of_a_model_without_adapters_has_what_it_had():
    model = MODELS.build(dict(model_cfg(None)))
    model.backbone.blocks[0].requires_grad_(False)
    wrapper = build_optim_wrapper(model, dict(optimizer=dict(type='SGD', lr=0.1)))
    (group,) = wrapper.optimizer.param_groups
    assert len(group['params']) == len(list(model.parameters()))


def test_adapters_of_a_checkpoint_are_not_lost_in_a_model_without_them():
    with_them, without = (MODELS.build(model_cfg(kind)).state_dict() for kind in ('ladder', None))
    with pytest.raises(ValueError, match='encoder of the checkpoint has adapters .9 weights.* set '
                                         'model.encoder.adapters as there'):
        CheckpointFit.compare(without, with_them).check(whole=False, mend='')
    fit = CheckpointFit.compare(with_them, without)
    fit.check(whole=False, mend='')
    assert 'adapters: none of 9 weights, it starts anew' in fit.words()
    with pytest.raises(ValueError, match='of adapters 0 of 9 weights fit'):
        fit.check(whole=True, mend='')
