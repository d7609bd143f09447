"""A walk through a checkpoint's pickle before torch reads it, which makes nothing that it calls.

torch refuses what could run. What passes it, and lets a small file end a process: tuples in tuples
without end, which crash Python where they are a key; `bytearray`, of as many bytes as the file
says; and storages that are said to be larger than their records, behind which older versions of
torch read on in memory.
"""
from __future__ import annotations

import pickle
import zipfile
from typing import BinaryIO

MAX_DEPTH = 1000          # of tuples in tuples
BEFORE_THE_CONTENT = 3    # pickles in front of it, before torch 1.6
# Of a value in a storage; 1 in others, and in those without a type, which count bytes.
ITEM_BYTES = dict(
    HalfStorage=2, BFloat16Storage=2, ShortStorage=2, FloatStorage=4, IntStorage=4, QInt32Storage=4,
    DoubleStorage=8, LongStorage=8, ComplexFloatStorage=8, ComplexDoubleStorage=16)


class TooMuch(Exception):
    """What a pickle asks for beyond any checkpoint."""


class _Name:
    """In place of a class, a function, and what it would return."""

    def __init__(self, name: str = '') -> None:
        self.name = name

    def append(self, *values: object) -> None:
        """Takes what a list, a set or a dict would."""

    extend = add = update = __setitem__ = append


class _Walker(pickle._Unpickler):
    """Python's own steps, without calls."""

    def __init__(self, file: BinaryIO, records: dict[str, int] | None = None) -> None:
        super().__init__(file)
        self.records = records   # bytes of each storage, by name
        self.depths: dict[int, int] = {}
        self.kept: list[tuple] = []   # so that no number stands for two

    def find_class(self, module: str, name: str) -> _Name:
        """No class."""
        if name == 'bytearray':
            raise TooMuch('a bytearray, of any length')
        return _Name(name)

    def persistent_load(self, key: object) -> _Name:
        """No storage, but a look at its size."""
        if self.records is not None:
            _, kind, name, _, count = key
            stored = self.records.get(name, 0)
            if not isinstance(count, int) or count * ITEM_BYTES.get(kind.name, 1) > stored:
                raise TooMuch(f'a storage of {count!r:.40} values in {stored:,} bytes')
        return _Name()

    def load_reduce(self) -> None:
        """A call that is none."""
        self.stack.pop()
        self.stack[-1] = _Name()

    def load_build(self) -> None:
        """The second step of an object."""
        self.stack.pop()

    def _count(self) -> None:
        made = self.stack[-1]
        depth = 1 + max((self.depths.get(id(one), 1) for one in made if type(one) is tuple),
                        default=0)
        if depth > MAX_DEPTH:
            raise TooMuch(f'tuples nested more than {MAX_DEPTH} deep')
        if depth > 1:
            self.depths[id(made)] = depth
            self.kept.append(made)

    dispatch = dict(pickle._Unpickler.dispatch)
    dispatch |= {pickle.REDUCE[0]: load_reduce, pickle.NEWOBJ[0]: load_reduce,
                 pickle.BUILD[0]: load_build}


def _counted(step):
    def run(walker: _Walker) -> None:
        step(walker)
        walker._count()
    return run


for _name in (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3):
    _Walker.dispatch[_name[0]] = _counted(_Walker.dispatch[_name[0]])


def walk(file: BinaryIO) -> str | None:
    """What a checkpoint's pickles ask for beyond any checkpoint; None of others, and of no pickles.

    Args:
        file: Open, and read from its start.
    """
    try:
        file.seek(0)
        if not zipfile.is_zipfile(file):
            file.seek(0)
            for _ in range(BEFORE_THE_CONTENT + 1):
                _Walker(file).load()
            return None
        with zipfile.ZipFile(file) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            for name in sizes:
                start = name.removesuffix('data.pkl')
                if start != name:
                    data = f'{start}data/'
                    records = {other.removeprefix(data): size for other, size in sizes.items()
                               if other.startswith(data)}
                    with archive.open(name) as content:
                        _Walker(content, records).load()
    except TooMuch as error:
        return str(error)
    except Exception:   # what torch fails on as well, which has the words for it
        pass
    return None
