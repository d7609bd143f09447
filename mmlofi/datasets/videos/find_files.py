"""Finds the files of videos by names that are not quite theirs.

ActivityNet's annotations name a video `QOlSCBRmfWY`, its downloads a file `v_QOlSCBRmfWY.mp4`, and
features are spread under either name. Some ids begin with ``v_`` themselves. Of its downloads some
end in `.mkv` or `.webm`.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from mmlofi.datasets.features.feature_files import in_container, names_in
from mmlofi.datasets.videos.patience import patiently
from mmlofi.datasets.videos.storage import NO_FILE, is_file

PREFIX = 'v_'
SUFFIXES = ('.avi', '.flv', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.ts', '.webm', '.wmv')
TEMPLATES = {'video': '{}.mp4', 'feature': '{}.npz', 'img': '{}'}   # by what a folder holds


def default_template(source: str, prefix: str) -> str:
    """The file of a video in a folder of one of `TEMPLATES`, or its features in one h5 file."""
    return '{}' if source == 'feature' and in_container(prefix) else TEMPLATES[source]


def spellings(path: str) -> tuple[str, ...]:
    """The other paths that a file may have: its name with ``v_`` before it, and without."""
    folder, name = os.path.split(path)
    others = (f'{PREFIX}{name}', name.removeprefix(PREFIX))
    return tuple(os.path.join(folder, other) for other in others if other != name)


def find_files(paths: Sequence[str], claimed: Callable[[], Iterable[str]]) -> list[str]:
    """For each path itself, or the one of its other spellings, or of other endings, that is there.

    Args:
        paths: Of the files wanted, by the template.
        claimed: As of `find_spellings`.

    Returns:
        The files; a path as it is where nothing is found, or its folder cannot be listed.

    Raises:
        ValueError: With the candidates, when a file exists under several spellings.
    """
    there = find_spellings(paths, claimed)
    several = [found for found in there if len(found) > 1]
    if several:
        raise ValueError(
            f'{len(several)} of {len(paths)} videos have several files, such as '
            f'{" and ".join(map(repr, several[0]))}; expected one, with v_ or without, of one '
            'ending: remove the other, or keep them in different folders')
    return [found[0] if found else wanted for wanted, found in zip(paths, there)]


def find_spellings(paths: Sequence[str], claimed: Callable[[], Iterable[str]]) -> list[list[str]]:
    """For each path the different files that it may mean: none, one or several.

    A video's file may have another ending than the template, where none has that one.

    Args:
        paths: Of the files wanted, by the template.
        claimed: Gives the paths, by the template, of all videos that are annotated; a file that is
            another video's own is nobody else's. Asked only when a spelling is in doubt.
    """
    folders: dict[str, frozenset[str]] = {}
    there = [_named(wanted, folders) for wanted in paths]
    if all(found in ([], [wanted]) for wanted, found in zip(paths, there)):
        return there
    owners = set(claimed())
    there = [[path for path in found
              if not owners.intersection((path, _with_ending_of(wanted, path))) - {wanted}]
             for wanted, found in zip(paths, there)]
    return [found[:1] + [other for other in found[1:] if not _same_file(found[0], other)]
            for found in there]


def _named(wanted: str, folders: dict[str, frozenset[str]]) -> list[str]:
    """The spellings of a path that are there; if none is, those with another video's ending."""
    every = (wanted, *spellings(wanted))
    there = [path for path in every if is_listed(path, folders)]
    if there or os.path.splitext(wanted)[1].lower() not in SUFFIXES:
        return there
    stems = [os.path.splitext(path)[0] for path in every]
    return [path for stem in stems for ending in SUFFIXES
            for path in (stem + ending, stem + ending.upper()) if is_listed(path, folders)]


def _with_ending_of(wanted: str, path: str) -> str:
    return os.path.splitext(path)[0] + os.path.splitext(wanted)[1]


def is_listed(path: str, folders: dict[str, frozenset[str]]) -> bool:
    """Whether there is a file, by listings, which a network's disk gives sooner than many answers.

    Args:
        folders: Those listed so far, to which its own is added.
    """
    folder, name = os.path.split(path)
    if folder not in folders:
        folders[folder] = _names_in(folder or '.')
    return name in folders[folder]


@patiently
def _names_in(folder: str) -> frozenset[str]:
    """Of a folder, or of an h5 file of many videos."""
    try:
        return frozenset(os.listdir(folder))
    except OSError as error:   # not by asking first: a disk that fails would give no folder
        if error.errno not in NO_FILE:
            raise
    container = in_container(folder)
    if container is None or container[1] or not is_file(folder):
        return frozenset()
    return names_in(folder)


def _same_file(path: str, other: str) -> bool:
    return os.path.exists(path) and os.path.samefile(path, other)
