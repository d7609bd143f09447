"""What a checkpoint holds of buffers that differ between ranks, such as running statistics.

Between the ends of epochs, where MMEngine's SyncBuffersHook averages them, each rank's batch norms
follow its own videos. A checkpoint of such a step is used as a model and resumed as a training: its
weights have the mean over ranks, as at an epoch's end, and `rank_buffers` what each rank had, so
that a resumed training goes on exactly. Averaging them in the training itself would make its result
depend on when checkpoints are written.

Shape legend: R ranks.
"""
from __future__ import annotations

from collections.abc import Iterator

import torch
from mmengine.dist import all_gather, all_gather_object, get_rank, get_world_size
from mmengine.hooks import EMAHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from mmlofi.models.encoders.frozen_base import EMA, hash_weights

RANK_BUFFERS = 'rank_buffers'   # in a checkpoint: {'model' or 'mean': {name: (R, …)}}
MODEL, MEAN = 'model', 'mean'   # the model that trains, and the running mean of its weights


def gather_buffers(runner: Runner) -> dict[str, dict[str, Tensor]]:
    """Buffers that differ between ranks, (R, …) each; rank 0 has them, and all have to ask."""
    return {owner: _gather(module) for owner, module in _modules(runner)}


def copy_buffers_to_mean(runner: Runner) -> None:
    """EMAHook copies them after each step, and hooks may have changed the model's since."""
    for hook in _averaging(runner):
        if not hook.ema_model.update_buffers:
            for copied, value in zip(hook.ema_model.module.buffers(), hook.src_model.buffers()):
                copied.copy_(value)


def put_into_checkpoint(gathered: dict[str, dict[str, Tensor]], checkpoint: dict) -> None:
    """Puts the mean over ranks with the weights, and each rank's own beside them."""
    gathered = {owner: buffers for owner, buffers in gathered.items() if buffers}
    if gathered:
        checkpoint[RANK_BUFFERS] = gathered
    averaged = 'ema_state_dict' in checkpoint   # EMAHook saves the mean as the model
    places = {MODEL: ('ema_state_dict', EMA) if averaged else ('state_dict', ''),
              MEAN: ('state_dict', '')}
    for owner, buffers in gathered.items():
        part, prefix = places[owner]
        for name, values in buffers.items():
            if prefix + name in checkpoint[part]:   # else it was left out as frozen
                checkpoint[part][prefix + name] = _mean(values)


def take_from_checkpoint(runner: Runner, checkpoint: dict) -> None:
    """Gives a resumed rank its own, as long as there are as many ranks; else the mean stays.

    After EMAHook has taken mean and model apart, and before the model is loaded.
    """
    saved = checkpoint.get(RANK_BUFFERS) or {}
    for owner, module in _modules(runner):
        for name, values in (saved.get(owner) or {}).items():
            if len(values) != get_world_size():
                continue
            if owner == MODEL:
                checkpoint['state_dict'][name] = values[get_rank()]
            else:
                module.get_buffer(name).copy_(values[get_rank()])


def _modules(runner: Runner) -> Iterator[tuple[str, nn.Module]]:
    yield MODEL, runner.model.module if is_model_wrapper(runner.model) else runner.model
    for hook in _averaging(runner)[:1]:
        yield MEAN, hook.ema_model.module


def _averaging(runner: Runner) -> list[EMAHook]:
    return [hook for hook in runner.hooks if isinstance(hook, EMAHook)]


def _gather(module: nn.Module) -> dict[str, Tensor]:
    if get_world_size() == 1:
        return {}
    buffers = dict(_saved_buffers(module))
    digests = [hash_weights({'': value}) for value in buffers.values()]
    parted = [len(set(of_ranks)) > 1 for of_ranks in zip(*all_gather_object(digests))]
    gathered = {}
    for (name, value), differs in zip(buffers.items(), parted):
        if differs:
            values = all_gather(value)   # NCCL gathers for all ranks alone
            if get_rank() == 0:
                gathered[name] = torch.stack(values).cpu()
    return gathered


def _saved_buffers(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Those that a state dict has, without making one: of shards it would take all ranks' memory.
    """
    for prefix, part in module.named_modules():
        for name, value in part.named_buffers(recurse=False):
            if name not in part._non_persistent_buffers_set:
                yield f'{prefix}.{name}' if prefix else name, value


def _mean(values: Tensor) -> Tensor:
    """Over ranks; of whole numbers, such as counts of batches, rank 0's."""
    return values.mean(0) if values.is_floating_point() else values[0].clone()
