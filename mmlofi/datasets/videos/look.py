"""Looks at the files of a data set, by the index of what they are and what will read them.

What a file is stands in the index; whether that is what these transforms want is asked each time.
"""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from mmlofi.datasets.features.feature_files import FeatureFile, in_container, look_at_features
from mmlofi.datasets.features.feature_header import find_unlike
from mmlofi.datasets.transforms import AppendFeatures, OpenFrames, OpenVideo
from mmlofi.datasets.transforms.append import other_video
from mmlofi.datasets.videos.damage import FRAMES
from mmlofi.datasets.videos.facts import (
    MISSING,
    NO_STAMP,
    Facts,
    Fault,
    FeatureFacts,
    FolderFacts,
    Seen,
    VideoFacts,
    stamp_of,
)
from mmlofi.datasets.videos.file_checks import FileState, Transforms, files_backend
from mmlofi.datasets.videos.find_files import find_files
from mmlofi.datasets.videos.index import FAULT_SEC, FileIndex
from mmlofi.datasets.videos.indexing import READERS, complete
from mmlofi.datasets.videos.patience import patiently
from mmlofi.datasets.videos.readers import AUTO, tell_of_seconds, wanted_reader
from mmlofi.datasets.videos.storage import is_there, on_disk
from mmlofi.datasets.videos.video_file import find_facts

START_SEC = FAULT_SEC   # between the starts of a job's ranks, at most


class Looking(NamedTuple):
    """How files are looked at."""

    source: str                # 'video', 'feature' or 'img', what they are
    transforms: Transforms     # of the pipeline that will read them
    windows: bool = False      # whether windows are cut of them
    fetched: bool = False      # whether those on no disk are opened, too
    frames: str = 'first'      # of a video, of `damage.FRAMES`, which are decoded
    stat: bool = True          # as of `complete`
    readers: int = READERS


def look_at_files(index: FileIndex, data_list: Sequence[dict], how: Looking) -> list[Facts]:
    """What each video's file is, on disk; elsewhere whether it is there, unless `how.fetched`."""
    paths = [info['filename'] for info in data_list]
    if how.source == 'img':
        return look_at_folders(index, paths, _frames_opener(how.transforms), stat=how.stat,
                               readers=how.readers)
    backend_args = files_backend(how.transforms)
    local = not paths or on_disk(paths[0], backend_args)
    opened = local or how.fetched
    reader = wanted_reader(next((transform.reader for transform in how.transforms
                                 if isinstance(transform, OpenVideo)), None))
    look = partial(look_at_file, source=how.source, frames=how.frames, index=index,
                   backend_args=backend_args, opened=opened, reader=reader)
    found = complete(index, paths, look, fits=partial(
        is_enough, frames=how.frames, opened=opened, reader=reader), stat=how.stat and local,
        readers=how.readers, what=f'{how.source} files')
    tell_of_seconds((facts.codecs for facts in found if isinstance(facts, VideoFacts)
                     and facts.took_over), len(found))
    return found


def is_enough(facts: Facts, *, frames: str = 'first', opened: bool = True, reader: str = AUTO
              ) -> bool:
    """Whether what is known of a file is what `look_at_file` would find.

    Args:
        frames: Of `damage.FRAMES`, those of a video that have to have been decoded.
        opened: Whether it takes more to know than that a file is there.
        reader: That is wanted for videos.
    """
    if isinstance(facts, (VideoFacts, Fault)) and not facts.fits(reader):
        return False
    if isinstance(facts, VideoFacts):
        return FRAMES.index(facts.frames) >= FRAMES.index(frames)
    if isinstance(facts, Fault):   # one of later frames is none where these do not matter
        return FRAMES.index(facts.frames) <= FRAMES.index(frames)
    return not (opened and isinstance(facts, Seen))


def states_of(index: FileIndex, data_list: Sequence[dict], facts: Sequence[Facts], how: Looking
              ) -> list[FileState]:
    """Whether the pipeline can use each file, what it says, and why not."""
    states = [_state(info, one, how) for info, one in zip(data_list, facts)]
    for transform in how.transforms:
        if isinstance(transform, AppendFeatures):
            states = _with_appended(index, data_list, facts, states, transform, how)
    return states


def look_at_file(path: str, *, source: str, frames: str, index: FileIndex,
                 backend_args: dict | None = None, opened: bool = True,
                 reader: str | None = None) -> Facts:
    """What a file is, found out by opening it.

    Args:
        source: 'video' or 'feature'.
        frames: As of `is_enough`.
        index: Where the table of a long video goes.
        opened: Whether it takes more to know than that it is there.
        reader: Of `OpenVideo`.

    Raises:
        ImportError, OSError: When it cannot be known, whatever the file is.
    """
    stamp, local = NO_STAMP, on_disk(path, backend_args)
    try:
        if local:
            stamp = patiently(stamp_of)((in_container(path) or (path,))[0])
        elif not is_there(path, backend_args):
            raise FileNotFoundError(path)
        if not opened:
            return Seen(stamp)
        if source == 'feature':
            return FeatureFacts(stamp, *look_at_features(path, backend_args))
        return find_facts(path, frames, backend_args, index.table_path, reader)
    except (FileNotFoundError, NotADirectoryError):
        return Fault(stamp, MISSING, time.time())
    except ValueError as error:
        return Fault(stamp, str(error), time.time(), frames, wanted_reader(reader))


def _state(info: dict, facts: Facts, how: Looking) -> FileState:
    if isinstance(facts, Fault):
        return FileState(problem=facts.problem)
    if isinstance(facts, FeatureFacts):
        return _state_of_features(info['filename'], facts, how.transforms, how.windows)
    if isinstance(facts, VideoFacts):
        return FileState(duration_sec=facts.duration_sec, side=facts.side)
    if isinstance(facts, FolderFacts):
        return _state_of_folder(info, facts, _frames_opener(how.transforms))
    if isinstance(facts, Seen):
        return FileState()
    raise AssertionError(f'no state of {facts}')


def _state_of_features(path: str, facts: FeatureFacts, transforms: Sequence[Callable],
                       windows: bool) -> FileState:
    for transform in transforms:
        if hasattr(transform, 'check_file'):
            try:
                stored = transform.check_file(path, windows=windows,
                                              stored=FeatureFile(*facts[1:]))
            except ValueError as error:
                return FileState(problem=str(error))
            return FileState(channels=stored.shape[0], header=stored.header)
    return FileState()


def _with_appended(index: FileIndex, data_list: Sequence[dict], facts: Sequence[Facts],
                   states: Sequence[FileState], transform: AppendFeatures, how: Looking
                   ) -> list[FileState]:
    """The states, with what is wrong with the videos' features of another folder."""
    more = how._replace(transforms=[transform.load])
    paths = [transform.path(info['video_name']) for info in data_list]
    if paths and on_disk(paths[0], transform.load.backend_args):
        paths = find_files(paths, lambda: paths)
    infos = [dict(filename=path) for path in paths]
    others = look_at_files(index, infos, more)
    found = [_state(info, one, more) for info, one in zip(infos, others)]
    unlike = find_unlike({path: (state.channels, state.header) for path, state in zip(paths, found)
                          if state.channels is not None})
    return [state if state.problem else state._replace(problem=_problem_of_appended(
        path, other, unlike.get(path), info['filename'], durations))
        for info, state, path, other, *durations in zip(
            data_list, states, paths, found, map(_duration, facts), map(_duration, others))]


def _problem_of_appended(path: str, state: FileState, unlike: str | None, first: str,
                         durations: Sequence[float | None]) -> str | None:
    if state.problem == MISSING:
        return (f'no features at {path!r}; expected a file of each video in this folder too: '
                'correct folder and filename_tmpl of AppendFeatures, or extract the features of '
                'its encoder')
    if state.problem is not None:
        return state.problem
    if os.path.abspath(path) == os.path.abspath(first):
        return (f'AppendFeatures and LoadSnippetFeatures both read {path!r}; expected features of '
                'two encoders: correct folder of AppendFeatures, or the data_prefix')
    if unlike is not None:
        return f'{unlike}; expected features of one encoder in a folder: extract them again'
    return other_video(path, durations[1], first, durations[0])


def _duration(facts: Facts) -> float | None:
    return facts.duration_sec if isinstance(facts, FeatureFacts) else None


def _frames_opener(transforms: Transforms) -> OpenFrames:
    opener = next((transform for transform in transforms if isinstance(transform, OpenFrames)),
                  None)
    if opener is None:
        raise ValueError('data_prefix=dict(img=…) needs a pipeline that opens folders of '
                         'pictures; expected OpenFrames in place of OpenVideo')
    return opener


def look_at_folders(index: FileIndex, paths: Sequence[str], opener: OpenFrames, *,
                    stat: bool = True, readers: int = READERS,
                    tell: Callable[[str], object] | None = None) -> list[Facts]:
    """What each folder of pictures is.

    A fault is looked at again at every start: pictures are mended one by one, of which their folder
    does not tell. And so is a folder on no disk, but for what other ranks of the start have found.

    Args:
        stat: As of `complete`, for folders on a disk, as `readers` and `tell`.
    """
    local = not paths or on_disk(paths[0], opener.backend_args)
    since_ns = 0 if local or not stat else time.time_ns() - round(START_SEC * 1e9)

    def fits(facts: Facts) -> bool:
        return isinstance(facts, FolderFacts) and facts.pictures == opener.pictures and \
            facts.stamp.mtime_ns >= since_ns
    return complete(index, paths, partial(_look_at_folder, opener=opener), fits=fits,
                    stat=stat and local, readers=readers, what='folders of pictures', tell=tell)


def _look_at_folder(path: str, opener: OpenFrames) -> Facts:
    try:
        return opener.find_facts(path)
    except FileNotFoundError:
        return Fault(NO_STAMP, MISSING, time.time())
    except ValueError as error:
        return Fault(NO_STAMP, str(error), time.time())


def _state_of_folder(info: dict, facts: FolderFacts, opener: OpenFrames) -> FileState:
    try:
        axis = opener.time_axis(info, facts.total_frames)
    except ValueError as error:
        return FileState(problem=str(error))
    return FileState(duration_sec=axis['duration_sec'], side=facts.side)
