"""mmengine 0.10.7 and 0.11.0rc3: an optimizer without `paramwise_cfg` is given what never trains.

It is given it with `paramwise_cfg` in none of them, with a warning for each parameter.
"""
from __future__ import annotations

from functools import wraps
from types import SimpleNamespace

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import nn


def mend_frozen_parameters() -> None:
    """mmengine 0.10.7 and 0.11.0rc3: give an optimizer the `trained_parameters()` of a model.

    Of models that say them alone: groups of the same size as before let old trainings resume.
    """
    present = DefaultOptimWrapperConstructor.__call__
    if hasattr(present, '__wrapped__'):
        return

    @wraps(present)
    def call(self: DefaultOptimWrapperConstructor, model: nn.Module) -> OptimWrapper:
        inner = getattr(model, 'module', model)
        if not self.paramwise_cfg and hasattr(inner, 'trained_parameters'):
            return present(self, SimpleNamespace(parameters=inner.trained_parameters))
        return present(self, model)

    DefaultOptimWrapperConstructor.__call__ = call
