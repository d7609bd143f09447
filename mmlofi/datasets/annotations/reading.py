"""Reads annotation files, in whichever of the formats they are, into `VideoRecord` s."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from mmlofi.datasets.annotations.activitynet import read_entry
from mmlofi.datasets.annotations.known_counts import known_to_ignore
from mmlofi.datasets.annotations.mmaction import is_mmaction
from mmlofi.datasets.annotations.records import REFUSED, Fault, VideoRecord, class_names
from mmlofi.datasets.videos.storage import is_there, read_bytes
from mmlofi.json_values import brief, collector_paused, parse_json, repeated_keys

SHOWN = 5   # faults


class Entries(NamedTuple):
    """The videos of a file as its json has them."""

    videos: dict[str, object]
    have_subsets: bool   # else all are of the subset that is asked for


def load_annotations(path: str | os.PathLike, subset: str | Sequence[str] | None = None,
                     backend_args: dict | None = None,
                     ignore: Sequence[str] | None = None) -> list[VideoRecord]:
    """Reads the videos of one or several subsets in the order of the file.

    Args:
        path: A json file in ActivityNet's format, or in MMAction2's, which has no subsets: all its
            videos are of the subset that is asked for.
        subset: The subset's name, several of them, or None for all.
        backend_args: The MMEngine file backend that has the file; None reads from disk.
        ignore: Classes that are neither trained on nor scored, whose segments are a record's
            `ignored_sec`. None: those of the data set, if it is known (`known_to_ignore`).

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When the file is not of these formats, the subset holds no video, or an entry of
            it has a fault of `REFUSED`. All faults are counted and the first few named.

    Segments of no length are kept (ActivityNet-v1.3 has 12 and its mAP counts them as missed);
    `UntrimmedVideoDataset` leaves them out of training.
    """
    records, faults = of_subsets(path, *read_records(path, backend_args, ignore), subset)
    refused = [fault for fault in faults if fault.kind in REFUSED]
    if refused:
        shown = '; '.join(f'{brief(fault.video)}: {fault.detail}' for fault in refused[:SHOWN])
        more = '; …' if len(refused) > SHOWN else ''
        expected = ', '.join(dict.fromkeys(REFUSED[fault.kind] for fault in refused))
        raise ValueError(f'{path} has {len(refused)} faults: {shown}{more}. Expected {expected}: '
                         'correct or remove them, all of which tools/check_dataset.py --ann names')
    return records


def load_class_names(path: str | os.PathLike, backend_args: dict | None = None,
                     ignore: Sequence[str] | None = None) -> tuple[str, ...]:
    """`class_names` of all subsets of a file, whether or not their segments are good."""
    return class_names(read_records(path, backend_args, ignore)[0])


def load_video_names(path: str | os.PathLike, backend_args: dict | None = None) -> list[str]:
    """The videos of all subsets of a file, whether or not their entries are good."""
    return list(read_entries(path, backend_args).videos)


def read_records(path: str | os.PathLike, backend_args: dict | None = None,
                 ignore: Sequence[str] | None = None) -> tuple[list[VideoRecord], list[Fault]]:
    """All videos of a file, and what is wrong with them.

    A record has what of its video can be read, and the subset '' if there is none. Segments of
    classes to `ignore`, of which `load_annotations` says more, are held to the same rules.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is not of these formats, or empty, or lacks a class to ignore.
    """
    with collector_paused():
        return _read_records(path, backend_args, ignore)


def _read_records(path: str | os.PathLike, backend_args: dict | None,
                  ignore: Sequence[str] | None) -> tuple[list[VideoRecord], list[Fault]]:
    videos, have_subsets = read_entries(path, backend_args)
    faults = [Fault(name, '', 'listed twice' if differing else 'listed again',
                    f'more than once in the file, with {"other" if differing else "the same"} '
                    'contents')
              for differing in (True, False)
              for name in repeated_keys(videos, differing=differing)]
    records = []
    for name, entry in videos.items():
        record, found = read_entry(name, entry, have_subsets)
        records.append(record)
        faults += found
    if not records:
        raise ValueError(f'{path} holds no video; its "database" is empty, expected some videos: '
                         'take another file')
    names = class_names(records)
    ignored = set(known_to_ignore(names, len(records)) if ignore is None else
                  [ignore] if isinstance(ignore, str) else ignore)
    unknown = sorted(ignored.difference(names))
    if unknown and ignore is not None:
        raise ValueError(f'asked to ignore the classes {unknown}, which {path} does not have; '
                         f'expected some of {list(names[:5])}, …: correct the names')
    return [_set_aside(record, ignored) for record in records], faults


def of_subsets(path: str | os.PathLike, records: Sequence[VideoRecord], faults: Sequence[Fault],
               subset: str | Sequence[str] | None) -> tuple[list[VideoRecord], list[Fault]]:
    """The records and faults of some subsets, and of videos that have none.

    Raises:
        ValueError: When a subset holds no video.
    """
    wanted = None if subset is None else {subset} if isinstance(subset, str) else set(subset)
    present = sorted({record.subset for record in records} - {''})
    if not present:
        name = '+'.join(sorted(wanted or ())) or 'all'
        if wanted and not faults:
            from mmengine.logging import print_log  # not above: tools that read json need it not
            print_log(f'{path} has no subsets: all its {len(records)} videos are taken as '
                      f'{name!r}', logger='current')
        return [replace(record, subset=name) for record in records], list(faults)
    if wanted is None:
        return list(records), list(faults)
    missing = sorted(wanted.difference(present))
    if missing or not wanted:
        raise ValueError(f'{path} has no video of subset {missing}; it has {present}. Set the '
                         'subset to one of these')
    return ([record for record in records if record.subset in (*wanted, '')],
            [fault for fault in faults if fault.subset in (*wanted, '')])


def read_entries(path: str | os.PathLike, backend_args: dict | None = None) -> Entries:
    """The videos of a file as its json has them.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is no annotation file.
    """
    if not is_there(path, backend_args):
        raise FileNotFoundError(f'no annotation file at {os.fspath(path)!r}: expected a json file '
                                "in ActivityNet's format; set `ann_file` to where yours lies")
    try:
        content = parse_json(read_bytes(path, backend_args))
    except ValueError as error:
        raise ValueError(f'{path} is not valid json ({error}); expected an annotation file in '
                         "ActivityNet's format: download or write it again") from error
    if 'database' in repeated_keys(content):
        raise ValueError(f'{path} has "database" more than once; expected one of all videos: join '
                         'them')
    database = content.get('database') if isinstance(content, dict) else None
    if isinstance(database, dict):
        return Entries(database, True)
    if isinstance(content, dict) and 'database' not in content and is_mmaction(content):
        return Entries(content, any(isinstance(entry, dict) and 'subset' in entry
                                    for entry in content.values()))
    found = brief(sorted(content)) if isinstance(content, dict) else type(content).__name__
    raise ValueError(f'{path} has no "database" of videos (found {found}); expected '
                     "ActivityNet's format {\"database\": {video: {subset, duration, "
                     "annotations}}} or MMAction2's {video: {duration_second, annotations}}. A "
                     'file of detections is not one of annotations')


def _set_aside(record: VideoRecord, ignored: set[str]) -> VideoRecord:
    if ignored.isdisjoint(record.labels):
        return record
    both = list(zip(record.segments_sec, record.labels))
    kept = [one for one in both if one[1] not in ignored]
    return replace(record, segments_sec=tuple(segment for segment, _ in kept),
                   labels=tuple(label for _, label in kept),
                   ignored_sec=tuple(segment for segment, label in both if label in ignored))
