"""Puts something around a method of the host stack, once, however often the mends are applied."""
from __future__ import annotations

from collections.abc import Callable
from functools import wraps

# Of our own: `__wrapped__` is on whatever MMEngine's decorators have wrapped, too.
MARK = '_mmlofi_wrapped'


def wrap_once(owner: type, name: str, wrap: Callable[[Callable], Callable]) -> None:
    """Lets what `wrap` makes of a method take its place, unless it has.

    Args:
        owner: The class that has the method.
        wrap: Gets the method as it is. A method has one such function.
    """
    present = getattr(owner, name)
    if hasattr(present, MARK):   # under another's decorator as well, which `wraps` hands it to
        return
    mended = wraps(present)(wrap(present))
    setattr(mended, MARK, True)
    setattr(owner, name, mended)
