"""Lets a training start from the checkpoints that TSP's authors publish."""
from __future__ import annotations

import re

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

THEIRS = re.compile(r'(?:module\.)?(features|fc[12]?)\.(.+)')


@HOOKS.register_module()
class TSPCheckpointHook(Hook):
    """Reads what `load_from` names under a recognizer's names, if it is a file of TSP's program.

    Such a file has the weights under `model`, those of the encoder called `features.…` and those of
    the heads `fc1.…` and `fc2.…`, or `fc.…`; here they are `backbone.…` and `cls_head.fc1.…`. Other
    checkpoints are left as they are. `CheckpointFitHook` then says what fits.
    """

    priority = 'HIGH'   # before the fit is looked at

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Runs when the file has been read, before its weights reach the model."""
        weights = checkpoint.get('model', checkpoint)
        if 'state_dict' not in checkpoint and any('features.stem' in name for name in weights):
            checkpoint['state_dict'] = {own_name(name): value for name, value in weights.items()}
            print_log("load_from names a checkpoint of TSP's program", logger='current')


def own_name(name: str) -> str:
    """A recognizer's name of a parameter of TSP's program."""
    found = THEIRS.fullmatch(name)
    if found is None:
        return name
    part, rest = found.groups()
    return f'backbone.{rest}' if part == 'features' else f'cls_head.{part}.{rest}'
