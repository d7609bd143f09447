"""What the nodes of a job tell each other; two of them in this process."""
from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from types import SimpleNamespace

import pytest
from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

from mmlofi.engine import nodes
from mmlofi.engine.nodes import Nodes, describe
from mmlofi.engine.preemption_hook import EXIT_CODE


@pytest.fixture
def stopped(monkeypatch):
    """Quick nodes; the signals with which they stop their ranks, which are not sent."""
    signals = []
    monkeypatch.setattr(nodes, 'BEAT_SEC', 0.02)
    monkeypatch.setattr(nodes, 'LINGER_SEC', 0.5)
    monkeypatch.setattr(nodes.os, 'kill', lambda pid, number: signals.append((pid, number)))
    monkeypatch.setattr(nodes.signal, 'signal', lambda number, handler: None)
    return signals


@pytest.fixture
def join(stopped, port):
    """Makes the nodes of a job of two; they leave when the test ends."""
    joined = []

    def join(node: int) -> Nodes:
        joined.append(Nodes(node=node, num_nodes=2, host='127.0.0.1', port=port, silence_sec=60))
        return joined[-1]
    yield join
    for node in reversed(joined):
        node.leave(None)


@pytest.fixture
def clock(monkeypatch, stopped) -> SimpleNamespace:
    """That stands still until `now` is set, for nodes that beat when the test says so alone."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(nodes, 'BEAT_SEC', 3600)
    monkeypatch.setattr(nodes, 'time', SimpleNamespace(
        monotonic=lambda: clock.now, sleep=lambda sec: None))
    return clock


def wait_for(condition) -> None:
    """Wait until it holds, two minutes at most."""
    until = time.monotonic() + 120
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    assert condition()


def test_a_failure_of_one_node_stops_the_other(join, stopped):
    first, second = join(0), join(1)
    second.leave('rank 1 died')
    wait_for(lambda: stopped)
    assert set(stopped) == {(os.getpid(), signal.SIGTERM)}
    assert first.failures == second.failures == ['rank 1 died']


def test_failures_are_told_in_the_order_in_which_they_came(join):
    first, second = join(0), join(1)
    second.leave('rank 1 died')
    wait_for(lambda: first.failures)
    first.leave('rank 0 lost its connection')
    assert first.failures == ['rank 1 died', 'rank 0 lost its connection']


def test_nodes_that_end_well_say_nothing(join, stopped):
    first, second = join(0), join(1)
    wait_for(lambda: first.beats)
    first.leave(None)
    second.leave(None)
    assert first.failures == second.failures == stopped == []


def test_a_node_may_end_long_before_the_others(join, stopped, clock):
    first, second = join(0), join(1)
    for node in (second, first):
        node.exchange()
    second.leave(None)
    wait_for(lambda: first.has_left(1))
    clock.now += 3600
    first.exchange()
    assert first.failures == stopped == []


def test_a_node_that_gives_no_sign_of_life_is_named(join, stopped, clock, monkeypatch):
    first, second = join(0), join(1)
    for node in (second, first):
        node.exchange()
    clock.now += 59
    first.exchange()
    assert first.failures == []
    clock.now += 2
    first.exchange()
    assert first.failures == ['node 1 was silent for 60 s']
    monkeypatch.setattr(nodes, 'BEAT_SEC', 0.01)
    first.watch()
    assert set(stopped) == {(os.getpid(), signal.SIGTERM)}


def test_a_first_node_that_does_not_answer_is_named(join, stopped, clock, monkeypatch):
    join(0)
    second = join(1)
    second.exchange()
    second.exchange = lambda: None     # as when the network is lost
    clock.now += 61
    monkeypatch.setattr(nodes, 'BEAT_SEC', 0.01)
    second.watch()
    assert second.failures == [f'node 0 at {second.master} was silent for 60 s']
    assert set(stopped) == {(os.getpid(), signal.SIGTERM)}


def test_a_port_in_use_is_named():
    with socket.socket() as used:
        used.bind(('127.0.0.1', 0))
        used.listen()
        port = used.getsockname()[1]
        with pytest.raises(ConnectionError, match=f'could not listen at 127.0.0.1:{port} .* PORT'):
            Nodes(node=0, num_nodes=2, host='127.0.0.1', port=port, silence_sec=60)


def failed(exitcode: int, error_file: str = '') -> ProcessFailure:
    return ProcessFailure(local_rank=0, pid=7, exitcode=exitcode, error_file=error_file)


def test_a_rank_is_named_with_the_way_it_ended(tmp_path):
    place = f'rank 3 on node 1 (host {socket.gethostname()}, pid 7)'
    assert describe(1, {3: failed(-9)}) == f'{place} was killed by SIGKILL'
    assert describe(1, {3: failed(2)}).startswith(f'{place} ended with exit code 2')
    (tmp_path / 'error.json').write_text(json.dumps(dict(message=dict(
        message='ValueError: no\n  such video', extraInfo=dict(timestamp='1')))))
    left = failed(1, str(tmp_path / 'error.json'))
    assert describe(1, {3: left}) == f'{place} raised ValueError: no such video'


def test_ranks_that_torchrun_stopped_are_not_named():
    named = describe(1, {2: failed(-15), 3: failed(-9)})
    assert 'rank 2' not in named
    assert 'rank 3' in named
    assert 'rank 2' in describe(1, {2: failed(-15)})


# ---- what the ranks end with

RANK = """
import os, signal, sys, time
from pathlib import Path

folder, rank = Path(sys.argv[1]), os.environ['RANK']

def hear(number, frame):
    time.sleep(0.3)
    (folder / f'heard{rank}').write_text(signal.Signals(number).name)
    sys.exit(75)

for number in (signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, hear)
(folder / f'ready{rank}').touch()
until = time.monotonic() + 120
while time.monotonic() < until and not (
        rank == '1' and sys.argv[2:] and (folder / 'ready0').exists()):
    time.sleep(0.02)
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def start(tmp_path, warm_python, port):
    """Starts two ranks on one machine, the second of which may end by itself."""
    (tmp_path / 'rank.py').write_text(RANK)

    def start(*second: str) -> subprocess.Popen:
        process = subprocess.Popen(
            ['python', nodes.__file__, '--nproc-per-node=2', f'--master-port={port}',
             str(tmp_path / 'rank.py'), str(tmp_path), *second], text=True,
            env=os.environ | warm_python, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob('ready*'))) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process
    return start


@pytest.mark.parametrize('number', [signal.SIGUSR1, signal.SIGTERM])
def test_a_warning_reaches_the_ranks_whose_exit_code_is_handed_back(start, tmp_path, number):
    process = start()
    process.send_signal(number)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == nodes.PREEMPTED == EXIT_CODE, errors
    assert 'all ranks have saved and ended, as they were warned to: exit code 75' in output
    assert {(tmp_path / f'heard{rank}').read_text() for rank in (0, 1)} == {number.name}


def test_ranks_that_were_warned_by_others_hand_it_back_too(start):
    process = start('75')
    assert process.communicate(timeout=120)[0].endswith('exit code 75\n')
    assert process.returncode == 75


def test_a_rank_that_fails_is_a_failure_whatever_the_others_end_with(start):
    process = start('3')
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert re.search(r'since\n +rank 1 on node 0 .* ended with exit code 3: see [^,]*$', errors)
