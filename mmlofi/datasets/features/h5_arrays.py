"""Arrays of numbers in h5 files that others made.

Only what lies in the file itself is read: no link to another file, no raw data or parts of an array
in other files, which HDF5 would open wherever they are.
"""
from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Sequence
from types import ModuleType

import numpy as np

from mmlofi.array_files import NUMBERS, refuse_bomb


def open_h5(source: str | os.PathLike | io.BytesIO):   # h5py.File, which may not be there
    """An h5 file, for reading.

    Raises:
        ImportError: Without h5py.
        OSError: When it is none.
    """
    # Nothing is written, and network disks often cannot lock.
    lock = {} if isinstance(source, io.BytesIO) else dict(locking=False)
    return _h5py(source).File(source, 'r', **lock)


def find(file: object, name: str):
    """A group or array of a file by its path, '' for the file itself; None where there is none.

    Raises:
        ValueError: When a link leads there.
    """
    node = file
    for part in filter(None, name.split('/')):
        node = _member(node, part)
        if node is None:
            return None
    return node


def first_names(group: object, count: int) -> list[str]:
    """In the order of the alphabet; of many no more are read: all, or their number, take long."""
    names: list[str] = []

    def take(name: bytes) -> bool | None:
        names.append(name.decode(errors='replace'))
        return len(names) == count or None   # anything but None ends it
    group.id.links.iterate(take)
    return names


def read_array(node: object, *, beside: Sequence[str], choose: Callable[[list[str]], str],
               whole: bool) -> tuple[np.ndarray | None, tuple[int, ...], dict]:
    """An array, its shape, and what lies beside it, as attributes or values of its group.

    Args:
        node: Of `find`: an array, or a group that has one.
        beside: Names that are looked for beside the array.
        choose: Says which of a group's names is meant.
        whole: Whether to read the array.

    Raises:
        ValueError: When it is no array of numbers that lies in the file.
    """
    found = _attributes(node, beside)
    if hasattr(node, 'keys'):   # a group, of one array
        found |= {name: _single(_member(node, name), name) for name in beside if name in list(node)}
        node = _member(node, choose([name for name in node if name not in beside]))
        found |= _attributes(node, beside)
    _check_stored(node)
    return node[()] if whole else None, node.shape, found


def _member(group: object, name: str):
    """What no link leads to; None where there is nothing. (`in` would follow a link.)"""
    h5py = _h5py(name)
    link = group.get(name, getlink=True) if hasattr(group, 'keys') else None
    if isinstance(link, h5py.ExternalLink):
        raise ValueError(f'{name!r} is a link to another file, {link.filename!r}')
    if isinstance(link, h5py.SoftLink):
        raise ValueError(f'{name!r} is a link to {link.path!r}')
    return None if link is None else group[name]


def _attributes(node: object, names: Sequence[str]) -> dict:
    found = {}
    for name in names:
        if name in node.attrs:
            _check_single(node.attrs.get_id(name), name)
            found[name] = np.asarray(node.attrs[name]).item()
    return found


def _single(node: object, name: str) -> object:
    """The one number or text of an array."""
    _check_single(node, name)
    if node.is_virtual or node.external:
        raise ValueError(f'{name!r} lies in another file')
    return np.asarray(node[()]).item()


def _check_single(value: object, name: str) -> None:
    """Sees that there is one number, or one text of a fixed length; of other texts HDF5 keeps no
    more than a place in a heap, and when that is damaged it never ends."""
    shape, dtype = getattr(value, 'shape', None), getattr(value, 'dtype', None)
    if shape is None or math.prod(shape) != 1:
        raise ValueError(f'{name!r} is no single value')
    if dtype.kind not in NUMBERS + 'S':
        raise ValueError(f'{name!r} is of type {dtype}, not a number or a text of fixed length, '
                         'numpy.bytes_(text)')


def _check_stored(array: object) -> None:
    """Sees that an array's numbers are in the file."""
    if not hasattr(array, 'chunks') or array.shape is None or array.dtype.kind not in NUMBERS:
        raise ValueError(f'it holds {getattr(array, "dtype", "no array")}, and not numbers')
    if array.is_virtual or array.external:
        raise ValueError('its numbers lie in other files')
    stored = array.id.get_storage_size()
    pieces = 0 if array.chunks is None else math.prod(
        -(-length // piece) for length, piece in zip(array.shape, array.chunks))
    if array.size and not stored or pieces and array.id.get_num_chunks() < pieces:
        raise ValueError('parts of its array were never written')
    refuse_bomb(array.size * array.dtype.itemsize, stored)


def _h5py(path: str | os.PathLike | io.BytesIO) -> ModuleType:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(f'{path!r} is read by h5py, which is not installed; expected it for '
                          'features in h5 files: pip install h5py') from error
    return h5py
