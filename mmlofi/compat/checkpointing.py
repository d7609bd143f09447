"""mmengine 0.10.7 and 0.11.0rc3: `activation_checkpointing` in a config can lose gradients.

MMEngine leaves out `use_reentrant`, and torch's default gives a module no gradient where its input
has none: the first blocks of a backbone, or those after a frozen one, do not learn, with a warning
alone. torch announces that it will refuse such calls, and running statistics move twice.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps

from mmengine.runner import activation_checkpointing
from torch import nn


def wrap_forward(forward: Callable, recompute: Callable) -> Callable:
    """A module's `forward`, whose activations `recompute` computes again in the backward pass."""
    module = getattr(forward, '__self__', None)

    @wraps(forward)
    def wrapper(*args: object, **kwargs: object) -> object:
        return recompute(partial(forward, **kwargs),
                         module if isinstance(module, nn.Module) else nn.Identity(), *args)

    return wrapper


def mend_activation_checkpointing(recompute: Callable) -> None:
    """mmengine 0.10.7 and 0.11.0rc3: checkpoint without torch's reentrant default.

    Does nothing where MMEngine says `use_reentrant` itself.

    Args:
        recompute: Calls its first argument with those after the second, the module that it applies.
    """
    present = activation_checkpointing.wrap_forward
    if isinstance(present, partial) or 'use_reentrant' not in inspect.getsource(present):
        activation_checkpointing.wrap_forward = partial(wrap_forward, recompute=recompute)
