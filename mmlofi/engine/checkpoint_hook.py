"""Says how much of a checkpoint fits the model, and stops a run that would start from nothing."""
from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmlofi.models.encoders.checkpoint_fit import CheckpointFit, weights_in
from mmlofi.models.encoders.frozen_base import put_back_frozen


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Compares a checkpoint with the model, part by part, before it is loaded.

    MMEngine loads what fits and only logs the rest, so a LoFi training could start from a random
    encoder because `load_from` names a checkpoint of another depth. Here a part of the model, such
    as its backbone, has to fit as a whole or not at all, and some part has to fit. A head that the
    checkpoint does not hold, as in stage 2, starts anew. In a test, and on resuming, nothing may
    start anew, and every part has to fit. Names are compared as the model will read them, where it
    has an `own_name(name)`.

    Raises:
        ValueError: When a part of the model fits only partly, when nothing does, when the
            checkpoint has an encoder and the model's does not fit it, or when, in a test or on
            resuming, it does not give every part.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Runs when the file has been read, before its weights reach the model."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        put_back_frozen(checkpoint, model, getattr(runner, '_load_from', None) or 'the checkpoint')
        own_name = getattr(model, 'own_name', lambda name: name)
        source = getattr(runner, '_load_from', None) or 'the checkpoint'   # found by --resume
        weights = weights_in(checkpoint, source)
        if 'state_dict' not in checkpoint and 'model' in checkpoint:   # MMEngine looks not there
            checkpoint['state_dict'] = weights
        loaded = {own_name(key): value for key, value in weights.items()}
        fit = CheckpointFit.compare(model.state_dict(), loaded)
        whole = _must_be_whole(runner)
        expected = 'every weight of the model, in a test or a resumed run' if whole \
            else 'one of a model with the same settings'
        fit.check(whole=whole, mend=(
            f'{expected}: correct load_from (or --resume, or the checkpoint given to the tool), or '
            "the model's parts, depth and size, or load what fits without this look, by "
            '--cfg-options default_hooks.checkpoint_fit=None'))
        print_log(f'the checkpoint gives {fit.words()}', logger='current')


def _must_be_whole(runner: Runner) -> bool:
    """Whether no part may start anew: on resuming, and in a test, where no train loop is built."""
    loop = runner._train_loop
    return runner._resume or loop is None or isinstance(loop, dict)
