"""Files of video-level class scores, as classifiers of others leave them.

    json    {"class": [K names], "results": {video: [K scores]}}, in which CUHK's scores of
            ActivityNet are spread
    npy     (V, K) scores; V videos in the order of a list. UntrimmedNet's of THUMOS14's test set,
            `uNet_test.npy`, is (1574, 101): video_test_0000123 has row 122, and the 20 classes of
            localization have the columns of THUMOS_COLUMNS
    pkl     what MMAction2's `tools/test.py --dump` writes: a list of dicts with `pred_score` (K,),
            which name their videos by `filename`, or come in the order of the annotation file

Shape legend: V videos, K classes.
"""
from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmlofi.array_files import read_npy
from mmlofi.json_values import brief, parse_json, repeated_keys
from mmlofi.models.heads.score_dump import load_dump

Scores = tuple[Sequence[str], dict[str, Tensor]]   # K names, and (K,) of each video

# The detection classes among THUMOS14's 101, which are numbered from 1 in alphabetical order. As in
# the post-processing of G-TAD (gtad_postprocess.py), which takes rows and columns from this file.
THUMOS_COLUMNS = {
    'BaseballPitch': 6, 'BasketballDunk': 8, 'Billiards': 11, 'CleanAndJerk': 20, 'CliffDiving': 21,
    'CricketBowling': 22, 'CricketShot': 23, 'Diving': 25, 'FrisbeeCatch': 30, 'GolfSwing': 32,
    'HammerThrow': 35, 'HighJump': 39, 'JavelinThrow': 44, 'LongJump': 50, 'PoleVault': 67,
    'Shotput': 78, 'SoccerPenalty': 84, 'TennisSwing': 91, 'ThrowDiscus': 92,
    'VolleyballSpiking': 96}
THUMOS_SHAPE = (1574, 101)

NAME_KEYS = ('video_name', 'filename', 'frame_dir')


def read_scores(path: str, classes: Sequence[str], file_classes: Sequence[str] | str | None,
                videos: Sequence[str] | str | None) -> Scores:
    """The names of a file's columns, and the scores of each video it has.

    Args:
        classes: Those of the data set, which a file without names has to have.
        file_classes: The names of its columns, or a file of them.
        videos: The names of its rows, or a file of them; others have their own.

    Raises:
        FileNotFoundError: When there is no such file of names.
        ValueError: When the file is of another kind, or does not fit the names.
    """
    readers = {'.json': _read_json, '.npy': _read_npy, '.pkl': _read_dump, '.pickle': _read_dump}
    suffix = os.path.splitext(path)[1]
    if suffix not in readers:
        raise ValueError(f'{path!r} ends in {suffix!r}; expected class scores in '
                         f'{sorted(readers)}: convert it')
    own_classes, rows = readers[suffix](path, None if videos is None else _names(videos))
    count = len(next(iter(rows.values()), ()))
    wrong = [video for video, row in rows.items() if not row.isfinite().all()]
    if wrong:
        raise ValueError(f'{path!r} has scores that are not finite for {len(wrong)} of {len(rows)} '
                         f'videos, the first: {wrong[:3]}; expected numbers: score these videos '
                         'again')
    names = _names(file_classes) if file_classes is not None else own_classes
    if names is None:
        names = _columns_of_thumos(classes, count) or list(classes)
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise ValueError(f'{path!r} has several columns for {len(twice)} classes, such as '
                         f'{twice[:3]}; expected one a class: correct the names')
    if rows and len(names) != count:
        raise ValueError(f'{path!r} has {count} scores of a video, for {len(names)} names of '
                         'classes; expected as many: give the names of its columns, in their '
                         'order, as `file_classes`')
    return names, rows


def _columns_of_thumos(classes: Sequence[str], count: int) -> list[str] | None:
    if count != THUMOS_SHAPE[1] or not set(classes) <= set(THUMOS_COLUMNS):
        return None
    names = [f'column {column}' for column in range(count)]
    for name, column in THUMOS_COLUMNS.items():
        names[column] = name
    return names


def _names(given: Sequence[str] | str) -> list[str]:
    """A list, or the lines of a file."""
    if not isinstance(given, str):
        return list(given)
    if not os.path.isfile(given):
        raise FileNotFoundError(f'no list of names at {given!r}; expected a text file with one a '
                                'line')
    try:
        text = Path(given).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{given!r} is no text in UTF-8 ({error}); expected a name a line: save '
                         'it again as that') from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _video_names(lines: Sequence[str], path: str, count: int) -> list[str]:
    """Of the lines of an annotation file, "folder/video.mp4 label …", or of plain names."""
    if len(lines) != count:
        raise ValueError(f'{path!r} has scores of {count} videos, and `videos` names {len(lines)}; '
                         'expected the list of the videos in the order of the scores: give the '
                         'annotation file that the classifier was tested by')
    names = [_stem(line.split()[0]) if isinstance(line, str) and line.strip() else ''
             for line in lines]
    if '' in names:
        place = names.index('')
        raise ValueError(f'`videos` of {path!r} has {lines[place]!r:.50} in place {place}; '
                         'expected the name of a video: correct it')
    return names


def _stem(filename: str) -> str:
    """Without folder and suffix; a dot in a name that has no suffix is a part of it."""
    return re.sub(r'\.[A-Za-z][A-Za-z0-9]{2,3}$', '', os.path.basename(filename))


def _read_json(path: str, videos: Sequence[str] | None) -> Scores:
    try:
        content = parse_json(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f'{path!r} is not valid json ({error}); expected class scores: download '
                         'or write them again') from error
    if not isinstance(content, dict) or not isinstance(content.get('results'), dict) \
            or not isinstance(content.get('class'), list) \
            or not all(isinstance(name, str) for name in content['class']):
        raise ValueError(f'{path!r} has no "class" and "results"; expected '
                         '{"class": [names], "results": {video: [scores]}}: write it like that')
    twice = repeated_keys(content) + repeated_keys(content['results'])
    if twice:
        raise ValueError(f'{path!r} has {brief(twice[0])} more than once, with other contents; '
                         'expected every video once: write it again')
    classes = content['class']
    return classes, {video: _as_row(row, len(classes), path, video)
                     for video, row in content['results'].items()}


def _as_row(row: object, num_classes: int | None, path: str, name: str) -> Tensor:
    """A video's scores as (K,), also where the file wraps them in another list or axis."""
    while isinstance(row, list | tuple) and len(row) == 1 and isinstance(row[0], list | tuple):
        row = row[0]
    plain = isinstance(row, list | tuple) and all(type(score) in (int, float) for score in row)
    if not plain and getattr(getattr(row, 'dtype', None), 'kind', '') not in ('f', 'i', 'u'):
        raise ValueError(f'{path!r} has {brief(row)} for the video {name!r}; expected a list of '
                         f'{num_classes or ""} numbers: write the file again')
    try:
        scores = _in_single(np.array(row, np.float64).ravel())
    except OverflowError as error:
        raise ValueError(f'{path!r} has a score for the video {name!r} that is too large '
                         f'({error}); expected probabilities: write the file again') from error
    if num_classes not in (None, len(scores)):
        raise ValueError(f'{path!r} has {len(scores)} scores for the video {name!r}; expected '
                         f'{num_classes}, one for each class: write the file again')
    return scores


def _read_npy(path: str, videos: Sequence[str] | None) -> tuple[None, dict[str, Tensor]]:
    try:
        array = read_npy(path)
    except Exception as error:   # numpy raises many kinds
        raise ValueError(f'{path!r} cannot be read ({error}); expected an array of scores (videos, '
                         'classes): download or write it again') from error
    if array.ndim != 2 or array.dtype.kind not in 'fiu':
        raise ValueError(f'{path!r} holds an array of shape {array.shape} and type {array.dtype}; '
                         'expected scores (videos, classes)')
    if videos is not None:
        names = _video_names(videos, path, len(array))
    elif array.shape == THUMOS_SHAPE:
        names = [f'video_test_{number:07d}' for number in range(1, len(array) + 1)]
    else:
        raise ValueError(f'{path!r} holds an array of shape {array.shape}, and nothing says which '
                         f"videos these are (UntrimmedNet's of THUMOS14 is {THUMOS_SHAPE}); "
                         'expected their names: give `videos`, a list or a text file of them')
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f'{path!r} has several rows for {len(twice)} videos, such as {twice[:3]}; '
                         'expected one a video, with names without spaces in `videos`: take the '
                         'mean of the rows of a video, or correct the names')
    return None, dict(zip(names, _in_single(array)))


def _in_single(array: np.ndarray) -> Tensor:
    with np.errstate(over='ignore'):   # infinite then, which `read_scores` refuses
        return torch.from_numpy(array.astype(np.float32))


def _read_dump(path: str, videos: Sequence[str] | None) -> tuple[None, dict[str, Tensor]]:
    """Several entries of a video, as of its clips, become their mean."""
    entries = load_dump(path)
    if not isinstance(entries, list) or not all(
            isinstance(entry, dict) and 'pred_score' in entry for entry in entries) or not entries:
        raise ValueError(f'{path!r} holds no list of dicts with "pred_score"; expected what '
                         'tools/test.py --dump of MMAction2 writes for a recognizer')
    names = _names_in_dump(entries) if videos is None else _video_names(videos, path, len(entries))
    if names is None:
        raise ValueError(
            f'{path!r} does not name its {len(entries)} videos; expected their names: give '
            '`videos`, the annotation file of the test in its order, or test with '
            "PackActionInputs(meta_keys=('filename',))")
    count = len(_as_row(entries[0]['pred_score'], None, path, names[0]))
    found = defaultdict(list)
    for name, entry in zip(names, entries):
        found[name].append(_as_row(entry['pred_score'], count, path, name))
    return None, {name: torch.stack(rows).mean(0) for name, rows in found.items()}


def _names_in_dump(entries: Sequence[dict]) -> list[str] | None:
    for key in NAME_KEYS:
        if all(isinstance(entry.get(key), str) for entry in entries):
            return [_stem(entry[key]) for entry in entries]
    return None
