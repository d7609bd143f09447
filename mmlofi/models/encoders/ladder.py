"""AdaTAD's ladder: adapters beside a frozen transformer, through which no gradient flows.

Shape legend: B clips, S·P tokens a clip, E channels.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from mmlofi.models.encoders.recompute import recompute


class Ladder(nn.Module):
    """y = x_last + Σ adapter_i(x_i), of the outputs x_i (B, S·P, E) of some blocks.

    AdaTAD's side variant (Liu et al. 2024): each adapter reads its own block's output, and none has
    a residual of its own. The blocks keep nothing for the backward pass, so memory is that of their
    outputs and the adapters', whatever the depth of the transformer.

    Args:
        adapters: As many as blocks are read, without residual.
    """

    def __init__(self, adapters: Sequence[nn.Module]) -> None:
        super().__init__()
        self.adapters = nn.ModuleList(adapters)

    def stand_beside(self, blocks: nn.ModuleList, read: Sequence[int], *,
                     chunk_size: int | None, checkpointing: bool) -> None:
        """Changes how the blocks are called: without gradient, and the last one adds the ladder.

        Args:
            blocks: Of the transformer, each from tokens to tokens.
            read: The numbers of the blocks whose outputs the adapters read, in their order.
            chunk_size: Clips that go through a block at a time; None: all.
            checkpointing: Whether adapters compute their activations again in the backward pass.
        """
        adapters = dict(zip(read, self.adapters))
        outputs: dict[int, Tensor] = {}
        for i, block in enumerate(blocks):
            block.forward = partial(_without_gradient, block.forward, chunk_size)
            if i in adapters:
                block.forward = partial(_read, block.forward, outputs, i)
        blocks[-1].forward = partial(_add, blocks[-1].forward, outputs, adapters, checkpointing)


def _without_gradient(forward: partial, chunk_size: int | None, x: Tensor) -> Tensor:
    with torch.no_grad():
        if chunk_size is None or chunk_size >= len(x):
            return forward(x)
        first, *others = x.split(chunk_size)
        y = forward(first)
        whole = y.new_empty(len(x), *y.shape[1:])       # filled in, not joined: once in memory
        whole[:chunk_size] = y
        for place, clips in enumerate(others, 1):
            whole[place * chunk_size:][:len(clips)] = forward(clips)
        return whole


def _read(forward: partial, outputs: dict[int, Tensor], i: int, x: Tensor) -> Tensor:
    y = forward(x)
    outputs[i] = _as_layers_take(y)
    return y


def _as_layers_take(x: Tensor) -> Tensor:
    """In the precision to which autocast brings it in the adapter's first layer, if it does: it is
    kept until then, and after it for the backward pass.
    """
    device = x.device.type
    return x.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else x


def _add(forward: partial, outputs: dict[int, Tensor], adapters: dict[int, nn.Module],
         checkpointing: bool, x: Tensor) -> Tensor:
    y = forward(x)
    for number, (i, adapter) in enumerate(adapters.items()):
        call = partial(recompute, adapter) if checkpointing else nn.Module.__call__
        if number:
            y += call(adapter, outputs.pop(i))
        else:      # not in place: the last adapter may read what the last block gave
            y = y + call(adapter, outputs.pop(i))
    return y
