"""The checkpoints that TSP's authors publish, and trainings that start from them."""
from __future__ import annotations

import re
from collections.abc import Mapping

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

THEIRS = re.compile(r'(features|fc[12]?)\.(.+)')


def with_own_names(weights: Mapping[str, object]) -> Mapping[str, object]:
    """Weights of TSP's program under a recognizer's names; those of others as they are.

    There the encoder's are called `features.…` and those of the heads `fc1.…` and `fc2.…`, or
    `fc.…`; here `backbone.…`, and `cls_head.fc1.…` of a `TSPHead`.
    """
    if not any(name.startswith('features.stem.') for name in weights):
        return weights
    return {own_name(name): value for name, value in weights.items()}


def own_name(name: str) -> str:
    """A recognizer's name of a parameter of TSP's program."""
    found = THEIRS.fullmatch(name)
    if found is None:
        return name
    part, rest = found.groups()
    return f'backbone.{rest}' if part == 'features' else f'cls_head.{part}.{rest}'


@HOOKS.register_module()
class TSPCheckpointHook(Hook):
    """Reads what `load_from` names under a recognizer's names, if it is a file of TSP's program.

    Such a file has the weights under `model`. Other checkpoints are left as they are.
    `CheckpointFitHook` then says what fits.
    """

    priority = 'HIGH'   # before the fit is looked at

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Runs when the file has been read, before its weights reach the model."""
        weights = checkpoint.get('model', checkpoint)
        if 'state_dict' in checkpoint or not isinstance(weights, Mapping):
            return
        weights = {name.removeprefix('module.'): value for name, value in weights.items()}
        named = with_own_names(weights)
        if named is not weights:
            checkpoint['state_dict'] = named
            print_log("load_from names a checkpoint of TSP's program", logger='current')
