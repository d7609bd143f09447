"""An annotated video, the rules that its segments keep, and what can be wrong with it."""
from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class VideoRecord:
    """One untrimmed video and the actions annotated in it, in seconds as the file has them."""

    name: str
    subset: str
    duration_sec: float | None
    segments_sec: tuple[tuple[float, float], ...]
    labels: tuple[str, ...]
    ignored_sec: tuple[tuple[float, float], ...] = ()   # segments of classes that do not count
    features_sec: float | None = None   # what features stand for, where the file says so
    fps: float | None = None            # frames a second of the video, where the file says so


# What keeps a video from being trained on or scored: by kind what is expected in its place.
REFUSED: Mapping[str, str] = {
    'bad entry': '{"subset", "duration", "annotations": [{"segment": [start, end], "label"}]} '
                 'under a name',
    'bad duration': 'a duration in seconds above 0, or none at all',
    'bad segment': 'each segment as a pair of numbers',
    'bad label': 'each label as a text that is not empty',
    'reversed': 'start <= end',
    'outside': 'start <= end in seconds, inside the video',
    'listed twice': 'every video and key once'}


class Fault(NamedTuple):
    """What is wrong with a video's entry: a kind of `REFUSED`, or 'listed again', which is none."""

    video: str
    subset: str   # '': of whichever
    kind: str
    detail: str


def class_names(records: Iterable[VideoRecord]) -> tuple[str, ...]:
    """All labels in alphabetical order: a class's index is its place here."""
    return tuple(sorted({label for record in records for label in record.labels}))


def alike(names: Iterable[str]) -> list[list[str]]:
    """The names that differ by case, spaces or the encoding of accents alone, group by group."""
    groups: dict[str, set[str]] = defaultdict(set)
    for name in names:
        plain = unicodedata.normalize('NFC', ' '.join(name.split())).casefold()
        groups[plain].add(name)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def tolerance_sec(duration_sec: float) -> float:
    """How far annotators overshoot a video's end: up to 0.9 s in ActivityNet-v1.3."""
    return max(1, 0.02 * duration_sec)


def segment_fault(start: float, end: float, duration_sec: float | None) -> str | None:
    """Why a segment cannot be trained on or scored: 'reversed', 'outside', or None.

    One that is not a number is reversed. One of no length has no fault here.
    """
    margin = tolerance_sec(duration_sec or 0)
    if not (math.isfinite(start) and math.isfinite(end)) or end < start:
        return 'reversed'
    outside = start < -margin or duration_sec is not None and (
        start > duration_sec or end > duration_sec + margin)
    return 'outside' if outside else None


def segments_after(segments_sec: Iterable[Sequence[float]], end_sec: float
                   ) -> list[tuple[float, float]]:
    """The segments that start at or after `end_sec`; those of no length do not count."""
    return [(float(start), float(end)) for start, end in segments_sec if end > start >= end_sec]
