"""Arrays of numbers in npy and npz files that others made.

What a file claims is held against what it has before memory is taken for it: a header of a few
bytes can claim an array of petabytes, and a small archive can inflate to gigabytes. Objects, which
numpy stores as pickles that run code, are never read.

    MAX_BYTES     an array may have: 4 GiB, or 145 hours of 2,048 float32 features a second
    MAX_RATIO     of an array's bytes to the compressed ones, where there are more than SURE_BYTES
"""
from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy

MAX_BYTES = 1 << 32
MAX_RATIO, SURE_BYTES = 200, 1 << 26
MAX_HEADER = 10_000   # bytes, as numpy has it
NUMBERS = 'fiub'   # kinds of types: real numbers
TEXT = 'U'
ZIP, NPY = b'PK', npy.MAGIC_PREFIX


class Claim(NamedTuple):
    """What the header of an npy file says."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def num_bytes(self) -> int:
        """Of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


class NpzFile:
    """The arrays of an archive, by name; `open_npz` gives it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._archive = archive
        for member in archive.infolist():
            name = member.filename.removesuffix('.npy')
            if name in self._members:
                raise ValueError(f'it has {name!r} twice')
            self._members[name] = member
            self._open(name).close()   # its own header has to have the name of the list's

    @property
    def names(self) -> list[str]:
        """In the order of the file."""
        return list(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def claim(self, name: str, kinds: str = NUMBERS) -> Claim:
        """Shape and type of an array, which is not read.

        Raises:
            ValueError: As `read_npy`.
        """
        with self._open(name) as file:
            return _read_claim(file, self._members[name].file_size, kinds)

    def read(self, name: str, kinds: str = NUMBERS) -> np.ndarray:
        """An array.

        Raises:
            ValueError: As `read_npy`, and for one that inflates like a bomb.
        """
        refuse_bomb(self.claim(name, kinds).num_bytes, self._members[name].compress_size)
        with self._open(name) as file:
            return npy.read_array(file, allow_pickle=False)

    def _open(self, name: str) -> BinaryIO:
        member = self._members[name]
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f'{name!r} is compressed in another way than numpy does it')
        return self._archive.open(member)


@contextmanager
def open_npz(source: str | os.PathLike | BinaryIO) -> Iterator[NpzFile]:
    """An npz file.

    Raises:
        ValueError, zipfile.BadZipFile: When it is none, or has a name twice.
    """
    with zipfile.ZipFile(source) as archive:
        yield NpzFile(archive)


def read_npy(source: str | os.PathLike | BinaryIO) -> np.ndarray:
    """The array of an npy file.

    Raises:
        ValueError: When it holds something else than numbers, more or fewer of them than its header
            claims, or more than MAX_BYTES.
    """
    with _opened(source) as file:
        _read_claim(file, _size(file))
        file.seek(0)
        return npy.read_array(file, allow_pickle=False)


def look_at_npy(source: str | os.PathLike | BinaryIO) -> Claim:
    """Shape and type of the array of an npy file, which is not read.

    Raises:
        ValueError: As `read_npy`.
    """
    with _opened(source) as file:
        return _read_claim(file, _size(file))


def is_npz(source: str | os.PathLike | BinaryIO) -> bool:
    """Whether a file is an archive, rather than an array by itself.

    Raises:
        ValueError: When it is neither.
    """
    with _opened(source) as file:
        begin = file.read(len(NPY))
        file.seek(0)
    if not begin.startswith((ZIP, NPY)):
        raise ValueError('it is empty' if not begin else f'it begins with {begin!r}, as neither '
                         'npy nor npz files do')
    return begin.startswith(ZIP)


def refuse_bomb(num_bytes: int, stored_bytes: int) -> None:
    """Sees that an array's size is one of features or scores, and of what is stored for it.

    Raises:
        ValueError: For more than MAX_BYTES, or a compression that real numbers never have.
    """
    if num_bytes > MAX_BYTES:
        raise ValueError(f'it claims an array of {num_bytes:,} bytes, more than the {MAX_BYTES:,} '
                         'that are read')
    if num_bytes > max(SURE_BYTES, MAX_RATIO * stored_bytes):
        raise ValueError(f'it would inflate from {stored_bytes:,} bytes to {num_bytes:,}, as no '
                         'real numbers do')


@contextmanager
def _opened(source: str | os.PathLike | BinaryIO) -> Iterator[BinaryIO]:
    """A path as a file that is closed again; a file as it is."""
    if isinstance(source, io.IOBase):
        yield source
        return
    with open(source, 'rb') as file:
        yield file


def _size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _read_claim(file: BinaryIO, size: int, kinds: str = NUMBERS) -> Claim:
    version = npy.read_magic(file)
    length, read = (2, npy.read_array_header_1_0) if version == (1, 0) \
        else (4, npy.read_array_header_2_0)
    if int.from_bytes(file.read(length), 'little') > MAX_HEADER:   # numpy reads it, then looks
        raise ValueError('its header is longer than one of an array of numbers')
    file.seek(-length, os.SEEK_CUR)
    shape, _, dtype = read(file)
    claim = Claim(shape, dtype)
    if dtype.kind not in kinds:
        what = 'objects, which would run code' if dtype.hasobject else f'{dtype}'
        raise ValueError(f'it holds {what}, and not numbers')
    if any(length < 0 for length in shape):
        raise ValueError(f'it claims an array of shape {shape}')
    refuse_bomb(claim.num_bytes, size)
    if file.tell() + claim.num_bytes != size:
        raise ValueError(f'its header claims an array of {claim.num_bytes:,} bytes, where it has '
                         f'{size - file.tell():,}: it is cut off or damaged')
    return claim
