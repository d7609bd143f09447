"""Text files of annotations: their letters, their rows and their times.

The spreadsheets of `tools/make_annotations.py` and the official csv and text files are read by it.
"""
from __future__ import annotations

import codecs
import csv
import io
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmlofi.json_values import number


def read_text(path: str | os.PathLike) -> str:
    """A file's text, of UTF-8 or with the mark of UTF-16, which spreadsheets write too.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is no text.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'no table at {str(path)!r}; expected a csv file')
    data = Path(path).read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode('utf-16' if wide else 'utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no text in UTF-8 ({error}); expected a csv file: save the '
                         'spreadsheet as "CSV UTF-8"') from error


def delimiter_of(text: str) -> str:
    """What parts the columns of a table: what its first line has most of."""
    return max(',;\t', key=io.StringIO(text, newline='').readline().count)


def seconds(text: str, *, decimal_comma: bool = False) -> float:
    """Of '82.5', '1:22.5' or '0:01:22.5'; '82,5' too where commas do not part columns.

    Raises:
        ValueError: When it is no time.
    """
    parts = (text.replace(',', '.') if decimal_comma else text).split(':')
    try:
        numbers = [number(part) for part in parts]
    except ValueError:
        numbers = [math.nan]
    if len(numbers) > 3 or not all(map(math.isfinite, numbers)) or (
            len(parts) > 1 and '-' in text):
        raise ValueError(f'has the time {text!r}; expected seconds, m:ss or h:mm:ss')
    return sum(one * 60**place for place, one in enumerate(reversed(numbers)))


def official_rows(path: str | os.PathLike, columns: Sequence[str], faults: list[str]
                  ) -> Iterator[tuple[int, dict[str, str]]]:
    """The line and the named columns of each row of a csv with commas and a header.

    Rows that are cut short go to `faults`, with their line.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is no text, or lacks a column.
    """
    table = csv.DictReader(io.StringIO(read_text(path), newline=''), strict=True)
    try:
        absent = [name for name in columns if name not in (table.fieldnames or [])]
        if absent:
            raise ValueError(f'{path} lacks the columns {absent} (its first line has '
                             f'{table.fieldnames}); expected the official csv: take another file')
        for row in table:
            values = {name: row[name] for name in columns}
            if None in values.values() or None in row:
                faults.append(f'{path}, line {table.line_num}: has more or fewer fields than the '
                              'header')
                continue
            yield table.line_num, {name: value.strip() for name, value in values.items()}
    except csv.Error as error:
        faults.append(f'{path}, line {table.line_num + 1}: cannot be parted into columns ({error})')
