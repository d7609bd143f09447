"""CVAT's exports "CVAT for video 1.1" and "CVAT for images 1.1" (.xml, or the .zip around it).

For video, tracks of shapes (docs.cvat.ai, XML annotation format; dump_as_cvat_interpolation of
cvat/apps/dataset_manager/formats/cvat.py)::

    <track id="0" label="pour" source="manual">
      <box frame="10" keyframe="1" outside="0" occluded="0" xtl="0.00" …>
        <attribute name="hand">left</attribute>
      </box> …
      <box frame="60" keyframe="1" outside="1" …/>
    </track>

An object is there from a shape until one of `outside="1"`, or until the last shape's frame has
passed. Tags are of frames, and only in the export for images: `<image id="10" name="frame_000010"
…><tag label="pour"/></image>`; frames of one tag in a row make a segment.

Frames count from 0 in the file, not in the task (abs_frame_id of bindings.py): of a task with
`<start_frame>` 100 and `<frame_filter>` "step=5" they are 100, 105, …. Nothing says the rate, so
times are those of the frames of the video file itself. A project's export has several tasks;
tracks and images say theirs by `task_id`.
"""
from __future__ import annotations

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from mmlofi.datasets.annotations.labelling.rows import Labels
from mmlofi.datasets.annotations.labelling.video_folder import find, name_of
from mmlofi.datasets.videos.frame_clock import FrameClock, read_clock
from mmlofi.json_values import brief

ANNOTATIONS = 'annotations.xml'
MOST_BYTES = 2**27   # of it, unpacked: its elements may take 30 times as much memory
# Damaged, encrypted or packed in another way; of letters that nobody knows.
UNREADABLE = (ElementTree.ParseError, LookupError, NotImplementedError, RuntimeError,
              zipfile.BadZipFile, zlib.error)


class Task(NamedTuple):
    """What is told of one task, whose video is `name`."""

    name: str
    step: int    # frames from one that was shown to the next


class Shape(NamedTuple):
    """One frame of an object: whether it is there, and the values of its attributes."""

    frame: int
    inside: bool
    values: dict[str, str]


def read_cvat(path: Path, labels: Labels, files: Sequence[Path], *, prefix: str = '') -> None:
    """Adds the tracks and tags; sources are labels, and their attributes as label/attribute.

    Args:
        files: The videos, whose frames say the times.
        prefix: Before each place in a message, such as the file's name.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is no such export.
    """
    root = _root(path)
    tasks = _tasks(path, root)
    for task in tasks.values():
        labels.videos.setdefault(task.name, f'{prefix}its task')

    @cache
    def clock_of(name: str) -> FrameClock:
        return read_clock(find(name, files))

    groups = [*_tracks(root, labels), *_tags(root, labels)]
    for where, task_id, label, shapes in groups:
        with labels.faults_of(f'{prefix}{where}', 'CVAT'):
            task = tasks.get(task_id if len(tasks) > 1 else next(iter(tasks)))
            if task is None:
                raise ValueError(f'is of the task {task_id}; expected one of {brief(list(tasks))}')
            _add(f'{prefix}{where}', task, label, shapes, clock_of, labels)


def _root(path: Path) -> Element:
    if not path.is_file():
        raise FileNotFoundError(f'no file at {str(path)!r}; expected an export of CVAT')
    try:
        root = ElementTree.fromstring(_content(path))
    except UNREADABLE as error:
        raise ValueError(f'{path} cannot be read ({error}); expected the {ANNOTATIONS} of CVAT, or '
                         'the .zip with it') from error
    if root.tag != 'annotations' or root.find('meta') is None:
        raise ValueError(f'{path} begins with <{root.tag}>; expected <annotations> with <meta>, of '
                         'the export "CVAT for video 1.1" or "CVAT for images 1.1"')
    return root


def _content(path: Path) -> bytes:
    """Of an .xml, or of the one in a .zip."""
    if not zipfile.is_zipfile(path):
        _require_small(path, 'has', path.stat().st_size)
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        _require_small(path, 'unpacks to', archive.getinfo(ANNOTATIONS).file_size)
        return archive.read(ANNOTATIONS)


def _require_small(path: Path, what: str, size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f'{path} {what} {size:,} bytes; expected {MOST_BYTES:,} at most: export '
                         'task by task')


def _tasks(path: Path, root: Element) -> dict[str, Task]:
    """The tasks by their id."""
    found = {}
    for task in root.findall('meta/*//task') or root.findall('meta/task') or root.findall(
            'meta/job'):
        source = task.findtext('source') or root.findtext('meta/source') or task.findtext('name')
        step = re.search(r'step\s*=\s*(\d+)', task.findtext('frame_filter') or '')
        found[task.findtext('id') or ''] = Task(name_of(source or ''), int(step[1]) if step else 1)
    if not found or not all(task.name for task in found.values()):
        raise ValueError(f'{path} does not say of which video it is; expected a <task> with its '
                         '<source> in <meta>')
    return found


def _tracks(root: Element, labels: Labels) -> Iterator[tuple[str, str, str, list[Shape]]]:
    """Place, task, label and shapes of each."""
    for track in root.iter('track'):
        shapes = [Shape(int(one.get('frame')), one.get('outside') != '1', _values(one))
                  for one in track if one.get('frame', '').isdecimal()]
        if shapes and track.get('label'):
            yield (f'track {track.get("id")}', track.get('task_id', ''), track.get('label'),
                   sorted(shapes, key=lambda shape: shape.frame))
        else:
            labels.left_over['tracks without a shape or a label'] += 1


def _tags(root: Element, labels: Labels) -> Iterator[tuple[str, str, str, list[Shape]]]:
    """The same of the tags of one label; frames between them are such where it is outside."""
    found: dict[tuple[str, str], list[Shape]] = defaultdict(list)
    frames: dict[str, list[int]] = defaultdict(list)
    for image in root.iter('image'):
        task, frame = image.get('task_id', ''), image.get('id', '')
        if not frame.isdecimal():
            labels.left_over['images without a number'] += 1
            continue
        frames[task].append(int(frame))
        for one in image:
            if one.tag == 'tag':
                found[task, one.get('label', '')].append(Shape(int(frame), True, _values(one)))
            else:
                labels.left_over['shapes of single frames (tracks are in the export for video)'] \
                    += 1
    for (task, label), shapes in found.items():
        tagged = {shape.frame for shape in shapes}
        absent = [Shape(frame, False, {}) for frame in frames[task] if frame not in tagged]
        yield f'tags {label!r}', task, label, sorted([*shapes, *absent],
                                                     key=lambda shape: shape.frame)


def _values(shape: Element) -> dict[str, str]:
    return {one.get('name', ''): (one.text or '').strip() for one in shape.findall('attribute')}


def _add(where: str, task: Task, label: str, shapes: list[Shape],
         clock_of: Callable[[str], FrameClock], labels: Labels) -> None:
    clock = clock_of(task.name)
    for start, end, _ in _runs(shapes, task.step):
        labels.add_segment(f'{where}, frame {start}', task.name, label, clock.second_of(start),
                           clock.second_of(end), label)
    for name in dict.fromkeys(name for shape in shapes for name in shape.values):
        for start, end, value in _runs(shapes, task.step, name):
            if value:
                labels.add_segment(f'{where}, frame {start}, {name}', task.name, value,
                                   clock.second_of(start), clock.second_of(end),
                                   f'{label}/{name}')


def _runs(shapes: list[Shape], step: int, attribute: str | None = None
          ) -> Iterator[tuple[int, int, str | None]]:
    """First frame, first frame behind it and value of each stretch where it is there.

    Args:
        attribute: Whose value stays the same through a stretch; None: it only has to be there.
    """
    begun: tuple[int, str | None] | None = None
    for shape in shapes:
        now = shape.values.get(attribute) if shape.inside else None
        if begun and (not shape.inside or now != begun[1]):
            yield begun[0], shape.frame, begun[1]
            begun = None
        if shape.inside and begun is None:
            begun = shape.frame, now
    if begun:
        yield begun[0], shapes[-1].frame + step, begun[1]
