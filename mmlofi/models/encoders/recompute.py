"""Trades memory for time: activations are computed again in the backward pass.

torch's own checkpointing, with two additions: batch norm's running statistics move once, not again
in the second forward pass, and blocks of a backbone are found by MMAction2's `with_cp`.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmlofi.models.encoders.norm import batch_norms


@torch.compiler.disable(recursive=False)
def recompute(function: Callable[..., Tensor], module: nn.Module, *inputs: Tensor,
              **settings: object) -> Tensor:
    """Gives `function(*inputs, **settings)`, whose activations live in the backward pass alone.

    Args:
        module: What the function applies, whose running statistics are to move once.
    """
    return checkpoint(partial(function, **settings), *inputs, use_reentrant=False,
                      context_fn=lambda: (nullcontext(), frozen_statistics(module)))


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
    """Lets blocks that have MMAction2's `with_cp` recompute their activations.

    In place of `with_cp=True`, whose recomputation moves running statistics twice and which torch
    gives up (it does not say `use_reentrant`).

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
    elif not blocks:
        raise ValueError(
            f'checkpointing=True found no block with `with_cp` in {type(backbone).__name__}; '
            'expected a backbone that has it: use chunk_size, which every backbone has, or name '
            "modules in MMEngine's activation_checkpointing=['backbone.layer1', …]")
    for block in blocks:
        block.with_cp = False
        block.forward = partial(recompute, block.forward, block)
