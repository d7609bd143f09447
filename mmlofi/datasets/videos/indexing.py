"""Finds out what an index of files lacks: all ranks and jobs together, and nobody waits.

Each process looks at what the index lacks, its own share first, and takes up now and then what the
others have added; when its share is done it helps with what is left. So all are ready at about the
same time, without a collective that one of them could be late for, and when one dies the rest do
its share.
"""
from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from mmengine.dist import get_dist_info
from mmengine.logging import print_log

from mmlofi.datasets.features.feature_files import in_container
from mmlofi.datasets.videos.facts import MISSING, Facts, Fault, Stamp, stamp_of
from mmlofi.datasets.videos.index import FileIndex
from mmlofi.datasets.videos.patience import patiently

READERS = 8         # files looked at at a time
SHARE_SEC = 5.0     # until what was found is written for others; doubled each time, up to
MOST_SEC = 60.0     # so long, while there is enough of one's own to do
TELL_SEC = 30.0     # and that progress is told
STATS = 500         # files a task: one each would cost more than asking for it


def complete(index: FileIndex, paths: Sequence[str], look: Callable[[str], Facts], *,
             fits: Callable[[Facts], bool] = lambda facts: True, stat: bool = True,
             readers: int = READERS, what: str = 'files',
             tell: Callable[[str], object] | None = None) -> list[Facts]:
    """What each file is: by the index where it is true of it, else as `look` finds it now.

    Args:
        index: To which is added what it lacks.
        look: Finds out what a file is; a `Fault` says why it cannot be used.
        fits: Whether what the index has of a file is what is asked for; what is found and is not
            does not go into it.
        stat: Whether the index is believed only of files of the same size and time of change,
            which asks the disk for each.
        readers: Files at a time.
        what: They are called in what is told.
        tell: Says how far it is; None logs it.
    """
    stamps = stamps_of(paths, readers) if stat else {}
    found: dict[str, Facts] = {}

    def lacking(paths: Iterable[str]) -> list[str]:
        for path in paths:
            facts = index.get(path)
            if facts is not None and fits(facts) and not (
                    stat and facts.stamp != stamps.get(path)):
                found[path] = facts
        return [path for path in paths if path not in found]

    left = lacking(list(dict.fromkeys(paths)))
    progress = _Progress(what, len(left), tell or partial(print_log, logger='current'))
    rank, ranks = get_dist_info()
    start, share, looked = len(left) * rank // ranks, -(-len(left) // ranks), 0
    left, share_sec = left[start:] + left[:start], SHARE_SEC
    with ThreadPoolExecutor(readers) as pool:
        while left:
            for path, facts in _for_a_while(pool, look, left, readers, min(share_sec, MOST_SEC)):
                found[path] = facts
                looked += 1
                if fits(facts) and not (isinstance(facts, Fault) and facts.problem == MISSING):
                    index.add(path, facts)   # and a missing one may come
            index.flush()
            others = index.refresh()
            left = lacking([path for path in left if path not in found])
            share_sec *= 2   # or a thousand processes would leave a hundred thousand parts
            if looked >= share or others and ranks == 1:   # not all the same ones first
                share_sec = SHARE_SEC
                random.Random(os.urandom(8)).shuffle(left)
            progress.tell(len(left))
    return [found[path] for path in paths]


def stamps_of(paths: Sequence[str], readers: int) -> dict[str, Stamp]:
    """Sizes and times of change of the files that are there.

    Args:
        paths: On disk; of features in an h5 file, the stamp is that of the file.
    """
    files = {path: (in_container(path) or (path,))[0] for path in paths}
    distinct = list(dict.fromkeys(files.values()))
    parts = [distinct[i:i + STATS] for i in range(0, len(distinct), STATS)]
    with ThreadPoolExecutor(readers) as pool:
        found = {path: stamp for part in pool.map(_stamps, parts) for path, stamp in part}
    return {path: found[file] for path, file in files.items() if file in found}


def _stamps(paths: Sequence[str]) -> list[tuple[str, Stamp]]:
    found = []
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):   # `look` says so
            found.append((path, patiently(stamp_of)(path)))
    return found


def _for_a_while(pool: ThreadPoolExecutor, look: Callable[[str], Facts], paths: Sequence[str],
                 readers: int, seconds: float) -> Iterator[tuple[str, Facts]]:
    """What the first of the files are, as many as there is time for."""
    end = time.monotonic() + seconds
    for start in range(0, len(paths), 4 * readers):
        part = paths[start:start + 4 * readers]
        yield from zip(part, pool.map(look, part))
        if time.monotonic() > end:
            return


class _Progress:
    """Tells how far it is, and how long it will be."""

    def __init__(self, what: str, total: int, say: Callable[[str], object]) -> None:
        self.what, self.total, self._say = what, total, say
        self._start = self._told = time.monotonic()
        if total:
            say(f'looking at {total} {what}, of which the index does not know what they are')

    def tell(self, left: int) -> None:
        now = time.monotonic()
        if left and now - self._told < TELL_SEC:
            return
        self._told, done = now, self.total - left
        rate = done / max(now - self._start, 1e-6)
        more = f', {left / rate:.0f} s to go' if left and done else ''
        self._say(f'looked at {done} of {self.total} {self.what}{more}')
