"""Projects of VIA 3, the VGG Image Annotator (.json), and their temporal segments.

Of a project (CodeDoc.md and src/js/_via_attribute.js of via-3.x.y)::

    {"project": {…}, "config": {…},
     "attribute": {"1": {"aname": "Activity", "anchor_id": "FILE1_Z2_XY0", "type": 4,
                         "options": {"1": "Break Egg", "2": "Pour"}, …}},
     "file": {"1": {"fid": 1, "fname": "a.mp4", "type": 4, "loc": 1, "src": ""}},
     "view": {"1": {"fid_list": [1]}},
     "metadata": {"-glfwaaX": {"vid": "1", "flg": 0, "z": [2, 6.5], "xy": [], "av": {"1": "1"}}}}

`z` of two numbers is a segment in seconds, of one a still frame. What `av` has for an attribute is
a text (type 1), or the key of an option (3 radio, 4 select) or several of them with commas between
(2 checkbox). A view may show several files, as of several cameras: then nothing says which is
meant.
"""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmlofi.datasets.annotations.labelling.rows import Labels
from mmlofi.datasets.annotations.labelling.video_folder import name_of
from mmlofi.datasets.videos.find_files import SUFFIXES
from mmlofi.json_values import pair

VIDEO = 4             # a file's type
CHECKBOX = 2
WITH_OPTIONS = (CHECKBOX, 3, 4, 5)
PARTS = ('attribute', 'file', 'view', 'metadata')


def is_via(content: object) -> bool:
    """Whether json looks like a project."""
    return isinstance(content, dict) and all(isinstance(content.get(key), dict) for key in PARTS)


def read_via(content: dict, labels: Labels, *, prefix: str = '') -> None:
    """Adds the temporal segments of all attributes; an attribute, by its name, is a source.

    Args:
        content: Of the project.
        prefix: Before each place in a message, such as the file's name.
    """
    videos: dict[str, str] = {}
    with labels.faults_of(f'{prefix}the views', 'VIA 3'):
        videos = dict(_videos(content, labels))
    for view, name in videos.items():
        labels.videos.setdefault(name, f'{prefix}view {view}')
    for key, one in content['metadata'].items():
        where = f'{prefix}metadata {key!r}'
        with labels.faults_of(where, 'VIA 3'):
            _add(where, one, videos, content['attribute'], labels)


def _videos(content: dict, labels: Labels) -> Iterator[tuple[str, str]]:
    """The views of one video, and its name."""
    for view, shown in content['view'].items():
        files = [content['file'].get(str(fid)) for fid in shown.get('fid_list') or ()]
        if len(files) != 1 or not isinstance(files[0], dict):
            labels.left_over['views of several files, or of none'] += 1
        elif files[0].get('type') != VIDEO:
            labels.left_over['views of no video'] += 1
        else:
            names = [name_of(str(files[0].get(key) or '')) for key in ('fname', 'src')]
            yield view, next((name for name in names if Path(name).suffix.lower() in SUFFIXES),
                             names[0])


def _add(where: str, one: dict, videos: dict[str, str], attributes: dict, labels: Labels) -> None:
    view = str(one['vid'])
    if view not in videos:
        labels.left_over['metadata of views that are left out'] += 1
        return
    if len(one['z']) != 2 or one['xy']:
        labels.left_over['metadata of frames and regions'] += 1
        return
    start, end = pair(one['z'])
    said = [(str(key), value) for key, value in one['av'].items() if str(value).strip()]
    if not said:
        labels.left_over['segments without a value'] += 1
    for key, value in said:
        for text in _texts(attributes[key], value):
            labels.add_segment(where, videos[view], text, start, end, attributes[key]['aname'])


def _texts(attribute: dict, value: object) -> list[str]:
    """What people saw when they chose it."""
    if attribute['type'] not in WITH_OPTIONS:
        return [str(value).strip()]
    keys = str(value).split(',') if attribute['type'] == CHECKBOX else [str(value)]
    return [attribute['options'].get(key, key) for key in keys if key]
