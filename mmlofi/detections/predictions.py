"""Detections as arrays, and as ActivityNet's json of predictions.

Shape legend: K detections over all videos.

::

    {"version": "VERSION 1.3", "external_data": {},
     "results": {"<video>": [{"label": "Ballet", "score": 0.9, "segment": [6.2, 77.7]}]}}
"""
from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path

import numpy as np

from mmlofi.files import write_text
from mmlofi.json_values import (
    brief,
    collector_paused,
    number,
    pair,
    parse_json,
    repeated_keys,
    text_fault,
)

_EXPECTED = ('expected {"results": {video: [{"label", "score", "segment": [start, end]}]}} with '
             'finite numbers and start <= end')
_GZIP = b'\x1f\x8b'   # how a gzipped file begins, whatever its name


@dataclass(frozen=True)
class Detections:
    """All detections of a set of videos, one array for each property.

    `video_names` also holds the videos in which nothing was detected.
    """

    video_names: tuple[str, ...]
    classes: tuple[str, ...]
    video: np.ndarray         # (K,) index into video_names
    label: np.ndarray         # (K,) index into classes
    segments_sec: np.ndarray  # (K, 2) float64
    scores: np.ndarray        # (K,) float64

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def from_videos(cls, videos: Iterable[tuple[str, np.ndarray, np.ndarray, np.ndarray]],
                    classes: Sequence[str]) -> Detections:
        """Joins (name, segments_sec (k, 2), scores (k,), labels (k,)) of each video.

        Raises:
            ValueError: When a name comes twice, sizes differ, a number is not finite, a segment
                ends before it starts or a label is not an index of `classes`.
        """
        videos = list(videos)
        names = tuple(video[0] for video in videos)
        for name, segments, scores, labels in videos:
            sizes = np.shape(segments), np.shape(scores), np.shape(labels)
            count = len(scores)
            if sizes != ((count, 2), (count,), (count,)):
                raise ValueError(f'the detections of video {name!r} have shapes {sizes}; expected '
                                 '(k, 2), (k,), (k,): give each segment one score and one label')
        detections = cls(
            names, tuple(classes),
            np.repeat(np.arange(len(videos)), [len(video[2]) for video in videos]),
            _join([video[3] for video in videos], np.int64, (0,)),
            _join([video[1] for video in videos], np.float64, (0, 2)),
            _join([video[2] for video in videos], np.float64, (0,)))
        _check(detections)
        return detections

    def of_video(self, name: str) -> Detections:
        """Those of one video."""
        mine = self.video == self.video_names.index(name)
        return Detections((name,), self.classes, np.zeros(mine.sum(), np.int64), self.label[mine],
                          self.segments_sec[mine], self.scores[mine])

    def to_results(self) -> dict[str, list[dict]]:
        """The "results" of ActivityNet's json: videos by name, detections in their order."""
        results = {name: [] for name in sorted(self.video_names)}
        segments, scores = self.segments_sec.tolist(), self.scores.tolist()
        for video, label, segment, score in zip(self.video.tolist(), self.label.tolist(),
                                                segments, scores):
            results[self.video_names[video]].append(
                dict(label=self.classes[label], score=score, segment=segment))
        return results


def load_detections(path: str | os.PathLike, *, with_labels: bool = True) -> Detections:
    """Reads predictions in ActivityNet's format, also gzipped; numbers may be texts.

    What is a number, a label or a segment is judged as in annotations.

    Args:
        path: A json file, plain or gzipped.
        with_labels: Whether each has to have a label; proposals need none, and have '' then.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is not of this format, a number is not finite, or a video is there more
            than once with different detections.
    """
    with collector_paused():
        return _load(path, with_labels)


def save_detections(detections: Detections, path: str | os.PathLike) -> None:
    """Writes ActivityNet's json; a reader never sees half a file."""
    with collector_paused():
        text = json.dumps(
            dict(version='VERSION 1.3', results=detections.to_results(), external_data={}))
    write_text(path, text)


def _load(path: str | os.PathLike, with_labels: bool) -> Detections:
    results = _read_results(path)
    try:
        detections = _to_arrays(results, with_labels)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f'{path}: {_find_malformed(results, with_labels)}; {_EXPECTED}') from error
    try:
        _check(detections)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
    return detections


def _read_results(path: str | os.PathLike) -> dict:
    if not os.path.isfile(path):
        raise FileNotFoundError(f'no file of detections at {os.fspath(path)!r}: expected a json '
                                "file in ActivityNet's format; give the path of yours")
    data = Path(path).read_bytes()
    try:
        content = parse_json(gzip.decompress(data) if data.startswith(_GZIP) else data,
                             _count_keys)
    except (EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise ValueError(f'{path} is not valid json ({error}); {_EXPECTED}: write it '
                         'again') from error
    results = content.get('results') if isinstance(content, dict) else None
    if not isinstance(results, dict):
        found = type(content).__name__ if not isinstance(content, dict) else brief(
            content if 'results' in content else sorted(content))
        raise ValueError(f'{path} has no "results" by video (found {found}); {_EXPECTED}. A '
                         'file of annotations is not one of detections')
    twice = repeated_keys(results) or [key for key in repeated_keys(content) if key == 'results']
    if twice:
        raise ValueError(f'{path} has {brief(twice)} more than once, with other contents; expected '
                         'every video once: join their detections')
    return results


def _count_keys(content: object) -> int:
    """Those of a file of detections; 0 where it has not this form."""
    results = content.get('results') if isinstance(content, dict) else None
    lists = list(results.values()) if isinstance(results, dict) else [None]
    items = list(chain.from_iterable(lists)) if set(map(type, lists)) <= {list} else [None]
    if set(map(type, items)) - {dict}:
        return 0
    return len(content) + sum(map(len, items)) + sum(
        len(part) for part in content.values() if isinstance(part, dict))


def _to_arrays(results: dict, with_labels: bool) -> Detections:
    """All at once, since there may be millions; what is wrong is not named here.

    Raises:
        AttributeError, KeyError, OverflowError, TypeError, ValueError: When one is malformed.
    """
    names = tuple(results)
    lists = [[] if items is None else items for items in results.values()]
    items = list(chain.from_iterable(lists))
    if any(map(text_fault, names)) or not set(map(type, lists)) <= {list} or any(
            map(repeated_keys, items) if set(map(type, items)) - {dict} else ()):
        raise ValueError('a video or a detection is malformed')
    texts = list(map(itemgetter('label'), items)) if with_labels else [
        item.get('label', '') for item in items]
    index = {label: place for place, label in enumerate(sorted(set(texts)))}
    if any(_label_fault(label, with_labels) for label in index):
        raise ValueError('a label is no name')
    segments = list(map(itemgetter('segment'), items))
    if not (set(map(type, segments)) <= {list} and set(map(len, segments)) <= {2}):
        raise ValueError('a segment is no pair')
    return Detections(
        names, tuple(index), np.repeat(np.arange(len(names)), list(map(len, lists))),
        np.fromiter(map(index.__getitem__, texts), np.int64, len(items)),
        _numbers(list(chain.from_iterable(segments))).reshape(-1, 2),
        _numbers(list(map(itemgetter('score'), items))))


def _numbers(values: list) -> np.ndarray:
    plain = set(map(type, values)) <= {float, int}   # the rest is judged one by one
    return np.array(values if plain else [number(value) for value in values], dtype=np.float64)


def _label_fault(label: object, with_labels: bool) -> str | None:
    return None if label == '' and not with_labels else text_fault(label)


def _find_malformed(results: dict, with_labels: bool) -> str:
    """Names the first entry that cannot be read; called only when one is known to exist."""
    for name, items in results.items():
        if text_fault(name):
            return f'the name of a video {text_fault(name)}'
        if items is not None and not isinstance(items, list):
            return f'video {name!r} holds {type(items).__name__} instead of a list'
        for place, item in enumerate(items or []):
            fault = _detection_fault(item, with_labels)
            if fault:
                return f'video {name!r}, detection {place} is {brief(item)}: {fault}'
    return 'a detection cannot be read'


def _detection_fault(item: object, with_labels: bool) -> str | None:
    if not isinstance(item, dict):
        return 'no object'
    twice = repeated_keys(item)
    if twice:
        return f'{twice[0]!r} is there more than once'
    try:
        pair(item['segment'])
        number(item['score'])
        fault = _label_fault(item['label'] if with_labels else item.get('label', ''), with_labels)
    except KeyError as error:
        return f'{error} is missing'
    except ValueError as error:
        return str(error)
    return fault and f'the label {fault}'


def _check(detections: Detections) -> None:
    names, segments = detections.video_names, detections.segments_sec
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})[:5]
        raise ValueError(f'detections name videos twice: {twice}; expected every video once: join '
                         'their detections')
    bad = ~np.isfinite(detections.scores) | ~np.isfinite(segments).all(1)
    bad |= segments[:, 1] < segments[:, 0]
    if bad.any():
        first = int(bad.argmax())
        raise ValueError(
            f'{int(bad.sum())} of {len(bad)} detections are not valid, the first in video '
            f'{names[detections.video[first]]!r}: segment {segments[first].tolist()}, score '
            f'{float(detections.scores[first])}; {_EXPECTED}. NaN often means that training '
            'diverged')
    labels = detections.label
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(detections.classes):
        raise ValueError(f'detections have labels from {labels.min()} to {labels.max()}; expected '
                         f'0 to {len(detections.classes) - 1}: the model and the list of classes '
                         'do not match')


def _join(parts: list, dtype: type, empty: tuple[int, ...]) -> np.ndarray:
    return np.concatenate([np.empty(empty, dtype), *parts]).astype(dtype, copy=False)
