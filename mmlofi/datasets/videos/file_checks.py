"""Looks at the files of a data set before anything trains on them."""
from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from mmengine.utils import track_iter_progress

from mmlofi.datasets.annotations import segments_after, tolerance_sec
from mmlofi.datasets.features.feature_header import check_same
from mmlofi.datasets.transforms import AppendFeatures, OpenFrames
from mmlofi.datasets.videos.find_files import exists, spellings
from mmlofi.datasets.videos.storage import is_there, on_disk
from mmlofi.datasets.videos.video_file import MISSING, FileState, look_at_video

Transforms = Sequence[Callable[[dict], dict]]


def refuse_bad_files(data_list: Sequence[dict], *, source: str, subset: str | Sequence[str],
                     transforms: Transforms, windows: bool, frames: str = 'first') -> list[int]:
    """Looks at the file of each video, on disk; elsewhere, whether it is there.

    Args:
        data_list: Videos as `UntrimmedVideoDataset.load_data_list` makes them.
        source: 'video', 'feature' or 'img', what the files are.
        subset: That is named in messages.
        transforms: Of the pipeline that will read the files.
        windows: Whether windows are cut of them.
        frames: Which of a video are decoded, of `damage.FRAMES`.

    Returns:
        The shorter side of each video's frames, of those whose side is known.

    Raises:
        FileNotFoundError: With the first few of those that are missing.
        ValueError: With the first few that cannot be read, that end before an annotated segment
            starts, or that are features of another encoder than the others.
    """
    look = partial(_look_at, source=source, transforms=transforms, windows=windows, frames=frames)
    with ThreadPoolExecutor(8) as pool:
        states = pool.map(look, data_list)
        states = list(states if frames == 'first' else
                      track_iter_progress((states, len(data_list)), file=sys.stderr))
    filenames = [info['filename'] for info in data_list]
    _refuse_unusable(filenames, states, source, subset)
    _refuse_short(data_list, states, subset)
    _refuse_unequal(filenames, states, subset)
    if source == 'feature':
        check_same({name: state.header for name, state in zip(filenames, states)})
    return [state.side for state in states if state.side is not None]


def _look_at(info: dict, *, source: str, transforms: Transforms, windows: bool,
             frames: str) -> FileState:
    if source == 'img':
        return _look_at_frames(info, transforms)
    filename, backend_args = info['filename'], files_backend(transforms)
    if not on_disk(filename, backend_args):
        return FileState(problem=None if is_there(filename, backend_args) else MISSING)
    if not exists(filename):
        return FileState(problem=MISSING)
    if source == 'video':
        return look_at_video(filename, frames)
    state = _look_at_features(filename, transforms, windows)
    return state if state.problem else _look_at_appended(info, transforms, windows) or state


def _look_at_appended(info: dict, transforms: Transforms, windows: bool) -> FileState | None:
    """What is wrong with the video's features of other folders, if anything is."""
    for transform in transforms:
        if isinstance(transform, AppendFeatures):
            path = transform.path(info['video_name'])
            problem = _look_at_features(path, [transform.load], windows).problem
            if problem:
                return FileState(problem=f'no features at {path!r}' if problem == MISSING
                                 else problem)
    return None


def _look_at_features(filename: str, transforms: Transforms, windows: bool) -> FileState:
    for transform in transforms:
        if hasattr(transform, 'check_file'):
            try:
                stored = transform.check_file(filename, windows=windows)
                return FileState(channels=stored.shape[0], header=stored.header)
            except FileNotFoundError:   # in an h5 file
                return FileState(problem=MISSING)
            except ValueError as error:
                return FileState(problem=str(error))
    return FileState()


def _look_at_frames(info: dict, transforms: Transforms) -> FileState:
    opener = next((transform for transform in transforms if isinstance(transform, OpenFrames)),
                  None)
    if opener is None:
        raise ValueError('data_prefix=dict(img=…) needs a pipeline that opens folders of '
                         'pictures; expected OpenFrames in place of OpenVideo')
    try:
        results = opener(dict(info))
        frame = results['video_reader'].get_batch([0]).asnumpy()[0]
    except FileNotFoundError:
        return FileState(problem=MISSING)
    except ValueError as error:
        return FileState(problem=str(error))
    return FileState(duration_sec=results['duration_sec'], side=min(frame.shape[:2]))


def files_backend(transforms: Transforms) -> dict | None:
    """That of the transform which opens the files, if it has one."""
    return next((transform.backend_args for transform in transforms
                 if getattr(transform, 'backend_args', None) is not None), None)


def _refuse_unusable(filenames: Sequence[str], states: Sequence[FileState], source: str,
                     subset: str | Sequence[str]) -> None:
    bad = [(name, state.problem) for name, state in zip(filenames, states) if state.problem]
    missing = [name for name, problem in bad if problem == MISSING]
    first = [name for name, _ in bad[:3]]
    advice = 'correct data_prefix and filename_tmpl, or drop these videos from the annotations'
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(filenames)} {source} files of subset {subset!r} are missing, '
            f'the first: {missing[:3]} (nor '
            f'{[os.path.basename(other) for other in spellings(missing[0])]}); expected one '
            f'file a video: {advice}; check_files=False where they are not on a disk')
    if bad and source == 'video':
        raise ValueError('\n'.join([
            f'{len(bad)} of {len(filenames)} videos of subset {subset!r} cannot be used '
            '(tools/check_dataset.py names all, and writes the annotations of the rest), the '
            'first:', *(problem for _, problem in bad[:3])]))
    if bad:
        raise ValueError(f'{len(bad)} of {len(filenames)} {source} files of subset {subset!r} '
                         f'cannot be used, the first: {first}; {bad[0][1]}')


def _refuse_short(data_list: Sequence[dict], states: Sequence[FileState],
                  subset: str | Sequence[str]) -> None:
    short = []
    for info, state in zip(data_list, states):
        duration = state.duration_sec
        lost = [] if duration is None else segments_after(
            info['segments_sec'], duration + tolerance_sec(duration))
        if lost:
            short.append(f'{info["filename"]!r} lasts {duration:.2f} s and has a segment '
                         f'[{lost[0][0]:g}, {lost[0][1]:g}]')
    if short:
        raise ValueError(
            f'{len(short)} of {len(data_list)} videos of subset {subset!r} end before an '
            f'annotated segment starts, the first: {"; ".join(short[:3])}; expected all '
            'segments inside their video: get the whole files, or correct or drop these videos '
            'in the annotations')


def _refuse_unequal(filenames: Sequence[str], states: Sequence[FileState],
                    subset: str | Sequence[str]) -> None:
    """Features of several encoders; which of them the head expects is not known here."""
    counts = Counter(state.channels for state in states)
    if len(counts) > 1:
        usual = counts.most_common(1)[0][0]
        others = [(name, state.channels) for name, state in zip(filenames, states)
                  if state.channels != usual]
        raise ValueError(
            f'{len(others)} of {len(filenames)} feature files of subset {subset!r} have '
            f'other channels than the {usual} of most, the first: {others[:3]}; expected '
            'features of one encoder: run tools/extract_features.py for all videos again')
