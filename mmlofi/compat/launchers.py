"""mmengine 0.10.7 and 0.11.0rc3: every launcher stops with an error where there is no GPU.

MMEngine sets a CUDA device for each rank and wraps the model for one. mmlofi's own tools go around
it by `prepare_launcher`; this lets any program of MMEngine's run under torchrun, Slurm or MPI, such
as MMAction2's `tools/train.py`, with a config whose `custom_imports` name mmlofi.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta

import mmengine.dist.utils
from mmengine.device import get_device
from mmengine.model import MMDistributedDataParallel
from torch import nn

LAUNCHERS = ('pytorch', 'slurm', 'mpi')
wrap_for_devices = MMDistributedDataParallel.__init__


def start_over_gloo(launcher: str, init_gloo: Callable) -> Callable[..., None]:
    """What `init_dist` calls for this launcher; its timeout alone is kept.

    The backend that a config names (MMAction2's: nccl) needs GPUs, and rank, world size and address
    are what the launcher says.
    """

    def start(backend: str, *, timeout: timedelta | None = None, **kwargs: object) -> None:
        init_gloo(launcher, timeout_sec=None if timeout is None else timeout.total_seconds())

    return start


@functools.wraps(wrap_for_devices)
def wrap_without_devices(
    self: MMDistributedDataParallel, module: nn.Module, *args: object, **kwargs: object
) -> None:
    """Wrap a model on the CPU, for which torch refuses the `device_ids` that a Runner passes."""
    wrap_for_devices(self, module, *args, **{**kwargs, 'device_ids': None})


def mend_launchers_without_accelerator(init_gloo: Callable) -> None:
    """mmengine 0.10.7 and 0.11.0rc3: let ranks meet over gloo, and models have no device.

    Does nothing where there is an accelerator. Without one no version of MMEngine has a launcher
    that works, whatever the config says, so nothing is lost by not asking for the version.

    Args:
        init_gloo: Makes ranks meet, of a launcher's name and `timeout_sec`.
    """
    if get_device() != 'cpu':
        return
    for launcher in LAUNCHERS:
        setattr(mmengine.dist.utils, f'_init_dist_{launcher}', start_over_gloo(launcher, init_gloo))
    MMDistributedDataParallel.__init__ = wrap_without_devices
