"""mmengine 0.10.7 and 0.11.0rc3: an optimizer without `paramwise_cfg` is given what never trains.

It is given it with `paramwise_cfg` in none of them, with a warning for each parameter.
"""
from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import nn

from mmlofi.compat.wrapped_once import wrap_once


def mend_frozen_parameters() -> None:
    """mmengine 0.10.7 and 0.11.0rc3: give an optimizer the `trained_parameters()` of a model.

    Of models that say them alone: groups of the same size as before let old trainings resume.
    """
    wrap_once(DefaultOptimWrapperConstructor, '__call__', _of_trained_parameters)


def _of_trained_parameters(present: Callable) -> Callable:
    def call(self: DefaultOptimWrapperConstructor, model: nn.Module) -> OptimWrapper:
        inner = getattr(model, 'module', model)
        if not self.paramwise_cfg and hasattr(inner, 'trained_parameters'):
            return present(self, SimpleNamespace(parameters=inner.trained_parameters))
        return present(self, model)
    return call
