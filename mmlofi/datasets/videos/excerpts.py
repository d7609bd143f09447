"""Frames of a long video, decoded from excerpts of it.

Shape legend: n frames of H × W.
"""
from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO

import av
import decord
import numpy as np
from mmengine.logging import print_log

from mmlofi.datasets.videos.facts import VideoFacts
from mmlofi.datasets.videos.packet_table import (
    LONG_FRAMES,
    PacketTable,
    excerpt,
    find_packets,
    write_table,
)
from mmlofi.datasets.videos.pyav_frames import PyavFrames
from mmlofi.datasets.videos.shown_frames import (
    Pictures,
    ShownFrames,
    distinct_frames,
    last_keys,
    split_at_jumps,
)

MOST_FRAMES = 2_000   # of an excerpt, whose bytes are in memory
Frames = ShownFrames | PyavFrames
OpenExcerpt = Callable[[io.BytesIO, int], Frames]


def keep_table(filename: str, facts: VideoFacts, shown: Frames, open_excerpt: OpenExcerpt,
               target: str | None) -> str | None:
    """Writes the table of a long video, if excerpts of it show the same frames as the whole.

    Args:
        filename: On disk.
        facts: Of it.
        shown: Its frames at their stored size.
        open_excerpt: As of `Excerpts`, at that size.
        target: Where the table goes.

    Returns:
        The target; None for a short video, and for one that has to be opened as a whole.
    """
    plain = facts.stamped and not facts.repaired and facts.hidden == 0 and facts.until_sec is None
    if target is None or facts.size is None or not plain or facts.total_frames < LONG_FRAMES:
        return None
    try:
        table = find_packets(filename, facts.total_frames, shown.times_sec)
        if table is None or not _show_the_same(table, shown, open_excerpt, filename):
            return None
        write_table(target, table)
    except (av.error.FFmpegError, decord.DECORDError, RuntimeError, ValueError, OSError):
        return None   # whatever is in the way, the whole can be opened
    return target


def _show_the_same(table: PacketTable, shown: Frames, open_excerpt: OpenExcerpt, filename: str
                   ) -> bool:
    """Whether frames of the first, middle and last group are equal, some way into each."""
    def fail() -> Frames:
        raise ValueError('no excerpt of it can be decoded')
    excerpts = Excerpts(table, open_file=partial(open, filename, 'rb'), name=filename,
                        open_excerpt=open_excerpt, open_whole=fail)
    for key in table.keys[[0, len(table.keys) // 2, -1]].tolist():
        inds = np.unique(np.minimum(key + np.array([0, 1, 4, 9]), len(shown) - 1))
        if not np.array_equal(excerpts.get_batch(inds).asnumpy(), shown.get_batch(inds).asnumpy()):
            return False
    shown.seek(0)
    return True


class Excerpts:
    """What `DecodeSnippets` asks of `ShownFrames`, without reading the whole file.

    Args:
        table: Of the video.
        open_file: Opens its file.
        open_excerpt: Gives the frames, of the size that is wanted, of a file in memory that has to
            have so many.
        open_whole: Gives the frames of the whole file, for where an excerpt does not.
        name: Of the file, for messages.
    """

    strict = False   # whether to raise where an excerpt does not, rather than to open the whole

    def __init__(self, table: PacketTable, *, open_file: Callable[[], BinaryIO],
                 open_excerpt: OpenExcerpt, open_whole: Callable[[], Frames], name: str) -> None:
        self._table, self._name = table, name
        self._open_file, self._open_excerpt = open_file, open_excerpt
        self._open_whole, self._whole = open_whole, None
        self._frames, self._start, self._end = None, 0, 0   # of the excerpt that is open
        self._expected: list[np.ndarray] = []
        self.times_sec = table.times_sec if len(table.times_sec) else None

    def __len__(self) -> int:
        return len(self._table.packets)

    def __getitem__(self, index: int) -> Pictures:
        return Pictures(self.get_batch([range(len(self))[index]]).asnumpy()[0])

    def expect(self, frame_inds: np.ndarray) -> None:
        """Says which frames, ascending, will be asked for, so that excerpts are of no fewer."""
        self._expected = split_at_jumps(frame_inds, self._table.keys)

    def get_batch(self, frame_inds: Sequence[int] | np.ndarray) -> Pictures:
        """As `ShownFrames.get_batch`."""
        distinct, places = distinct_frames(frame_inds, len(self), self._name)
        frames = None
        if self._whole is None:
            try:
                frames = np.concatenate([self._read(piece) for piece in split_at_jumps(
                    distinct, self._table.keys)])
            except (decord.DECORDError, RuntimeError, ValueError, OSError, IndexError,
                    av.error.FFmpegError) as error:
                if self.strict:
                    raise
                print_log(f'{self._name}: an excerpt of it cannot be decoded ({error}); the whole '
                          'of it is opened', 'current', logging.WARNING)
                self._whole = self._open_whole()
        if frames is None:
            frames = self._whole.get_batch(distinct).asnumpy()
        return Pictures(frames[places])

    def get_key_indices(self) -> np.ndarray:
        """The frames from which decoding can begin."""
        return self._table.keys

    def seek(self, index: int) -> None:
        """Forgets the excerpt, which decord would decode further."""
        self._frames, self._start, self._end = None, 0, 0
        if self._whole is not None:
            self._whole.seek(index)

    def another(self) -> Excerpts:
        """As `ShownFrames.another`."""
        return Excerpts(self._table, open_file=self._open_file, open_excerpt=self._open_excerpt,
                        open_whole=self._open_whole, name=self._name)

    def jump_targets(self) -> np.ndarray:
        """As `ShownFrames.jump_targets`."""
        return self._table.keys

    def rest(self) -> None:
        """As `ShownFrames.rest`."""
        self.seek(0)

    def _read(self, inds: np.ndarray) -> np.ndarray:
        """Frames `inds`, ascending, between which nothing is worth a jump."""
        parts = []
        while len(inds):
            if not self._start <= inds[0] < self._end:
                self._open(int(inds[0]), int(inds[-1]))
            here = inds[inds < self._end]
            parts.append(self._frames.get_batch(here - self._start).asnumpy())
            inds = inds[len(here):]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _open(self, first: int, last: int) -> None:
        """An excerpt that begins with the group of frame `first`."""
        last = max([last, *(int(run[-1]) for run in self._expected if run[0] <= first <= run[-1])])
        key = int(last_keys(np.array([first]), self._table.keys)[0])
        last = min(last, max(first, key + MOST_FRAMES - 1))
        with self._open_file() as file:
            content, count = excerpt(self._table, file, key, last)
        self._frames = self._open_excerpt(io.BytesIO(content), count)
        self._start, self._end = key, last + 1
