"""State events of BORIS: its projects (.boris), and its aggregated events (.tsv, .csv).

A project (boris/config.py, project_functions.py; tests/files/test.boris of BORIS 9)::

    {"behaviors_conf": {"0": {"type": "State event", "code": "pour", …}},
     "observations": {"monday": {
        "type": "MEDIA", "file": {"1": ["/x/a.mp4", "b.mp4"], "2": []}, "time offset": 0.0,
        "media_info": {"length": {"/x/a.mp4": 12.0, "b.mp4": 9.5}, "offset": {"1": 0.0, …}, …},
        "events": [[1.8, "subject", "pour", "modifiers", "comment", 45], …]}}}

A state begins at one event and ends at the next of the same subject, behaviour and modifiers. The
media of a player are played one after another and times run on: an event of `time` is in the file
that holds `time` minus "time offset" once the lengths before it are taken off, which BORIS cuts to
whole milliseconds (event2media_file_name; events_snapshots.py takes off the offset). With
"media_creation_date_as_offset" times count from when each file was made instead, as
`media_creation_time` of "media_info" has it. A state that goes on in the next file is a segment of
both. The other players (up to 8) show the same at the same time; the first one's files are
labelled.

The aggregated export (export_observation.py, export_aggregated_events) has a row a state, with the
media of the queue in "Source" and their lengths in "Media duration (s)". Before BORIS 8 it had
neither, and its rows can be read where an observation has a single file.
"""
from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mmlofi.datasets.annotations.labelling.rows import Labels
from mmlofi.datasets.annotations.labelling.video_folder import path_name
from mmlofi.datasets.annotations.tables import delimiter_of, read_text
from mmlofi.json_values import brief, number

COLUMNS = ('Observation id', 'Behavior', 'Behavior type', 'Start (s)', 'Stop (s)')
STATES = ('State event', 'State event with coding map')


class Media(NamedTuple):
    """A file of a queue, and the times of it that an observation counts."""

    name: str
    start_sec: float
    end_sec: float


def is_boris(content: object) -> bool:
    """Whether json looks like a project."""
    return isinstance(content, dict) and all(
        isinstance(content.get(key), dict) for key in ('behaviors_conf', 'observations'))


def read_boris(content: dict, labels: Labels, *, prefix: str = '') -> None:
    """Adds the states of all observations; a behaviour is a source and a class.

    Args:
        content: Of the project.
        prefix: Before each place in a message, such as the file's name.
    """
    states: set[str] = set()
    with labels.faults_of(f'{prefix}behaviors_conf', 'BORIS'):
        states = {one['code'] for one in content['behaviors_conf'].values()
                  if one['type'] in STATES}
    for name, observation in content['observations'].items():
        where = f'{prefix}observation {name!r}'
        with labels.faults_of(where, 'BORIS'):
            _read_observation(where, observation, states, labels)


def _read_observation(where: str, observation: dict, states: set[str], labels: Labels) -> None:
    if observation.get('type') != 'MEDIA':
        labels.left_over['observations without media'] += 1
        return
    queue = _queue(observation)
    for media in queue:
        labels.videos.setdefault(media.name, where)
    labels.left_over['files of other players'] += sum(
        len(files) for player, files in observation['file'].items() if player != '1')
    for behaviour, start, end in _states(observation['events'], states, labels):
        _spread(where, queue, behaviour, start, end, labels)


def _queue(observation: dict) -> list[Media]:
    """The files of the first player, one after another."""
    files, info = observation['file'].get('1') or [], observation.get('media_info') or {}
    lengths, offset = info.get('length') or {}, number(observation.get('time offset') or 0)
    if observation.get('media_creation_date_as_offset'):
        made = info['media_creation_time']
        return [Media(path_name(file), offset + number(made[file]),
                      offset + number(made[file]) + number(lengths[file])) for file in files]
    if len(files) == 1:
        return [Media(path_name(files[0]), offset, math.inf)]
    return _one_after_another(files, [number(lengths[file]) for file in files], offset)


def _one_after_another(files: Sequence[str], lengths: Sequence[float], offset: float
                       ) -> list[Media]:
    queue, start = [], offset
    for file, length in zip(files, lengths, strict=True):
        end = round(start + math.floor(length * 1000) / 1000, 3)
        queue.append(Media(path_name(file), start, end))
        start = end
    return queue


def _states(events: Sequence[list], states: set[str], labels: Labels
            ) -> Iterator[tuple[str, float, float]]:
    """Behaviour, start and end."""
    begun: dict[tuple, float] = {}
    for event in sorted(events, key=lambda event: number(event[0])):
        time, key = number(event[0]), tuple(map(str, event[1:4]))
        if event[2] not in states:
            labels.left_over['point events'] += 1
        elif key in begun:
            yield event[2], begun.pop(key), time
        else:
            begun[key] = time
    labels.left_over['state events without an end'] += len(begun)


def _spread(where: str, queue: Sequence[Media], behaviour: str, start: float, end: float,
            labels: Labels) -> None:
    """Adds a state to each of the files that it is in."""
    found = [media for media in queue if start < media.end_sec and (
        end > media.start_sec or start == end == media.start_sec)]
    if not found:
        labels.left_over['states outside their media'] += 1
    for media in found:
        labels.add_segment(
            f'{where}, {behaviour!r} at {start:g} s', media.name, behaviour,
            max(start, media.start_sec) - media.start_sec,
            min(end, media.end_sec) - media.start_sec, behaviour)


def is_aggregated(columns: Sequence[str]) -> bool:
    """Whether the first line of a table is that of the aggregated export."""
    return set(COLUMNS) <= set(columns)


def read_aggregated(path: Path, labels: Labels, *, prefix: str = '') -> None:
    """Adds the states of an aggregated export; a behaviour is a source and a class.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is no text, or no such table.
    """
    text = read_text(path)
    table = csv.DictReader(io.StringIO(text, newline=''), delimiter=delimiter_of(text))
    try:
        rows = list(table)
    except csv.Error as error:
        raise ValueError(f'{path}, line {table.line_num}: cannot be parted into columns '
                         f'({error}); expected what BORIS writes: export it again') from error
    if not is_aggregated(table.fieldnames or []):
        raise ValueError(f'{path} has the columns {brief(table.fieldnames)}; expected those of '
                         f'aggregated events, {", ".join(COLUMNS)}')
    for line, row in enumerate(rows, start=2):
        where = f'{prefix}row {line}'
        if (row['Behavior type'] or '').upper() != 'STATE':
            labels.left_over['point events'] += 1
            continue
        with labels.faults_of(where, 'BORIS'):
            queue = _queue_of_row(row, rows)
            for media in queue:
                labels.videos.setdefault(media.name, where)
            _spread(where, queue, row['Behavior'], number(row['Start (s)']),
                    number(row['Stop (s)']), labels)


def _queue_of_row(row: dict[str, str], rows: Sequence[dict[str, str]]) -> list[Media]:
    """The first player's queue."""
    if row.get('Source'):
        source = re.sub(r'^player #1:', '', row['Source'].split('|player #')[0])
        files = [file for file in source.split(';') if file]
        lengths = [one for one in row['Media duration (s)'].split('|')[0].split(';') if one]
        offset = number(row.get('Time offset (s)') or 0)
        if len(files) == 1:
            return [Media(path_name(files[0]), offset, math.inf)]
        if files and len(files) == len(lengths):
            return _one_after_another(files, [number(one) for one in lengths], offset)
        raise ValueError(f'has the media {brief(row["Source"])} and the lengths '
                         f'{brief(row["Media duration (s)"])}; expected a length of each')
    named = {one.get('Media file name') or one.get('Media file') or '' for one in rows
             if one['Observation id'] == row['Observation id']}
    if len(named) == 1 and '' not in named:
        return [Media(path_name(named.pop()), 0.0, math.inf)]
    raise ValueError(f'is of an observation of the media {brief(sorted(named))}, whose lengths the '
                     'table does not have; expected a single file: export it again with BORIS 8 or '
                     'later, or give the .boris project')
