"""Detections of one video as subtitles, SubRip (.srt) and WebVTT (.vtt), and as what is on now.

Detections overlap, and most players show one cue at a time. So time is cut where a detection starts
or ends, and a cue names every class that is on between two such cuts::

    jump   |------------|                  1  jump
    run          |-----------|             2  jump, run
                                           3  run
"""
from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

_EXPECTED = 'expected seconds of 0 or more'


class Cue(NamedTuple):
    """What is on from one time to another, in milliseconds; the best score of each class."""

    start_ms: int
    end_ms: int
    actions: tuple[tuple[str, float], ...]   # (label, score), best first


def cut_cues(detections: Sequence[dict]) -> list[Cue]:
    """Cues in time's order, none of which overlap.

    Args:
        detections: dicts of `label`, `score` and `segment` (start, end) in seconds.

    Raises:
        ValueError: For a time below 0.
    """
    spans = [(*(_milliseconds(second) for second in one['segment']), one['label'], one['score'])
             for one in detections]
    cuts = sorted({time for start, end, *_ in spans if end > start for time in (start, end)})
    cues: list[Cue] = []
    for start, end in zip(cuts, cuts[1:]):
        best: dict[str, float] = {}
        for begin, stop, label, score in spans:
            if begin <= start and end <= stop:
                best[label] = max(score, best.get(label, score))
        actions = tuple(sorted(best.items(), key=lambda action: (-action[1], action[0])))
        if cues and cues[-1].end_ms == start and cues[-1].actions == actions:
            cues[-1] = cues[-1]._replace(end_ms=end)
        elif actions:
            cues.append(Cue(start, end, actions))
    return cues


def to_srt(cues: Sequence[Cue]) -> str:
    """The text of a .srt file: numbered cues, a line for each class, and the class's score."""
    return ''.join(
        f'{number}\n{clock(cue.start_ms, ",")} --> {clock(cue.end_ms, ",")}\n{_text(cue)}\n\n'
        for number, cue in enumerate(cues, start=1))


def to_vtt(cues: Sequence[Cue]) -> str:
    """The text of a .vtt file."""
    return 'WEBVTT\n\n' + ''.join(
        f'{clock(cue.start_ms, ".")} --> {clock(cue.end_ms, ".")}\n'
        f'{html.escape(_text(cue), quote=False)}\n\n' for cue in cues)


def describe(cue: Cue) -> list[str]:
    """A line for each class that is on, as '0.91 Ballet'."""
    return [f'{score:.2f} {" ".join(label.split())}' for label, score in cue.actions]


def _text(cue: Cue) -> str:
    return '\n'.join(describe(cue))


def _milliseconds(second: float) -> int:
    if not second >= 0:
        raise ValueError(f'a subtitle got a time of {second} s; {_EXPECTED}: were the detections '
                         'written by tools/localize.py?')
    return round(second * 1000)


def clock(milliseconds: int, comma: str) -> str:
    """hh:mm:ss and milliseconds; the hours go on above 99."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f'{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{comma}{rest:03d}'
