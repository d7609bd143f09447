"""Loads the checkpoint that an `init_cfg` names, and stops where it does not fit.

MMEngine loads what fits and logs the rest, and some of MMAction2's backbones (C3D, X3D, TANet,
TimeSformer) do not look at `init_cfg` at all: a training would start from random weights.
"""
from __future__ import annotations

from mmengine.logging import print_log
from mmengine.model import PretrainedInit
from mmengine.runner import CheckpointLoader
from torch import nn

from mmlofi.models.encoders.checkpoint_fit import CheckpointFit, weights_in
from mmlofi.models.encoders.frozen_base import STANDS_ON
from mmlofi.models.encoders.what_trains import is_adapter

MEND = ('one of a model with the same settings: correct init_cfg (its checkpoint, its prefix), or '
        "the model's depth and size")


def is_pretrained(init_cfg: dict | list | None) -> bool:
    """Whether an `init_cfg` names a checkpoint."""
    return isinstance(init_cfg, dict) and init_cfg.get('type') in ('Pretrained', PretrainedInit)


def load_pretrained(model: nn.Module, init_cfg: dict, *, part: str | None = None) -> None:
    """Loads the checkpoint that `init_cfg` names into a model, or whole into one part of it.

    Args:
        model: A localizer; names are compared as it reads them, where it has an `own_name(name)`.
        init_cfg: `dict(type='Pretrained', checkpoint=…, prefix=…)`. For a part, `prefix` is where
            the checkpoint has it, such as 'backbone.'. Left out, it is the part's name, or nothing
            in a checkpoint of the part alone.
        part: Such as 'backbone'.

    Raises:
        ValueError: When a part of the model fits only partly, or nothing does.
    """
    checkpoint = CheckpointLoader.load_checkpoint(init_cfg['checkpoint'], map_location='cpu')
    if isinstance(checkpoint, dict) and STANDS_ON in checkpoint:
        raise ValueError(f'init_cfg names {init_cfg["checkpoint"]}, which holds what was trained '
                         'beside a frozen encoder alone; expected the encoder itself: name that in '
                         'model.backbone.init_cfg, and the other by load_from')
    state = weights_in(checkpoint, init_cfg['checkpoint'])
    prefix = (init_cfg.get('prefix') or '').rstrip('.')
    if part is not None and (prefix or not any(key.startswith(f'{part}.') for key in state)):
        start = f'{prefix}.' if prefix else ''
        state = {f'{part}.{key.removeprefix(start)}' if key.startswith(start) else f'other.{key}':
                 value for key, value in state.items()}
    own_name = getattr(model, 'own_name', lambda name: name)
    own = {key: value for key, value in model.state_dict().items()
           if part is None or key.startswith(f'{part}.')}
    if not any(map(is_adapter, state)):       # those of the model start anew
        own = {key: value for key, value in own.items() if not is_adapter(key)}
    fit = CheckpointFit.compare(own, {own_name(key): value for key, value in state.items()})
    fit.check(whole=part is not None, mend=MEND)
    taken = {key for keys in fit.fits.values() for key in keys}
    model.load_state_dict({key: value for key, value in state.items() if own_name(key) in taken},
                          strict=False)
    print_log(f'init_cfg: {init_cfg["checkpoint"]} gives {fit.words()}', logger='current')
