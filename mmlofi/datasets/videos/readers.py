"""Which reader decodes videos: the first that can, or the one that is named for all."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from mmengine.logging import print_log

DECORD, PYAV = READER_NAMES = ('decord', 'pyav')   # in the order in which they are tried
AUTO = 'auto'                                      # whichever can
VARIABLE = 'MMLOFI_VIDEO_READER'              # of the environment

_told: set[tuple[str, ...]] = set()


def wanted_reader(name: str | None) -> str:
    """The reader that is set: by this name, else by the environment, else whichever can.

    Raises:
        ValueError: For what is no reader.
    """
    found = name if name is not None else os.environ.get(VARIABLE) or AUTO
    if found not in (AUTO, *READER_NAMES):
        raise ValueError(f'the reader of videos is {found!r}'
                         f'{f" in {VARIABLE}" if name is None else ""}; expected one of '
                         f'{(AUTO, *READER_NAMES)}: {AUTO!r} takes the first that can read a file')
    return found


def tell_of_second(filename: str, codecs: tuple[str, ...]) -> None:
    """Says that PyAV took a file over, of the first with its codecs in this process."""
    if codecs not in _told:
        _told.add(codecs)
        print_log(f'{filename} is read by PyAV, since decord cannot read this video of '
                  f'{" and ".join(codecs)}; so are others like it', 'current')


def tell_of_seconds(codecs: Iterable[tuple[str, ...]], total: int,
                    tell: Callable[[str], object] | None = None) -> None:
    """Says how many files of a data set PyAV took over.

    Args:
        codecs: Of these.
        total: Files of the data set.
        tell: Says it; None logs it.
    """
    counts = Counter(codecs)
    if counts:
        _told.update(counts)
        which = ', '.join(f'{count} of {" and ".join(kinds)}' for kinds, count in
                          counts.most_common())
        tell = tell or partial(print_log, logger='current')
        tell(f'{counts.total()} of {total} videos are read by PyAV, since decord cannot read them: '
             f'{which}')
