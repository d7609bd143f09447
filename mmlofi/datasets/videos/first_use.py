"""decord's decoders are made ready one after the other.

Its FFmpeg (4.1) fills the tables of a codec, MPEG-4's among them, while the first decoder for it in
a process begins to work. Of two threads that begin at once, one reads tables that are half filled:
of 3,000 processes that opened six MPEG-4 files in six threads first of all, 3 died, and others
took wrong pictures.
"""
from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import decord

_ready: set[str] = set()
_one_at_a_time = threading.Lock()


def make_ready(codecs: frozenset[str], open_reader: Callable[[], decord.VideoReader]) -> None:
    """Has decord decode a frame of a file, unless it has decoded its codecs in this process.

    Args:
        codecs: Of the file's video streams; none where that is not known.
        open_reader: Opens the file anew. What is wrong with it is not said here.
    """
    if codecs and codecs <= _ready:
        return
    with _one_at_a_time:
        if not codecs or not codecs <= _ready:
            with suppress(decord.DECORDError, RuntimeError, IndexError):
                open_reader()[0]
            _ready.update(codecs)
