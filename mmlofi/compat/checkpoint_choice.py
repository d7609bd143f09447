"""mmengine 0.10.7 and 0.11.0rc3: each rank looks for the checkpoint to resume by itself.

A file that reaches machines at different moments, or work dirs that are not shared, let ranks go on
from different checkpoints: at other steps, or silently on other weights.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mmengine.runner import FlexibleRunner, Runner

from mmlofi.compat.wrapped_once import wrap_once


def mend_checkpoint_choice(load_together: Callable) -> None:
    """mmengine 0.10.7 and 0.11.0rc3: let rank 0 choose for all, and ranks compare what they have.

    No version asks the other ranks.

    Args:
        load_together: Loads, of a runner and MMEngine's own `load_or_resume`.
    """
    for kind in (Runner, FlexibleRunner):
        wrap_once(kind, 'load_or_resume', partial(_together, load_together=load_together))


def _together(present: Callable, *, load_together: Callable) -> Callable:
    def load_or_resume(self: Runner) -> None:
        load_together(self, present)
    return load_or_resume
