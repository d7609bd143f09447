"""mmengine up to 0.11: None leaves out no default hook but MMEngine's own.

Its Runner says that a hook whose config is None is left out, but for a name that it does not know
itself, such as `checkpoint_fit`, it stops with a bare AssertionError.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping

from mmengine.runner import Runner
from mmengine.runner._flexible_runner import FlexibleRunner

from mmlofi.compat.wrapped_once import wrap_once

# Those that a Runner has by itself, of which it has to be told that they are left out.
OF_MMENGINE = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')


def mend_default_hooks() -> None:
    """Let `default_hooks=dict(NAME=None)` leave out any hook, in both of MMEngine's Runners."""
    for runner in (Runner, FlexibleRunner):
        wrap_once(runner, 'register_default_hooks', _without_none)


def _without_none(present: Callable) -> Callable:
    def register_default_hooks(self: Runner, hooks: Mapping | None = None) -> None:
        present(self, hooks and {name: hook for name, hook in hooks.items()
                                 if hook is not None or name in OF_MMENGINE})
    return register_default_hooks
