"""MMEngine's launchers and its model wrapper on a machine without GPU."""
from __future__ import annotations

import mmengine.dist.utils
import pytest
import torch
from mmengine.dist import init_dist
from mmengine.model import BaseModel, MMDistributedDataParallel
from torch import nn

from mmlofi.compat import launchers

without_gpu = pytest.mark.skipif(
    launchers.get_device() != 'cpu', reason='an accelerator: upstream serves it')


@without_gpu
@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi'])
def test_every_launcher_meets_over_gloo_and_keeps_the_timeout(launcher, monkeypatch):
    calls = []
    # Else it would settle on 'spawn' for all tests that come after.
    monkeypatch.setattr(torch.multiprocessing, 'get_start_method', lambda allow_none: 'fork')
    for name in launchers.LAUNCHERS:
        monkeypatch.setattr(mmengine.dist.utils, f'_init_dist_{name}', print)
    launchers.mend_launchers_without_accelerator(
        lambda *args, **kwargs: calls.append((args, kwargs)))
    init_dist(launcher, backend='nccl', timeout=5)
    init_dist(launcher)
    assert calls == [((launcher,), dict(timeout_sec=5)), ((launcher,), dict(timeout_sec=None))]


@pytest.fixture
def alone(tmp_path):
    """A process group of this process."""
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/meet', rank=0,
                                         world_size=1)
    yield
    torch.distributed.destroy_process_group()


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, inputs):
        return self.layer(inputs)


@without_gpu
@pytest.mark.usefixtures('alone')
def test_a_model_is_wrapped_as_a_runner_asks_for_it():
    model = MMDistributedDataParallel(module=Line(), device_ids=[0])
    assert model.device_ids is None
    assert model(torch.ones(1, 1)).shape == (1, 1)
    assert MMDistributedDataParallel(Line(), True).detect_anomalous_params


@pytest.fixture
def upstream(monkeypatch):
    """MMEngine as it was, and what it is made of."""
    def parts():
        return [getattr(mmengine.dist.utils, f'_init_dist_{name}') for name in launchers.LAUNCHERS
                ] + [MMDistributedDataParallel.__init__]
    for name in launchers.LAUNCHERS:
        monkeypatch.setattr(mmengine.dist.utils, f'_init_dist_{name}', print)
    monkeypatch.setattr(MMDistributedDataParallel, '__init__', launchers.wrap_for_devices)
    return parts


def test_on_a_gpu_nothing_is_changed(upstream, monkeypatch):
    before = upstream()
    monkeypatch.setattr(launchers, 'get_device', lambda: 'cuda')
    launchers.mend_launchers_without_accelerator(print)
    assert upstream() == before


def test_mending_twice_wraps_once(upstream, monkeypatch):
    monkeypatch.setattr(launchers, 'get_device', lambda: 'cpu')
    launchers.mend_launchers_without_accelerator(print)
    launchers.mend_launchers_without_accelerator(print)
    assert print not in upstream()
    assert MMDistributedDataParallel.__init__ is launchers.wrap_without_devices
    assert launchers.wrap_without_devices.__wrapped__ is launchers.wrap_for_devices
    assert not hasattr(launchers.wrap_for_devices, '__wrapped__')
