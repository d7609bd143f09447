"""MMEngine's FlexibleRunner, and models in shards: what is refused before the first step.

The wrappers are stand-ins, as MMEngine's strategies for them need a GPU.
"""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import recording
import torch
from mmengine.hooks import EMAHook
from mmengine.runner._flexible_runner import FlexibleRunner
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from mmlofi.engine import AtomicCheckpointHook, LoFiCycleHook
from mmlofi.engine.sharding import is_sharded, refuse_what_shards_break


class Model(nn.Module):
    """Has an encoder's settings, and does not let itself be tried."""

    def __init__(self, norm: str) -> None:
        super().__init__()
        self.encoder = SimpleNamespace(norm=norm)

    def try_frames(self, inputs):
        raise AssertionError('a part of the weights was called')


class Sharded(FullyShardedDataParallel):
    """FSDP without processes."""

    def __init__(self, module: nn.Module) -> None:
        nn.Module.__init__(self)
        self._fsdp_wrapped_module = module

    module = property(lambda self: self._fsdp_wrapped_module)


class MMDeepSpeedEngineWrapper:
    """MMEngine's has this name, and is there where DeepSpeed is."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __getattr__(self, name: str):
        return getattr(self.module, name)


WRAPPERS = (Sharded, MMDeepSpeedEngineWrapper)


def runner(wrapper, norm='frozen', hooks=(), **strategy) -> SimpleNamespace:
    return SimpleNamespace(model=wrapper(Model(norm)), hooks=list(hooks), strategy=SimpleNamespace(
        config=dict(strategy)))


def test_the_loop_asks_before_the_first_step_whatever_hooks_there_are(videos, monkeypatch):
    training = recording.make_runner(videos, epochs=1, hook={}, workers=0)
    training._hooks = [hook for hook in training.hooks if not isinstance(hook, LoFiCycleHook)]
    asked = []
    monkeypatch.setattr('mmlofi.engine.train_loop.refuse_what_shards_break',
                        lambda runner: asked.append(runner) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        training.train()
    assert asked == [training]


@pytest.mark.parametrize('wrapper', WRAPPERS)
@pytest.mark.parametrize(('norm', 'hooks', 'message'), [
    ('reestimated', (), "expected another: set model.encoder.norm='frozen' or 'running'"),
    ('frozen', [EMAHook()], 'expected no mean of the weights: leave the hook out'),
    ('frozen', [AtomicCheckpointHook(interval=1, weights='trained')], "set weights='all'")])
def test_what_needs_whole_weights_is_refused(wrapper, norm, hooks, message):
    with pytest.raises(ValueError, match=message):
        refuse_what_shards_break(runner(wrapper, norm, hooks))


def test_an_update_of_deepspeeds_own_steps_is_refused():
    with pytest.raises(ValueError, match='gradient_accumulation_steps is 4, .* expected 1: give'):
        refuse_what_shards_break(runner(MMDeepSpeedEngineWrapper, gradient_accumulation_steps=4))


def test_models_that_are_whole_keep_all_of_it():
    whole = SimpleNamespace(model=Model('reestimated'), hooks=[EMAHook()])
    assert not is_sharded(whole.model)
    refuse_what_shards_break(whole)


class Videos:
    """Frames of each fidelity."""

    def __getitem__(self, index):
        fidelity = index.fidelity
        side = fidelity.reduce_side(64)
        return dict(inputs=torch.zeros(fidelity.reduce_snippets(8), 3, 1, side, side),
                    data_samples=SimpleNamespace(fidelity=fidelity.name))


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_the_pipeline_is_tried_and_the_part_of_a_model_is_not(wrapper):
    training = runner(wrapper)
    training.train_dataloader = SimpleNamespace(dataset=Videos())
    LoFiCycleHook(cycle=[dict(name='S', spatial=2), dict(name='T', temporal=4)]).before_train(
        training)


def test_a_flexible_runner_trains_in_the_same_loop_and_resumes(videos, monkeypatch):
    monkeypatch.setattr('mmengine._strategy.base.collect_env', dict)
    monkeypatch.setattr(recording, 'Runner', lambda **settings: FlexibleRunner(
        strategy=dict(type='SingleDeviceStrategy'), **settings))
    settings = dict(hook=dict(by='iter', interval=1), workers=0)
    for epochs, resume in ((1, False), (2, True)):
        names, runner = recording.train(videos, epochs=epochs, resume=resume,
                                        experiment_name=f'{videos.name}_{epochs}', **settings)
        assert names == ['S', 'T', 'ST']
    assert runner.iter == 6


def test_a_flexible_runner_that_dies_while_it_writes_leaves_its_last_whole_checkpoint(
        videos, monkeypatch):
    monkeypatch.setattr('mmengine._strategy.base.collect_env', dict)
    monkeypatch.setattr(recording, 'Runner', lambda **settings: FlexibleRunner(
        strategy=dict(type='SingleDeviceStrategy'), **settings))
    settings = dict(hook={}, workers=0)
    recording.train(videos, epochs=1, experiment_name=f'{videos.name}_first', **settings)

    def dies(self, content, path):
        Path(path).write_bytes(content[:100])
        raise KeyboardInterrupt
    with monkeypatch.context() as patched:
        patched.setattr('mmengine.fileio.LocalBackend.put', dies)
        with pytest.raises(KeyboardInterrupt):
            recording.train(videos, epochs=2, resume=True, experiment_name=f'{videos.name}_dies',
                            **settings)
    assert [path.name for path in (videos / 'work').glob('*.pth*')] == ['epoch_1.pth']
    assert not list((videos / 'work').glob('.*'))
    names, _ = recording.train(videos, epochs=2, resume=True,
                               experiment_name=f'{videos.name}_again', **settings)
    assert set(names) == {'T'}
