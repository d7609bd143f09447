"""The schedule of one-stage heads gives the authors' learning rates and weight decay."""
from __future__ import annotations

import json

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from shipped import ROOT
from torch import nn

SCHEDULES = dict(
    actionformer=('thumos_i3d', 'anet_tsp', 'epic_slowfast_verb', 'ego4d_slowfast'),
    tridet=('thumos_i3d', 'anet_tsp', 'epic_slowfast_verb', 'hacs_slowfast'))
CASES = dict(actionformer=('thumos_small', 'anet_small', 'ego4d_small', 'variant_fpn'),
             tridet=('thumos_small', 'anet_small', 'hacs_small', 'variant_plain'))


def schedule(epochs, warm_up, eta_min):
    """As a leaf edits it."""
    cfg = Config.fromfile(ROOT / 'configs/_base_/one_stage_schedule.py')
    cfg.param_scheduler[0].update(end=warm_up)
    cfg.param_scheduler[1].update(begin=warm_up, end=epochs, eta_min=eta_min)
    return cfg


def both(of):
    return [(method, name) for method, names in of.items() for name in names]


@pytest.mark.parametrize(('method', 'name'), both(SCHEDULES))
def test_the_learning_rate_of_each_iteration_is_the_authors(reference_data, method, name):
    path = reference_data / f'reference/one_stage/{method}/learning_rates.json'
    recorded = json.loads(path.read_text())[name]
    opt, per_epoch = recorded['opt'], recorded['iterations_per_epoch']
    cfg = schedule(opt['warmup_epochs'] + opt['epochs'], opt['warmup_epochs'],
                   opt.get('eta_min', 1e-8))
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=opt['learning_rate'])
    schedulers = [PARAM_SCHEDULERS.build(one, default_args=dict(
        optimizer=optimizer, epoch_length=per_epoch)) for one in cfg.param_scheduler]
    rates = []
    for _ in recorded['lr_of_iteration']:
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for one in schedulers:
            one.step()
    assert rates == pytest.approx(recorded['lr_of_iteration'], rel=1e-6, abs=1e-13)


def module_of(parameters):
    """Modules nested as the names of parameters are."""
    whole = nn.Module()
    for name, about in parameters.items():
        *parts, last = name.split('.')
        module = whole
        for part in parts:
            if part not in module._modules:
                module.add_module(part, nn.Module())
            module = module._modules[part]
        module.register_parameter(last, nn.Parameter(torch.zeros(about['shape'])))
    return whole


@pytest.mark.parametrize(('method', 'name'), both(CASES))
def test_weights_decay_where_the_authors_do(reference_data, method, name):
    path = reference_data / f'reference/one_stage/{method}/{name}.json'
    parameters = json.loads(path.read_text())['parameters']
    model = nn.Module()
    model.head = module_of(parameters)
    cfg = schedule(35, 5, 0)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    names = {id(value): key for key, value in model.head.named_parameters()}
    found = {names[id(one)]: group['weight_decay'] for group in groups for one in group['params']}
    assert found == {key: 0.05 if about['weight_decay'] else 0
                     for key, about in parameters.items()}
    assert {group['lr'] for group in groups} == {1e-4}
