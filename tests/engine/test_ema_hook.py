"""ModelEMAHook in real Runners: what the mean is, what is tested and saved, and resuming."""
from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmlofi.datasets.transforms import save_features

MOMENTUM = 0.1


@pytest.fixture
def features(tmp_path):
    """Six videos' features with annotations."""
    rng, database = np.random.default_rng(0), {}
    for index, name in enumerate('abcdef'):
        save_features(tmp_path / f'{name}.npz', rng.standard_normal((4, 8)).astype(np.float32), 9.0)
        database[name] = dict(subset='training' if index < 4 else 'validation', duration=9.0,
                              annotations=[dict(segment=[2, 5], label='run')])
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=database)))
    return tmp_path


class Weights(Hook):
    """The model's weights after each step, before the mean is taken, and when they are tested."""

    priority = 'HIGHEST'

    def __init__(self):
        self.trained, self.validated = [], []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.trained.append(weights_of(runner.model))

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        self.validated.append(weights_of(runner.model))

    def before_test_iter(self, runner, batch_idx, data_batch=None):
        self.validated.append(weights_of(runner.model))


def weights_of(model):
    return {name: value.detach().clone() for name, value in model.named_parameters()}


GTAD = dict(type='GTADHead', in_channels=4)
ACTIONFORMER = dict(type='ActionFormerHead', in_channels=4, num_classes=1,
                    backbone=dict(embed_dim=8, arch=(1, 1, 2), window=-1))


def make(folder, *, epochs=2, work='work', head=GTAD, **settings):
    def loader(subset, **more):
        return dict(batch_size=2, num_workers=0, dataset=dict(
            type='UntrimmedVideoDataset', ann_file=str(folder / 'gt.json'), subset=subset,
            data_prefix=dict(feature=str(folder)), test_mode=subset == 'validation',
            pipeline=[dict(type='LoadSnippetFeatures', num_snippets=8),
                      dict(type='PackTALInputs')]), **more)
    metric = dict(type='TALMetric', ann_file=str(folder / 'gt.json'), subset='validation')
    held = dict(val_dataloader=loader('validation', sampler=dict(type='DefaultSampler',
                                                                 shuffle=False)),
                val_evaluator=metric, val_cfg=dict(type='ValLoop'))
    torch.manual_seed(0)
    runner = Runner(
        model=dict(type='EndToEndLocalizer', head=head),
        work_dir=str(folder / work), default_scope='mmaction', randomness=dict(seed=0),
        log_level='WARNING', custom_hooks=[dict(type='ModelEMAHook', momentum=MOMENTUM)],
        train_dataloader=loader('training', sampler=dict(type='DefaultSampler', shuffle=True),
                                batch_sampler=dict(type='FidelityBatchSampler')),
        train_cfg=dict(type='FidelityTrainLoop', max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.01)),
        default_hooks=dict(checkpoint=dict(type='AtomicCheckpointHook', interval=1)),
        test_dataloader=held['val_dataloader'], test_evaluator=metric,
        test_cfg=dict(type='TestLoop'), **held, **settings)
    hook = Weights()
    runner.register_hook(hook)
    return runner, hook


def assert_equal(found, expected, **tolerance):
    assert found.keys() == expected.keys()
    for name in found:
        torch.testing.assert_close(found[name], expected[name], **tolerance or dict(rtol=0, atol=0))


def means_of(steps):
    mean = dict(steps[0])
    for weights in steps[1:]:
        mean = {name: (1 - MOMENTUM) * mean[name] + MOMENTUM * weights[name] for name in mean}
    return mean


def test_the_mean_is_what_is_validated_and_saved_and_the_weights_go_on(features):
    runner, hook = make(features)
    runner.train()
    assert len(hook.trained) == 4
    first, last = means_of(hook.trained[:2]), means_of(hook.trained)
    assert_equal(hook.validated[0], first, rtol=1e-6, atol=1e-7)
    assert_equal(weights_of(runner.model), hook.trained[-1])
    saved = torch.load(features / 'work/epoch_2.pth', weights_only=False)
    names = last.keys()
    assert_equal({name: saved['state_dict'][name] for name in names}, last, rtol=1e-6, atol=1e-7)
    assert_equal({name: saved['ema_state_dict'][f'module.{name}'] for name in names},
                 hook.trained[-1])


def test_what_is_frozen_is_in_memory_once_and_stays_as_it_is(features):
    runner, hook = make(features)
    frozen = {name for name in weights_of(runner.model) if name.endswith('weight')}
    for name, value in runner.model.named_parameters():
        value.requires_grad_(name not in frozen)
    before = weights_of(runner.model)
    runner.train()
    mean = next(one for one in runner.hooks if type(one).__name__ == 'ModelEMAHook').ema_model
    own = dict(runner.model.named_parameters())
    shared = {name for name, value in mean.module.named_parameters()
              if value.data_ptr() == own[name].data_ptr()}
    assert shared == frozen
    expected = means_of(hook.trained) | {name: before[name] for name in frozen}
    saved = torch.load(features / 'work/epoch_2.pth', weights_only=False)['state_dict']
    assert_equal({name: saved[name] for name in own}, expected, rtol=1e-6, atol=1e-7)
    assert_equal({name: saved[name] for name in frozen}, {name: before[name] for name in frozen})


@pytest.mark.parametrize('bare', [False, True])
def test_a_test_takes_the_weights_of_any_checkpoint_as_the_model_loads_them(features, bare):
    runner, _ = make(features)
    runner.train()
    path = features / 'work/epoch_2.pth'
    expected = torch.load(path, weights_only=False)['state_dict']
    if bare:    # as other programs write them
        path = features / 'weights.pth'
        torch.save({f'module.{name}': value for name, value in expected.items()}, path)
    tester, hook = make(features, work='test', load_from=str(path))
    tester.test()
    assert_equal(hook.validated[0], {name: expected[name] for name in hook.validated[0]})


def test_a_test_takes_the_averaged_weights_that_the_authors_published(features):
    torch.manual_seed(5)
    averaged, last = (MODELS.build(ACTIONFORMER).state_dict() for _ in range(2))
    path = features / 'epoch_034.pth.tar'
    torch.save(dict(epoch=34, **{key: {f'module.{name}': value for name, value in state.items()}
                                 for key, state in (('state_dict', last),
                                                    ('state_dict_ema', averaged))}), path)
    tester, hook = make(features, head=ACTIONFORMER, load_from=str(path))
    tester.test()
    assert_equal(hook.validated[0], {f'head.{name}': value for name, value in averaged.items()})


def test_a_training_starts_its_mean_with_what_it_loaded(features):
    runner, _ = make(features)
    runner.train()
    path = features / 'work/epoch_2.pth'
    expected = torch.load(path, weights_only=False)['state_dict']
    second, hook = make(features, work='second', load_from=str(path))
    started = []

    class Start(Hook):
        priority = 'LOWEST'

        def before_train_epoch(self, runner):
            started.append(weights_of(next(
                one for one in runner.hooks if hasattr(one, 'ema_model')).ema_model.module))

    second.register_hook(Start())
    second.train()
    assert_equal(started[0], {name: expected[name] for name in started[0]})


def test_a_resumed_training_ends_as_one_that_ran_through(features):
    make(features, epochs=4, work='whole')[0].train()
    make(features, epochs=2, work='parts')[0].train()
    make(features, epochs=4, work='parts', resume=True)[0].train()
    whole, parts = (torch.load(features / f'{work}/epoch_4.pth', weights_only=False)
                    for work in ('whole', 'parts'))
    for key in ('state_dict', 'ema_state_dict'):
        assert_equal(parts[key], whole[key])
