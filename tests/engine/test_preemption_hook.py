"""What a warning does to a training, and what stays of it."""
from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmaction.registry import METRICS, MODELS
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.runner import CheckpointLoader, EpochBasedTrainLoop, Runner, find_latest_checkpoint
from recording import ShapeRecorder, make_runner

from mmlofi.engine import PreemptionHook, atomic_checkpoint, preemption_hook
from mmlofi.engine.preemption_hook import EXIT_CODE


def warn_at(moment: str, step: int) -> Hook:
    """A hook that sends this process a warning at a moment, when so many steps are done."""
    def warn(self: Hook, runner: Runner, *args: object, **kwargs: object) -> None:
        if runner.iter == step:
            os.kill(os.getpid(), signal.SIGUSR1)
    return type('Warning', (Hook,), {moment: warn, 'priority': 'HIGHEST'})()


def begin(folder: Path, *hooks: Hook, every_min: float | None = None, **settings: object) -> Runner:
    """A Runner with a PreemptionHook and checkpoints of epochs; two epochs of three steps."""
    more = settings.pop('default_hooks', {})
    settings = dict(epochs=2, hook=dict(by='iter'), workers=0) | settings
    runner = make_runner(folder, **settings, default_hooks=dict(
        preemption=dict(type='PreemptionHook', every_min=every_min), **more))
    for hook in hooks:
        runner.register_hook(hook)
    return runner


def checkpoints(folder: Path) -> set[str]:
    return {path.name for path in (folder / 'work').glob('*.pth')}


def place(folder: Path) -> tuple[str, int, int]:
    """The last checkpoint's name, and the epochs and steps that are done in it."""
    path = find_latest_checkpoint(str(folder / 'work'))
    meta = CheckpointLoader.load_checkpoint(path, map_location='cpu')['meta']
    return Path(path).name, meta['epoch'], meta['iter']


def test_a_warning_saves_at_that_step_and_the_next_run_goes_on_with_the_next(videos):
    runner = begin(videos, warn_at('before_train_iter', 1))
    with pytest.raises(SystemExit, match=f'^{EXIT_CODE}$'):
        runner.train()
    assert len(runner.model.steps) == 2
    assert place(videos) == ('interim_2.pth', 0, 2)
    again = begin(videos, resume=True)
    again.train()
    assert len(again.model.steps) == 4
    assert checkpoints(videos) == {'epoch_1.pth', 'epoch_2.pth'}


def test_a_warning_within_an_update_waits_for_its_end(videos):
    runner = begin(videos, warn_at('before_train_iter', 2), batch_size=1,
                   optim_wrapper=dict(accumulative_counts=2))
    with pytest.raises(SystemExit):
        runner.train()
    assert place(videos) == ('interim_4.pth', 0, 4)


def test_an_epochs_last_step_may_be_the_one(videos):
    with pytest.raises(SystemExit):
        begin(videos, warn_at('before_train_iter', 2)).train()
    assert place(videos) == ('interim_3.pth', 0, 3)
    again = begin(videos, resume=True)
    again.train()
    assert len(again.model.steps) == 3
    assert checkpoints(videos) == {'epoch_1.pth', 'epoch_2.pth'}


def test_a_warning_after_an_epoch_is_saved_with_it(videos):
    """Its own checkpoint is not due, and what hooks do at its end is in the one that is made."""
    runner = begin(videos, warn_at('after_train_epoch', 3), default_hooks=dict(
        checkpoint=dict(type='AtomicCheckpointHook', interval=2)))
    with pytest.raises(SystemExit):
        runner.train()
    assert place(videos) == ('interim_3.pth', 1, 3)


def test_as_time_passes_the_newest_is_kept_until_the_epochs_own(videos, monkeypatch):
    seen = []

    class Looks(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            seen.append(checkpoints(videos))
    runner = begin(videos, Looks(), every_min=1)
    for module in (preemption_hook, atomic_checkpoint):   # a step lasts a minute
        monkeypatch.setattr(module, 'time', SimpleNamespace(monotonic=lambda: runner.iter * 60.0))
    runner.train()
    assert seen == [set(), set(), {'interim_2.pth'}, {'epoch_1.pth'}, {'epoch_1.pth'},
                    {'epoch_1.pth', 'interim_5.pth'}]
    assert checkpoints(videos) == {'epoch_1.pth', 'epoch_2.pth'}
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def test_a_training_that_fails_leaves_signals_as_they_were(videos):
    """So that its Python goes on as before, in a notebook."""
    class Fails(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            heeded.append(signal.getsignal(signal.SIGTERM))
            raise ZeroDivisionError
    before, heeded = signal.getsignal(signal.SIGTERM), []
    runner = begin(videos, Fails())
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            runner.train()
        assert signal.getsignal(signal.SIGTERM) == before
    assert len(heeded) == 2
    assert before not in heeded


def test_a_process_that_a_training_forks_is_ended_by_a_warning(videos):
    """As the workers of a pool are, which is waited for."""
    ends = []

    class Forks(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter:
                return
            reads, writes = os.pipe()
            child = os.fork()
            if child == 0:
                os.write(writes, b'.')     # what comes sooner Python leaves out
                time.sleep(120)
                os._exit(0)
            os.read(reads, 1)
            os.kill(child, signal.SIGTERM)
            ends.append(os.waitpid(child, 0)[1])
    begin(videos, Forks()).train()
    assert ends == [signal.SIGTERM]


def test_no_checkpoint_is_written_twice(videos, monkeypatch):
    saved = []
    runner = begin(videos, every_min=1e-9, default_hooks=dict(
        checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=2)))
    save = runner.save_checkpoint
    monkeypatch.setattr(runner, 'save_checkpoint', lambda folder, name, *args, **kwargs: (
        saved.append(name), save(folder, name, *args, **kwargs)))
    runner.train()
    assert saved == ['interim_1.pth', 'iter_2.pth', 'interim_3.pth', 'iter_4.pth', 'interim_5.pth',
                     'iter_6.pth', 'iter_6.pth']   # the last one with what hooks do after the epoch


@MODELS.register_module()
class Scored(ShapeRecorder):
    """One that a validation can ask."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return super().forward(inputs, data_samples) if mode == 'loss' else data_samples


@METRICS.register_module()
class Nothing(BaseMetric):
    """Scores nothing."""

    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        return dict(mAP=0.5)


@pytest.mark.parametrize(('interval', 'name'), [(1, 'epoch_1.pth'), (2, 'interim_3.pth')])
def test_a_validation_ends_too_and_is_run_again(videos, interval, name):
    """Nothing is saved amid it: what was trained is saved before it."""
    found = {}
    begin(videos, wrap=lambda dataset: found.update(dataset) or dataset)
    scored = dict(
        model=dict(type='Scored'), val_cfg=dict(), val_evaluator=dict(type='Nothing'),
        default_hooks=dict(checkpoint=dict(type='AtomicCheckpointHook', interval=interval)),
        val_dataloader=dict(batch_size=1, num_workers=0, dataset=dict(found, test_mode=True),
                            sampler=dict(type='DefaultSampler', shuffle=False)))
    runs = []
    class Counts(Hook):
        def before_val_iter(self, runner, batch_idx, data_batch=None):
            runs.append(batch_idx)
    with pytest.raises(SystemExit):
        begin(videos, warn_at('before_val_iter', 3), Counts(), **scored).train()
    assert runs == [0]
    assert place(videos) == (name, 1, 3)
    begin(videos, Counts(), resume=True, **scored).train()
    assert runs[1:] == [*range(6), *range(6)]


def test_in_a_loop_that_begins_epochs_anew_a_warning_ends_and_saves_nothing(videos):
    runner = begin(videos, warn_at('before_train_iter', 4), every_min=1e-9)
    runner._train_loop = EpochBasedTrainLoop(runner, runner.train_dataloader, max_epochs=2)
    runner._hooks = [hook for hook in runner.hooks if type(hook).__name__ != 'LoFiCycleHook']
    with pytest.raises(SystemExit):
        runner.train()
    assert place(videos) == ('epoch_1.pth', 1, 3)


def test_workers_leave_a_warning_of_the_whole_group_to_their_rank_and_end_with_it(videos):
    """torchrun and Slurm send it to all. So does Python to those that are left, and waits."""
    class WarnAll(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if batch_idx != 1:
                return      # until each of them has given a batch it may not be listening yet
            for worker in runner.train_dataloader._iterator._workers:
                for name in ('TERM', 'USR1'):
                    subprocess.run(['sh', '-c', f'kill -{name} {worker.pid}'], check=True)
    runner = begin(videos, WarnAll(), workers=2)
    runner.train()
    assert len(runner.model.steps) == 6
    workers = runner.train_dataloader._iterator._workers
    for worker in workers:
        worker.terminate()
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]


@pytest.mark.parametrize(('settings', 'words'), [
    (dict(every_min=0), 'every_min=0; expected minutes above 0'),
    (dict(signals=['USR1']), "expected names such as 'SIGUSR1'")])
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        PreemptionHook(**settings)


def test_a_hook_that_cannot_save_in_between_is_refused(videos):
    runner = begin(videos, default_hooks=dict(checkpoint=dict(type='CheckpointHook')))
    with pytest.raises(ValueError, match='found no AtomicCheckpointHook; expected the one that'):
        runner.train()
