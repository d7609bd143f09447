"""Detections as arrays, and as ActivityNet's json of predictions.

Shape legend: K detections over all videos.

::

    {"version": "VERSION 1.3", "external_data": {},
     "results": {"<video>": [{"label": "Ballet", "score": 0.9, "segment": [6.2, 77.7]}]}}
"""
from __future__ import annotations

import contextlib
import gc
import gzip
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from mmlofi.files import write_text

_EXPECTED = ('expected {"results": {video: [{"label", "score", "segment": [start, end]}]}} with '
             'finite numbers and start <= end')


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
    """Reads predictions in ActivityNet's format, also gzipped; numbers may be strings.

    Args:
        path: A .json or .json.gz file.
        with_labels: Whether each has to have a label; proposals need none, and have '' then.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is not of this format, or a number is not finite.
    """
    with _collector_paused():
        return _load(path, with_labels)


def save_detections(detections: Detections, path: str | os.PathLike) -> None:
    """Writes ActivityNet's json; a reader never sees half a file."""
    with _collector_paused():
        text = json.dumps(
            dict(version='VERSION 1.3', results=detections.to_results(), external_data={}))
    write_text(path, text)


def _load(path: str | os.PathLike, with_labels: bool) -> Detections:
    results = _read_results(path)
    names = tuple(results)
    try:
        counts = [len(items) for items in results.values()]
        items = list(chain.from_iterable(results.values()))
        texts = [item['label'] if with_labels else item.get('label', '') for item in items]
        index = {label: place for place, label in enumerate(sorted(set(texts)))}
        if not all(isinstance(label, str) for label in index):
            raise TypeError('a label is not a string')
        flat = [number for item in items for number in _pair(item['segment'])]
        detections = Detections(
            names, tuple(index), np.repeat(np.arange(len(names)), counts),
            np.fromiter((index[label] for label in texts), np.int64, len(items)),
            np.array(flat, dtype=np.float64).reshape(-1, 2),
            np.array([item['score'] for item in items], dtype=np.float64))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
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
    opened = gzip.open if os.fspath(path).endswith('.gz') else open
    with opened(path, 'rt', encoding='utf-8') as file:
        try:
            content = json.load(file)
        except (EOFError, gzip.BadGzipFile, ValueError) as error:
            raise ValueError(f'{path} is not valid json ({error}); {_EXPECTED}: write it '
                             'again') from error
    results = content.get('results') if isinstance(content, dict) else None
    if not isinstance(results, dict):
        found = sorted(content)[:5] if isinstance(content, dict) else type(content).__name__
        raise ValueError(f'{path} has no "results" by video (found {found}); {_EXPECTED}. A file '
                         'of annotations is not one of detections')
    return results


def _pair(segment: Sequence) -> Sequence:
    if len(segment) != 2 or isinstance(segment, str):
        raise ValueError('a segment is not a pair')
    return segment


def _find_malformed(results: dict, with_labels: bool) -> str:
    """Names the first entry that cannot be read; called only when one is known to exist."""
    for name, items in results.items():
        if not isinstance(items, list):
            return f'video {name!r} holds {type(items).__name__} instead of a list'
        for place, item in enumerate(items):
            try:
                start, end = _pair(item['segment'])
                float(start), float(end), float(item['score'])
                if isinstance(item['label'] if with_labels else item.get('label', ''), str):
                    continue
            except (AttributeError, KeyError, TypeError, ValueError):
                pass
            return f'video {name!r}, detection {place} is {str(item)[:120]}'
    return 'a detection cannot be read'


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


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Three times faster: the collector would go through a million fresh objects many times."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
