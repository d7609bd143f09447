"""Annotations that there are already, such as corrections that the page of players saves."""
from __future__ import annotations

from pathlib import Path

from mmlofi.datasets.annotations.labelling.rows import Labels, Row
from mmlofi.datasets.annotations.reading import read_records
from mmlofi.datasets.annotations.records import REFUSED


def is_annotations(content: object) -> bool:
    """Whether json looks like ActivityNet's format."""
    return isinstance(content, dict) and isinstance(content.get('database'), dict)


def read_annotations(path: Path, labels: Labels, *, prefix: str = '') -> None:
    """Adds all videos with their subsets; one without an action has none.

    Raises:
        FileNotFoundError, ValueError: As `read_records`.
    """
    records, faults = read_records(path, ignore=())
    labels.faults += [f'{prefix}video {fault.video!r}: {fault.detail}; expected '
                      f'{REFUSED[fault.kind]}' for fault in faults if fault.kind in REFUSED]
    for record in records:
        video = Row(f'{prefix}video {record.name!r}', record.name, subset=record.subset or None)
        labels.rows.append(video)
        for (start, end), label in zip(record.segments_sec, record.labels):
            if start <= end:     # else it is among the faults
                labels.add_segment(video.where, record.name, label, start, end, '')
