"""What is refused, and left out, where each rank has a part of the parameters alone.

So have it FSDP and DeepSpeed's ZeRO, which MMEngine's FlexibleRunner brings by `strategy`.
"""
from __future__ import annotations

from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

DEEPSPEED = 'MMDeepSpeedEngineWrapper'   # by name: it is there where DeepSpeed is installed


def is_sharded(model: nn.Module) -> bool:
    """Whether a Runner's model is in a wrapper by which a part alone cannot be called by itself."""
    return isinstance(model, FullyShardedDataParallel) or any(
        kind.__name__ == DEEPSPEED for kind in type(model).__mro__)


def refuse_what_shards_break(runner: Runner) -> None:
    """Fails before the first step, and not with weights that are wrong after the last.

    Raises:
        ValueError: For re-estimated batch norms, running means of weights, checkpoints of trained
            weights alone, and accumulation of DeepSpeed's own, each with what goes instead.
    """
    strategy = getattr(runner, 'strategy', None)
    counts = getattr(strategy, 'config', None) or {}
    counts = counts.get('gradient_accumulation_steps', 1) if isinstance(counts, dict) else 1
    if counts != 1:
        raise ValueError(
            f"DeepSpeed's gradient_accumulation_steps is {counts}, by which an update would mix "
            'fidelities; expected 1: give the fidelities of the cycle a larger batch_size')
    if not is_sharded(runner.model):
        return
    kind, model = type(runner.model).__name__, runner.model.module
    if getattr(getattr(model, 'encoder', None), 'norm', None) == 'reestimated':
        raise ValueError(
            f"the encoder has norm='reestimated' in {kind}, where no rank has all weights to "
            "re-estimate with; expected another: set model.encoder.norm='frozen' or 'running'")
    means = [type(hook).__name__ for hook in runner.hooks if isinstance(hook, EMAHook)]
    if means:
        raise ValueError(f'{means[0]} copies the model of {kind}, whose weights are elsewhere; '
                         'expected no mean of the weights: leave the hook out')
    if any(getattr(hook, 'weights', None) == 'trained' for hook in runner.hooks):
        raise ValueError(
            f"default_hooks.checkpoint.weights='trained' asks for a part of the weights of {kind}; "
            "expected what its strategy writes: set weights='all'")
