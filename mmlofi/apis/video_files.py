"""From what a user names (files, folders, patterns) to video files and the videos' names."""
from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmlofi.datasets.videos.find_files import SUFFIXES

Inputs = str | os.PathLike | Sequence[str | os.PathLike]


def find_videos(inputs: Inputs) -> list[str]:
    """The files that a path, a pattern such as `day1/**/*.mp4`, or a list of these names.

    A folder stands for the videos in it (by `SUFFIXES`), not for those of its own folders. Files
    of folders and patterns come in alphabetical order, each file once. A file that is named itself
    is taken as it is, with any ending.

    Raises:
        FileNotFoundError: When a file or a video of a folder or pattern is not there.
        TypeError: For anything but paths.
    """
    several = isinstance(inputs, Iterable) and not isinstance(inputs, (str, bytes))
    found = [file for one in (inputs if several else [inputs]) for file in _find(one)]
    if not found:
        raise FileNotFoundError('got no video to localize in: an empty list; expected a file, a '
                                'folder, a pattern, or a list of them')
    return list(dict.fromkeys(found))


def name_videos(files: Sequence[str], filename_tmpl: str = '{}') -> list[str]:
    """A name for each file: as in the annotations where it fits the template, else its stem.

    Of `v_{}.mp4` and `v_QOlSCBRmfWY.mp4` it is `QOlSCBRmfWY`. Files that would
    get the same name keep their ending or, in different folders, their path.
    """
    template = os.path.splitext(os.path.basename(filename_tmpl))[0]
    pattern = re.compile(re.escape(template).replace(re.escape('{}'), '(.+)', 1))
    names = []
    for file in files:
        match = pattern.fullmatch(Path(file).stem)
        names.append(match[1] if match and match.groups() else Path(file).stem)
    for longer in ([os.path.basename(file) for file in files], list(files)):
        counts = Counter(names)
        names = [name if counts[name] == 1 else other for name, other in zip(names, longer)]
    return names


def _find(path: str | os.PathLike) -> list[str]:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f'got a {type(path).__name__} to localize actions in; expected the path of '
                        'a video, a folder or a pattern: write frames to a video file first')
    path = os.path.expanduser(os.fspath(path))
    if os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        files = sorted(entry.path for entry in os.scandir(path)
                       if entry.is_file() and entry.name.lower().endswith(SUFFIXES)
                       and not entry.name.startswith('.'))   # half written, or a file system's own
        what = f'the folder {path!r} holds no video'
    else:
        files = sorted(file for file in glob.glob(path, recursive=True) if os.path.isfile(file))
        what = f'no video at {path!r}'
    if not files:
        raise FileNotFoundError(f'{what}; expected a file, a folder with files of '
                                f'{", ".join(SUFFIXES)}, or a pattern such as "videos/*.mp4": '
                                'check the path')
    return files
