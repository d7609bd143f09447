"""Holds annotations against the files that they are of, and names every fault.

What stops a training, or makes its score worthless, is an error; the rest is a warning. No file is
changed.
"""
from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mmlofi.datasets.annotations import (
    VideoRecord,
    read_records,
    segment_fault,
    segments_after,
    tolerance_sec,
)
from mmlofi.datasets.feature_checks import (
    check_features,
    features_duration,
    find_other_features,
)
from mmlofi.datasets.features.feature_files import FeatureFile
from mmlofi.datasets.find_files import find_spellings
from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.video_file import is_cut_off
from mmlofi.files import path_in

# What a fault is called, in the order of the table, and what it means.
ERRORS = {
    'missing': 'no file of that name',
    'several files': 'one with v_ and another one without, or of two endings',
    'unreadable': 'no video, no frame, sound alone, or cut off',
    'other features': 'of another grid, size or encoder than expected, or than the rest',
    'bad values': 'features are damaged behind their header, or not finite',
    'bad name': 'the video is named as no file in a folder can be called',
    'reversed': 'a segment ends before it starts, or is no number',
    'outside': 'a segment lies outside the annotated duration',
    'after end': 'a segment starts after the end of the file',
    'unknown class': 'a label is none of metainfo.classes',
    'listed twice': 'the annotation file has the video more than once',
    'in two subsets': 'the same video, or the same file, is in another subset too'}
WARNINGS = {
    'duration': 'the file lasts longer or shorter than annotated',
    'no length': 'a segment starts where it ends; training leaves it out',
    'over end': 'a segment reaches over the end of the file; training clips it',
    'same file': 'another video of the subset has the same file'}


@dataclass(frozen=True)
class Source:
    """Annotations, and where their files lie."""

    ann_file: str
    subset: tuple[str, ...] | None = None      # None: all
    folder: str | None = None                  # None: annotations alone are checked
    filename_tmpl: str = '{}.mp4'
    features: bool = False
    classes: tuple[str, ...] | None = None     # those allowed
    loader: str | None = None                  # json of the settings of LoadSnippetFeatures
    windows: bool = False                      # whether windows are cut of the features


@dataclass
class VideoCheck:
    """What was found out about one video."""

    record: VideoRecord
    source: Source
    filename: str | None = None
    duration_sec: float | None = None
    stored: FeatureFile | None = None   # what a file of features says, its shape (C, L)
    faults: list[tuple[str, str]] = field(default_factory=list)   # (kind, detail)

    @property
    def errors(self) -> list[str]:
        """The kinds of faults that stop a training."""
        return [kind for kind, _ in self.faults if kind in ERRORS]


def check(sources: Sequence[Source], *, tolerance: float | None = None, workers: int = 4,
          values: bool = True,
          track: Callable[[tuple[Iterable, int]], Iterable] = lambda tasks: tasks[0]
          ) -> list[VideoCheck]:
    """Checks every video of the sources.

    Args:
        sources: In the order in which a video of several subsets is looked for.
        tolerance: Seconds by which a file may differ from its annotated duration; by default 2 %
            of it, 1 s at least.
        workers: Files looked at at a time.
        values: Whether features are read whole; otherwise their headers are.
        track: Passes on what an iterable gives, of which it gets the number too, such as MMEngine's
            `track_iter_progress`.

    Raises:
        FileNotFoundError, ValueError: When an annotation file cannot be read, or has not the
            subset.
    """
    checks = []
    for source in sources:
        checks += _read(source)

    files = [one for one in checks if one.filename is not None]
    with ThreadPoolExecutor(workers) as pool:
        looks = pool.map(lambda one: _check_file(one, tolerance, values), files)
        for _ in track((looks, len(files))):
            pass
    find_other_features(files)
    _find_repeats(checks)
    return checks


def missing_classes(checks: Iterable[VideoCheck]) -> dict[str, list[str]]:
    """By subset, the classes that only other subsets have usable videos of."""
    having: dict[str, set[str]] = defaultdict(set)
    for one in checks:
        having[one.record.subset].update(() if one.errors else one.record.labels)
    every = {label for one in checks for label in one.record.labels}
    return {subset: sorted(every - classes) for subset, classes in having.items()
            if classes or len(having) == 1}       # one without annotations lacks none


def usable_entries(checks: Iterable[VideoCheck]) -> dict[str, dict]:
    """The entries of usable videos as their annotation files have them, by name."""
    databases = {}
    for one in checks:
        if one.source.ann_file not in databases:
            with open(one.source.ann_file, encoding='utf-8') as file:
                databases[one.source.ann_file] = json.load(file)['database']
    # A video in several subsets has no error in the last of them, so that names are unique.
    return {one.record.name: databases[one.source.ann_file][one.record.name]
            for one in checks if not one.errors}


def _read(source: Source) -> list[VideoCheck]:
    records, _ = read_records(source.ann_file)
    subsets = {record.subset for record in records}
    absent = sorted(set(source.subset or ()) - subsets)
    if absent:
        raise ValueError(f'{source.ann_file} has no video of subset {absent}; it has '
                         f'{sorted(subsets)}: give some of these')
    chosen = [VideoCheck(record, source) for record in records
              if source.subset is None or record.subset in source.subset]
    twice = _names_twice(source.ann_file)
    for one in chosen:
        if one.record.name in twice:
            one.faults.append(('listed twice', f'{twice[one.record.name]} times in the file; the '
                                               'last one counts'))
        _check_annotations(one)
    if source.folder is not None:
        paths = _paths(source, chosen)
        named = [one for one in chosen if one.record.name in paths]
        found = find_spellings([paths[one.record.name] for one in named], lambda: _paths(
            source, [VideoCheck(record, source) for record in records]).values())
        for one, there in zip(named, found):
            if len(there) == 1:
                one.filename = there[0]
            else:
                one.faults.append(('several files', ' and '.join(there)) if there
                                  else ('missing', paths[one.record.name]))
    return chosen


def _paths(source: Source, checks: Iterable[VideoCheck]) -> dict[str, str]:
    """Where the videos' files are by the template; of names that are none there is a fault."""
    paths = {}
    for one in checks:
        try:
            paths[one.record.name] = path_in(source.folder, one.record.name, source.filename_tmpl)
        except ValueError as error:
            one.faults.append(('bad name', str(error).partition('; expected')[0]))
    return paths


def _names_twice(ann_file: str) -> dict[str, int]:
    """Names that come more than once, of which json keeps the last, and how often."""
    twice: dict[str, int] = {}

    def note(pairs: list[tuple]) -> dict:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice.update({name: names.count(name) for name in made if names.count(name) > 1})
        return made
    with open(ann_file, encoding='utf-8') as file:
        json.load(file, object_pairs_hook=note)
    return twice


def _check_annotations(one: VideoCheck) -> None:
    record = one.record
    for (start, end), label in zip(record.segments_sec, record.labels):
        kind = segment_fault(start, end, record.duration_sec) or (
            'no length' if end == start else None)
        if kind:
            one.faults.append((kind, f'{label} [{start:g}, {end:g}]'))
    for label in sorted(set(record.labels).difference(one.source.classes or record.labels)):
        one.faults.append(('unknown class', label))


def _check_file(one: VideoCheck, tolerance: float | None, values: bool) -> None:
    try:
        one.duration_sec = features_duration(one.filename) if one.source.features \
            else _video_duration(one.filename)
    except (OSError, ValueError, RuntimeError) as error:   # decord raises the last of these
        one.faults.append(('unreadable', str(error).partition(';')[0]))
        return
    if one.source.features:
        check_features(one, values)
    duration, annotated = one.duration_sec, one.record.duration_sec
    if duration is None:
        return
    allowed = tolerance_sec(duration) if tolerance is None else tolerance
    if annotated is not None and abs(annotated - duration) > allowed:
        one.faults.append(('duration', f'{duration:.2f} s, annotated {annotated:.2f} s'))
    lost = segments_after(one.record.segments_sec, duration + tolerance_sec(duration))
    one.faults += [('after end', f'[{start:g}, {end:g}] in {duration:.2f} s')
                   for start, end in lost]
    one.faults += [('over end', f'[{start:g}, {end:g}] in {duration:.2f} s')
                   for start, end in one.record.segments_sec
                   if end > duration + tolerance_sec(duration) and (start, end) not in lost]


def _video_duration(filename: str) -> float:
    if is_cut_off(filename):
        raise ValueError(f'{filename!r} is cut off')
    results = OpenVideo()(dict(filename=filename))
    results['video_reader'][0]   # a header may be whole where no frame can be decoded
    return results['duration_sec']


def _find_repeats(checks: Sequence[VideoCheck]) -> None:
    """Notes videos that come again, by name or by the bytes of their file."""
    names: dict[str, list[VideoCheck]] = defaultdict(list)
    for one in checks:
        names[one.record.name].append(one)
    for same in names.values():
        _note_repeats(same, 'of the same name')
    for same in _same_files([one for one in checks if one.filename is not None]):
        _note_repeats(same, 'with the same file')


def _note_repeats(group: Sequence[VideoCheck], what: str) -> None:
    """The last subset keeps the video."""
    kept = group[-1]
    for one in group[:-1]:
        other = f'{kept.record.name} in {kept.record.subset}, {what}'
        if one.record.subset != kept.record.subset:
            if 'in two subsets' not in one.errors:
                one.faults.append(('in two subsets', other))
        elif one.record.name != kept.record.name:
            one.faults.append(('same file', other))


def _same_files(checks: Sequence[VideoCheck]) -> list[list[VideoCheck]]:
    """Those of equal bytes; only files of equal size are read."""
    groups: dict[int, list[VideoCheck]] = defaultdict(list)
    for one in checks:
        if os.path.isfile(one.filename):   # a video in an h5 file is none
            groups[os.path.getsize(one.filename)].append(one)
    same: dict[str, list[VideoCheck]] = defaultdict(list)
    for group in groups.values():
        if len({os.path.realpath(one.filename) for one in group}) == 1:
            same[os.path.realpath(group[0].filename)] += group
            continue
        for one in group:
            same[_digest(one.filename)].append(one)
    return [group for group in same.values() if len(group) > 1]


def _digest(filename: str) -> str:
    digest = hashlib.sha256()
    with open(filename, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
