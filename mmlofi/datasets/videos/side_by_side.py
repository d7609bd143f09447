"""Frames of one video from several decoders, each of which decodes another part of it.

Decoders begin at key frames. The frames that will be asked for are cut there, and each decoder, in
a thread of its own, takes the next part that nobody has::

    key frames   K         K         K         K
    parts        |----0----|----1----|----2----|----3----| …
    decoder A    |----0----|         |----2----|
    decoder B              |----1----|         |----3----|

decord and FFmpeg let go of Python's lock while they decode. (FFmpeg's own threads share the frames
of one place, which are too small to share, and begin anew with each jump.)

Shape legend: n frames of H × W.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np

from mmlofi.datasets.videos.ascending import read_ascending
from mmlofi.datasets.videos.excerpts import Frames
from mmlofi.datasets.videos.shown_frames import Pictures, distinct_frames, last_keys

PART_FRAMES = 200       # to decode at least, beside which the jump to a part costs little
DECODER_BYTES = 2**27   # of frames that wait for each decoder
BLOCK_BYTES = 2**22     # of frames, some not wanted, that it decodes at a time


def side_by_side(reader: Frames, requests: Sequence[np.ndarray], decoders: int
                 ) -> Frames | SideBySide:
    """A reader of the frames that will be asked for, from several decoders where that is faster.

    It is not where key frames are so far apart that there is one part, or that a part takes the
    memory of all of them; and not possible where decord decodes from the start alone.

    Args:
        reader: Of a file on disk; nothing else reads of it.
        requests: The frames of each batch that will be asked for.
        decoders: At most.
    """
    if decoders < 2:
        return reader
    inds, uses = np.unique(np.concatenate([np.unique(one) for one in requests]),
                           return_counts=True)
    parts = cut_into_parts(inds, reader.jump_targets())
    if len(parts) < 2:
        return reader
    reader.strict = True
    try:
        part_bytes = reader[0].asnumpy().nbytes * max(map(len, parts))
        reader.rest()
    except Exception:   # of any kind: it says it again, if that is of a frame that is wanted
        return reader
    finally:
        reader.strict = False
    decoders = min(decoders, len(parts), decoders * DECODER_BYTES // part_bytes)
    if decoders < 2:
        return reader
    return SideBySide(reader, parts, dict(zip(inds.tolist(), uses.tolist())), decoders)


class SideBySide:
    """What `DecodeSnippets` asks of the reader that it wraps, with the same frames and errors.

    But for damaged pictures that a decoder fills in without a word, from what it decoded before.
    Frames are decoded before they are asked for, as many as take 128 MB a decoder beside those in
    use. Once anything goes wrong, the reader that is wrapped gives all that follows.

    Args:
        reader: As of `side_by_side`.
        parts: Ascending frames.
        uses: How often each of them will be asked for.
        decoders: 2 or more.
    """

    def __init__(self, reader: Frames, parts: Sequence[np.ndarray], uses: dict[int, int],
                 decoders: int) -> None:
        self.times_sec = reader.times_sec
        self._reader, self._uses = reader, uses
        reader.strict = True
        self._idle: SimpleQueue[Frames | None] = SimpleQueue()
        for one in (reader, *[None] * (decoders - 1)):   # which its thread opens
            self._idle.put(one)
        self._pool = ThreadPoolExecutor(decoders, thread_name_prefix='decoder')
        self._waiting = deque(parts)                       # that nobody has
        self._begun: deque[tuple[int, Future]] = deque()   # first frames, and all of them
        self._kept: dict[int, np.ndarray] = {}
        self._ended = False
        try:
            for _ in range(decoders):
                self._begin()
        except RuntimeError:   # the system gives no thread more
            self.close()

    def __len__(self) -> int:
        return len(self._reader)

    def __getitem__(self, index: int) -> Pictures:
        return Pictures(self.get_batch([range(len(self))[index]]).asnumpy()[0])

    def get_batch(self, frame_inds: Sequence[int] | np.ndarray) -> Pictures:
        """Frames (n, H, W, 3), in any order.

        Raises:
            IndexError, ValueError: As the reader's.
        """
        if self._uses:
            try:
                distinct, places = distinct_frames(frame_inds, len(self), 'a video')
                return Pictures(np.stack([self._take(i) for i in distinct.tolist()])[places])
            except Exception:   # of any kind: the one reader says it in its words
                self.close()
        return self._reader.get_batch(frame_inds)

    def get_key_indices(self) -> Sequence[int]:
        """The first alone, while the decoders find their ways by themselves."""
        return [0] if self._uses else self._reader.get_key_indices()

    def seek(self, index: int) -> None:
        """As the reader's; decoders decode the next parts, and then rest."""
        if not self._uses:
            self._reader.seek(index)

    def close(self) -> None:
        """Ends the threads, each after the block that it decodes; the reader that is wrapped gives
        what is asked for from now on."""
        self._ended = True
        self._pool.shutdown(cancel_futures=True)
        self._reader.strict = False
        for rest in (self._waiting, self._begun, self._kept, self._uses):
            rest.clear()
        self._idle = None

    def _take(self, index: int) -> np.ndarray:
        while index not in self._kept and self._begun and self._begun[0][0] <= index:
            _, part = self._begun.popleft()
            if self._waiting:
                self._begin()
            self._kept.update(part.result())
        frame = self._kept[index]
        self._uses[index] -= 1
        if not self._uses[index]:
            del self._uses[index], self._kept[index]
            if not self._uses:
                self.close()
        return frame

    def _begin(self) -> None:
        part = self._waiting.popleft()
        self._begun.append((int(part[0]), self._pool.submit(self._decode, part)))

    def _decode(self, part: np.ndarray) -> list[tuple[int, np.ndarray]]:
        reader = self._idle.get()
        frames = []
        try:
            if reader is None:
                reader = self._reader.another()
                reader.strict = True
            for frame in zip(part.tolist(), read_ascending(reader, part, BLOCK_BYTES)):
                if self._ended:
                    break
                frames.append(frame)
            return frames
        finally:   # whatever fails, or other threads would wait for a reader that never comes
            try:
                if reader is not None:
                    reader.rest()
            finally:
                self._idle.put(reader)


def cut_into_parts(inds: np.ndarray, keys: np.ndarray) -> list[np.ndarray]:
    """Ascending frames in parts, each of which begins after a key frame of its own.

    Args:
        keys: Ascending, the first of them no later than the first frame.
    """
    groups = last_keys(inds, keys)
    parts, begin, cost = [], 0, 0
    for end in [*(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(inds)]:
        cost += inds[end - 1] - groups[end - 1] + 1
        if cost >= PART_FRAMES or end == len(inds):
            parts.append(inds[begin:end])
            begin, cost = end, 0
    return parts
