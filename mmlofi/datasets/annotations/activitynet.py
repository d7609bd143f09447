"""Reads ActivityNet-format annotation files into `VideoRecord` s.

The format is that of ActivityNet-v1.3, which HACS, THUMOS14's usual json and most own data sets
share::

    {"database": {"<video>": {"subset": "training", "duration": 82.7,
                              "annotations": [{"segment": [6.2, 77.7], "label": "Ballet"}]}}}

Numbers may be strings (THUMOS14, HACS) and the duration may be absent (THUMOS14) or be called
`duration_second` (MMAction2's files); an absent one is read from the video itself. What else an
entry has (`url`, `resolution`, `fps`, …) is not used.
"""
from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mmengine.fileio import get_text

from mmlofi.datasets.annotations.known_counts import known_to_ignore
from mmlofi.datasets.storage import is_there


@dataclass(frozen=True)
class VideoRecord:
    """One untrimmed video and the actions annotated in it, in seconds as the file has them."""

    name: str
    subset: str
    duration_sec: float | None
    segments_sec: tuple[tuple[float, float], ...]
    labels: tuple[str, ...]
    ignored_sec: tuple[tuple[float, float], ...] = ()   # segments of classes that do not count


def load_annotations(path: str | os.PathLike, subset: str | Sequence[str] | None = None,
                     backend_args: dict | None = None,
                     ignore: Sequence[str] | None = None) -> list[VideoRecord]:
    """Reads the videos of one or several subsets in the order of the file.

    Args:
        path: A json file in ActivityNet's format.
        subset: The subset's name, several of them, or None for all.
        backend_args: The MMEngine file backend that has the file; None reads from disk.
        ignore: Classes that are neither trained on nor scored, whose segments are a record's
            `ignored_sec`. None: those of the data set, if it is known (`known_to_ignore`).

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When the file is not of this format, a number is not one, a segment ends
            before it starts or lies outside its video, or the subset holds no video. All bad
            segments are counted and the first few named.

    Segments of no length are kept (ActivityNet-v1.3 has 12 and its mAP counts them as missed);
    `UntrimmedVideoDataset` leaves them out of training.
    """
    records, problems = read_records(path, backend_args, ignore)
    wanted = None if subset is None else {subset} if isinstance(subset, str) else set(subset)
    if wanted is not None:
        present = sorted({record.subset for record in records})
        missing = sorted(wanted.difference(present))
        if missing or not wanted:
            raise ValueError(f'{path} has no video of subset {missing}; it has {present}. Set the '
                             'subset to one of these')
        kept = [record for record in records if record.subset in wanted]
        names = {record.name for record in kept}
        problems = [problem for problem in problems if problem[0] in names]
        records = kept
    if problems:
        shown = '; '.join(f'{name}: {what}' for name, what in problems[:5])
        raise ValueError(f'{path} has {len(problems)} bad segments: {shown}'
                         f'{"; …" if len(problems) > 5 else ""}. Expected start <= end in '
                         'seconds, inside the video: correct or remove them')
    return records


def class_names(records: Iterable[VideoRecord]) -> tuple[str, ...]:
    """All labels in alphabetical order: a class's index is its place here."""
    return tuple(sorted({label for record in records for label in record.labels}))


def load_class_names(path: str | os.PathLike, backend_args: dict | None = None,
                     ignore: Sequence[str] | None = None) -> tuple[str, ...]:
    """`class_names` of all subsets of a file, whether or not their segments are good."""
    return class_names(read_records(path, backend_args, ignore)[0])


def load_video_names(path: str | os.PathLike, backend_args: dict | None = None) -> list[str]:
    """The videos of all subsets of a file, whether or not their entries are good."""
    return list(_read_database(path, backend_args))


def tolerance_sec(duration_sec: float) -> float:
    """How far annotators overshoot a video's end: up to 0.9 s in ActivityNet-v1.3."""
    return max(1, 0.02 * duration_sec)


def segment_fault(start: float, end: float, duration_sec: float | None) -> str | None:
    """Why a segment cannot be trained on or scored: 'reversed', 'outside', or None.

    One that is not a number is reversed. One of no length has no fault here.
    """
    margin = tolerance_sec(duration_sec or 0)
    if not (math.isfinite(start) and math.isfinite(end)) or end < start:
        return 'reversed'
    outside = start < -margin or duration_sec is not None and (
        start > duration_sec or end > duration_sec + margin)
    return 'outside' if outside else None


def segments_after(segments_sec: Iterable[Sequence[float]], end_sec: float
                   ) -> list[tuple[float, float]]:
    """The segments that start at or after `end_sec`; those of no length do not count."""
    return [(float(start), float(end)) for start, end in segments_sec if end > start >= end_sec]


def read_records(path: str | os.PathLike, backend_args: dict | None = None,
                 ignore: Sequence[str] | None = None
                 ) -> tuple[list[VideoRecord], list[tuple[str, str]]]:
    """All videos of a file, and their bad segments as (video, what is wrong).

    Those of classes to `ignore`, of which `load_annotations` says more, are held to the same rules.

    Raises:
        FileNotFoundError, ValueError: As `load_annotations`, but for bad segments.
    """
    records, problems = [], []
    for name, entry in _read_database(path, backend_args).items():
        if isinstance(entry, dict) and entry.get('subset') is None:
            raise ValueError(f'{path}: video {name!r} has no "subset"; every entry needs one, such '
                             'as "training" or "validation"')
        records.append(_parse_entry(str(path), name, entry, problems))
    if not records:
        raise ValueError(f'{path} holds no video; its "database" is empty')
    if ignore is None:
        ignore = known_to_ignore(class_names(records), len(records))
    ignored = {ignore} if isinstance(ignore, str) else set(ignore)
    return [_set_aside(record, ignored) for record in records], problems


def _set_aside(record: VideoRecord, ignored: set[str]) -> VideoRecord:
    if ignored.isdisjoint(record.labels):
        return record
    both = list(zip(record.segments_sec, record.labels))
    kept = [one for one in both if one[1] not in ignored]
    return replace(record, segments_sec=tuple(segment for segment, _ in kept),
                   labels=tuple(label for _, label in kept),
                   ignored_sec=tuple(segment for segment, label in both if label in ignored))


def _read_database(path: str | os.PathLike, backend_args: dict | None) -> dict:
    if not is_there(path, backend_args):
        raise FileNotFoundError(f'no annotation file at {os.fspath(path)!r}: expected a json file '
                                "in ActivityNet's format; set `ann_file` to where yours lies")
    try:
        content = json.loads(get_text(path, backend_args=backend_args))
    except ValueError as error:
        raise ValueError(f'{path} is not valid json ({error}); expected an annotation file in '
                         "ActivityNet's format: download or write it again") from error
    database = content.get('database') if isinstance(content, dict) else None
    if not isinstance(database, dict):
        found = sorted(content)[:5] if isinstance(content, dict) else type(content).__name__
        raise ValueError(f'{path} has no "database" of videos (found {found}); expected '
                         "ActivityNet's format {\"database\": {video: {subset, duration, "
                         'annotations}}}. A file of detections is not one of annotations')
    return database


def _parse_entry(path: str, name: str, entry: dict,
                 problems: list[tuple[str, str]]) -> VideoRecord:
    try:
        duration = entry.get('duration', entry.get('duration_second'))
        duration = None if duration is None else float(duration)
        annotations = [(float(item['segment'][0]), float(item['segment'][1]), str(item['label']))
                       for item in entry.get('annotations', [])]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path}: the entry of video {name!r} cannot be read ({type(error).__name__}: {error});'
            ' expected {"subset", "duration", "annotations": [{"segment": [start, end], "label"}]}'
        ) from error
    if duration is not None and not (math.isfinite(duration) and duration > 0):
        raise ValueError(f'{path}: video {name!r} has duration {duration}; expected seconds above '
                         '0, or none at all')
    for start, end, label in annotations:
        if segment_fault(start, end, duration):
            where = 'no end' if duration is None else f'a duration of {duration:g} s'
            problems.append((name, f'{label!r} [{start:g}, {end:g}] in a video of {where}'))
    return VideoRecord(name, str(entry['subset']), duration,
                       tuple((start, end) for start, end, _ in annotations),
                       tuple(label for _, _, label in annotations))
