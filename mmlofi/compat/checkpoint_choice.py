"""mmengine 0.10.7 and 0.11.0rc3: each rank looks for the checkpoint to resume by itself.

A file that reaches machines at different moments, or work dirs that are not shared, let ranks go on
from different checkpoints: at other steps, or silently on other weights.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from mmengine.runner import FlexibleRunner, Runner


def mend_checkpoint_choice(load_together: Callable) -> None:
    """mmengine 0.10.7 and 0.11.0rc3: let rank 0 choose for all, and ranks compare what they have.

    No version asks the other ranks.

    Args:
        load_together: Loads, of a runner and MMEngine's own `load_or_resume`.
    """
    for kind in (Runner, FlexibleRunner):
        present = kind.load_or_resume
        if not hasattr(present, '__wrapped__'):
            kind.load_or_resume = _together(present, load_together)


def _together(present: Callable, load_together: Callable) -> Callable:
    @wraps(present)
    def load_or_resume(self: Runner) -> None:
        load_together(self, present)
    return load_or_resume
