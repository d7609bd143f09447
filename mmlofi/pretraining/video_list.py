"""A text file of videos, as MMAction2's VideoDataset reads it, seen through before a training."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from mmengine.fileio import exists, list_from_file

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.find_files import is_listed
from mmlofi.datasets.videos.storage import on_disk

LINE = 'its file below data_prefix and after it the number of its class'


def read_videos(read: Callable[[], list[dict]], source: str, *, delimiter: str,
                several: bool, opener: OpenVideo | None) -> list[dict]:
    """The videos of a list, whose files are there.

    Without this a line that is none ends in an error of Python's, and a file that is missing stops
    the training at the step that wants it.

    Args:
        read: MMAction2's reading, a dict with `filename` a video.
        source: The list's path.
        delimiter: Between the parts of a line.
        several: Whether a video may have several classes.
        opener: Of the files, of which those that are not on a disk are not looked for. None: it is
            another one, such as MMAction2's DecordInit, which has its own storage and adds endings;
            none is looked for.

    Raises:
        FileNotFoundError: When there is no list, or with the first few files that are missing.
        ValueError: For a list without a video, and with the first line that says none.
    """
    if not exists(source):
        raise FileNotFoundError(f'no list of videos at {source!r}; expected a text file of one '
                                f'a line, {LINE}: set ann_file to where yours lies')
    lines = list_from_file(source)
    if not lines:
        raise ValueError(f'{source!r} lists no video; expected one a line, {LINE}')
    for number, line in enumerate(lines, start=1):
        if not _says_a_video(line.strip().split(delimiter), several):
            raise ValueError(f'line {number} of {source!r} is {line[:80]!r}; expected a video, '
                             f'{LINE}, with {delimiter!r} between them and nowhere else: correct '
                             "it, or set the data set's delimiter to a character that no name has")
    videos = read()
    if opener is not None:
        _refuse_missing([video['filename'] for video in videos], source, opener.backend_args)
    return videos


def _says_a_video(parts: Sequence[str], several: bool) -> bool:
    """Whether the parts of a line are a file, or a file and the number of a class."""
    name, *classes = parts
    return bool(name) and (several or len(classes) <= 1) and all(
        re.fullmatch(r'\s*[+-]?\d+\s*', one) for one in classes)


def _refuse_missing(filenames: Sequence[str], source: str, backend_args: Mapping | None) -> None:
    folders: dict[str, frozenset[str]] = {}
    missing = [name for name in filenames
               if on_disk(name, backend_args) and not is_listed(name, folders)]
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of the {len(filenames)} videos of {source!r} are missing, the first: '
            f'{missing[:3]}; expected a file of each: correct data_prefix, or leave them out of '
            'the list')
