"""The share of a machine's cores that a process has for itself."""
from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from mmlofi import cores


@pytest.mark.parametrize(('there', 'ranks', 'workers', 'own'), [
    (12, None, None, 12), (12, '4', None, 3), (12, '2', 3, 2), (2, '8', 4, 1),
    (96, None, None, 16)])
def test_cores_are_shared_with_other_ranks_and_workers(monkeypatch, there, ranks, workers, own):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: range(there), raising=False)
    monkeypatch.setattr(cores, 'get_worker_info',
                        lambda: workers and SimpleNamespace(num_workers=workers))
    monkeypatch.delenv('LOCAL_WORLD_SIZE', raising=False)
    if ranks:
        monkeypatch.setenv('LOCAL_WORLD_SIZE', ranks)
    assert cores.own_cores() == own


def test_where_a_system_does_not_say_which_cores_are_allowed_all_are_counted(monkeypatch):
    monkeypatch.delattr(os, 'sched_getaffinity', raising=False)
    monkeypatch.setattr(os, 'cpu_count', lambda: 5)
    assert cores.own_cores() == 5
