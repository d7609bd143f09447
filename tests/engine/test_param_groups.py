"""One group of the optimizer for each kind of parameter, with what MMEngine gives each of them."""
from __future__ import annotations

from logging import Handler

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from torch import nn

import mmlofi  # noqa: F401  (registers)

OPTIONS = dict(
    optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.1),
    paramwise_cfg=dict(bias_decay_mult=0, norm_decay_mult=0, custom_keys={
        'first': dict(lr_mult=0.1), 'scale': dict(decay_mult=0)}))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 4)
        self.norm, self.last = nn.LayerNorm(4), nn.Linear(4, 2)
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.last(self.norm(self.second(self.first(x)).relu())) * self.scale


def built(grouped):
    torch.manual_seed(0)
    model = Model()
    constructor = dict(constructor='GroupedOptimWrapperConstructor') if grouped else {}
    return model, build_optim_wrapper(model, dict(OPTIONS, **constructor))


def settings(model, wrapper):
    names = {id(value): name for name, value in model.named_parameters()}
    return {names[id(one)]: (group['lr'], group['weight_decay'])
            for group in wrapper.optimizer.param_groups for one in group['params']}


def test_each_parameter_has_the_settings_that_mmengine_gives_it_in_few_groups():
    model, grouped = built(True)
    found = settings(model, grouped)
    assert found == settings(*built(False))
    assert len(found) == 9
    assert len(grouped.optimizer.param_groups) == 4
    assert found['first.bias'] == pytest.approx((0.001, 0.1))
    assert found['second.bias'] == found['norm.weight'] == found['scale'] == (0.01, 0)


def test_training_is_the_same():
    losses = []
    for grouped in (True, False):
        model, wrapper = built(grouped)
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
        losses.append([])
        for _ in range(5):
            loss = model(x).square().sum()
            wrapper.update_params(loss)
            losses[-1].append(float(loss.detach()))
    assert losses[0] == losses[1]


def test_the_log_has_a_line_for_each_group():
    kept, logger = Kept(), MMLogger.get_current_instance()
    logger.addHandler(kept)
    try:
        built(True)
        assert sum(' parameters with ' in line for line in kept.lines) == 4
        assert not any(line.startswith('paramwise_options') for line in kept.lines)
        built(False)    # the logger is as it was
        assert any(line.startswith('paramwise_options') for line in kept.lines)
    finally:
        logger.removeHandler(kept)


class Kept(Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())
