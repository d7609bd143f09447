"""Two machines, played by two network namespaces of this one, train, score, resume and end."""
from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from near_detections import assert_near

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
LINK = 'wire'   # the network interface in both namespaces
SCORE = r'(mAP: [\d.]+(?:  mAP@[\d.]+: [\d.]+)+)'

# Registers a hook by which rank 1 fails in the way that DIES says, and leaves the time of it in a
# file; ranks that reach the end leave what they ended with. It fails in the second step of stage
# 2's second epoch: in the first, rank 0 might still be saving the first epoch.
HOOK = """
import json, os, signal, subprocess
from pathlib import Path
from mmaction.registry import HOOKS
from mmengine.hooks import Hook


@HOOKS.register_module()
class Fate(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        how = os.environ.get('DIES')
        if how is None or runner.rank != 1 or runner.iter != 4:
            return
        Path(runner.work_dir, 'died').touch()
        if how == 'killed':
            os.kill(os.getpid(), signal.SIGKILL)
        if how == 'raises':
            raise ValueError('no such video')
        if how == 'unplugged':
            subprocess.run(['ip', 'link', 'set', os.environ['LINK'], 'down'], check=True)

    def after_train(self, runner):
        total = sum(value.double().sum().item() for value in runner.model.parameters())
        seen = dict(total=total, world=runner.world_size, epochs=runner.epoch)
        Path(runner.work_dir, f'rank{runner.rank}.json').write_text(json.dumps(seen))
"""


@dataclass(frozen=True)
class Ended:
    """A node whose command has ended."""

    returncode: int
    output: str
    time_sec: float    # of the end, on the clock of files


@dataclass(frozen=True)
class Nodes:
    """Two network namespaces with a wire between them, and what is to go on in them.

    Each has variables of its own, since each has a process that forks its commands.
    """

    names: tuple[str, str]
    variables: tuple[dict[str, str], dict[str, str]]
    kept: frozenset[str]      # process ids

    def run(self, folder: Path, tool: str, *arguments: object, **variables: object) -> list[Ended]:
        """Run a shell tool on both nodes, as a user does, and leave none of its processes."""
        folder.mkdir(exist_ok=True)
        command = ['bash', str(ROOT / 'tools' / tool), *map(str, arguments)]
        logs = [folder / f'output{node}.txt' for node in (0, 1)]
        own = {name: str(value) for name, value in variables.items()}
        processes = []
        try:
            for node, (name, log) in enumerate(zip(self.names, logs)):
                with log.open('w') as file:
                    processes.append(subprocess.Popen(
                        ['ip', 'netns', 'exec', name, *command], stdout=file,
                        stderr=subprocess.STDOUT,
                        env=self.variables[node] | own | dict(NODE_RANK=str(node))))
            ends = wait(processes, 600)
        finally:
            self.kill_all()
            for process in processes:
                process.wait()
        return [Ended(process.returncode, log.read_text(), end)
                for process, log, end in zip(processes, logs, ends)]

    def kill_all(self) -> None:
        """Kill what still runs in the namespaces, for a test."""
        for pid in {pid for name in self.names for pid in pids_in(name)} - self.kept:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def pids_in(name: str) -> list[str]:
    """Of all processes in a namespace."""
    return subprocess.run(['ip', 'netns', 'pids', name], capture_output=True,
                          text=True).stdout.split()


def wait(processes: list[subprocess.Popen], timeout_sec: float) -> list[float]:
    """The times at which processes end; those that have not by then count as ended never."""
    ends = [float('inf')] * len(processes)
    deadline = time.monotonic() + timeout_sec
    while float('inf') in ends and time.monotonic() < deadline:
        time.sleep(0.05)
        ends = [time.time() if end == float('inf') and process.poll() is not None else end
                for process, end in zip(processes, ends)]
    return ends


def ip(*arguments: str) -> None:
    """Run `ip`; the error that it writes becomes that of the exception."""
    done = subprocess.run(['ip', *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f'ip {" ".join(arguments)}: {done.stderr.strip()}')


@pytest.fixture(scope='module')
def nodes(toy_data, toy_features, start_warm_python) -> Iterator[Nodes]:
    """Two namespaces with addresses 10.77.0.1 and 10.77.0.2, and the variables of a user's job."""
    if shutil.which('ip') is None:
        pytest.skip('two nodes need the command `ip` (iproute2) to make network namespaces')
    names = tuple(f'mmlofi-{os.getpid()}-{node}' for node in (0, 1))
    variables = {k: v for k, v in os.environ.items() if k != 'GLOO_SOCKET_IFNAME'} | dict(
        TOY_DATA=str(toy_data), TOY_FEATURES=str(toy_features), LINK=LINK, NNODES='2',
        MASTER_ADDR='10.77.0.1', PORT='29500', NODE_TIMEOUT='600')
    try:
        try:
            for name in names:
                ip('netns', 'add', name)
            ip('link', 'add', LINK, 'netns', names[0], 'type', 'veth',
               'peer', 'name', LINK, 'netns', names[1])
            for name, address in zip(names, ('10.77.0.1/24', '10.77.0.2/24')):
                ip('-n', name, 'addr', 'add', address, 'dev', LINK)
                ip('-n', name, 'link', 'set', 'lo', 'up')
                ip('-n', name, 'link', 'set', LINK, 'up')
        except OSError as error:
            pytest.skip(f'two nodes need the right to make network namespaces ({error})')
        with contextlib.ExitStack() as warm:
            of_node = tuple(variables | warm.enter_context(start_warm_python(
                command=('ip', 'netns', 'exec', name))) for name in names)
            made = Nodes(names, of_node, frozenset(
                pid for name in names for pid in pids_in(name)))
            yield made
            made.kill_all()
    finally:
        for name in names:
            subprocess.run(['ip', 'netns', 'delete', name], capture_output=True)


@pytest.fixture(scope='module')
def configs(toy_configs, tmp_path_factory) -> Path:
    """The stages 2 and 3 with the hook that lets rank 1 fail."""
    folder = tmp_path_factory.mktemp('configs')
    (folder / 'fate.py').write_text(HOOK)
    for name, hooks in (('lofi_toy', '*_base_.custom_hooks, '), ('gtad_toy', '')):
        (folder / f'{name}.py').write_text(
            f"_base_ = '{toy_configs / name}.py'\n"
            "custom_imports = dict(imports=['mmlofi', 'fate'], allow_failed_imports=False)\n"
            f"custom_hooks = [{hooks}dict(type='Fate')]\n")
    return folder


def assert_ended(node: Ended, folder: Path, why: str) -> None:
    """It ended soon after the failure, and says why; another rank may have noticed first."""
    assert node.returncode == 1, node.output
    assert re.search(f'this job of 2 nodes has ended, since\n(.*\n)?.*{why}', node.output)
    # Before it would be taken for silent.
    assert node.time_sec - (folder / 'died').stat().st_mtime < 300


def test_a_killed_rank_ends_both_nodes_and_the_same_command_resumes(nodes, configs, tmp_path):
    def train(**variables: str) -> list[Ended]:
        return nodes.run(
            tmp_path, 'dist_train.sh', configs / 'lofi_toy.py', 1, '--work-dir', tmp_path, '--seed',
            0, '--resume', '--cfg-options', 'train_cfg.max_epochs=2',
            'train_dataloader.batch_size=1', PYTHONPATH=configs, **variables)

    first, second = train(DIES='killed')
    assert re.search(r'Epoch\(train\) +\[1\]\[3/3\]', first.output)   # 6 videos, 3 for each node
    assert 'Epoch(train)' not in second.output   # rank 0 alone writes the log
    for node in (first, second):
        assert_ended(node, tmp_path, r'rank 1 on node 1 \(host .*, pid \d+\) was killed by SIGKILL')

    first, second = train()
    assert (first.returncode, second.returncode) == (0, 0), first.output + second.output
    assert 'resumed epoch: 1, iter: 3' in first.output
    assert 'fidelity T: r_t=4' in first.output
    assert re.findall(r'Epoch\(train\) +\[(\d)\]', first.output) == ['2']
    seen = [json.loads((tmp_path / f'rank{rank}.json').read_text()) for rank in (0, 1)]
    assert seen[0] == seen[1]   # the weights too
    assert (seen[0]['world'], seen[0]['epochs']) == (2, 2)


def test_two_nodes_score_as_they_train_and_find_what_one_process_finds(
        nodes, toy_configs, call_tool, tmp_path):
    config = toy_configs / 'gtad_toy.py'
    trained, second = nodes.run(
        tmp_path, 'dist_train.sh', config, 1, '--work-dir', tmp_path, '--seed', 0, '--cfg-options',
        'train_cfg.max_epochs=2', 'train_cfg.val_interval=1')
    assert (trained.returncode, second.returncode) == (0, 0), trained.output + second.output
    scores = re.findall(rf'Epoch\(val\).*?{SCORE}', trained.output)
    assert len(scores) == 2

    tested, second = nodes.run(
        tmp_path, 'dist_test.sh', config, tmp_path / 'epoch_2.pth', 1, '--work-dir', tmp_path,
        '--dump', tmp_path / 'two.json')
    assert (tested.returncode, second.returncode) == (0, 0), tested.output + second.output
    assert re.findall(rf'Epoch\(test\).*?{SCORE}', tested.output) == scores[1:]
    call_tool('test.py', config, tmp_path / 'epoch_2.pth', '--work-dir', tmp_path,
              '--dump', tmp_path / 'one.json')
    one, two = (json.loads((tmp_path / f'{name}.json').read_text())['results']
                for name in ('one', 'two'))
    assert len(one) == 5
    assert_near(two, one)     # 5 videos in one batch, or 3 on each node


@pytest.fixture
def train_until_failure(nodes, configs, tmp_path) -> Callable[..., list[Ended]]:
    """Trains stage 3 for longer than a test, so that only a failure ends it."""
    def train(**variables: object) -> list[Ended]:
        return nodes.run(
            tmp_path, 'dist_train.sh', configs / 'gtad_toy.py', 1, '--work-dir', tmp_path,
            '--cfg-options', 'train_cfg.max_epochs=1000', 'default_hooks.checkpoint.interval=1000',
            PYTHONPATH=configs, **variables)
    return train


def test_a_rank_that_raises_ends_both_nodes_with_its_error(train_until_failure, tmp_path):
    for node in train_until_failure(DIES='raises'):
        assert_ended(node, tmp_path, r'rank 1 on node 1 \(host .*, pid \d+\) raised ValueError: no '
                     'such video')


def test_nodes_that_lose_each_other_both_end(nodes, train_until_failure, tmp_path):
    try:
        first, second = train_until_failure(DIES='unplugged', NODE_TIMEOUT=4)
    finally:
        ip('-n', nodes.names[1], 'link', 'set', LINK, 'up')
    assert_ended(first, tmp_path, 'node 1 was silent for 4 s')
    assert_ended(second, tmp_path, 'node 0 at 10.77.0.1:29500 was silent for 4 s')
