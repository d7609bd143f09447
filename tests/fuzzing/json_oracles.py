"""What json files say, told by a few lines of their own: a value, or `Refused`."""
from __future__ import annotations

import json
import math
from collections.abc import Callable

from json_cases import Pairs


class Refused(Exception):
    """A reader has to refuse this."""


def annotations_of(data: bytes) -> list[tuple]:
    """(name, subset, duration, segments, labels) of each video; its subset is 'all' without any."""
    content = _load(data)
    keys = [key for key, _ in content]
    database = _one(content, 'database') if 'database' in keys else None
    flat = 'database' not in keys and any(
        isinstance(entry, Pairs) and {'annotations', 'duration_second'} <= {key for key, _ in entry}
        for _, entry in content)
    videos = content if flat else database
    _expect(isinstance(videos, Pairs) and len(videos))
    have_subsets = not flat or any(key == 'subset' for _, entry in videos
                                   if isinstance(entry, Pairs) for key, _ in entry)
    return [_video(name, _one(videos, name), have_subsets)
            for name in dict.fromkeys(name for name, _ in videos)]


def _video(name: str, entry: object, have_subsets: bool) -> tuple:
    _name(name)
    _expect(isinstance(entry, Pairs))
    subset = _name(_one(entry, 'subset')) if have_subsets else 'all'
    found = [_one(entry, key) for key in ('duration', 'duration_second')]
    duration = next((_number(value) for value in found if value is not None), None)
    _expect(duration is None or 0 < duration < math.inf)
    frames = [_one(entry, key) for key in ('feature_frame', 'duration_frame')]
    if duration is not None and None not in frames:
        _expect(all(0 < _number(value) < math.inf for value in frames))
    items = _one(entry, 'annotations')
    _expect(items is None or type(items) is list)
    segments, labels = [], []
    for item in items or []:
        _expect(isinstance(item, Pairs))
        labels.append(_name(_one(item, 'label')))
        start, end = _segment(_one(item, 'segment'))
        limit = math.inf if duration is None else duration
        slack = max(1, 0.02 * duration) if duration else 1
        _expect(start >= -slack and start <= limit and end <= limit + slack)
        segments.append((start, end))
    return name, subset, duration, tuple(segments), tuple(labels)


def detections_of(data: bytes) -> dict[str, list[dict]]:
    """The detections of each video."""
    results = _one(_load(data), 'results')
    _expect(isinstance(results, Pairs))
    videos = {}
    for name in dict.fromkeys(name for name, _ in results):
        items = _one(results, name)
        _name(name)
        _expect(items is None or type(items) is list)
        videos[name] = [_detection(item) for item in items or []]
    return videos


def _detection(item: object) -> dict:
    _expect(isinstance(item, Pairs))
    for key, _ in item:
        _one(item, key)
    score, (start, end) = _number(_one(item, 'score')), _segment(_one(item, 'segment'))
    _expect(math.isfinite(score))
    return dict(label=_name(_one(item, 'label')), score=score, segment=[start, end])


def _load(data: bytes) -> Pairs:
    content = _or_refused(lambda: json.loads(data, object_pairs_hook=Pairs))
    _expect(isinstance(content, Pairs))
    return content


def _one(pairs: Pairs, key: str) -> object:
    """The value of a key, which has the same one each time that it comes; None without any."""
    values = [value for name, value in pairs if name == key]
    _expect(all(_plain(value) == _plain(values[-1]) for value in values))
    return values[-1] if values else None


def _plain(value: object) -> object:
    """As Python's json reads it."""
    if isinstance(value, Pairs):
        return {key: _plain(one) for key, one in value}
    return list(map(_plain, value)) if isinstance(value, list) else value


def _name(value: object) -> str:
    _expect(isinstance(value, str) and value.strip() and '\0' not in value)
    return _or_refused(lambda: value.encode('utf-8').decode())


def _number(value: object) -> float:
    _expect(type(value) in (int, float, str) and '_' not in str(value))
    return _or_refused(lambda: float(value))


def _segment(value: object) -> tuple[float, float]:
    _expect(type(value) is list and len(value) == 2)
    start, end = map(_number, value)
    _expect(-math.inf < start <= end < math.inf)
    return start, end


def _or_refused(call: Callable) -> object:
    try:
        return call()
    except (OverflowError, RecursionError, ValueError):
        raise Refused from None


def _expect(what: object) -> None:
    if not what:
        raise Refused
