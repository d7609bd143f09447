"""A training that is preempted again and again ends, bit for bit, as the one that ran through.

`MMLOFI_PREEMPTIONS=20 pytest -s tests/engine/test_preempted_trainings.py` preempts more often than
the default.
"""
from __future__ import annotations

import contextlib
import operator
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import pytest
import resumable
import torch
from mmengine.runner import Runner, find_latest_checkpoint
from test_resume import Training, assert_equal, data  # noqa: F401  (a fixture)

from mmlofi.engine.launch import leave_group, prepare_launcher
from mmlofi.engine.preemption_hook import EXIT_CODE

PREEMPTIONS = int(os.environ.get('MMLOFI_PREEMPTIONS', 3))
EVERY_MIN = 0.1 / 60    # a tenth of a second stands for the minutes between checkpoints
RANKS = 2
HELD = 5                # steps that the training may do before each preemption: over an epoch of 4


class Ranks:
    """The ranks of one start of a job, forked from this process, which has imported everything."""

    def __init__(self, folder: Path, videos: Path, options: list[str], port: int) -> None:
        self.ids = []
        for rank in range(RANKS):
            process = os.fork()
            if not process:
                os.environ |= dict(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(RANKS),
                                   MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
                _run_rank(folder, videos, options)
            self.ids.append(process)

    def wait(self) -> list[int]:
        """Exit codes; that of a rank that a signal ended is the signal's, negative."""
        return [os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in self.ids]

    def kill(self) -> list[int]:
        for one in self.ids:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one, signal.SIGKILL)   # its data loader's workers too
        return self.wait()


def _run_rank(folder: Path, videos: Path, options: list[str]) -> None:
    code = 1
    try:
        os.setsid()
        log = os.open(folder.with_suffix('.log'), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, 'w', buffering=1) for number in (1, 2))
        torch.set_num_threads(1)
        cfg = resumable.config(resumable.parser().parse_args(
            [str(folder), '--data', str(videos), '--launcher', 'pytorch', *options]))
        cfg.default_hooks.preemption = dict(type='PreemptionHook', every_min=EVERY_MIN)
        cfg.load_from = find_latest_checkpoint(str(folder))
        cfg.resume = cfg.load_from is not None
        prepare_launcher(cfg)
        runner = Runner.from_cfg(cfg)
        for hook in (resumable.Witness, resumable.Held):
            runner.register_hook(hook(folder))
        runner.train()
        code = 0
    except SystemExit as stop:
        code = stop.code
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            del runner
            leave_group()
        os._exit(code)


def wait_for(condition, log: Path) -> None:
    deadline = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.005)


def steps_in_checkpoint(training: Training) -> int:
    """Of the last one; 0 before there is any, and where the next has just taken its place."""
    if find_latest_checkpoint(str(training.folder)) is None:
        return 0
    try:
        return training.checkpoint()['meta']['iter']
    except FileNotFoundError:
        return 0


@pytest.mark.slow
def test_a_training_that_is_preempted_again_and_again_ends_as_the_one_that_ran_through(
        data, tmp_path, port):  # noqa: F811
    """Every second time without a warning, and the warning comes to one rank of two."""
    whole, cut = (Training(tmp_path / name, data, 2, []) for name in ('whole', 'cut'))
    log = cut.folder.with_suffix('.log')
    for training in (whole, cut):
        training.folder.mkdir()
    chance, codes, reached = random.Random(0), [], []

    def start(training: Training) -> Ranks:
        return Ranks(training.folder, data, [
            '--epochs', str((HELD * (PREEMPTIONS + 1) + 3) // 4), '--workers', '1', '--by', 'iter',
            '--accumulate', '2', '--every', '0', '--head', 'actionformer'], port)

    def begun() -> list[int]:
        return [len(cut.steps(rank)) for rank in range(RANKS)]

    assert start(whole).wait() == [0, 0]
    for number in range(PREEMPTIONS):
        before, done = reached[-1] if reached else 0, begun()
        cut.hold(HELD * (number + 1))
        ranks = start(cut)
        wait_for(lambda: all(map(operator.gt, begun(), done)), log)   # noqa: B023
        if number % 2:
            # Not any new checkpoint: that of an epoch may stand where the interim one did.
            wait_for(lambda: steps_in_checkpoint(cut) > before, log)   # noqa: B023
            time.sleep(chance.uniform(0, 0.5))
            codes.append(ranks.kill())
        else:
            time.sleep(chance.uniform(0, 0.2))
            os.killpg(ranks.ids[chance.randrange(RANKS)],   # its data loader's workers too
                      chance.choice([signal.SIGTERM, signal.SIGUSR1]))
            cut.hold(None)
            codes.append(ranks.wait())
            assert codes[-1] == [EXIT_CODE, EXIT_CODE], log.read_text()
        cut.hold(None)
        reached.append(steps_in_checkpoint(cut))
    assert start(cut).wait() == [0, 0]
    print(f'{PREEMPTIONS} preemptions, exit codes {codes}, steps done at each {reached}, '
          f'{len(cut.steps())} steps begun of {len(whole.steps())}')

    assert all(0 not in both for both in codes)
    assert all(step % 2 == 0 for step in reached)
    assert reached == sorted(set(reached))
    for rank in range(RANKS):
        expected = {step['step']: step for step in whole.steps(rank)}
        assert {step['step'] for step in cut.steps(rank)} == set(expected)
        assert all(step == expected[step['step']] for step in cut.steps(rank))
    assert_equal(cut.checkpoint(), whole.checkpoint())
    assert not list(cut.folder.glob('interim_*'))
