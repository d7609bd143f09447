"""A warm-up that ends after its last step, and not in it."""
from __future__ import annotations

from mmengine.optim import LinearLR
from mmengine.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmUpLR(LinearLR):
    """MMEngine's `LinearLR`, whose first step after the warm-up has the whole rate.

    Given in epochs of E steps, MMEngine's reaches it in step E - 1 of the last one. TSP, as
    torchvision's references, divides by E: step i of a warm-up of n steps has the share i / n of
    the way.
    """

    @classmethod
    def build_iter_from_epoch(cls, *args, begin: int = 0, end: int, epoch_length: int,
                              by_epoch: bool = True, **kwargs) -> WarmUpLR:
        """One that goes step by step, from settings in epochs."""
        return cls(*args, begin=begin * epoch_length, end=end * epoch_length + 1, by_epoch=False,
                   **kwargs)
