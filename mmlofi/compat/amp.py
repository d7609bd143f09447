"""mmengine 0.10.7 and 0.11.0rc3: `--amp` stops with an assertion where there is no GPU.

`AmpOptimWrapper` then becomes bfloat16 autocast without loss scaling, which needs none, so that
one config trains on both.
"""
from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmaction.registry import OPTIM_WRAPPERS
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.runner import autocast
from torch import nn


class CPUAmpOptimWrapper(OptimWrapper):
    """bfloat16 autocast on a CPU, with the arguments of MMEngine's `AmpOptimWrapper`.

    `loss_scale`, `dtype` and `use_fsdp` are taken and ignored, float16 with a word: bfloat16 has
    the exponents of float32, so nothing is scaled, and CPU autocast knows no float16 in MMEngine.
    """

    def __init__(
        self,
        *,
        loss_scale: str | float | dict = 'dynamic',
        dtype: str | torch.dtype | None = None,
        use_fsdp: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        if dtype in ('float16', torch.float16):
            print_log('AmpOptimWrapper got dtype=float16, and there is no GPU: training in '
                      'bfloat16', logger='current', level=logging.WARNING)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around the forward pass, inside MMEngine's gradient accumulation context."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield


def wants_gpu() -> bool:
    """Whether MMEngine's wrapper has the fault: it asserts a GPU before it reads its arguments."""
    try:
        AmpOptimWrapper(no_such_argument=None)
    except AssertionError:
        return True
    except TypeError:   # it came as far as its arguments
        return False
    return False


def mend_amp_without_accelerator() -> None:
    """mmengine 0.10.7 and 0.11.0rc3: let `AmpOptimWrapper` mean `CPUAmpOptimWrapper` without a GPU.

    MMAction2's registry is asked before MMEngine's, so the upstream class is left as it is. Does
    nothing where there is an accelerator, or where MMEngine's own wrapper can be built.
    """
    missing = 'AmpOptimWrapper' not in OPTIM_WRAPPERS.module_dict
    if missing and get_device() == 'cpu' and wants_gpu():
        OPTIM_WRAPPERS.register_module(name='AmpOptimWrapper', module=CPUAmpOptimWrapper)
