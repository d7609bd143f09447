"""A walk through a checkpoint's pickle before torch reads it, which makes nothing that it calls.

torch refuses what could run. Two things pass it by which a small file can end a process: tuples in
tuples without end, which crash Python where they are a key, and `bytearray`, of as many bytes as
the file says.
"""
from __future__ import annotations

import pickle
import zipfile
from typing import BinaryIO

MAX_DEPTH = 1000          # of tuples in tuples
BEFORE_THE_CONTENT = 3    # pickles in front of it, before torch 1.6


class TooMuch(Exception):
    """What a pickle asks for beyond any checkpoint."""


class _Name:
    """In place of a class, a function, and what it would return."""

    def append(self, *values: object) -> None:
        """Takes what a list, a set or a dict would."""

    extend = add = update = __setitem__ = append


class _Walker(pickle._Unpickler):
    """Python's own steps, without calls."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.depths: dict[int, int] = {}
        self.kept: list[tuple] = []   # so that no number stands for two

    def find_class(self, module: str, name: str) -> _Name:
        """No class."""
        if name == 'bytearray':
            raise TooMuch('a bytearray, of any length')
        return _Name()

    def persistent_load(self, key: object) -> _Name:
        """No storage."""
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
            for name in archive.namelist():
                if name.endswith('.pkl'):
                    with archive.open(name) as content:
                        _Walker(content).load()
    except TooMuch as error:
        return str(error)
    except Exception:   # what torch fails on as well, which has the words for it
        pass
    return None
