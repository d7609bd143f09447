"""Holds annotations against the files that they are of, and names every fault.

What stops a training, or makes its score worthless, is an error; the rest is a warning. No file is
changed.
"""
from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from mmlofi.datasets.annotations import (
    VideoRecord,
    of_subsets,
    read_records,
    segments_after,
    tolerance_sec,
)
from mmlofi.datasets.checks.feature_checks import (
    check_features,
    check_shape,
    find_other_features,
    find_other_videos,
)
from mmlofi.datasets.checks.folder_checks import check_folder, opener_of
from mmlofi.datasets.checks.same_files import same_files
from mmlofi.datasets.checks.video_check import Source, VideoCheck
from mmlofi.datasets.videos.facts import (
    NO_STAMP,
    Facts,
    Fault,
    FeatureFacts,
    FolderFacts,
    VideoFacts,
)
from mmlofi.datasets.videos.find_files import find_spellings
from mmlofi.datasets.videos.index import FileIndex
from mmlofi.datasets.videos.indexing import complete
from mmlofi.datasets.videos.look import is_enough, look_at_file, look_at_folders
from mmlofi.datasets.videos.readers import tell_of_seconds, wanted_reader
from mmlofi.files import path_in
from mmlofi.json_values import text_fault


def check(sources: Sequence[Source], *, tolerance: float | None = None, frames: str = 'first',
          values: bool = True, workers: int = 4, index: str | None = None,
          track: Callable[[tuple[Iterable, int]], Iterable] = lambda tasks: tasks[0]
          ) -> list[VideoCheck]:
    """Checks every video of the sources.

    Args:
        sources: In the order in which a video of several subsets is looked for.
        tolerance: Seconds by which a file may differ from its annotated duration; by default 2 %
            of it, 1 s at least.
        frames: Which of a video are decoded, of `damage.FRAMES`; of a folder of pictures all, or
            the first alone.
        workers: Files looked at at a time.
        values: Whether features are read whole; otherwise their headers are.
        index: Folder of the index of files, by which those that have not changed are known, and to
            which the others are added. None: those beside the annotation files.
        track: Passes on what an iterable gives, of which it gets the number too, such as MMEngine's
            `track_iter_progress`.

    Raises:
        FileNotFoundError, ValueError: When an annotation file cannot be read, or has not the
            subset.
    """
    checks = []
    for source in sources:
        checks += _read(source)

    files = [one for main in checks for one in (main, *main.appended) if one.filename is not None]
    facts = _look_at_files(files, frames, workers, index)
    look = partial(_check_file, tolerance=tolerance, values=values, every=frames != 'first')
    with ThreadPoolExecutor(workers) as pool:
        for _ in track((pool.map(look, files, facts), len(files))):
            pass
    find_other_features(files)
    find_other_videos(checks)
    for one in checks:
        one.faults += [fault for other in one.appended for fault in other.faults
                       if fault not in one.faults]
    _find_repeats(checks)
    return checks


def _read(source: Source) -> list[VideoCheck]:
    every, all_faults = read_records(source.ann_file, ignore=source.ignore)
    records, faults = of_subsets(source.ann_file, every, all_faults, source.subset)
    chosen = {record.name: VideoCheck(record, source) for record in records}
    named = {record.name: record for record in every}
    for fault in faults:   # one listed twice may be of another subset the second time
        chosen.setdefault(fault.video, VideoCheck(named[fault.video], source)).faults.append(
            (fault.kind, fault.detail))
    for one in chosen.values():
        _check_annotations(one)
    if source.folder is not None:
        _find_files(source, list(chosen.values()), every)
    for further in source.appended:
        others = {name: VideoCheck(one.record, further) for name, one in chosen.items()}
        _find_files(further, list(others.values()), every)
        for name, one in chosen.items():
            one.appended.append(others[name])
    return list(chosen.values())


def _find_files(source: Source, chosen: Sequence[VideoCheck], every: Sequence[VideoRecord]) -> None:
    """Finds the file of each video, among those of all videos of the annotations."""
    paths = _paths(source, chosen)
    named = [one for one in chosen if one.record.name in paths]
    found = find_spellings([paths[one.record.name] for one in named], lambda: _paths(
        source, [VideoCheck(record, source) for record in every]).values())
    for one, there in zip(named, found):
        if len(there) == 1:
            one.filename = there[0]
        else:
            one.faults.append(('several files', ' and '.join(there)) if there
                              else ('missing', paths[one.record.name]))


def _paths(source: Source, checks: Iterable[VideoCheck]) -> dict[str, str]:
    """Where the videos' files are by the template; without those whose name is a fault."""
    paths = {}
    for one in checks:
        if not text_fault(one.record.name):
            with suppress(ValueError):
                paths[one.record.name] = path_in(source.folder, one.record.name,
                                                 source.filename_tmpl)
    return paths


def _check_annotations(one: VideoCheck) -> None:
    record = one.record
    if not text_fault(record.name):   # a fault of the entry already
        try:
            path_in('', record.name)
        except ValueError as error:
            one.faults.append(('bad name', str(error).partition('; expected')[0]))
    one.faults += [('no length', f'{label!r} [{start:g}, {end:g}]')
                   for (start, end), label in zip(record.segments_sec, record.labels)
                   if end == start]
    for label in sorted(set(record.labels).difference(one.source.classes or record.labels)):
        one.faults.append(('unknown class', label))


def _look_at_files(files: Sequence[VideoCheck], frames: str, workers: int, index: str | None
                   ) -> list[Facts]:
    """What each file is, by the index of its annotation file."""
    groups: dict[tuple[str, bool, str, str | None], list[VideoCheck]] = defaultdict(list)
    for one in files:
        source = one.source
        groups[source.ann_file, source.features, wanted_reader(source.reader), source.opener
               ].append(one)
    found: dict[str, Facts] = {}
    for (ann_file, features, reader, opener), group in groups.items():
        known = FileIndex.beside(ann_file, index)
        paths = [one.filename for one in group]
        if opener is not None:
            found |= zip(paths, look_at_folders(known, paths, opener_of(opener), readers=workers,
                                                tell=partial(print, file=sys.stderr)))
            continue
        look = partial(_look_at_file, source='feature' if features else 'video', frames=frames,
                       index=known, reader=reader)
        found |= zip(paths, complete(
            known, paths, look, fits=partial(is_enough, frames=frames, reader=reader),
            readers=workers, what='feature files' if features else 'video files',
            tell=partial(print, file=sys.stderr)))
    tell_of_seconds((facts.codecs for facts in found.values() if isinstance(facts, VideoFacts)
                     and facts.took_over), len({one.filename for one in files
                                                if not one.source.features}),
                    partial(print, file=sys.stderr))
    return [found[one.filename] for one in files]


def _look_at_file(path: str, **how: object) -> Facts:
    try:
        return look_at_file(path, **how)
    except OSError as error:   # of which others are to hear as well
        return Fault(NO_STAMP, str(error), time.time())


def _check_file(one: VideoCheck, facts: Facts, *, tolerance: float | None, values: bool,
                every: bool) -> None:
    problem = facts.problem.partition(';')[0] if isinstance(facts, Fault) else None
    if problem is None and isinstance(facts, FeatureFacts):
        try:
            check_shape(one.filename, facts)
        except ValueError as error:
            problem = str(error).partition(';')[0]
    if problem is not None:
        one.faults.append(('unreadable', problem))
        return
    if isinstance(facts, FolderFacts):
        check_folder(one, facts, every=every)
    else:
        one.duration_sec = facts.duration_sec
    if isinstance(facts, FeatureFacts):
        check_features(one, facts, values)
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


def _find_repeats(checks: Sequence[VideoCheck]) -> None:
    """Notes videos that come again, by name or by the bytes of their file."""
    names: dict[str, list[VideoCheck]] = defaultdict(list)
    for one in checks:
        names[one.record.name].append(one)
    for same in names.values():
        _note_repeats(same, 'of the same name')
    for same in same_files([one for one in checks if one.filename is not None]):
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
