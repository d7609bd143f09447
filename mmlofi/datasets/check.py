"""Holds annotations against the files that they are of, and names every fault.

What stops a training, or makes its score worthless, is an error; the rest is a warning. No file is
changed.
"""
from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial

from mmlofi.datasets.annotations import (
    VideoRecord,
    read_records,
    segment_fault,
    segments_after,
    tolerance_sec,
)
from mmlofi.datasets.features.feature_files import FeatureFile
from mmlofi.datasets.features.feature_header import find_others
from mmlofi.datasets.find_files import find_spellings
from mmlofi.datasets.transforms import LoadSnippetFeatures
from mmlofi.datasets.videos.video_file import FileState, look_at_video

# What a fault is called, in the order of the table, and what it means.
ERRORS = {
    'missing': 'no file of that name',
    'several files': 'one with v_ and another one without, or of two endings',
    'unreadable': 'no video, no frame, sound alone, cut off, or damaged',
    'other features': 'of another grid, size or encoder than expected, or than the rest',
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


def check(sources: Sequence[Source], *, tolerance: float | None = None, frames: str = 'first',
          workers: int = 4,
          track: Callable[[tuple[Iterable, int]], Iterable] = lambda tasks: tasks[0]
          ) -> list[VideoCheck]:
    """Checks every video of the sources.

    Args:
        sources: In the order in which a video of several subsets is looked for.
        tolerance: Seconds by which a file may differ from its annotated duration; by default 2 %
            of it, 1 s at least.
        frames: Which of a video are decoded, of `damage.FRAMES`.
        workers: Files looked at at a time.
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
    look = partial(_check_file, tolerance=tolerance, frames=frames)
    with ThreadPoolExecutor(workers) as pool:
        for _ in track((pool.map(look, files), len(files))):
            pass
    _find_other_features(files)
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
        def path_of(name: str) -> str:
            return os.path.join(source.folder, source.filename_tmpl.format(name))
        paths = [path_of(one.record.name) for one in chosen]
        found = find_spellings(paths, lambda: [path_of(record.name) for record in records])
        for one, path, there in zip(chosen, paths, found):
            if len(there) == 1:
                one.filename = there[0]
            else:
                one.faults.append(('several files', ' and '.join(there)) if there
                                  else ('missing', path))
    return chosen


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


def _check_file(one: VideoCheck, tolerance: float | None, frames: str) -> None:
    try:
        state = FileState(duration_sec=_features_duration(one.filename)) if one.source.features \
            else look_at_video(one.filename, frames)
    except (OSError, ValueError) as error:
        state = FileState(problem=str(error).partition(';')[0])
    one.duration_sec = state.duration_sec
    if state.problem is not None:
        one.faults.append(('unreadable', state.problem))
        return
    if one.source.features:
        _check_features(one)
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


def _features_duration(filename: str) -> float | None:
    return LoadSnippetFeatures().grid(dict(filename=filename, duration_sec=None))[1]


def _check_features(one: VideoCheck) -> None:
    """Asks the transform that will load them, as the dataset does before a training."""
    if one.source.loader is None:
        return
    try:
        one.stored = _loader(one.source.loader).check_file(one.filename,
                                                           windows=one.source.windows)
    except ValueError as error:
        one.faults.append(('other features', str(error).partition('; expected')[0]))


@cache
def _loader(settings: str) -> LoadSnippetFeatures:
    return LoadSnippetFeatures(**json.loads(settings))


def _find_other_features(files: Sequence[VideoCheck]) -> None:
    """Notes features unlike most of their subset."""
    subsets: dict[Source, dict[str, VideoCheck]] = defaultdict(dict)
    for one in files:
        if one.stored is not None:
            subsets[one.source][one.filename] = one
    for mine in subsets.values():
        others = find_others({name: one.stored.header for name, one in mine.items()})
        usual = Counter(one.stored.shape[0] for one in mine.values()).most_common(1)[0][0]
        for name, one in mine.items():
            if name in others:
                one.faults.append(('other features', f'{name!r} is {others[name]} the rest'))
            elif one.stored.shape[0] != usual:
                one.faults.append(('other features', f'{name!r} has {one.stored.shape[0]} '
                                                     f'channels, most have {usual}'))


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
