"""A spreadsheet of segments, a row for each action."""
from __future__ import annotations

import csv
import io
from pathlib import Path

from mmlofi.datasets.annotations.labelling.annotated import Video
from mmlofi.datasets.annotations.labelling.video_folder import find
from mmlofi.datasets.annotations.tables import read_text, seconds
from mmlofi.json_values import brief, text_fault

COLUMNS = ('video', 'start', 'end', 'label')
READ = (*COLUMNS, 'subset')


def read_table(path: Path, files: list[Path], errors: list[str]) -> dict[str, Video]:
    """The videos of the table by file name, in its order; what is wrong goes to `errors`."""
    text = read_text(path)
    delimiter = max(',;\t', key=io.StringIO(text, newline='').readline().count)
    table = csv.DictReader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True,
                           skipinitialspace=True)      # else '"' after ', ' would be a letter
    videos: dict[str, Video] = {}
    try:
        check_columns(path, table)
        for row in table:
            try:
                read_row(row, table.line_num, files, videos, decimal_comma=delimiter == ';')
            except ValueError as error:
                errors.append(f'row {table.line_num}: {error}')
    except csv.Error as error:     # nothing can be told of the rows behind it
        errors.append(f'row {table.line_num + 1}: cannot be parted into columns ({error}); '
                      f'expected fields parted by {delimiter!r}, a quote at both ends of one or at '
                      'none')
    if not videos and not errors:
        raise ValueError(f'{path} has no row; expected one for each action')
    return videos


def check_columns(path: Path, table: csv.DictReader) -> None:
    """Takes the names of columns in any case, and refuses a table without those needed."""
    table.fieldnames = [name.strip().lower() for name in table.fieldnames or []]
    absent = [name for name in COLUMNS if name not in table.fieldnames]
    if absent:
        raise ValueError(f'{path} has the columns {brief(table.fieldnames)} and not {absent}; '
                         f'expected {", ".join(COLUMNS)} in its first line')
    twice = [name for name in READ if table.fieldnames.count(name) > 1]
    if twice:
        raise ValueError(f'{path} has the columns {twice} more than once; expected each once: '
                         'rename the others')


def read_row(row: dict, line: int, files: list[Path], videos: dict[str, Video], *,
             decimal_comma: bool) -> None:
    """Adds what a row says."""
    if None in row:
        raise ValueError(f'has {brief(row[None])} beyond the {len(row) - 1} columns of the header; '
                         'expected a field for each: put quotes around one that has the '
                         'delimiter in it')
    values = {name: (row.get(name) or '').strip() for name in READ}
    if not values['video']:
        raise ValueError('has no video; expected the name of a file')
    for name in ('label', 'subset'):
        if values[name] and text_fault(values[name]):
            raise ValueError(f'has a {name} that cannot be: {text_fault(values[name])}; expected a '
                             'name')
    path = find(values['video'], files)
    video = videos.setdefault(path.name, Video(path))
    if values['subset']:
        if video.subset not in (None, values['subset']):
            raise ValueError(f'puts {path.name} into {values["subset"]!r}, an earlier one into '
                             f'{video.subset!r}; expected one subset a video')
        video.subset = values['subset']
    given = [name for name in ('start', 'end', 'label') if values[name]]
    if not given:
        return
    if len(given) < 3:
        raise ValueError(f'has {" and ".join(given)} alone; expected start, end and label, or none '
                         'of them for a video without actions')
    start, end = (seconds(values[name], decimal_comma=decimal_comma) for name in ('start', 'end'))
    if not 0 <= start < end:
        raise ValueError(f'goes from {start:g} s to {end:g} s; expected an end after its start')
    video.actions.append((line, start, end, values['label']))
