"""Tasks in processes of their own."""
from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from mmlofi.apart import Died, run_apart


def work(task: object) -> object:
    if task == 'crash':
        os.kill(os.getpid(), signal.SIGKILL)
    if task == 'exit':
        os._exit(3)
    if task == 'raise':
        raise KeyError('no such key')
    if task == 'sleep':
        time.sleep(100)
    return task


def test_each_task_ends_by_itself_with_what_it_returned_or_how_it_ended():
    tasks = ['crash', None, 'raise', 'exit', 7]
    ended = dict(run_apart(work, tasks, workers=2))
    assert set(ended) == set(tasks)
    assert (ended[None], ended[7]) == (None, 7)
    assert isinstance(ended['raise'], KeyError)
    assert isinstance(ended['crash'], Died)
    assert (str(ended['crash']), str(ended['exit'])) == (
        'its process was killed by SIGKILL', 'its process ended with code 3')


def test_as_many_run_as_there_are_workers_and_none_is_left_when_nobody_waits():
    before = set(multiprocessing.active_children())
    ended = run_apart(work, [1, 'sleep', 'sleep', 'sleep'], workers=2)
    assert next(ended) == (1, 1)
    assert len(set(multiprocessing.active_children()) - before) == 1
    ended.close()
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.parametrize('method', ['spawn'])
def test_where_nothing_can_be_forked_it_runs_too(method, monkeypatch):
    monkeypatch.setattr(multiprocessing, 'get_all_start_methods', lambda: [method])
    assert list(run_apart(abs, [-1], workers=1)) == [(-1, 1)]
