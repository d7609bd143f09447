"""Refuses files that cannot be used before anything trains on them."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence

from mmlofi.datasets.annotations import segments_after, tolerance_sec
from mmlofi.datasets.features.feature_header import check_same
from mmlofi.datasets.videos.facts import MISSING
from mmlofi.datasets.videos.find_files import SUFFIXES, spellings
from mmlofi.datasets.videos.video_file import FileState

Transforms = Sequence[Callable[[dict], dict]]


def refuse_bad_files(data_list: Sequence[dict], states: Sequence[FileState], *, source: str,
                     subset: str | Sequence[str]) -> list[int]:
    """Refuses a data set of which files cannot be used.

    Args:
        data_list: Videos as `UntrimmedVideoDataset.load_data_list` makes them.
        states: Of each, by `look_at_files`.
        source: 'video', 'feature' or 'img', what the files are.
        subset: That is named in messages.

    Returns:
        The shorter side of each video's frames, of those whose side is known.

    Raises:
        FileNotFoundError: With the first few of those that are missing.
        ValueError: With the first few that cannot be read, that end before an annotated segment
            starts, or that are features of another encoder than the others.
    """
    filenames = [info['filename'] for info in data_list]
    _refuse_unusable(filenames, states, source, subset)
    _refuse_short(data_list, states, subset)
    _refuse_unequal(filenames, states, subset)
    if source == 'feature':
        check_same({name: state.header for name, state in zip(filenames, states)})
    return [state.side for state in states if state.side is not None]


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
        name, _ = os.path.splitext(missing[0])
        if source == 'video' and os.path.splitext(name)[1].lower() in SUFFIXES:
            advice = ("set filename_tmpl='{}', as the names in the annotations have an ending, or "
                      f'{advice}')
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
