"""Proposals of a test in files, to be post-processed again without the model.

A file for each video, NAME.npz, or for each window of it, NAME@FIRST_SNIPPET.npz, has what the
post-processing needs; `raw.json` beside them, written last, has the classes and with which options
the model itself post-processed.

Shape legend: K proposals of a video, C classes, L snippets.
"""
from __future__ import annotations

import math
import os
from collections.abc import Sequence
from glob import escape
from pathlib import Path

import numpy as np

from mmlofi.array_files import NpzFile, open_npz
from mmlofi.detections.labels import check_labelling
from mmlofi.detections.postprocess import check_nms
from mmlofi.detections.proposals import RawProposals
from mmlofi.files import path_in, write_npz
from mmlofi.json_values import brief, parse_json

INFO = 'raw.json'
_OPTIONAL = ('class_scores', 'start', 'end', 'labels')


def save_raw(folder: str | os.PathLike, video: RawProposals, max_proposals: int | None) -> None:
    """Writes the best `max_proposals` of a video, or all, whole or not at all.

    Raises:
        ValueError: For a video whose name leads out of the folder.
    """
    order = np.sort(np.argsort(-video.scores, kind='stable')[:max_proposals])
    window = '' if video.first_snippet is None else f'@{video.first_snippet:06d}'
    path = path_in(folder, video.video_name, f'{{}}{window}.npz')
    video = video.take(order)
    arrays = {name: getattr(video, name) for name in ('segments', 'scores', *_OPTIONAL)
              if getattr(video, name) is not None}
    more = {} if video.first_snippet is None else dict(first_snippet=video.first_snippet)
    write_npz(path, **more, duration_sec=np.float64(video.duration_sec),
              window_norm=np.array(video.window_norm, np.float64),
              **{name: _single(value) for name, value in arrays.items()})


def load_raw(folder: str | os.PathLike) -> tuple[list[RawProposals], dict]:
    """All videos of a folder in the order of their names, and what `raw.json` says.

    Raises:
        FileNotFoundError: Without a `raw.json`: no such folder, or the test did not end.
        ValueError: When there is no video, or a file that is not what a test writes.
    """
    info = Path(folder, INFO)
    if not info.is_file():
        raise FileNotFoundError(f'no {INFO} in {os.fspath(folder)!r}: expected the folder of a '
                                'test that ended: write one with tools/test.py … --dump-raw FOLDER')
    paths = sorted(Path(folder).rglob('*.npz'))
    if not paths:
        raise ValueError(f'{os.fspath(folder)!r} holds no proposals; expected a NAME.npz for each '
                         'video: write them again with tools/test.py … --dump-raw FOLDER')
    content = _read_info(info)
    return [_load(path, folder, content['classes']) for path in paths], content


def load_raw_video(folder: str | os.PathLike, video_name: str) -> list[RawProposals]:
    """One video of such a folder: a whole, or its windows.

    Raises:
        FileNotFoundError: When the folder has nothing of it.
        ValueError: For a file that is not what a test writes, or a name that leads out of the
            folder.
    """
    whole = Path(path_in(folder, video_name, '{}.npz'))
    paths = [whole] if whole.is_file() else sorted(
        Path(folder).glob(f'{escape(video_name)}@[0-9]*.npz'))
    if not paths:
        raise FileNotFoundError(f'no proposals of {video_name!r} in {os.fspath(folder)!r}; '
                                'expected those of the same videos: write them with tools/test.py '
                                '… --dump-raw FOLDER')
    return [_load(path, folder, ()) for path in paths]


def _read_info(path: Path) -> dict:
    try:
        info = parse_json(path.read_bytes())
        classes, nms, choice = info['classes'], info['nms'], info.get('proposals')
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise ValueError(f'its classes are {brief(classes)}')
        check_nms(**dict(top_k=1, sigma=1.0) | nms)
        info.setdefault('fusion', 'product')   # of files written before there were others
        check_labelling('it', top_classes=info['top_classes'], fusion=info['fusion'])
        if choice is not None and not all(
                isinstance(choice[name], bool) for name in ('peak_filter', 'allow_end_at_last')):
            raise ValueError(f'its proposals are {brief(choice)}')
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error
    return info


def _load(path: Path, folder: str | os.PathLike, classes: Sequence[str]) -> RawProposals:
    try:
        with open_npz(path) as content:
            video = _from_arrays(path.relative_to(folder).as_posix().removesuffix('.npz'), content)
        _check(video, classes)
        return video
    except Exception as error:   # numpy, zipfile and zlib raise many kinds
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(f'{path} cannot be read ({type(error).__name__}: {error}); expected '
                      'proposals that tools/test.py … --dump-raw wrote: write them again')


def _from_arrays(name: str, content: NpzFile) -> RawProposals:
    arrays = {key: _array(content.read(key)) for key in ('segments', 'scores', *_OPTIONAL)
              if key in content and key != 'labels'}
    labels = content.read('labels', 'iu').astype(np.int64) if 'labels' in content else None
    first = None
    if 'first_snippet' in content:
        first = content.read('first_snippet', 'iu').item()
        name = name.rpartition('@')[0]
    return RawProposals(name, content.read('duration_sec').item(),
                        tuple(content.read('window_norm').tolist()), arrays['segments'],
                        arrays['scores'], arrays.get('class_scores'), first,
                        arrays.get('start'), arrays.get('end'), labels)


def _array(array: np.ndarray) -> np.ndarray:
    """In the precision that it has, of those that soft-NMS computes in."""
    return array.astype(np.float64 if array.dtype.itemsize > 4 else np.float32)


def _check(video: RawProposals, classes: Sequence[str]) -> None:
    """Sees that what a file says can be of a video."""
    count = len(video.scores)
    vectors = [video.scores, *(values for values in (video.class_scores, video.start, video.end)
                               if values is not None)]
    of_each = video.class_scores is not None and video.class_scores.ndim == 2 and \
        len(video.class_scores) == count
    if video.segments.shape != (count, 2) or any(
            values.ndim != 1 for values in vectors if values is not video.class_scores) or \
            video.class_scores is not None and video.class_scores.ndim != 1 and not of_each:
        raise ValueError(f'segments {video.segments.shape} and '
                         f'{[values.shape for values in vectors]} are not (K, 2) and (K,), '
                         '(C,) or (K, C), (L,)')
    if video.start is not None and video.end is not None and len(video.start) != len(video.end):
        raise ValueError(f'{len(video.start)} starts and {len(video.end)} ends')
    if not all(np.isfinite(values).all() for values in (video.segments, *vectors)):
        raise ValueError('values are not finite')
    if (video.segments[:, 1] < video.segments[:, 0]).any() or (video.scores < 0).any():
        raise ValueError('segments end before they start, or scores are below 0')
    start, end = video.window_norm
    if not (0 < video.duration_sec < math.inf and -math.inf < start < end < math.inf):
        raise ValueError(f'a duration of {video.duration_sec} s, of which {start} to {end}')
    if not video.video_name or video.first_snippet is not None and video.first_snippet < 0:
        raise ValueError(f'a window from snippet {video.first_snippet} on, of video '
                         f'{video.video_name!r}')
    if classes and video.class_scores is not None and video.class_scores.shape[-1] != len(classes):
        raise ValueError(f'{video.class_scores.shape[-1]} class scores, where {INFO} has '
                         f'{len(classes)} classes')
    labels = video.labels
    if labels is not None and (labels.shape != (count,) or (labels < 0).any()
                               or classes and (labels >= len(classes)).any()):
        raise ValueError(f'labels {labels.shape} of {count} proposals, not all of which are '
                         f'classes of {INFO}')


def _single(values: np.ndarray) -> np.ndarray:
    """In single precision, which is enough of what a head says."""
    return values.astype(np.float32) if values.dtype.kind == 'f' else values
