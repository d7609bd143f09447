"""Pickles of plain values, arrays and tensors, from which nothing else is ever made.

What MMAction2's `tools/test.py --dump` writes is a pickle, a program that can call anything. Here
its steps are Python's own, in whose memory a step can name no more than the file has; of them only
those are taken that a dump needs, and of calls only `CALLS`, which make values of ours. Each looks
at its arguments, and together they get no more bytes than there are in the file.
"""
from __future__ import annotations

import io
import math
import os
import pickle
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.storage import TypedStorage

from mmlofi.array_files import MAX_BYTES, NUMBERS, TEXT
from mmlofi.compat.pickle_walk import walk
from mmlofi.json_values import brief  # of values that repeat themselves without end, too

GROWTH = 8   # of what is made to the file: bytes from text, numbers from bytes, single from half
# Steps that make or use objects of any class, or sets, which no dump has.
REFUSED_STEPS = ('INST', 'OBJ', 'NEWOBJ', 'NEWOBJ_EX', 'EXT1', 'EXT2', 'EXT4', 'PERSID',
                 'BINPERSID', 'NEXT_BUFFER', 'READONLY_BUFFER', 'EMPTY_SET', 'ADDITEMS',
                 'FROZENSET')


def load_dump(path: str | os.PathLike) -> object:
    """What a pickle holds: lists, tuples and dicts of plain values, with numpy arrays, which its
    tensors become, too.

    Raises:
        ValueError: When it holds anything else, which the message names, or is none.
    """
    with open(path, 'rb') as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f'{path!r} has more than the {MAX_BYTES:,} bytes that are read; expected '
                         'a dump of scores: write it again')
    try:
        return _unwrap(_DumpReader(content).load())
    except _Refused as error:
        raise ValueError(f'{path!r} was not loaded, because it holds {error}; expected tensors, '
                         'arrays and plain values, as tools/test.py --dump of MMAction2 writes '
                         'them') from None
    except Exception as error:   # what a step finds instead of its arguments can be of any kind
        raise ValueError(f'{path!r} cannot be read ({type(error).__name__}: {error}); expected a '
                         'dump of tensors and plain values, whole: write it again') from error


class _Refused(Exception):
    """What is no value."""


class _Marker(NamedTuple):
    """Stands for a class that is an argument, and is never called."""

    name: str


class _Held:
    """An array to be: what there is of it comes in two steps."""

    def __init__(self, values: np.ndarray | None = None) -> None:
        self.values = values

    def fill(self, state: object) -> None:
        """As `ndarray.__setstate__`, from bytes alone."""
        _, shape, dtype, by_columns, content = state
        if not isinstance(dtype, _Type) or not isinstance(content, bytes | bytearray | str):
            raise _Refused('an array of objects')
        content = content.encode('latin1') if isinstance(content, str) else content
        array = np.frombuffer(content, dtype.numpy)
        self.values = array.reshape(shape, order='F' if by_columns else 'C').copy()


class _Type:
    """A type of numbers or text, without fields."""

    def __init__(self, code: object) -> None:
        self.numpy = np.dtype(code) if isinstance(code, str) else np.dtype(object)
        if self.numpy.kind not in NUMBERS + TEXT:
            raise _Refused(f'an array of {brief(code)}')

    def fill(self, state: object) -> None:
        """As `dtype.__setstate__`: the order of bytes."""
        order, *fields = state[1:5]
        if any(fields):
            raise _Refused('an array of records')
        self.numpy = self.numpy.newbyteorder(order)


def _refuse_step(reader: pickle._Unpickler) -> None:
    raise _Refused('objects of classes, or sets')


class _DumpReader(pickle._Unpickler):
    """Python's own, which keeps what steps refer to in a dict; that in C makes a list as long as
    the file says."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.left = GROWTH * len(content)

    def find_class(self, module: str, name: str) -> object:
        """Of `CALLS` and `MARKERS`."""
        if (module, name) in MARKERS:
            return _Marker(name)
        if (module, name) not in CALLS:
            raise _Refused(f'{module}.{name}')
        return CALLS[module, name]

    def load_reduce(self) -> None:
        """A call, of what `find_class` gave."""
        arguments = self.stack.pop()
        if self.stack[-1] not in CALLS.values():
            raise _Refused(f'a call of {brief(self.stack[-1])}')
        self.stack[-1] = self.stack[-1](*arguments)
        self._count(self.stack[-1])

    def load_build(self) -> None:
        """The second step of an array or a type."""
        state = self.stack.pop()
        if not isinstance(self.stack[-1], _Held | _Type):
            raise _Refused(f'a state of a {type(self.stack[-1]).__name__}')
        self.stack[-1].fill(state)
        self._count(self.stack[-1])

    def _count(self, made: object) -> None:
        """Sees that steps which name the same bytes again and again do not fill the memory."""
        values = made.values if isinstance(made, _Held) else made
        self.left -= len(values) if isinstance(values, bytes) else getattr(values, 'nbytes', 0)
        if self.left < 0:
            raise _Refused('the same bytes again and again')

    def load_setitem(self) -> None:
        """A key of a dict, which is hashed: a tuple of tuples without end would crash Python."""
        _check_key(self.stack[-2])
        super().load_setitem()

    def load_setitems(self) -> None:
        """As `load_setitem`."""
        for key in self.stack[::2]:
            _check_key(key)
        super().load_setitems()

    def load_dict(self) -> None:
        """As `load_setitem`."""
        for key in self.stack[::2]:
            _check_key(key)
        super().load_dict()

    dispatch = dict(pickle._Unpickler.dispatch)
    dispatch |= dict.fromkeys((getattr(pickle, name)[0] for name in REFUSED_STEPS), _refuse_step)
    dispatch |= {pickle.REDUCE[0]: load_reduce, pickle.BUILD[0]: load_build,
                 pickle.SETITEM[0]: load_setitem, pickle.SETITEMS[0]: load_setitems,
                 pickle.DICT[0]: load_dict}


def _check_key(key: object) -> None:
    if not isinstance(key, str | int):
        raise _Refused(f'a dict with a {type(key).__name__} as key')


def _encode(text: str, encoding: str) -> bytes:
    """How older pickles write bytes."""
    if encoding != 'latin1':
        raise _Refused(f'a text in {brief(encoding)}')
    return text.encode('latin1')


def _array(kind: object, shape: object, code: object) -> _Held:
    """An array to be, as `numpy.core.multiarray._reconstruct`, and as yet without values."""
    if kind != _Marker('ndarray') or shape != (0,):
        raise _Refused(f'an array of {brief(kind)} and shape {brief(shape)}')
    return _Held()


def _from_buffer(content: object, dtype: object, shape: object, order: str) -> _Held:
    """An array, as newer pickles have it."""
    made = _Held()
    made.fill((1, shape, dtype, order == 'F', content))
    return made


def _scalar(dtype: object, content: object) -> object:
    """A number of numpy's."""
    if not isinstance(dtype, _Type):
        raise _Refused('a number of another type')
    (value,) = np.frombuffer(
        content.encode('latin1') if isinstance(content, str) else content, dtype.numpy)
    return value.item()


def _storage(content: object) -> _Held:
    """The numbers of tensors, in the form that they have in a pickle."""
    if content[:2] == b'PK':   # it may be compressed, without end
        raise _Refused('an archive of tensors')
    too_much = walk(io.BytesIO(content))
    if too_much is not None:
        raise _Refused(too_much)
    found = torch.load(io.BytesIO(content), map_location='cpu', weights_only=True)
    if not isinstance(found, TypedStorage):
        raise _Refused(f'a {type(found).__name__} in the place of the numbers of a tensor')
    numbers = torch.empty(0, dtype=found.dtype).set_(found._untyped_storage)
    return _Held((numbers.float() if numbers.is_floating_point() else numbers).numpy())


def _tensor(storage: object, offset: int, shape: Sequence[int], stride: Sequence[int],
            *unused: object) -> _Held:
    """As `torch._utils._rebuild_tensor_v2`, of numbers that are there."""
    numbers = storage.values
    last = offset + sum((length - 1) * step for length, step in zip(shape, stride, strict=True))
    if (not all(isinstance(one, int) and one >= 0 for one in (offset, *shape, *stride))
            or math.prod(shape) > len(numbers) or math.prod(shape) and last >= len(numbers)):
        raise _Refused(f'a tensor of shape {brief(shape)}, for which it has {len(numbers)} numbers')
    strides = [step * numbers.itemsize for step in stride]
    return _Held(np.lib.stride_tricks.as_strided(numbers[offset:], shape, strides).copy())


def _ordered(*items: object) -> dict:
    """The empty dict that lies beside each tensor."""
    if items:
        raise _Refused('an OrderedDict made of a list')
    return {}


CALLS = {
    ('_codecs', 'encode'): _encode,
    ('collections', 'OrderedDict'): _ordered,
    ('numpy', 'dtype'): lambda code, *unused: _Type(code),
    **{(f'numpy.{core}.multiarray', name): call for core in ('core', '_core')
       for name, call in (('_reconstruct', _array), ('scalar', _scalar))},
    **{(f'numpy.{core}.numeric', '_frombuffer'): _from_buffer for core in ('core', '_core')},
    ('torch.storage', '_load_from_bytes'): _storage,
    ('torch._utils', '_rebuild_tensor_v2'): _tensor}
MARKERS = {('numpy', 'ndarray')}


def _unwrap(value: object) -> object:
    """A list of dicts, in whose values arrays are numpy's; what is none stays as it is."""
    if isinstance(value, list):
        return [{key: one.values if isinstance(one, _Held) else one
                 for key, one in entry.items()} if isinstance(entry, dict) else entry
                for entry in value]
    return value
