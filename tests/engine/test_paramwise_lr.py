"""Learning rates of encoder and head by MMEngine's `paramwise_cfg`."""
from __future__ import annotations

import pytest
from mmengine.hooks import Hook
from recording import make_runner

MODEL = dict(
    type='EndToEndLocalizer',
    backbone=dict(type='ResNetTSM', depth=18, pretrained=None, num_segments=2),
    head=dict(type='GTADHead', in_channels=512),
    class_scores=dict(type='VideoClassifier', in_channels=512, num_classes=1))


class Rates(Hook):
    """The learning rates of each part at every step, as the optimizer has them."""

    priority = 'LOWEST'

    def __init__(self):
        self.of_parts, self.after = [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.of_parts.append(rates(runner))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.after.append(rates(runner))


def rates(runner):
    parts = {id(parameter): name.partition('.')[0]
             for name, parameter in runner.model.named_parameters()}
    found = {}
    for group in runner.optim_wrapper.optimizer.param_groups:
        for parameter in group['params']:
            found.setdefault(parts.pop(id(parameter)), set()).add(round(group['lr'], 9))
    assert not parts, 'each parameter is in a group'
    return found


def test_encoder_and_head_have_their_own_learning_rates_and_fidelities_scale_both(videos):
    runner = make_runner(
        videos, epochs=3, hook={}, workers=0, model=MODEL,
        cycle=[dict(name='S', spatial=2, lr_factor=0.5), dict(name='T', temporal=4)],
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01), paramwise_cfg=dict(
            custom_keys={'backbone': dict(lr_mult=0.1), 'head': dict(lr_mult=2.0)})),
        param_scheduler=dict(type='StepLR', step_size=2, gamma=0.1))
    hook = Rates()
    runner.register_hook(hook)
    runner.train()

    def expected(lr):
        return dict(backbone={round(0.1 * lr, 9)}, head={round(2 * lr, 9)},
                    class_scores={round(lr, 9)})
    steps = [0.005] * 3 + [0.01] * 3 + [0.0005] * 3
    assert hook.of_parts == [expected(lr) for lr in steps]
    assert hook.after == [expected(lr) for lr in [0.01] * 6 + [0.001] * 3]


def test_an_encoder_of_learning_rate_0_stays_as_it_was(videos):
    runner = make_runner(videos, epochs=1, hook={}, workers=0, cycle=[dict(name='T', temporal=4)],
                         model=MODEL, optim_wrapper=dict(paramwise_cfg=dict(
                             custom_keys={'backbone': dict(lr_mult=0.0)})))
    before = {}

    class Before(Hook):
        def before_train(self, runner):
            before.update({name: value.clone() for name, value in runner.model.named_parameters()})
    runner.register_hook(Before())
    runner.train()
    moved = {name.partition('.')[0] for name, value in runner.model.named_parameters()
             if not (value == before[name]).all()}
    assert 'backbone' not in moved
    assert 'head' in moved
    assert runner.iter == 3
    assert pytest.approx(0) == runner.optim_wrapper.param_groups[0]['lr']
