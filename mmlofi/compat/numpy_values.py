"""Numbers of numpy in a checkpoint, made here and not by what a pickle calls.

numpy's own steps take a program's word for all that they do: a type of numbers may be called one of
objects, whose bytes are then addresses, and an array may be as large as the file says.
"""
from __future__ import annotations

from pickle import UnpicklingError

import numpy as np

NUMERIC = 'biufc'   # kinds of numpy's: bool, signed, unsigned, float, complex
INTERNALS = [f'numpy.{core}.multiarray' for core in ('core', '_core')]   # before numpy 2, since


class HeldType:
    """Stands for `numpy.dtype`: one of the `NUMERIC`, of which a pickle says the order of bytes."""

    def __init__(self, code: object, align: bool = False, copy: bool = False) -> None:
        self.numpy = np.dtype(code) if isinstance(code, str) else None
        if self.numpy is None or self.numpy.kind not in NUMERIC:
            raise _refused(f'dtype({code!r:.80})')

    def __setstate__(self, state: tuple) -> None:
        _, order, *fields = state[:5]
        if order not in ('<', '>', '=', '|') or any(fields):
            raise _refused('dtype, of records')
        self.numpy = self.numpy.newbyteorder(order)


class HeldArray(np.ndarray):
    """Stands for `numpy.ndarray`: what a pickle makes an array of are its own bytes."""

    def __new__(cls, *arguments: object) -> HeldArray:
        """Of none: `reconstruct` makes it, and `__setstate__` fills it.

        Raises:
            UnpicklingError: With any.
        """
        if arguments:
            raise _refused('ndarray, a call of it')
        return super().__new__(cls, (0,), np.uint8)

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, by_columns, content = state
        if not isinstance(kind, HeldType) or not isinstance(content, bytes):
            raise _refused('ndarray, of objects')
        if len(content) != kind.numpy.itemsize * int(np.prod([int(side) for side in shape],
                                                             dtype=object)):
            raise _refused(f'ndarray, {len(content)} bytes for one {shape!r:.80}')
        super().__setstate__((1, shape, kind.numpy, bool(by_columns), content))

    def __reduce__(self) -> tuple:
        """As one of numpy's, as which it is written."""
        return self.view(np.ndarray).__reduce__()


def reconstruct(kind: object, shape: object, code: object) -> HeldArray:
    """Stands for `numpy.core.multiarray._reconstruct`.

    Raises:
        UnpicklingError: For anything but an array without values as yet.
    """
    if kind is not HeldArray or shape != (0,):
        raise _refused(f'_reconstruct, of {shape!r:.80}')
    return HeldArray()


def scalar(kind: object, content: object) -> np.generic:
    """Stands for `numpy.core.multiarray.scalar`.

    Raises:
        UnpicklingError: For anything but the bytes of one number.
    """
    if not isinstance(kind, HeldType) or not isinstance(content, bytes) \
            or len(content) != kind.numpy.itemsize:
        raise _refused('scalar, of an object')
    return np.frombuffer(content, kind.numpy)[0]


def numpy_types() -> list[tuple[object, str]]:
    """For torch's `safe_globals`: what stands for which name."""
    return [(HeldArray, 'numpy.ndarray'), (HeldType, 'numpy.dtype'),
            *((function, f'{module}.{name}') for module in INTERNALS
              for name, function in (('_reconstruct', reconstruct), ('scalar', scalar)))]


def _refused(what: str) -> UnpicklingError:
    return UnpicklingError(f'GLOBAL numpy.{what} was not allowed')
