"""MultiTHUMOS (Yeung et al., IJCV 2018): 65 classes in THUMOS14's videos, about 11 in each.

The official download has a text file a class, `annotations/HighJump.txt`, of lines ::

    video_test_0000896 18.6 24.8

without durations: those are read from the videos. The subset is in the names of the videos, where
THUMOS14's "validation" is what all train on. In the numbered json (`numbered.py`) the same actions
have durations, and numbers that a `class_list.txt` names: 1 to 20 are THUMOS14's classes in the
order of the alphabet, and a list in another order is refused.
"""
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mmlofi.datasets.annotations.numbered import read_numbered
from mmlofi.datasets.annotations.official import Collected
from mmlofi.datasets.annotations.tables import read_text, seconds

_NO_CLASSES = {'class_list', 'readme'}   # other text files of the download
_NUMBERS = {1: 'BaseballPitch', 12: 'HighJump', 20: 'VolleyballSpiking'}   # of the json
_SUBSETS = {'validation': 'training', 'test': 'testing'}


def read_multithumos(paths: list[str | os.PathLike],
                     classes: Mapping[int, str] | None = None) -> Collected:
    """All videos of the json, or of the official text files or their folder.

    Raises:
        FileNotFoundError: When there is no such file, or none in a folder.
        ValueError: When a file cannot be read at all.
    """
    collected = Collected(classes)
    for path in map(Path, paths):
        if path.suffix.lower() == '.json':
            _check_numbers(classes)
            read_numbered(path, collected, str)
            continue
        for file in class_files(path) if path.is_dir() else [path]:
            _read_class(file, collected)
    return collected


def _check_numbers(classes: Mapping[int, str] | None) -> None:
    """Refuses a whole list whose numbers are others than the json's: all labels would be wrong."""
    if classes is None or len(classes) < 65:
        return
    for number, name in _NUMBERS.items():
        if classes.get(number) != name:
            raise ValueError(f'the list of classes has {classes.get(number)!r} at {number}, the '
                             f'json {name!r}; expected the list that goes with it, from 1 on and '
                             "THUMOS14's 20 classes first")


def class_files(folder: Path) -> list[Path]:
    """The files of classes in a folder, or in the `annotations` inside it.

    Raises:
        FileNotFoundError: When there is none.
    """
    inner = folder / 'annotations'
    found = sorted(path for path in (inner if inner.is_dir() else folder).glob('*.txt')
                   if path.stem.lower() not in _NO_CLASSES)
    if not found:
        raise FileNotFoundError(f'{folder} has no text file; expected one a class, such as '
                                'HighJump.txt')
    return found


def _read_class(path: Path, collected: Collected) -> None:
    for place, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        where, fields = f'{path}, line {place}', line.split()
        subset = re.match('video_(validation|test)_', fields[0])
        if len(fields) != 3 or not subset:
            collected.faults.append(f'{where}: {line.strip()!r}; expected "video start end", of a '
                                    'video_validation_… or a video_test_…')
            continue
        try:
            start, end = map(seconds, fields[1:])
        except ValueError as error:
            collected.faults.append(f'{where}: {error}')
            continue
        if collected.add_video(where, fields[0], _SUBSETS[subset[1]], again=True):
            collected.add_action(where, fields[0], start, end, path.stem)
