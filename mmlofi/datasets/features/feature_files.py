"""Files of snippet features: npz, npy, h5 and csv, one a video or, in h5, one for all.

A video in an h5 file of many is named by a path through it, `features.h5/VIDEO`, as h5py and h5ls
write it. A file may say how it was made, in its header (`feature_header`).

Shape legend: L snippets, C channels.
"""
from __future__ import annotations

import io
import json
import math
import os
import re
from typing import NamedTuple

import numpy as np
from mmengine.fileio import get

from mmlofi.array_files import (
    MAX_BYTES,
    NUMBERS,
    TEXT,
    is_npz,
    look_at_npy,
    open_npz,
    read_npy,
    refuse_bomb,
)
from mmlofi.datasets.features.h5_arrays import find, first_names, open_h5, read_array
from mmlofi.datasets.videos.patience import patiently
from mmlofi.datasets.videos.storage import is_there, on_disk
from mmlofi.files import write_npz

H5 = re.compile(r'(.+?\.(?:h5|hdf5))(?:/(.+))?')
OF_VIDEO = ('duration_sec', 'header', 'covered_sec')   # what lies beside the features


class FeatureFile(NamedTuple):
    """What a file of features holds, by its own account."""

    shape: tuple[int, ...]
    duration_sec: float | None = None   # of the video
    header: dict | None = None          # how the features were made
    covered_sec: float | None = None    # that they stand for; None: the whole duration


def save_features(path: str | os.PathLike, features: np.ndarray, duration_sec: float,
                  header: dict | None = None, covered_sec: float | None = None) -> None:
    """Writes (C, L) snippet features as npz, whole or not at all.

    They lie evenly over the video or, from its start on, over `covered_sec`.
    """
    more = {} if header is None else dict(header=json.dumps(header, sort_keys=True))
    if covered_sec is not None:
        more['covered_sec'] = np.float64(covered_sec)
    write_npz(path, features=features, duration_sec=np.float64(duration_sec), **more)


def read_features(filename: str, backend_args: dict | None = None
                  ) -> tuple[np.ndarray, FeatureFile]:
    """The stored array, and what the file says of it; `backend_args` mean an MMEngine backend.

    Raises:
        FileNotFoundError: When there is no such file, or no such video in it.
        ImportError: For an h5 file without h5py.
        ValueError: When it cannot be read.
    """
    return _load(filename, backend_args, whole=True)


@patiently
def look_at_features(filename: str, backend_args: dict | None = None) -> FeatureFile:
    """What the file says, without reading the array.

    Raises:
        FileNotFoundError, ImportError, ValueError: As `read_features`, as far as can be seen.
    """
    return _load(filename, backend_args, whole=False)[1]


def in_container(path: str) -> tuple[str, str] | None:
    """The h5 file and the name in it, '' for the file itself; None for other paths."""
    found = H5.fullmatch(path)
    if found is None or os.path.isdir(found.group(1)):
        return None
    return found.group(1), found.group(2) or ''


def names_in(container: str) -> frozenset[str]:
    """What an h5 file holds at its top: the names of videos, in a file of many.

    Raises:
        ImportError, ValueError: As `read_features`.
    """
    try:
        with open_h5(container) as file:
            return frozenset(file)
    except OSError as error:
        raise _unreadable(container, error) from error


def _load(filename: str, backend_args: dict | None, *, whole: bool
          ) -> tuple[np.ndarray | None, FeatureFile]:
    path, name = in_container(filename) or (filename, None)
    if not is_there(path, backend_args):
        raise FileNotFoundError(f'no features at {filename!r}; expected one file a video, or an '
                                'h5 file of all: run tools/extract_features.py, or set '
                                '`data_prefix.feature`')
    if name and not on_disk(path, backend_args):
        raise ValueError(f'{path!r} holds the features of many videos and is not on a disk, so '
                         'that each video would transfer them all; expected a file a video, or '
                         'the file on a disk: copy it')
    try:
        source = path if on_disk(path, backend_args) else io.BytesIO(
            get(path, backend_args=backend_args))
        if name is not None:
            return _from_h5(source, name, whole)
        if path.endswith('.csv'):
            return _from_csv(source, whole)
        if is_npz(source):
            return _from_npz(source, whole)
        array = read_npy(source) if whole else None
        return array, FeatureFile(look_at_npy(source).shape if array is None else array.shape)
    except (FileNotFoundError, ImportError):
        raise
    except _Unclear as error:
        raise ValueError(f'{filename!r} {error}') from None
    except Exception as error:   # numpy, zipfile and zlib raise many kinds, some as late as in read
        raise _unreadable(filename, error) from error


def _unreadable(filename: str, error: Exception) -> ValueError:
    return ValueError(f'{filename!r} cannot be read as features ({error}); expected npz, npy, '
                      'h5 or csv: delete it and run tools/extract_features.py again, or get it '
                      'again')


class _Unclear(Exception):
    """Which array of a file is meant."""


def _from_npz(source: str | io.BytesIO, whole: bool) -> tuple[np.ndarray | None, FeatureFile]:
    with open_npz(source) as content:
        key = _the_array([name for name in content.names if name not in OF_VIDEO])
        more = {}
        for name in OF_VIDEO:
            if name in content:
                if content.claim(name, NUMBERS + TEXT).shape:
                    raise ValueError(f'{name!r} is no single value')
                more[name] = content.read(name, NUMBERS + TEXT).item()
        array = content.read(key) if whole else None
        shape = content.claim(key).shape if array is None else array.shape
        return array, FeatureFile(shape, *_of_video(more))


def _from_csv(source: str | io.BytesIO, whole: bool) -> tuple[np.ndarray | None, FeatureFile]:
    """MMAction2's files for localization: names of the columns, then a line a snippet."""
    with open(source, 'rb') if isinstance(source, str) else source as file:
        content = file.read(MAX_BYTES + 1)
    refuse_bomb(len(content), len(content))
    text = io.StringIO(content.decode('utf-8-sig'), newline=None)
    lines = [line.rstrip('\n') for line in text if line.strip()]
    rows = lines[1:] if lines and _are_names(lines[0]) else lines
    if not rows:
        raise ValueError('no line of numbers')
    return (np.loadtxt(rows, np.float32, delimiter=',', comments=None, ndmin=2) if whole else None,
            FeatureFile((len(rows), len(rows[0].split(',')))))


def _are_names(line: str) -> bool:
    """Whether it heads a table: words, or the numbers of the columns as pandas gives them.

    Raises:
        ValueError: For a line of both, of which nobody knows whether it is of a snippet.
    """
    cells = line.lstrip('# ').split(',')   # numpy.savetxt puts a # before names
    numbers = [value for value in map(_number, cells) if value is not None]
    if not numbers and all(map(str.strip, cells)):
        return True
    of_columns = len(cells) > 1 and numbers == list(range(len(cells)))
    if len(numbers) < len(cells) or line.startswith('#') and not of_columns:
        odd = next((cell for cell in cells if _number(cell) is None), line[:20])
        raise ValueError(f'its first line has {odd!r} among numbers; expected numbers, or names of '
                         'all columns')
    return of_columns


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _from_h5(source: str | io.BytesIO, name: str, whole: bool
             ) -> tuple[np.ndarray | None, FeatureFile]:
    with open_h5(source) as file:
        node = find(file, name)
        if node is None:
            raise FileNotFoundError(
                f'{source!r} has no {name!r}, but others such as {first_names(file, 3)}; '
                'expected the features of each video: correct `filename_tmpl`, or drop these '
                'videos from the annotations')
        array, shape, found = read_array(node, beside=OF_VIDEO, choose=_the_array, whole=whole)
        return array, FeatureFile(shape, *_of_video(found))


def _the_array(names: list[str]) -> str:
    if 'features' in names:
        return 'features'
    if len(names) != 1:
        raise _Unclear(f"holds {sorted(names)[:5]}; expected an array named 'features', as "
                       'tools/extract_features.py writes it, or one array alone')
    return names[0]


def _of_video(found: dict) -> tuple[float | None, dict | None, float | None]:
    duration, header, covered = (found.get(name) for name in OF_VIDEO)
    duration, covered = (None if seconds is None else float(seconds)
                         for seconds in (duration, covered))
    if duration is not None and not 0 < duration < math.inf:
        raise ValueError(f'it says that its video lasts {duration} s')
    if covered is not None and not 0 < covered < math.inf:
        raise ValueError(f'it says that its features stand for {covered} s')
    header = None if header is None else json.loads(header)
    if not isinstance(header, dict | None):
        raise ValueError(f'its header is {header!r:.50}, and not a dict')
    return duration, header, covered
