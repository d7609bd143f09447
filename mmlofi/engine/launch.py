"""Start a distributed run where there is no GPU: MMEngine's launchers always set a CUDA device.

A Runner leaves a process group alone that exists already, so a tool calls `prepare_launcher(cfg)`
before it builds the Runner. With a GPU, or without a launcher, the config is left as it is.
"""
from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import os
import socket
import struct
import subprocess
import sys
from datetime import timedelta

import torch
import torch.distributed
from mmengine.config import Config
from mmengine.device import get_device
from torch.distributed.elastic.multiprocessing.errors import get_error_handler

# The variables in which each launcher says which rank a process is: rank, world size, local rank.
RANK_VARIABLES = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}

SIOCGIFADDR = 0x8915   # Linux: the address of a network interface


def prepare_launcher(cfg: Config) -> None:
    """Make `cfg.launcher` work on a machine without GPU: gloo, and a wrapper without devices.

    Changes `cfg.env_cfg` and `cfg.model_wrapper_cfg`; `find_unused_parameters` and a timeout in
    `env_cfg.dist_cfg` are kept, and so is a `model_wrapper_cfg` that the config already has.

    Raises:
        ValueError: If the launcher is unknown or did not set its variables.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'pytorch':
        report_errors()
    if launcher == 'none' or get_device() != 'cpu':
        return
    wrapper = dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
        device_ids=None,
    )
    cfg.model_wrapper_cfg = {**wrapper, **(cfg.get('model_wrapper_cfg') or {})}
    env_cfg = cfg.get('env_cfg') or {}
    timeout_sec = (env_cfg.get('dist_cfg') or {}).get('timeout')
    cfg.env_cfg = {**env_cfg, 'dist_cfg': {**(env_cfg.get('dist_cfg') or {}), 'backend': 'gloo'}}
    init_gloo(launcher, timeout_sec=timeout_sec)


def report_errors() -> None:
    """Leave an uncaught exception where torchrun looks for it, so that its report tells of it."""
    show = sys.excepthook

    def report(kind, error, trace):
        show(kind, error, trace)
        try:
            raise error
        except BaseException as raised:   # the handler writes the exception that is being handled
            get_error_handler().record_exception(raised)
    sys.excepthook = report


def init_gloo(launcher: str, *, timeout_sec: float | None = None) -> None:
    """Join the other ranks over gloo; does nothing if this process has joined already.

    Raises:
        RuntimeError: If the others cannot be reached.
        ValueError: If the launcher is unknown or did not set its variables.
    """
    if torch.distributed.is_initialized():
        return
    export_rank(launcher)
    # By itself gloo takes the interface of the host name, on many machines the loopback: there the
    # ranks of other machines find nobody.
    interface = os.environ.get('GLOO_SOCKET_IFNAME') or interface_to(os.environ['MASTER_ADDR'])
    if interface is not None:
        os.environ['GLOO_SOCKET_IFNAME'] = interface
    timeout = None if timeout_sec is None else timedelta(seconds=timeout_sec)
    try:
        torch.distributed.init_process_group('gloo', timeout=timeout)
    except RuntimeError as error:
        raise RuntimeError(
            f'rank {os.environ["RANK"]} could not join the others over the network interface '
            f'{interface or "of the host name"} ({error}); expected the one between the machines: '
            'set GLOO_SOCKET_IFNAME to its name on each (`ip addr` lists them)'
        ) from error
    atexit.register(leave_group)


def leave_group() -> None:
    """Leave the process group before the interpreter ends, and join gloo's threads.

    A thread that still frees a tensor while Python shuts down aborts the process, and torchrun
    calls a complete run a failure. Threads end with the last reference to their group, so a script
    must not keep its model until then (in a global variable, say).
    """
    gc.collect()   # a Runner is full of cycles, and its wrapped model holds the group
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def export_rank(launcher: str) -> None:
    """Write what a launcher says about this rank into the variables that torch reads.

    Raises:
        ValueError: If the launcher is unknown or did not set its variables.
    """
    if launcher not in RANK_VARIABLES:
        raise ValueError(
            f'launcher {launcher!r} is unknown; expected one of {", ".join(RANK_VARIABLES)} or none'
        )
    missing = [name for name in RANK_VARIABLES[launcher] if name not in os.environ]
    if missing:
        raise ValueError(
            f'--launcher {launcher} found no {", ".join(missing)} in the environment; expected a '
            'process started by torchrun, srun or mpirun: start it with tools/dist_train.sh or '
            'tools/slurm_train.sh, or leave out --launcher'
        )
    for target, name in zip(RANK_VARIABLES['pytorch'], RANK_VARIABLES[launcher]):
        os.environ[target] = os.environ[name]
    os.environ.setdefault('MASTER_PORT', '29500')
    if 'MASTER_ADDR' not in os.environ:
        os.environ['MASTER_ADDR'] = first_host(launcher)


def first_host(launcher: str) -> str:
    """The host of rank 0 where nobody named it: asked of Slurm, else this machine."""
    nodes = os.environ.get('SLURM_NODELIST')
    if launcher != 'slurm' or not nodes:
        return '127.0.0.1'
    listing = subprocess.run(
        ['scontrol', 'show', 'hostnames', nodes], check=True, capture_output=True, text=True
    )
    return listing.stdout.split()[0]


def interface_to(host: str) -> str | None:
    """The name of the interface that reaches `host` by IPv4; None for this machine's loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))   # sends nothing, but looks up the route
        except OSError:
            return None
        address = probe.getsockname()[0]
        if address.startswith('127.'):
            return None
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):   # an interface without an address
                found = fcntl.ioctl(probe, SIOCGIFADDR, struct.pack('256s', name.encode()))
                if socket.inet_ntoa(found[20:24]) == address:
                    return name
    return None
