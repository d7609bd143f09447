"""Distributed runs without a GPU."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from mmlofi.engine import launch
from mmlofi.engine.launch import export_rank, init_gloo, interface_to, prepare_launcher

ROOT = Path(launch.__file__).parents[2]
VARIABLES = [name for names in launch.RANK_VARIABLES.values() for name in names]

TRAIN = """
import contextlib
import sys
import time
from pathlib import Path

import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dist import all_gather
from mmengine.model import BaseModel
from mmengine.runner import Runner

import mmlofi
from mmlofi.engine.launch import leave_group, prepare_launcher


@MODELS.register_module()
class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs, mode):
        return {'loss': (self.layer(torch.stack(inputs)) - 1).pow(2).mean()}


@DATASETS.register_module()
class Points(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return dict(inputs=torch.full((1,), float(index)))


cfg = Config(dict(
    launcher='pytorch', work_dir=sys.argv[1], resume=len(sys.argv) > 2, default_scope='mmaction',
    model=dict(type='Line'), custom_hooks=[dict(type='EMAHook')],
    env_cfg=dict(dist_cfg=dict(backend='nccl', timeout=600)),
    train_cfg=dict(by_epoch=True, max_epochs=len(sys.argv)),
    train_dataloader=dict(batch_size=1, dataset=dict(type='Points'),
                          sampler=dict(type='DefaultSampler', shuffle=False)),
    optim_wrapper=dict(type='AmpOptimWrapper', optimizer=dict(type='SGD', lr=0.1)),
    randomness=dict(seed=0, diff_rank_seed=True),
))


def main():
    prepare_launcher(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    weights = torch.cat(all_gather(runner.model.module.layer.weight.detach()))
    assert len(weights) == 2 and weights[0] == weights[1], weights
    if runner.rank == 0:
        print('ranks agree after epoch', runner.epoch)
    assert gloo_threads()


def gloo_threads():
    names = []
    for path in Path('/proc/self/task').glob('*/comm'):
        with contextlib.suppress(OSError):     # it has ended
            names.append(path.read_text())
    return [name for name in names if 'gloo' in name]


main()
leave_group()   # which also runs at the end of the process; here, to see that it did its work
for _ in range(6000):       # the system may list for a while what has ended
    if not gloo_threads():
        break
    time.sleep(0.01)
assert not gloo_threads()
"""


@pytest.fixture
def no_rank(monkeypatch):
    """An environment in which no launcher has said anything."""
    for name in [*VARIABLES, 'MASTER_ADDR', 'MASTER_PORT', 'SLURM_NODELIST']:
        monkeypatch.setenv(name, '')  # so that the test's own changes are undone
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def on_cpu(monkeypatch):
    """A machine without GPU, and no other ranks to wait for; the calls of init_gloo."""
    calls = []
    monkeypatch.setattr(sys, 'excepthook', sys.excepthook)   # so that the launcher's is undone
    monkeypatch.setattr(launch, 'get_device', lambda: 'cpu')
    monkeypatch.setattr(launch, 'init_gloo', lambda *args, **kwargs: calls.append((args, kwargs)))
    return calls


@pytest.mark.slow
def test_two_ranks_train_save_and_resume_on_a_cpu(tmp_path, warm_python):
    script = tmp_path / 'script.py'
    script.write_text(TRAIN)
    work_dir = str(tmp_path / 'work_dir')
    for epochs, arguments in ((2, [work_dir]), (3, [work_dir, 'resume'])):
        done = subprocess.run(
            ['python', '-m', 'torch.distributed.run', '--nproc-per-node=2',
             '--rdzv-backend=c10d', '--rdzv-endpoint=localhost:0', str(script), *arguments],
            env=os.environ | warm_python,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f'ranks agree after epoch {epochs}' in done.stdout


def test_without_a_launcher_the_config_is_left_as_it_is(on_cpu):
    cfg = Config(dict(launcher='none', env_cfg=dict(dist_cfg=dict(backend='nccl'))))
    prepare_launcher(cfg)
    assert cfg.to_dict() == dict(launcher='none', env_cfg=dict(dist_cfg=dict(backend='nccl')))
    assert on_cpu == []


def test_with_a_gpu_the_config_is_left_as_it_is(on_cpu, monkeypatch):
    monkeypatch.setattr(launch, 'get_device', lambda: 'cuda')
    cfg = Config(dict(launcher='pytorch'))
    prepare_launcher(cfg)
    assert cfg.to_dict() == dict(launcher='pytorch')
    assert on_cpu == []


def test_on_a_cpu_the_wrapper_has_no_device_and_the_timeout_is_kept(on_cpu):
    cfg = Config(
        dict(
            launcher='pytorch',
            find_unused_parameters=True,
            env_cfg=dict(cudnn_benchmark=False, dist_cfg=dict(backend='nccl', timeout=5)),
        )
    )
    prepare_launcher(cfg)
    assert cfg.model_wrapper_cfg == dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=True,
        device_ids=None,
    )
    assert cfg.env_cfg == dict(cudnn_benchmark=False, dist_cfg=dict(backend='gloo', timeout=5))
    assert on_cpu == [(('pytorch',), dict(timeout_sec=5))]


def test_a_wrapper_in_the_config_comes_first(on_cpu):
    cfg = Config(dict(launcher='pytorch', model_wrapper_cfg=dict(broadcast_buffers=True)))
    prepare_launcher(cfg)
    assert cfg.model_wrapper_cfg.broadcast_buffers
    assert cfg.model_wrapper_cfg.device_ids is None


def test_what_slurm_says_becomes_what_torch_reads(no_rank):
    for name, value in zip(launch.RANK_VARIABLES['slurm'], '351', strict=True):
        no_rank.setenv(name, value)
    export_rank('slurm')
    assert [os.environ[name] for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK')] == ['3', '5', '1']
    assert (os.environ['MASTER_ADDR'], os.environ['MASTER_PORT']) == ('127.0.0.1', '29500')


def test_an_address_that_was_given_is_kept(no_rank):
    for name in launch.RANK_VARIABLES['mpi']:
        no_rank.setenv(name, '0')
    no_rank.setenv('MASTER_ADDR', 'host0')
    no_rank.setenv('MASTER_PORT', '1234')
    export_rank('mpi')
    assert (os.environ['MASTER_ADDR'], os.environ['MASTER_PORT']) == ('host0', '1234')


def test_a_launcher_that_did_not_start_the_process_is_named(no_rank):
    with pytest.raises(ValueError, match='--launcher slurm found no SLURM_PROCID.*slurm_train.sh'):
        export_rank('slurm')


def test_an_unknown_launcher_is_named():
    with pytest.raises(ValueError, match="'ssh' is unknown; expected one of pytorch"):
        export_rank('ssh')


@pytest.fixture
def rank_of_two(no_rank):
    """Rank 1 of 2 as torchrun starts it, whose group is not formed; interface_to finds eth7."""
    no_rank.setenv('GLOO_SOCKET_IFNAME', '')   # so that the test's own changes are undone
    no_rank.delenv('GLOO_SOCKET_IFNAME')
    for name, value in (('RANK', '1'), ('WORLD_SIZE', '2'), ('LOCAL_RANK', '0')):
        no_rank.setenv(name, value)
    no_rank.setenv('MASTER_ADDR', 'host0')
    no_rank.setattr(launch, 'interface_to', lambda host: {'host0': 'eth7'}.get(host))
    no_rank.setattr(launch.torch.distributed, 'init_process_group', lambda *args, **kwargs: None)
    no_rank.setattr(launch.atexit, 'register', lambda function: None)
    return no_rank


def test_gloo_takes_the_interface_that_reaches_rank_0(rank_of_two):
    init_gloo('pytorch')
    assert os.environ['GLOO_SOCKET_IFNAME'] == 'eth7'


def test_an_interface_that_was_named_is_kept(rank_of_two):
    rank_of_two.setenv('GLOO_SOCKET_IFNAME', 'ib0')
    init_gloo('pytorch')
    assert os.environ['GLOO_SOCKET_IFNAME'] == 'ib0'


def test_on_one_machine_the_interface_is_left_to_gloo(rank_of_two):
    rank_of_two.setenv('MASTER_ADDR', '127.0.0.1')
    init_gloo('pytorch')
    assert 'GLOO_SOCKET_IFNAME' not in os.environ
    assert interface_to('127.0.0.1') is None


def test_ranks_that_cannot_be_reached_name_the_interface(rank_of_two):
    def refuse(*args, **kwargs):
        raise RuntimeError('Connection refused')
    rank_of_two.setattr(launch.torch.distributed, 'init_process_group', refuse)
    with pytest.raises(RuntimeError, match='interface eth7 .Connection refused.;.* GLOO_SOCKET'):
        init_gloo('pytorch')


@pytest.mark.parametrize('device', ['cpu', 'cuda'])
def test_an_uncaught_error_is_shown_and_left_for_torchrun(on_cpu, monkeypatch, tmp_path, device):
    shown = []
    monkeypatch.setattr(sys, 'excepthook', lambda *args: shown.append(args))
    monkeypatch.setattr(launch, 'get_device', lambda: device)
    monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(tmp_path / 'error.json'))
    prepare_launcher(Config(dict(launcher='pytorch')))
    error = ValueError('no such video')
    sys.excepthook(ValueError, error, None)
    assert shown == [(ValueError, error, None)]
    left = json.loads((tmp_path / 'error.json').read_text())['message']
    assert left['message'] == 'ValueError: no such video'
