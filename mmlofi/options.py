"""Numbers that configs and callers give: refused where they are given, not where they are used."""
from __future__ import annotations

import math
from numbers import Integral, Real


def require_whole(owner: str, *, least: int = 1, **values: object) -> None:
    """Sees that options are whole numbers; true and false are none.

    Args:
        owner: Who got them.
        least: The smallest one that makes sense.
        **values: Options by name.

    Raises:
        ValueError: With the first that is not.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise ValueError(f'{owner} got {name}={value!r}; expected a whole number, {least} or '
                             'more')


def require_number(owner: str, *, least: float | None = None, above: float | None = None,
                   most: float | None = None, **values: object) -> None:
    """Sees that options are finite numbers within bounds; `above` is not one of them itself.

    Raises:
        ValueError: With the first that is not.
    """
    bounds = [f'{word} {bound:g}' for word, bound in (
        ('at least', least), ('above', above), ('at most', most)) if bound is not None]
    for name, value in values.items():
        good = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
        if not good or (least is not None and value < least
                        or above is not None and value <= above
                        or most is not None and value > most):
            raise ValueError(f'{owner} got {name}={value!r}; expected a finite number'
                             + (f', {" and ".join(bounds)}' if bounds else ''))
