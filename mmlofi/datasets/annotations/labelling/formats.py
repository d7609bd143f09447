"""Which program wrote a file of labels, by what is in it, and its reader."""
from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mmlofi.datasets.annotations.labelling import boris, label_studio, via
from mmlofi.datasets.annotations.labelling.annotations_json import (
    is_annotations,
    read_annotations,
)
from mmlofi.datasets.annotations.labelling.cvat import read_cvat
from mmlofi.datasets.annotations.labelling.elan import read_elan
from mmlofi.datasets.annotations.labelling.rows import Labels
from mmlofi.datasets.annotations.labelling.spreadsheet import read_spreadsheet
from mmlofi.datasets.annotations.tables import delimiter_of, read_text
from mmlofi.json_values import brief, parse_json

JSON = ('.json', '.boris')
WORKBOOKS = ('.ods', '.xlsm', '.xlsx')   # zips too, which are to be saved as csv


def read_labels(paths: Sequence[Path], files: Sequence[Path], *,
                frame_rate: str = label_studio.FRAME_RATE) -> Labels:
    """What the files say, of any of the programs, in their order.

    Args:
        paths: Spreadsheets, .eaf, .boris and its tables, .xml or .zip of CVAT, .json of the others.
        files: The videos.
        frame_rate: Of Label Studio's Video tag.

    Raises:
        FileNotFoundError: When there is no such file.
        ImportError: Without pympi, for ELAN's files.
        ValueError: When one cannot be read at all.
    """
    labels = Labels()
    for path in paths:
        prefix = f'{path.name}, ' if len(paths) > 1 else ''
        suffix = path.suffix.lower()
        if suffix == '.eaf':
            read_elan(path, labels, files, prefix=prefix)
        elif suffix == '.xml' or suffix not in WORKBOOKS and path.is_file() \
                and zipfile.is_zipfile(path):
            read_cvat(path, labels, files, prefix=prefix)
        elif suffix in JSON:
            _read_json(path, labels, files, frame_rate, prefix)
        elif boris.is_aggregated(_columns(path)):
            boris.read_aggregated(path, labels, prefix=prefix)
        else:
            read_spreadsheet(path, labels, prefix=prefix)
    return labels


def _read_json(path: Path, labels: Labels, files: Sequence[Path], frame_rate: str,
               prefix: str) -> None:
    if not path.is_file():
        raise FileNotFoundError(f'no file at {str(path)!r}; expected labels')
    try:
        content = parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f'{path} is not valid json ({error}); expected labels: export them '
                         'again') from error
    if label_studio.is_label_studio(content):
        label_studio.read_label_studio(content, labels, files, frame_rate=frame_rate,
                                       prefix=prefix)
    elif via.is_via(content):
        via.read_via(content, labels, prefix=prefix)
    elif boris.is_boris(content):
        boris.read_boris(content, labels, prefix=prefix)
    elif is_annotations(content):
        read_annotations(path, labels, prefix=prefix)
    else:
        raise ValueError(f'{path} has {brief(content)}; expected tasks of Label Studio, a project '
                         "of VIA 3 or of BORIS, or annotations in ActivityNet's format")


def _columns(path: Path) -> list[str]:
    """The first line of a table."""
    text = read_text(path)
    line = io.StringIO(text, newline='').readline()
    try:
        return next(csv.reader([line], delimiter=delimiter_of(text)), [])
    except csv.Error as error:
        raise ValueError(f'{path}: its first line cannot be parted into columns ({error}); '
                         "expected the columns' names") from error
