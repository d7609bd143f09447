"""What may delay that stage 2 leaves its plateau, one thing at a time."""
from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / 'benchmarks')
        yield importlib.import_module('cycle_settings')


@pytest.fixture
def load(script, monkeypatch, tmp_path):
    monkeypatch.setenv('TOY_WORLD', 'both')
    monkeypatch.syspath_prepend(ROOT / 'benchmarks')

    def setting(name: str) -> Config:
        path = tmp_path / 'setting.py'
        lines = script.SETTINGS[name]
        if lines in script.ROWS:
            return Config.fromfile(ROOT / 'configs/toy' / script.ROWS[lines].config)
        path.write_text(f'_base_ = {str(ROOT / "configs/toy/lofi_toy.py")!r}\n{lines}\n')
        return Config.fromfile(path)
    return setting


def test_each_setting_changes_what_it_says_and_trains_as_long(script, load):
    long = load('30 updates (long)')
    changed = {}
    for name in script.SETTINGS:
        cfg = load(name)
        assert cfg.train_cfg == long.train_cfg
        assert cfg.train_dataloader == long.train_dataloader
        changed[name] = {key for key in ('model', 'custom_hooks', 'optim_wrapper',
                                         'param_scheduler') if cfg[key] != long[key]}
    assert changed.pop('30 updates (long)') == changed.pop('long from TSP') == set()
    assert all(changed.values())
    assert changed['long, warm-up of 90 updates'] == {'param_scheduler'}
    assert changed['short, rate 1e-3'] == {'custom_hooks', 'optim_wrapper'}
    assert load('long, ST, S, T').custom_hooks[0].cycle[0].name == 'ST'
    assert load('short, no momentum').optim_wrapper.optimizer.betas == (0.0, 0.999)


def test_the_rows_whose_plateaus_the_page_compares_are_among_the_settings(script):
    of_rows = [lines for lines in script.SETTINGS.values() if lines in script.ROWS]
    assert of_rows == ['s', 't', 'st', 'short', 'long', 'tsp_short', 'tsp_long']


def test_a_loss_fell_where_all_that_follow_are_lower(script):
    points = [(20, 2.0), (60, 2.2), (100, 1.5), (140, 1.9), (180, 1.6), (220, 1.0)]
    assert script.fell_at(points) == 180            # 0.8 of 2.1 is 1.68
    assert script.fell_at([*points, (260, 1.8)]) == float('inf')


def test_a_training_is_described_by_its_logs_over_restarts(script, tmp_path):
    for part, steps in (('a', (10, 70)), ('b', (130, 190))):
        folder = tmp_path / part / 'vis_data'
        folder.mkdir(parents=True)
        folder.joinpath('scalars.json').write_text(''.join(
            json.dumps({'step': step, 'loss': 9.0, 'S/loss': 2.0 if step < 100 else 1.0,
                        'T/loss': 3.0 if step < 150 else 0.5}) + '\n' for step in steps))
    fell, end = script.describe(tmp_path)
    assert fell == (130 + 190) / 2
    assert end == ((1.0 + 1.0) / 2 + (3.0 + 0.5) / 2) / 2


def test_the_table_has_a_score_where_a_head_was_trained(script):
    found = {'long': [(203.2, 1.126), (float('inf'), 2.14)]}
    lines = script.table(found).splitlines()
    assert lines[0].split(' | ')[1:] == ['fell at update, by seed', 'loss at the end, by seed |']
    assert lines[2] == '| long | 203, never | 1.13, 2.14 |'
    scored = {'long': [(*run, mAP) for run, mAP in zip(found['long'], (0.638, 0.167))]}
    lines = script.table(scored).splitlines()
    assert lines[0].endswith(' | average mAP, by seed |')
    assert lines[2] == '| long | 203, never | 1.13, 2.14 | 63.8, 16.7 |'


def test_momentum_is_dropped_where_the_fidelity_changes_and_nowhere_else(script):
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.AdamW([weight])
    fidelities = ['S', 'S', 'T', 'T', 'S']
    runner = SimpleNamespace(
        train_loop=SimpleNamespace(sampler=SimpleNamespace(fidelity_at=fidelities.__getitem__)),
        optim_wrapper=SimpleNamespace(optimizer=optimizer))
    hook, found = script.DropMomentumHook(), []
    for step in range(len(fidelities)):
        hook.before_train_iter(runner, step)
        found.append(bool(optimizer.state[weight].get('exp_avg', torch.zeros(1)).any()))
        weight.grad = torch.ones(2)
        optimizer.step()
    assert found == [False, True, False, True, False]
