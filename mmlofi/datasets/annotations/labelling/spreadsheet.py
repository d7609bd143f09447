"""A spreadsheet of segments, a row for each action.

The table has the columns video, start, end and label, in any order; columns beside them are left
alone. Times are seconds, or m:ss and h:mm:ss. A row without start, end and label is a video without
actions. A column `subset` says which videos are for training and which for validation.
"""
from __future__ import annotations

import csv
import io
from pathlib import Path

from mmlofi.datasets.annotations.labelling.rows import Labels, Row
from mmlofi.datasets.annotations.tables import delimiter_of, read_text, seconds
from mmlofi.json_values import brief, text_fault

COLUMNS = ('video', 'start', 'end', 'label')
READ = (*COLUMNS, 'subset')


def read_spreadsheet(path: Path, labels: Labels, *, prefix: str = '') -> None:
    """Adds the rows of a table; what is wrong goes to the faults.

    Args:
        prefix: Before each place in a message, such as the file's name.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is no text, lacks a column or has no row.
    """
    text = read_text(path)
    delimiter = delimiter_of(text)
    table = csv.DictReader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True,
                           skipinitialspace=True)      # else '"' after ', ' would be a letter
    empty = True
    try:
        check_columns(path, table)
        for row in table:
            where, empty = f'{prefix}row {table.line_num}', False
            try:
                labels.rows.append(read_row(row, where, decimal_comma=delimiter == ';'))
            except ValueError as error:
                labels.faults.append(f'{where}: {error}')
    except csv.Error as error:     # nothing can be told of the rows behind it
        empty = False
        labels.faults.append(
            f'{prefix}row {table.line_num + 1}: cannot be parted into columns ({error}); expected '
            f'fields parted by {delimiter!r}, a quote at both ends of one or at none')
    if empty:
        raise ValueError(f'{path} has no row; expected one for each action')


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


def read_row(row: dict, where: str, *, decimal_comma: bool) -> Row:
    """What a row says."""
    if None in row:
        raise ValueError(f'has {brief(row[None])} beyond the {len(row) - 1} columns of the header; '
                         'expected a field for each: put quotes around one that has the '
                         'delimiter in it')
    values = {name: (row.get(name) or '').strip() for name in READ}
    if not values['video']:
        raise ValueError('has no video; expected the name of a file')
    if values['subset'] and text_fault(values['subset']):
        raise ValueError(f'has a subset that cannot be: {text_fault(values["subset"])}; expected a '
                         'name')
    video = Row(where, values['video'], subset=values['subset'] or None)
    given = [name for name in ('start', 'end', 'label') if values[name]]
    if not given:
        return video
    if len(given) < 3:
        raise ValueError(f'has {" and ".join(given)} alone; expected start, end and label, or none '
                         'of them for a video without actions')
    start, end = (seconds(values[name], decimal_comma=decimal_comma) for name in ('start', 'end'))
    return video._replace(label=values['label'], start_sec=start, end_sec=end)
