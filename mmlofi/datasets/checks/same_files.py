"""Finds files, or folders of pictures, of equal bytes, for the check of a data set."""
from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence

from mmlofi.datasets.checks.video_check import VideoCheck

PLACE_BYTES = 1 << 14   # of each place of a file that is read before the whole


def same_files(checks: Sequence[VideoCheck]) -> list[list[VideoCheck]]:
    """Those of equal bytes; only files of equal size are read, and whole only those of which a few
    places are equal too, since features of one length are all of one size."""
    groups: dict[object, list[VideoCheck]] = defaultdict(list)
    for one in checks:
        if os.path.isdir(one.filename):
            files = _files_of(one.filename)
            groups['pictures', len(files)] += [one] if files else []
        elif os.path.isfile(one.filename):   # a video in an h5 file is none
            groups[os.path.getsize(one.filename)].append(one)
    alike = [group for group in groups.values() if len(group) > 1]
    for digest in (_digest_of_places, _digest):
        alike = [part for group in alike for part in _equal(group, digest)]
    return alike


def _equal(group: Sequence[VideoCheck], digest: Callable[[str], str]) -> list[list[VideoCheck]]:
    """Groups of several with the same digest; that of one file is not taken twice."""
    paths = {one.filename: os.path.realpath(one.filename) for one in group}
    if len(set(paths.values())) == 1:
        return [list(group)]
    digests = {path: digest(path) for path in set(paths.values())}
    same: dict[str, list[VideoCheck]] = defaultdict(list)
    for one in group:
        same[digests[paths[one.filename]]].append(one)
    return [part for part in same.values() if len(part) > 1]


def _files_of(path: str) -> list[str]:
    """The file itself, or those of a folder in the order of their names."""
    if os.path.isfile(path):
        return [path]
    return sorted(entry.path for entry in os.scandir(path) if entry.is_file())


def _digest_of_places(path: str) -> str:
    files = _files_of(path)
    filename = files[len(files) // 2]   # of a video's pictures one from its middle
    size, digest = os.path.getsize(filename), hashlib.sha256()
    with open(filename, 'rb') as file:
        for place in (0, size // 2, max(0, size - PLACE_BYTES)):
            file.seek(place)
            digest.update(file.read(PLACE_BYTES))
    return digest.hexdigest()


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    for filename in _files_of(path):
        with open(filename, 'rb') as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
