"""A training that is killed at random steps ends, bit for bit, as the one that ran through.

`MMLOFI_KILLS=10 MMLOFI_KILL_SEED=1 pytest tests/engine/test_resume.py` kills more often than the
default, at other moments.
"""
from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader

import mmlofi  # noqa: F401  (checkpoints load safely)

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / 'tests' / 'engine' / 'resumable.py'
KILLS = int(os.environ.get('MMLOFI_KILLS', 2))
KILL_SEED = int(os.environ.get('MMLOFI_KILL_SEED', 0))
VIDEOS = 8
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def data(tmp_path_factory, write_numbered_video) -> Path:
    """Videos of another length and name each, with an action."""
    folder = tmp_path_factory.mktemp('data')
    database = {}
    for number in range(VIDEOS):
        write_numbered_video(folder / f'v{number}.mp4', 40 + 5 * number)
        database[f'v{number}'] = dict(subset='training', duration=4 + number / 2,
                                      annotations=[dict(segment=[1, 3], label='run')])
    (folder / 'gt.json').write_text(json.dumps(dict(database=database)))
    return folder


class Training:
    """Runs resumable.py in its folder, which tells its processes from others."""

    def __init__(self, folder: Path, data: Path, ranks: int, options: list[str],
                 variables: dict[str, str] | None = None) -> None:
        self.folder, self.variables = folder, variables or {}
        launcher = [] if ranks == 1 else [
            '-m', 'torch.distributed.run', f'--nproc-per-node={ranks}', '--rdzv-backend=c10d',
            '--rdzv-endpoint=localhost:0']
        self.command = ['python', *launcher, str(SCRIPT), str(folder), '--data', str(data),
                        *options, *(['--launcher', 'pytorch'] if ranks > 1 else [])]

    def start(self) -> subprocess.Popen:
        self.folder.mkdir(exist_ok=True)
        with open(self.folder.with_suffix('.log'), 'a') as log:
            return subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder,
                                    env=os.environ | self.variables)

    def finish(self) -> None:
        assert self.start().wait(timeout=600) == 0, self.folder.with_suffix('.log').read_text()

    def kill_after(self, steps: int, delay_sec: float, *, hold: int) -> None:
        """Starts it and kills it some steps later, in which it does not do step `hold`."""
        before, deadline = len(self.steps()), time.monotonic() + 600
        self.hold(hold)
        process = self.start()
        while len(begun := self.steps()[before:]) < steps and \
                not any(step['step'] == hold for step in begun):
            assert process.poll() is None, self.folder.with_suffix('.log').read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(delay_sec)
        assert process.poll() is None, self.folder.with_suffix('.log').read_text()
        self.kill_all()
        process.wait()
        self.hold(None)

    def hold(self, step: int | None) -> None:
        """Lets it wait before this step, or no more."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / 'hold'
        path.unlink(missing_ok=True) if step is None else path.write_text(str(step))

    def kill_all(self) -> None:
        """SIGKILL to all processes that work in this folder: launcher, ranks, their workers."""
        while processes := self.processes():
            for process in processes:
                with contextlib.suppress(ProcessLookupError):   # it has ended by itself
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.01)

    def processes(self) -> list[int]:
        found = []
        for path in Path('/proc').glob('[0-9]*/cwd'):
            with contextlib.suppress(OSError):
                found += [int(path.parent.name)] * (path.readlink() == self.folder.resolve())
        return found

    def steps(self, rank: int = 0) -> list[dict]:
        """What reached the model of a rank, over all runs; a line that a kill cut off is not."""
        path = self.folder / f'steps_{rank}.jsonl'
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith('\n')]

    def checkpoint(self) -> dict:
        path = (self.folder / 'last_checkpoint').read_text()
        return CheckpointLoader.load_checkpoint(path, map_location='cpu')


SETTINGS = {
    'long cycle, 2 workers': (1, ['--workers', '2']),
    'short cycle, 2 workers, 2 steps an update': (
        1, ['--workers', '2', '--by', 'iter', '--accumulate', '2']),
    'short cycle, 1 worker, bfloat16': (1, ['--workers', '1', '--by', 'iter', '--amp']),
    'long cycle, 2 ranks, 1 worker each, ActionFormer': (
        2, ['--workers', '1', '--head', 'actionformer']),
    'short cycle, checkpoints of epochs only': (1, ['--by', 'iter', '--every', '0']),
}


@pytest.mark.parametrize('name', SETTINGS)
def test_a_killed_training_goes_on_exactly(name, data, tmp_path, warm_python):
    ranks, options = SETTINGS[name]
    whole, killed = (Training(tmp_path / which, data, ranks, options, warm_python)
                     for which in ('whole', 'killed'))
    whole.finish()
    chance = random.Random(f'{name} {KILL_SEED}')
    total = 3 * VIDEOS // ranks
    most = max(2, total // KILLS)
    for _ in range(KILLS):
        killed.kill_after(chance.randint(1, most), chance.uniform(0, 0.3), hold=total - 1)
    killed.finish()
    print(f'{name}: {KILLS} kills, {len(killed.steps())} steps begun')

    for rank in range(ranks):
        expected = {step['step']: step for step in whole.steps(rank)}
        seen = killed.steps(rank)
        assert sorted({step['step'] for step in seen}) == sorted(expected)
        for step in seen:   # those before a kill that had no checkpoint ran twice
            assert step == expected[step['step']]
    assert_equal(killed.checkpoint(), whole.checkpoint())
    assert bool(running_values(whole.checkpoint())) == ('ActionFormer' in name)


def running_values(checkpoint: dict) -> dict:
    """Of the head's loss, where it has any."""
    return checkpoint['message_hub']['runtime_info']['running_values']


def assert_equal(found: dict, expected: dict) -> None:
    """Weights, buffers, EMA, momentum and schedulers, to the last bit."""
    for part in ('state_dict', 'ema_state_dict'):
        assert found[part].keys() == expected[part].keys()
        for name, value in expected[part].items():
            assert torch.equal(found[part][name], value), f'{part} {name}'
    assert running_values(found) == running_values(expected)
    assert found['param_schedulers'] == expected['param_schedulers']
    optimizers = [checkpoint['optimizer'] for checkpoint in (found, expected)]
    assert optimizers[0]['param_groups'] == optimizers[1]['param_groups']
    for number, state in optimizers[1]['state'].items():
        assert torch.equal(optimizers[0]['state'][number]['momentum_buffer'],
                           state['momentum_buffer'])
    assert [found['meta'][name] for name in ('epoch', 'iter', 'seed')] == [
        expected['meta'][name] for name in ('epoch', 'iter', 'seed')]


def test_steps_that_were_done_are_not_decoded(data, tmp_path, warm_python):
    """Their videos are gone when training goes on: whoever opened one would fail."""
    mine = tmp_path / 'data'
    shutil.copytree(data, mine)
    training = Training(tmp_path / 'run', mine, 1, ['--epochs', '1', '--max-bad-share', '0'],
                        warm_python)
    training.kill_after(5, 0, hold=4)
    done = training.checkpoint()['meta']['iter']
    assert done == 4
    for step in training.steps()[:done]:
        (mine / f'{step["videos"][0]}.mp4').write_bytes(b'')
    left = list(range(done, VIDEOS))
    training.command += ['--no-check']
    training.finish()
    resumed = training.steps()[-len(left):]
    assert [step['step'] for step in resumed] == left
    assert not (training.folder / 'bad_videos.json').exists()
