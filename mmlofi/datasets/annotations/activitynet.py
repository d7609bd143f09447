"""One entry of ActivityNet's format, as a `VideoRecord` and with all that is wrong with it.

The format is that of ActivityNet-v1.3, which HACS, THUMOS14's usual json and most own data sets
share::

    {"database": {"<video>": {"subset": "training", "duration": 82.7,
                              "annotations": [{"segment": [6.2, 77.7], "label": "Ballet"}]}}}

Numbers may be texts (THUMOS14, HACS), the duration may be absent (THUMOS14), and the annotations
null; an absent duration is read from the video itself. `fps` is of use for features, which may lie
a number of frames apart. What else an entry has (`url`, `resolution`, …) is not used. Entries in
MMAction2's form (`mmaction.py`) are read here too.
"""
from __future__ import annotations

import math
from collections.abc import Iterator

from mmlofi.datasets.annotations import mmaction
from mmlofi.datasets.annotations.records import Fault, VideoRecord, segment_fault
from mmlofi.json_values import brief, number, pair, repeated_keys, text_fault

DURATIONS = ('duration', mmaction.DURATION)
USED = {'subset', 'annotations', *DURATIONS, *mmaction.FRAMES}


def read_entry(name: str, entry: object, has_subset: bool) -> tuple[VideoRecord, list[Fault]]:
    """What an entry says, without the actions that cannot be read, and all its faults.

    Args:
        name: The video's.
        entry: Its value in the json.
        has_subset: Whether one is expected. Without one the record's is ''.
    """
    found: list[tuple[str, str]] = []   # kind, detail
    if text_fault(name):
        found.append(('bad entry', f'the name {text_fault(name)}'))
    if not isinstance(entry, dict):
        return VideoRecord(name, '', None, (), ()), _faults(name, '', [
            *found, ('bad entry', f'the entry is {brief(entry)}')])
    subset = entry.get('subset') if has_subset else ''
    if has_subset and text_fault(subset):
        found.append(('bad entry', f'has no "subset" ({text_fault(subset)})'))
        subset = ''
    found += [('listed twice', f'the entry has {key!r} more than once, with other contents')
              for key in repeated_keys(entry) if key in USED]
    duration = _read_seconds(entry, found)
    actions = list(_read_actions(entry, duration, found))
    features = None if duration is None else _read_features(entry, duration, found)
    record = VideoRecord(name, subset, duration, tuple(segment for segment, _ in actions),
                         tuple(label for _, label in actions), features_sec=features,
                         fps=_read_frame_rate(entry))
    return record, _faults(name, subset, found)


def _faults(name: str, subset: str, found: list[tuple[str, str]]) -> list[Fault]:
    return [Fault(name, subset, kind, detail) for kind, detail in found]


def _read_seconds(entry: dict, found: list[tuple[str, str]]) -> float | None:
    given = [entry[key] for key in DURATIONS if entry.get(key) is not None]
    if not given:
        return None
    try:
        duration = number(given[0])
    except ValueError as error:
        found.append(('bad duration', f'the duration {error}'))
        return None
    if not (math.isfinite(duration) and duration > 0):
        found.append(('bad duration', f'has the duration {duration:g}'))
        return None
    return duration


def _read_frame_rate(entry: dict) -> float | None:
    """None where there is none, or no number above 0: it is asked for only where it is used."""
    if entry.get('fps') is None:
        return None
    try:
        fps = number(entry['fps'])
    except ValueError:
        return None
    return fps if math.isfinite(fps) and fps > 0 else None


def _read_features(entry: dict, duration: float, found: list[tuple[str, str]]) -> float | None:
    try:
        return mmaction.features_sec(entry, duration)
    except ValueError as error:
        found.append(('bad duration', str(error)))
        return None


def _read_actions(entry: dict, duration: float | None, found: list[tuple[str, str]]
                  ) -> Iterator[tuple[tuple[float, float], str]]:
    """Segment and label of each action that has both, even if the segment is not a good one."""
    items = entry.get('annotations')
    if items is not None and not isinstance(items, list):
        found.append(('bad entry', f'"annotations" is {brief(items)}'))
        return
    for place, item in enumerate(items or []):
        if not isinstance(item, dict):
            found.append(('bad entry', f'annotation {place} is {brief(item)}'))
            continue
        found += [('listed twice', f'annotation {place} has {key!r} more than once, with other '
                                   'contents')
                  for key in repeated_keys(item) if key in ('segment', 'label')]
        label, segment = item.get('label'), None
        if text_fault(label):
            found.append(('bad label', f'the label of annotation {place}: {text_fault(label)}'))
        try:
            segment = pair(item.get('segment'))
        except ValueError as error:
            found.append(('bad segment', f'the segment of annotation {place}: {error}'))
        if segment and segment_fault(*segment, duration):
            start, end = segment
            where = 'no end' if duration is None else f'a duration of {duration:g} s'
            found.append((segment_fault(start, end, duration),
                          f'{brief(label)} [{start:g}, {end:g}] in a video of {where}'))
        if segment and not text_fault(label):
            yield segment, label
