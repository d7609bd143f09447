"""Lets MMAction2's TIN run without mmcv's compiled operators, and on a CPU.

Shape legend: N snippets, T frames, C channels in 2·G groups that are shifted alike.
"""
from __future__ import annotations

import sys

import torch
from torch import Tensor, nn


def shift_frames(data: Tensor, offset: Tensor) -> Tensor:
    """Moves each group of channels later by its offset, between frames by linear interpolation.

    Temporal Interlacing Network (AAAI 2020), section 3.2. Frames from outside are zero. It replaces
    MMAction2's `linear_sampler`, which wants an operator of the full mmcv that is written for GPUs
    alone, and gives gradients to both arguments as that does.

    Args:
        data: (N, T, C, H, W).
        offset: (N, groups) frames; C is a multiple of groups.
    """
    N, T, C, H, W = data.shape
    groups = offset.shape[1]
    whole = offset.detach().floor().long()                                     # (N, groups)
    part = (offset - whole).view(N, 1, groups, 1, 1).to(data.dtype)
    grouped = data.reshape(N, T, groups, C // groups, H * W)
    moved = (1 - part) * _move(grouped, whole) + part * _move(grouped, whole + 1)
    return moved.reshape(N, T, C, H, W)


def _move(data: Tensor, offset: Tensor) -> Tensor:
    """out[n, t, g] = data[n, t - offset[n, g], g], zero outside; data (N, T, G, c, H·W)."""
    T = data.shape[1]
    source = torch.arange(T, device=data.device)[None, :, None] - offset[:, None, :]  # (N, T, G)
    inside = (source >= 0) & (source < T)
    index = source.clamp(0, T - 1)[..., None, None].expand(-1, -1, -1, *data.shape[3:])
    return data.gather(1, index) * inside[..., None, None]


def mend_tin(backbone: nn.Module) -> None:
    """Gives MMAction2's TIN `shift_frames`, where mmcv's operator is absent or data is on a CPU."""
    for parent in type(backbone).__mro__:
        module = sys.modules[parent.__module__]
        if parent.__name__ == 'ResNetTIN' and not hasattr(module.linear_sampler, 'without_mmcv'):
            module.linear_sampler = _choose(module.linear_sampler)


def _choose(compiled):
    try:
        from mmcv.ops import tin_shift  # noqa: F401
    except ImportError:
        compiled = None

    def linear_sampler(data: Tensor, offset: Tensor) -> Tensor:
        if compiled is not None and data.is_cuda:
            return compiled(data, offset)
        return shift_frames(data, offset)
    linear_sampler.without_mmcv = True
    return linear_sampler
