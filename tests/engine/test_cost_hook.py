"""The hook that writes down what a training cost, in real Runners."""
from __future__ import annotations

import itertools
import json
import time
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmlofi.engine import CostHook, cost_hook

STEP_SEC = 0.05


class Line(BaseModel):
    """Takes a known time for a step."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs, mode):
        time.sleep(STEP_SEC)
        return dict(loss=self.layer(torch.stack(inputs)).pow(2).mean())


class StopAt(Hook):
    """An interruption."""

    def __init__(self, epoch):
        self.epoch = epoch

    def before_train_epoch(self, runner):
        if runner.epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.fixture
def make_runner(tmp_path):
    """A Runner for epochs of two steps, in one work dir."""
    def make(max_epochs: int, *, hooks: tuple = (), **settings) -> Runner:
        return Runner(
            Line(), str(tmp_path), custom_hooks=[CostHook(), *hooks],
            train_dataloader=dict(batch_size=2, dataset=[dict(inputs=torch.ones(1))] * 4,
                                  sampler=dict(type='DefaultSampler', shuffle=False)),
            train_cfg=dict(by_epoch=True, max_epochs=max_epochs), default_scope='mmaction',
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            **settings)
    return make


@pytest.fixture
def cost(tmp_path):
    return lambda: json.loads((tmp_path / 'cost.json').read_text())


@pytest.fixture
def slow_clock(monkeypatch):
    """A context in which each look of the hook at the clock is 100 s after the one before."""
    @contextmanager
    def context():
        clock = SimpleNamespace(perf_counter=partial(next, itertools.count(0, 100)))
        with monkeypatch.context() as patched:
            patched.setattr(cost_hook, 'time', clock)
            yield
    return context


def test_the_file_has_the_seconds_of_all_steps_the_peak_memory_and_the_device(make_runner, cost):
    started = time.perf_counter()
    make_runner(3).train()
    most = time.perf_counter() - started
    found = cost()
    assert found.keys() == {'seconds', 'peak_memory_mib', 'device'}
    assert 0.9 * 6 * STEP_SEC < found['seconds'] <= most + 0.05     # which is rounded to tenths
    assert found['peak_memory_mib'] > 0 or torch.cuda.is_available()
    assert found['device'] == 'cpu' or torch.cuda.is_available()


def test_nothing_is_written_before_the_end(make_runner, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make_runner(3, hooks=(StopAt(1),)).train()
    assert (tmp_path / 'epoch_1.pth').exists()
    assert not (tmp_path / 'cost.json').exists()


def test_a_resumed_run_adds_the_seconds_that_its_checkpoint_knew(make_runner, cost, slow_clock):
    runner = make_runner(3, hooks=(StopAt(2),))
    with slow_clock(), pytest.raises(KeyboardInterrupt):
        runner.train()     # looks at the clock at the start and after each of 4 steps
    started = time.perf_counter()
    make_runner(3, resume=True).train()
    most = time.perf_counter() - started
    assert 400 + 2 * STEP_SEC <= cost()['seconds'] <= 400 + most + 0.05


def test_weights_to_start_from_bring_no_seconds(make_runner, cost, tmp_path, slow_clock):
    with slow_clock():
        make_runner(1).train()
    assert cost()['seconds'] >= 200
    make_runner(1, load_from=str(tmp_path / 'epoch_1.pth')).train()
    assert cost()['seconds'] < 100


def test_only_the_main_process_writes(make_runner, tmp_path, monkeypatch):
    monkeypatch.setattr('mmengine.dist.utils.is_main_process', lambda *args: False)
    make_runner(1).train()
    assert not (tmp_path / 'cost.json').exists()
