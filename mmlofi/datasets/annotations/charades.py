"""Charades (Sigurdsson et al., ECCV 2016): 157 classes, several at once in most of 9,848 videos.

The official csv, `Charades_v1_train.csv` and `Charades_v1_test.csv`, has a row a video with
`actions` such as "c092 11.90 21.20;c147 0.00 12.60", empty where there is none, and its `length` in
seconds, which actions run past. The numbered json (`numbered.py`) has the same.
"""
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mmlofi.datasets.annotations.numbered import read_numbered
from mmlofi.datasets.annotations.official import Collected, subset_of_file
from mmlofi.datasets.annotations.tables import official_rows, seconds


def read_charades(paths: list[str | os.PathLike],
                  classes: Mapping[int, str] | None = None) -> Collected:
    """All videos of the json, or of the official csv files.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When a file cannot be read at all.
    """
    collected = Collected(classes)
    for path in map(Path, paths):
        if path.suffix.lower() == '.json':
            read_numbered(path, collected, 'c{:03d}'.format)
            continue
        subset = subset_of_file(path)
        for line, row in official_rows(path, ('id', 'actions', 'length'), collected.faults):
            where = f'{path}, line {line}'
            try:
                length = seconds(row['length'])
            except ValueError as error:
                collected.faults.append(f'{where}: the length: {error}')
                continue
            if collected.add_video(where, row['id'], subset, length):
                for action in filter(None, row['actions'].split(';')):
                    _read_action(where, row['id'], action, collected)
    return collected


def _read_action(where: str, video: str, action: str, collected: Collected) -> None:
    fields = action.split()
    code = re.fullmatch(r'c(\d{3})', fields[0]) if len(fields) == 3 else None
    if not code:
        collected.faults.append(f'{where}: the action {action!r}; expected "c092 11.90 21.20"')
        return
    try:
        collected.add_action(where, video, seconds(fields[1]), seconds(fields[2]),
                             collected.name_of(int(code[1]), fields[0]))
    except ValueError as error:
        collected.faults.append(f'{where}: the action {action!r}: {error}')
