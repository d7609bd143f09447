"""Checkpoints every few minutes and at a scheduler's warning: a preemption costs minutes."""
from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_gather_object, all_reduce, barrier, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from mmlofi.engine.atomic_checkpoint import AtomicCheckpointHook
from mmlofi.engine.train_loop import FidelityTrainLoop

# EX_TEMPFAIL of sysexits.h: nothing is wrong, run it again. No process has it by accident, as it
# would have 143, of a SIGTERM that came before there was anything to save.
EXIT_CODE = int(os.environ.get('PREEMPTED_CODE') or 75)


@HOOKS.register_module()
class PreemptionHook(Hook):
    """Saves on time, and ends a training that is told to end, so that it goes on at that step.

    At each weight update the ranks agree, by one all-reduce of two numbers, whether it is time for
    a checkpoint (rank 0's clock says) and whether any of them was warned. All then save at that
    update, and after a warning end with exit code 75; a validation ends too, and is run again. With
    MMEngine's loop by epoch, which begins an interrupted epoch anew, nothing is saved within one,
    and a warning ends the run at once.

    Args:
        every_min: Minutes from one checkpoint to the next, whatever wrote it; None: only warnings.
        signals: That are warnings: Slurm's `--signal=USR1@…`, and the SIGTERM that most schedulers
            send a while before SIGKILL.

    The environment variable PREEMPTED_CODE is another exit code, for schedulers that want their
    own to run a job again.

    Raises:
        ValueError: At construction for settings that cannot be; before training without an
            AtomicCheckpointHook.
        SystemExit: After a warning, on all ranks.
    """

    priority = 'LOWEST'   # after schedulers have stepped, and after a checkpoint by interval

    def __init__(self, *, every_min: float | None = 10,
                 signals: Sequence[str] = ('SIGTERM', 'SIGUSR1')) -> None:
        if every_min is not None and not every_min > 0:
            raise ValueError(f'PreemptionHook got every_min={every_min!r}; expected minutes above '
                             '0, or None for checkpoints at warnings alone')
        if not 0 < EXIT_CODE < 256:
            raise ValueError(f'PREEMPTED_CODE={EXIT_CODE} is no exit code of a run that is to go '
                             'on; expected 1 to 255: set another one, or none for 75')
        unknown = [name for name in signals if name not in signal.Signals.__members__]
        if unknown:
            raise ValueError(f'PreemptionHook got signals={list(signals)}; expected names such as '
                             "'SIGUSR1'")
        self.every_sec = None if every_min is None else every_min * 60
        self.signals = [signal.Signals[name] for name in signals]
        self._warned = 0   # number of the signal that this rank heard
        self._before: dict[signal.Signals, object] = {}
        self._listener = 0     # the process that heeds them; what it forks is ended by them
        self._checkpoints: AtomicCheckpointHook | None = None
        self._started_sec = 0.0
        self._meets_in_validation = False

    def before_run(self, runner: Runner) -> None:
        """Sees that it listens no longer than the loop runs: of an error no hook hears."""
        loop = runner._train_loop   # not built, or none, where a Runner tests
        if isinstance(loop, BaseLoop):
            loop.run = _and_then(loop, self._stop_listening)

    def before_train(self, runner: Runner) -> None:
        """Begins to listen."""
        self._checkpoints = next(
            (hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook)), None)
        if self._checkpoints is None:
            raise ValueError('PreemptionHook found no AtomicCheckpointHook; expected the one that '
                             "writes checkpoints: set default_hooks.checkpoint.type="
                             "'AtomicCheckpointHook', or take the PreemptionHook out")
        self._started_sec = time.monotonic()
        if threading.current_thread() is threading.main_thread():   # Python handles them there
            self._listener = os.getpid()
            self._before = {one: signal.signal(one, self._hear) for one in self.signals}
        self._shield_workers(runner.train_dataloader)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """At a whole update: saves when it is time or somebody was warned."""
        should_update = getattr(runner.optim_wrapper, 'should_update', None)
        if should_update is None or should_update():
            self._look_up(runner, saves=_goes_on_within_an_epoch(runner.train_loop))

    def after_train_epoch(self, runner: Runner) -> None:
        """The same; and before a validation, in which nothing can be saved, it is always time."""
        self._look_up(runner, saves=True, at_epoch_end=True, always=_validates_next(runner))

    def before_val_epoch(self, runner: Runner) -> None:
        """Finds out whether the ranks can meet at each of its batches."""
        loader = runner.val_dataloader
        self._shield_workers(loader)
        self._meets_in_validation = bool(self._before) and \
            len(set(all_gather_object(len(loader)))) == 1

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                       outputs: Sequence | None = None) -> None:
        """Ends a validation after a warning; weights are not to be saved amid it (EMA's are in)."""
        warned = self._meets_in_validation and self._agree()[1]
        if warned:
            self._end(warned)

    def _look_up(self, runner: Runner, *, saves: bool, at_epoch_end: bool = False,
                 always: bool = False) -> None:
        due, warned = self._agree()
        if saves and (due or warned or always):
            self._checkpoints.save_now(runner, at_epoch_end=at_epoch_end)
        if warned:
            self._end(warned)

    def _agree(self) -> tuple[bool, int]:
        """Whether it is time, and the signal that any rank heard, or 0; the same on all ranks."""
        last = max(self._started_sec, self._checkpoints.saved_sec)
        due = self.every_sec is not None and is_main_process() \
            and time.monotonic() - last >= self.every_sec
        votes = torch.tensor([int(due), self._warned])
        all_reduce(votes, op='max')
        return bool(votes[0]), int(votes[1])

    def _end(self, warned: int) -> None:
        """Leaves together: a launcher ends the others as soon as one has left."""
        found = self._checkpoints.last_ckpt
        print_log(f'{signal.Signals(warned).name} on some rank: ends with exit code '
                  f'{EXIT_CODE}; --resume goes on from '
                  f'{found or "where this run began"}', logger='current')
        barrier()
        self._stop_listening(ignore=True)
        raise SystemExit(EXIT_CODE)

    def _hear(self, number: int, frame: object) -> None:
        if os.getpid() == self._listener:
            self._warned = number
            return
        signal.signal(number, self._before.get(number) or signal.SIG_DFL)   # in what it forked
        os.kill(os.getpid(), number)

    def _stop_listening(self, *, ignore: bool = False) -> None:
        """Puts back what was there; a process that is on its way out needs no second warning."""
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if ignore else handler)
        self._before = {}

    def _shield_workers(self, loader: DataLoader) -> None:
        """Schedulers and torchrun signal whole process groups; a rank ends its workers itself."""
        if self._before and not isinstance(loader.worker_init_fn, _Shielded):
            loader.worker_init_fn = _Shielded(self.signals, loader.worker_init_fn)


def _and_then(loop: BaseLoop, stop: Callable[[], None]) -> Callable[[], nn.Module]:
    """What runs a loop once, and calls `stop` however that ends."""
    present = loop.run

    def run() -> nn.Module:
        """The loop's own, and the loop has that again."""
        loop.run = present
        try:
            return present()
        finally:
            stop()
    return run


def _validates_next(runner: Runner) -> bool:
    """As MMEngine's loops by epoch decide it, at the end of an epoch."""
    loop, done = runner.train_loop, runner.epoch + 1
    return runner._val_loop is not None and done >= loop.val_begin and (
        done % loop.val_interval == 0 or done == runner.max_epochs)


def _goes_on_within_an_epoch(loop: BaseLoop) -> bool:
    return isinstance(loop, FidelityTrainLoop) or not isinstance(loop, EpochBasedTrainLoop)


class _Shielded:
    """What a data loader's worker does first: leaves warnings to its rank, and heeds that alone.

    Python ends the workers that are left by SIGTERM, and waits for them.
    """

    def __init__(self, signals: Sequence[int], init: Callable[[int], None] | None) -> None:
        self.signals, self.init = list(signals), init

    def __call__(self, worker_id: int) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, self.signals)   # of threads that begin later, too
        threading.Thread(target=_heed_the_parent, args=(self.signals, os.getppid()),
                         daemon=True).start()
        if self.init is not None:
            self.init(worker_id)


def _heed_the_parent(signals: Sequence[int], parent: int) -> None:
    while True:
        heard = signal.sigwaitinfo(signals)
        if heard.si_signo == signal.SIGTERM and heard.si_pid == parent:
            os._exit(0)
