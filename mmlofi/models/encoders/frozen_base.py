"""Checkpoints of what trains alone, and the frozen weights that they stand on."""
from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from mmengine.logging import MMLogger
from torch import Tensor, nn

from mmlofi.models.encoders.what_trains import is_adapter

STANDS_ON = 'stands_on'   # in such a checkpoint: the digest of the weights, and where they are from
EMA = 'module.'           # before a name in MMEngine's `ema_state_dict`
SHOWN = 12                # signs of a digest in a message


def hash_weights(weights: Mapping[str, Tensor], settings: str = '') -> str:
    """A digest of weights, their names and shapes, in the order of the names, and of settings."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(f'{name} {tuple(value.shape)} {value.dtype}'.encode())
        digest.update(value.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    digest.update(settings.encode())
    return digest.hexdigest()


def frozen_weights(model: nn.Module) -> dict[str, Tensor]:
    """Those of a localizer's backbone, by their names in it, without its adapters."""
    return {name: value for name, value in model.state_dict().items()
            if name.startswith('backbone.') and not is_adapter(name)}


def leave_out_frozen(checkpoint: dict, stands_on: Mapping[str, str]) -> None:
    """Takes the frozen weights out of a checkpoint that is about to be saved.

    Args:
        stands_on: Their `sha256`, and their `source` in words.
    """
    checkpoint[STANDS_ON] = dict(stands_on)
    for key, start in (('state_dict', ''), ('ema_state_dict', EMA)):
        if key in checkpoint:
            checkpoint[key] = {name: value for name, value in checkpoint[key].items() if is_adapter(
                name) or not name.startswith(f'{start}backbone.')}


def put_back_frozen(checkpoint: object, model: nn.Module, source: str) -> None:
    """Completes a checkpoint of what trains alone by the frozen weights of a model, in place.

    The model first loads what its config names, if it has not. Other checkpoints stay as they are.

    Args:
        model: A localizer.
        source: What to call the checkpoint in an error.

    Raises:
        ValueError: When its frozen weights are others than those that it was trained on.
    """
    if not isinstance(checkpoint, dict) or STANDS_ON not in checkpoint:
        return
    stands_on = checkpoint[STANDS_ON]
    with _no_line_for_each_weight():
        model.init_weights()
    frozen = frozen_weights(model)
    wanted, found = str(stands_on['sha256']), hash_weights(frozen)
    if found != wanted:
        raise ValueError(
            f'{source} holds what was trained, and stands on an encoder with weights '
            f'{wanted[:SHOWN]} ({stands_on["source"]}); the model has {found[:SHOWN]}; expected '
            "those: set model.backbone.init_cfg=dict(type='Pretrained', checkpoint=…) to that file "
            "and the backbone's settings as in its training, or take a checkpoint of all weights, "
            "saved by default_hooks.checkpoint.weights='all'")
    del checkpoint[STANDS_ON]
    for key, start in (('state_dict', ''), ('ema_state_dict', EMA)):
        if key in checkpoint:
            checkpoint[key].update({start + name: value.clone() for name, value in frozen.items()})


@contextmanager
def _no_line_for_each_weight() -> Iterator[None]:
    """MMEngine logs how each weight was initialised; here most are replaced at once."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
