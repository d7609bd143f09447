"""Label Studio's exports, JSON and JSON-MIN, of videos with timeline labels.

A task has its video's address in `data` and a list of `annotations`, one a person; a region is::

    {"from_name": "actions", "to_name": "video", "type": "timelinelabels",
     "value": {"ranges": [{"start": 1, "end": 10}], "timelinelabels": ["pour"]}}

Frames count from 1 and both are inside (label-studio-ml-backend, examples/yolo/utils/converter.py;
`fullFrameRange` of web/libs/editor/src/tags/object/Video/Video.js), so that this one goes from 0 to
10 / rate seconds. The rate is not the file's but that of the Video tag, `frameRate`, 24 where the
tag does not say it; "$fps" there means that the task's data have it as `fps`. It may also be less
than 1, and stands for seconds a frame then (same file). The export has no labelling interface, so
the rate is an option here. The template "Video timeline segmentation" labels an Audio tag in sync
with the video, whose regions have `start` and `end` in seconds.

JSON-MIN has the regions' values beside the data, under the names of the controls.
"""
from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmlofi.datasets.annotations.labelling.rows import Labels
from mmlofi.datasets.annotations.labelling.video_folder import matching, name_of
from mmlofi.datasets.videos.find_files import SUFFIXES
from mmlofi.json_values import brief, number

FRAME_RATE = '24'
UPLOAD_PREFIX = 9   # letters: 8 hexadecimal digits and a dash before the names of uploads


def is_label_studio(content: object) -> bool:
    """Whether json looks like an export."""
    return isinstance(content, list) and bool(content) and all(
        isinstance(task, dict) and ('annotations' in task or 'annotation_id' in task
                                    or 'predictions' in task) for task in content)


def read_label_studio(content: list[dict], labels: Labels, files: Sequence[Path], *,
                      frame_rate: str = FRAME_RATE, prefix: str = '') -> None:
    """Adds the regions of all tasks; a control (its `from_name`) is a source.

    A task that somebody submitted without a region is a video without actions.

    Args:
        content: Of the export.
        files: The videos.
        frame_rate: `frameRate` of the Video tag as it stands there: a number, or "$" and a name.
        prefix: Before each place in a message, such as the file's name.
    """
    for place, task in enumerate(content, start=1):
        where = f'{prefix}task {task.get("id", place)}'
        with labels.faults_of(where, 'Label Studio'):
            results = _results(task, labels)
            if results is None:
                labels.left_over['tasks without an annotation'] += 1
            else:
                _add_regions(where, _video(task, files), _rate(frame_rate, task), results, labels)


def _results(task: dict, labels: Labels) -> list[dict] | None:
    """The regions that count: of the ground truth, or of whoever annotated first."""
    if 'annotations' not in task:
        return _of_json_min(task) if 'annotation_id' in task else None
    given = [one for one in task['annotations'] or []
             if isinstance(one, dict) and not one.get('was_cancelled')]
    labels.left_over['skipped annotations'] += len(task['annotations'] or []) - len(given)
    given.sort(key=lambda one: not one.get('ground_truth'))
    labels.left_over["annotations of a task that has another one's"] += len(given[1:])
    if not given:
        return None
    results = given[0].get('result')
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise ValueError(f'has the result {brief(results)}; expected a list of regions')
    return results


def _of_json_min(task: dict) -> list[dict]:
    return [dict(from_name=name, value=one) for name, values in task.items()
            if isinstance(values, list) for one in values if isinstance(one, dict)]


def _video(task: dict, files: Sequence[Path]) -> str:
    """The name of the video that its data have."""
    texts = [text for text in (task.get('data') or task).values() if isinstance(text, str)]
    found = [name for name in map(name_of, texts) if Path(name).suffix.lower() in SUFFIXES]
    if not found:
        raise ValueError(f'has no address of a video in its data ({brief(texts)}); expected one '
                         f'that ends in {", ".join(SUFFIXES)}')
    name, short = found[0], found[0][UPLOAD_PREFIX:]
    uploaded = name[UPLOAD_PREFIX - 1:UPLOAD_PREFIX] == '-' and not set(
        name[:UPLOAD_PREFIX - 1]) - set('0123456789abcdef')
    return short if uploaded and matching(short, files) and not matching(name, files) else name


def _rate(frame_rate: str, task: dict) -> float:
    """Frames a second of the Video tag."""
    given = frame_rate
    if frame_rate.startswith('$'):
        given = (task.get('data') or task).get(frame_rate[1:])
        if given is None:
            raise ValueError(f'has no {frame_rate[1:]!r} in its data; expected the rate of its '
                             'frames there: give --frame-rate as the Video tag has it')
    rate = number(given)
    if not 0 < rate < math.inf:
        raise ValueError(f'has the frame rate {brief(given)}; expected a number above 0')
    return rate if rate >= 1 else 1 / rate


def _add_regions(where: str, video: str, rate: float, results: Sequence[dict],
                 labels: Labels) -> None:
    before = len(labels.rows)
    for region in results:
        place = f'{where}: region {brief(region.get("id"))}'
        with labels.faults_of(place, 'Label Studio'):
            _add_region(place, video, rate, region, labels)
    if not results:
        labels.add_empty(where, video)
    elif len(labels.rows) == before:
        labels.videos.setdefault(video, where)


def _add_region(where: str, video: str, rate: float, region: dict, labels: Labels) -> None:
    value = region['value']
    names = value.get('timelinelabels', value.get('labels'))
    spans = list(_spans(value, rate)) if isinstance(names, list) else None
    if not spans:
        labels.left_over[f'regions of {brief(region.get("type", "another kind"))}'] += 1
    elif not names:
        labels.left_over['regions without a label'] += 1
    for start, end in spans or ():
        for name in names:
            labels.add_segment(where, video, str(name), start, end, str(region.get('from_name')))


def _spans(value: dict, rate: float) -> Iterator[tuple[float, float]]:
    """Starts and ends in seconds."""
    for one in value.get('ranges') or ():
        first = one.get('start') if isinstance(one, dict) else None
        last = one.get('end') if isinstance(one, dict) else None
        if first is None or last is None:
            raise ValueError(f'has the range {brief(one)}; expected its first and last frame')
        yield (number(first) - 1) / rate, number(last) / rate
    if 'ranges' not in value and 'start' in value and 'end' in value:
        yield number(value['start']), number(value['end'])
