"""Trades memory for time: activations are computed again in the backward pass.

torch's own checkpointing, with three additions: batch norm's running statistics move once, not
again in the second forward pass; that pass knows of how many videos its clips are; and blocks of a
backbone are found, by MMAction2's `with_cp` or as those of a transformer.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmlofi.models.encoders.clip_grouping import clips_of, videos_in_call
from mmlofi.models.encoders.norm import batch_norms


@torch.compiler.disable(recursive=False)
def recompute(function: Callable[..., Tensor], module: nn.Module, *inputs: Tensor,
              **settings: object) -> Tensor:
    """Gives `function(*inputs, **settings)`, whose activations live in the backward pass alone.

    Args:
        module: What the function applies, whose running statistics are to move once.
    """
    return checkpoint(partial(function, **settings), *inputs, use_reentrant=False,
                      context_fn=lambda: (nullcontext(), _as_before(module, videos_in_call())))


@contextmanager
def _as_before(module: nn.Module, videos: int | None) -> Iterator[None]:
    with frozen_statistics(module), clips_of(videos):
        yield


@contextmanager
def frozen_statistics(module: nn.Module) -> Iterator[None]:
    """Leaves running statistics as they are, while batches are normalised by their own."""
    norms = [norm for norm in batch_norms(module) if norm.training]
    before = [(norm.momentum, norm.num_batches_tracked.clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, before):
            norm.momentum = momentum
            norm.num_batches_tracked.copy_(count)


def checkpoint_blocks(backbone: nn.Module, *, all_blocks: bool) -> None:
    """Lets blocks recompute their activations: those with `with_cp`, else a transformer's.

    In place of MMAction2's `with_cp=True`, whose recomputation moves running statistics twice and
    which torch gives up (it does not say `use_reentrant`).

    Args:
        backbone: A new one.
        all_blocks: Whether also those without `with_cp=True`.

    Raises:
        ValueError: When all are meant and the backbone has none.
    """
    having = [module for module in backbone.modules()
              if hasattr(module, 'with_cp') and module is not backbone]
    blocks = [module for module in having   # and not the pathways that hold them
              if not any(hasattr(part, 'with_cp') for part in list(module.modules())[1:])]
    if not all_blocks:
        blocks = [block for block in blocks if block.with_cp]
    elif not (blocks := blocks or transformer_blocks(backbone)):
        raise ValueError(
            f'checkpointing=True found no block with `with_cp` in {type(backbone).__name__}, nor '
            "a transformer's; expected a backbone that has them: use chunk_size, which every "
            "backbone has, or name modules in MMEngine's "
            "activation_checkpointing=['backbone.layer1', …]")
    for block in blocks:
        block.with_cp = False                     # its own, where it has one
        block.forward = partial(recompute, block.forward, block)


def transformer_blocks(backbone: nn.Module) -> list[nn.Module]:
    """The outermost modules in rows of their own class that hold layer norms and linear layers."""
    blocks: list[nn.Module] = []
    inside: set[nn.Module] = set()
    for row in backbone.modules():
        if row in inside or not isinstance(row, (nn.ModuleList, nn.Sequential)) or len(row) < 2:
            continue
        if len({type(block) for block in row}) == 1 and all(map(_has_norm_and_linear, row)):
            blocks += row
            inside.update(part for block in row for part in block.modules())
    return blocks


def _has_norm_and_linear(block: nn.Module) -> bool:
    return all(any(isinstance(part, kind) for part in block.modules())
               for kind in (nn.LayerNorm, nn.Linear))
