"""EPIC-Kitchens-100 (Damen et al., IJCV 2022): verbs or nouns of everything done in kitchens.

`EPIC_100_train.csv` and `EPIC_100_validation.csv` have a row an action: `video_id`, times as
`00:00:49.15`, `verb_class` and `noun_class`. Their names are in `EPIC_100_verb_classes.csv` and
`EPIC_100_noun_classes_v2.csv`, durations of the videos in `EPIC_100_video_info.csv`. Detectors find
either verbs or nouns, which are two sets of annotations.
"""
from __future__ import annotations

import os
from collections.abc import Mapping

from mmlofi.datasets.annotations.official import Collected, subset_of_file
from mmlofi.datasets.annotations.tables import official_rows, seconds

KINDS = ('verb', 'noun')


def read_epic_kitchens(paths: list[str | os.PathLike], kind: str, video_info: str | os.PathLike,
                       classes: Mapping[int, str] | None = None) -> Collected:
    """All videos that have an action, with their verbs or their nouns.

    Args:
        paths: The csv files of actions.
        kind: 'verb' or 'noun'.
        video_info: The csv file of durations.
        classes: Names by number; None leaves numbers.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When a file cannot be read at all, or for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f'asked for the classes of {kind!r}; expected one of {KINDS}')
    collected, column = Collected(classes), f'{kind}_class'
    durations = _read_durations(video_info, collected.faults)
    for path in paths:
        subset = subset_of_file(path)
        for line, row in official_rows(
                path, ('video_id', 'start_timestamp', 'stop_timestamp', column), collected.faults):
            where, name = f'{path}, line {line}', row['video_id']
            if name not in durations:
                collected.faults.append(f'{where}: the video {name!r} is not in {video_info}')
                continue
            if not row[column].isdecimal():
                collected.faults.append(f'{where}: the {column} {row[column]!r}; expected a number')
                continue
            try:
                start, end = seconds(row['start_timestamp']), seconds(row['stop_timestamp'])
                label = collected.name_of(int(row[column]), row[column])
            except ValueError as error:
                collected.faults.append(f'{where}: {error}')
                continue
            if collected.add_video(where, name, subset, durations[name], again=True):
                collected.add_action(where, name, start, end, label)
    return collected


def _read_durations(path: str | os.PathLike, faults: list[str]) -> dict[str, float]:
    durations = {}
    for line, row in official_rows(path, ('video_id', 'duration'), faults):
        try:
            durations[row['video_id']] = seconds(row['duration'])
        except ValueError as error:
            faults.append(f'{path}, line {line}: the duration: {error}')
    return durations
