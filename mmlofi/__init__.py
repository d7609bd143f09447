"""LoFi pre-training of video encoders for temporal action localization, on MMAction2.

Importing it mends known faults of the host stack, then registers everything into
`mmaction.registry`. That loads torch and takes seconds, which programs that only read json need
not: one whose main module says `__mmlofi__ = 'later'` before it imports anything of mmlofi has the
modules below without that, until it imports `mmlofi.registered` itself. So do the tools, and the
command `mmlofi`, which runs them.
"""
import os
import sys

__version__ = '0.1.0'

__all__ = ['Fidelity', 'FidelityCycle', 'FidelitySchedule', 'TALInferencer', 'datasets',
           'detections', 'engine', 'evaluation', 'models', 'pretraining']


def __getattr__(name: str) -> object:
    """The names of `__all__` in a program that registers later: it does so now."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from mmlofi import registered
    return getattr(registered, name)


def _registers_later() -> bool:
    if getattr(sys.modules.get('__main__'), '__mmlofi__', None) == 'later':
        return True
    # As Python was called: a process that another one starts has other words there.
    command = sys.orig_argv[1:3]
    return command == ['-m', 'mmlofi'] or os.path.basename((command or [''])[0]) == 'mmlofi'


if not _registers_later():
    from mmlofi import registered  # noqa: F401
