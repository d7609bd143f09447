"""Logs of a training at several fidelities, in a real Runner's files and TensorBoard."""
from __future__ import annotations

import json
import mmap
import re

import pytest
import torch
from mmaction.registry import MODELS
from recording import ShapeRecorder, logged, make_runner, train

from mmlofi.engine import log_processor
from mmlofi.engine.memory import peak_memory_mib, reset_peak_memory

PER_FIDELITY = ('loss', 'time', 'data_time', 'memory')


def test_each_line_has_the_fidelities_that_had_steps_and_of_all_only_the_loss(videos):
    names, _ = train(videos, epochs=2, hook=dict(by='iter', interval=1))
    lines = logged(videos)
    assert len(lines) == len(names) == 6
    for name, line in zip(names, lines):
        assert {key for key in line if '/' in key and not key.startswith('fidelity/')} == {
            f'{name}/{key}' for key in PER_FIDELITY}
        assert not {'time', 'data_time'} & set(line)
        assert {'loss', 'lr', 'epoch', 'iter', 'step', 'fidelity/temporal'} <= set(line)


def test_a_line_after_several_steps_has_all_their_fidelities_each_by_itself(videos):
    _, runner = train(videos, epochs=1, hook=dict(by='iter', interval=1), default_hooks=dict(
        logger=dict(type='LoggerHook', interval=3)))
    (line,) = logged(videos)
    for name in ('S', 'T', 'ST'):
        (value,) = runner.message_hub.get_scalar(f'train/{name}/loss').data[0]
        assert line[f'{name}/loss'] == pytest.approx(float(value))
        assert line[f'{name}/memory'] > 10


@MODELS.register_module()
class PixelLoss(ShapeRecorder):
    """Its loss is another one at each step."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        super().forward(inputs, data_samples, mode)
        return dict(loss=self.weight.square().sum() + inputs.mean())


def shown(lines: list[dict]) -> list[dict]:
    """What is the same in each run."""
    return [{key: value for key, value in line.items() if not key.endswith(('time', 'memory'))}
            for line in lines]


def test_checkpoints_keep_what_lines_need_and_a_resumed_run_shows_the_same_lines(
        videos, monkeypatch):
    settings = dict(epochs=3, hook=dict(by='iter', interval=1), model=dict(type='PixelLoss'))
    train(videos, **settings)
    whole = shown(logged(videos))
    (videos / 'work').rename(videos / 'whole')
    assert whole[2]['loss'] == pytest.approx((whole[1]['T/loss'] + whole[2]['ST/loss']) / 2)

    monkeypatch.setattr(log_processor, 'KEPT', 1)     # the window of these runs is 2
    train(videos, **settings | dict(epochs=2))
    kept = torch.load(videos / 'work' / 'epoch_2.pth', weights_only=False)['message_hub']
    assert {key: len(history.data[0]) for key, history in kept['log_scalars'].items()
            if 'loss' in key} == {f'train/{name}loss': 2 for name in ('', 'S/', 'T/', 'ST/')}
    (videos / 'work').rename(videos / 'begun')
    train(videos, **settings, resume=True, load_from=str(videos / 'begun' / 'epoch_2.pth'))
    assert shown(logged(videos)) == whole[6:]


def test_the_text_shows_the_time_that_is_left(videos):
    train(videos, epochs=1, hook={}, log_level='INFO')
    (log,) = (videos / 'work').glob('*/*.log')
    assert re.search(r'Epoch\(train\).*\[1/3\].*S/loss: .*S/time: .*  eta: 0:\d\d:\d\d',
                     log.read_text())


def test_the_first_line_after_a_resume_has_the_fidelity_of_its_step_alone(videos):
    train(videos, epochs=1, hook={})
    train(videos, epochs=2, hook={}, resume=True)
    logs = sorted((videos / 'work').glob('*/vis_data/scalars.json'))
    lines = [json.loads(text) for log in logs for text in log.read_text().splitlines()]
    line = next(line for line in lines if line['epoch'] == 2)
    assert 'T/loss' in line
    assert not [key for key in line if key.startswith('S/')]


def test_a_run_that_goes_on_without_the_hook_has_its_losses(videos):
    train(videos, epochs=1, hook={})
    runner = make_runner(videos, epochs=2, hook={}, workers=0, resume=True)
    runner._hooks = [hook for hook in runner.hooks if type(hook).__name__ != 'LoFiCycleHook']
    runner.train()
    logs = sorted((videos / 'work').glob('*/vis_data/scalars.json'))
    assert {'loss', 'time'} <= set(json.loads(logs[-1].read_text().splitlines()[-1]))


def test_tensorboard_gets_each_fidelity(videos):
    pytest.importorskip('tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    train(videos, epochs=3, hook={}, visualizer=dict(
        type='Visualizer', vis_backends=[dict(type='TensorboardVisBackend')],
        name=f'{videos.name}_tensorboard'))
    (folder,) = (videos / 'work').glob('*/vis_data')
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()['scalars']
    assert {f'{name}/{key}' for name in ('S', 'T', 'ST') for key in PER_FIDELITY} <= set(tags)
    assert 'loss' in tags
    assert not {'time', 'data_time'} & set(tags)
    assert [event.step for event in events.Scalars('T/loss')] == [4, 5, 6]


def test_without_the_hook_nothing_is_changed(videos):
    runner = make_runner(videos, epochs=1, hook={}, workers=0)
    runner._hooks = [hook for hook in runner.hooks if type(hook).__name__ != 'LoFiCycleHook']
    runner.train()
    assert {'loss', 'time', 'data_time'} <= set(logged(videos)[-1])


def test_peak_memory_is_that_since_the_reset():
    reset_peak_memory()
    before = peak_memory_mib()
    with mmap.mmap(-1, 64 * 2**20) as held:   # pages that nobody had before
        held.write(b'x' * len(held))
        assert peak_memory_mib() > before + 50
    reset_peak_memory()
    assert peak_memory_mib() < before + 50
