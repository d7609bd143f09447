"""The share of a machine's cores that a process has for itself."""
from __future__ import annotations

from types import SimpleNamespace

import pytest

from mmlofi import cores


@pytest.mark.parametrize(('there', 'ranks', 'workers', 'own'), [
    (12, None, None, 12), (12, '4', None, 3), (12, '2', 3, 2), (2, '8', 4, 1),
    (96, None, None, 16), (12, '', None, 12), (12, '0', None, 12), (12, 'auto', 2, 6)])
def test_cores_are_shared_with_other_ranks_and_workers(monkeypatch, there, ranks, workers, own):
    monkeypatch.setattr(cores, 'allowed_cores', lambda: there)
    monkeypatch.setattr(cores, 'get_worker_info',
                        lambda: workers and SimpleNamespace(num_workers=workers))
    monkeypatch.delenv('LOCAL_WORLD_SIZE', raising=False)
    if ranks is not None:
        monkeypatch.setenv('LOCAL_WORLD_SIZE', ranks)
    assert cores.own_cores() == own
