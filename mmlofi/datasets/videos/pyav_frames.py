"""The frames that a player shows, by number, decoded by PyAV.

Shape legend: n frames of H × W, K of them key frames.

A frame is known by its time stamp: frame i has the i-th stamp of those that are shown, by whatever
way the decoder comes to it. Decoding begins at the last key frame that is shown no later, so that
what is shown before a key frame of an open group of pictures is decoded from the group before it::

    packets    K0 P3 B1 B2 | K6 B4 B5 P9 …     in the order of the file
    frames     0  1  2  3    4  5  6  7  …     4 and 5 need 3: from K0; 7 from K6
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from mmlofi.datasets.videos.shown_frames import (
    KEPT_BYTES,
    Pictures,
    distinct_frames,
    warn_once,
)
from mmlofi.datasets.videos.streams import AGAIN

Opened = tuple[av.container.InputContainer, av.VideoStream]

JUMP_FRAMES = 4   # that are rather decoded than jumped over: a jump empties the decoder
# Before PyAV 17 there was one, and no such argument.
ONE_THREAD = dict(threads=1) if int(av.__version__.partition('.')[0]) >= 17 else {}


class PyavFrames:
    """What `DecodeSnippets` asks of `ShownFrames`, of a video that PyAV decodes.

    All are of one size, as players show them, though some may be stored in another one.
    Frames on the way to another are decoded, and no pictures are made of them. A stream keeps the
    last decoded frames, up to 512 MB, which serve the snippets that follow.

    Args:
        opened: The file, wherever it is.
        open_file: Opens it at its start.
        stamps: (n,) of the shown frames, ascending, in units of the stream's clock; None where they
            have none, and are counted from the start.
        keys: (K,) stamps of the packets that decoding can begin with, ascending.
        total: n.
        size: Width and height of the frames, upright; None leaves them as they are stored.
        name: Of the file, for messages.
        times_sec: (n,) when each is shown, at a variable rate.
    """

    strict = False   # as of `ShownFrames`

    def __init__(self, opened: Opened, open_file: Callable[[], Opened], *,
                 stamps: np.ndarray | None, keys: np.ndarray, total: int,
                 size: tuple[int, int] | None = None, name: str = 'a video',
                 times_sec: np.ndarray | None = None) -> None:
        self._open_file, self._name, self._total = open_file, name, total
        self._is_upright = size is not None
        self._stamps, self._keys, self.times_sec = stamps, keys[:0], times_sec
        if stamps is not None:   # of several frames of a stamp, none tells where decoding is
            repeated = stamps[1:][np.diff(stamps) == 0]
            self._keys = keys[(keys <= stamps[-1]) & ~np.isin(keys, repeated)]
        self._reformatter = VideoReformatter()
        self._container, self._stream = opened
        stored = self._stream.codec_context   # of now: it follows frames that are of another one
        self._size = size or (stored.width, stored.height)
        self._frames: Iterator[av.VideoFrame] = iter(())   # from here on
        self._next = total                                 # the number of the first of these
        self._ahead: av.VideoFrame | None = None           # that one, where it is decoded already
        self._kept: deque[av.VideoFrame] = deque()         # in order, up to the next
        self._jumped = False     # to where decoding began, and is
        self._arrives = False    # there still
        self._streamed = False

    def __len__(self) -> int:
        return self._total

    def __getitem__(self, index: int) -> Pictures:
        return Pictures(self.get_batch([range(self._total)[index]]).asnumpy()[0])

    def get_batch(self, frame_inds: Sequence[int] | np.ndarray) -> Pictures:
        """As `ShownFrames.get_batch`."""
        distinct, places = distinct_frames(frame_inds, self._total, self._name)
        first = self._picture(int(distinct[0]))
        pictures = np.empty((len(distinct), *first.shape), np.uint8)
        pictures[0] = first
        for place, index in enumerate(distinct[1:].tolist(), start=1):
            pictures[place] = self._picture(index)
        return Pictures(pictures[places])

    def get_key_indices(self) -> list[int]:
        """The first alone: it finds its way by itself, and nothing is gained by reading more."""
        return [0]

    def seek(self, index: int) -> None:
        """From now on decoded frames are kept: a stream comes back to the last ones."""
        self._streamed = True

    def another(self) -> PyavFrames:
        """As `ShownFrames.another`."""
        return PyavFrames(
            self._open_file(), self._open_file, stamps=self._stamps, keys=self._keys,
            total=self._total, size=self._size if self._is_upright else None, name=self._name,
            times_sec=self.times_sec)

    def jump_targets(self) -> np.ndarray:
        """As `ShownFrames.jump_targets`."""
        if self._stamps is None:
            return np.array([0])
        return np.union1d(0, np.flatnonzero(np.isin(self._stamps, self._keys)))

    def rest(self) -> None:
        """Nothing: it decodes only when it is asked."""

    def _picture(self, index: int) -> np.ndarray:
        """(H, W, 3) RGB, upright."""
        frame = self._frame(index)
        turns = round(frame.rotation / 90) % 4   # of a phone's film
        size = self._size[::-1] if self._is_upright and turns % 2 else self._size
        small = self._reformatter.reformat(frame, *size, 'rgb24', interpolation='BILINEAR',
                                           **ONE_THREAD)
        return np.rot90(small.to_ndarray(), turns)

    def _frame(self, index: int) -> av.VideoFrame:
        if not self._next - len(self._kept) <= index < self._next:
            if self._is_worth_a_jump(index):
                self._go_to(self._key_of(index))
            if not self._pass_to(index) and self._jumped:
                self._give_up_jumps()
                self._pass_to(index)
        if not self._next - len(self._kept) <= index < self._next:
            raise self._damaged(index)
        return self._kept[index - self._next]

    def _is_worth_a_jump(self, index: int) -> bool:
        key = self._key_of(index)
        return index < self._next or key is not None and (
            self._number(key) > self._next + JUMP_FRAMES)

    def _pass_to(self, index: int) -> bool:
        """Decodes on to a frame; whether it came, and before it the key frame of a jump.

        A packet may show nothing, without being damaged: what was shown before it stays on. That is
        so where it was decoded from the start; after a jump, something may have been missed.
        """
        while self._next <= index:
            try:
                frame, self._ahead = self._ahead or next(self._frames, None), None
            except av.error.FFmpegError as error:
                if self._arrives:
                    return False
                self._next = self._total   # from nowhere on
                self._kept.clear()
                raise self._damaged(index) from error
            number = self._total if frame is None else self._number_of(frame)
            if number > index and self._kept and not self._jumped:
                self._ahead, frame, number = frame, self._kept[-1], index
            if frame is None or self._arrives and number > self._next:
                return False
            if number >= self._next:   # others are hidden, or lack what is before a key frame
                self._keep(frame, number)
        return self._next == index + 1

    def _keep(self, frame: av.VideoFrame, number: int) -> None:
        if number != self._next:
            self._kept.clear()
        self._kept.append(frame)
        self._next, self._arrives = number + 1, False
        size = sum(plane.buffer_size for plane in frame.planes)
        while len(self._kept) > (max(1, KEPT_BYTES // size) if self._streamed else 1):
            self._kept.popleft()

    def _number_of(self, frame: av.VideoFrame) -> int:
        """Of a frame; -1 of one that is not shown."""
        if self._stamps is None:
            return self._next
        if frame.pts is None:
            return -1
        if self._next < self._total and self._stamps[self._next] == frame.pts:
            return self._next   # of several of a stamp, too
        number = self._number(frame.pts)
        return number if number < self._total and self._stamps[number] == frame.pts else -1

    def _number(self, stamp: int) -> int:
        return int(np.searchsorted(self._stamps, stamp))

    def _key_of(self, index: int) -> int | None:
        """The stamp of the last packet from which a frame can be decoded, if that is known."""
        if not len(self._keys):
            return None
        place = np.searchsorted(self._keys, self._stamps[index], side='right') - 1
        return None if place < 0 else int(self._keys[place])

    def _go_to(self, key: int | None) -> None:
        self._kept.clear()
        self._ahead = None
        self._jumped = self._arrives = key is not None and self._lands_at(key)
        if self._jumped:
            self._next = self._number(key)
            return
        if self.strict and key is not None:
            self._miss_keys()
        self._close()
        self._container, self._stream = self._open_file()
        self._frames, self._next = _decode(self._container.demux(self._stream)), 0

    def _lands_at(self, key: int) -> bool:
        """Whether a container finds a key frame, from before which it may have to read on."""
        before = self._keys[max(0, int(np.searchsorted(self._keys, key)) - 1)]
        for target in dict.fromkeys((key, int(before))):
            with suppress(av.error.FFmpegError):
                self._container.seek(target, stream=self._stream)
                packets = self._container.demux(self._stream)
                for packet in packets:
                    if packet.is_keyframe and packet.pts == key:
                        self._frames = _decode(chain([packet], packets))
                        return True
                    if not packet.size or packet.is_keyframe and (packet.pts or key) > key:
                        break
        return False

    def _miss_keys(self) -> None:
        self._next = self._total   # from nowhere on: who asks again may do so without `strict`
        self._kept.clear()
        raise ValueError(f'{self._name!r} has key frames that PyAV does not find')

    def _give_up_jumps(self) -> None:
        if self.strict:
            self._miss_keys()
        self._keys = self._keys[:0]
        self._go_to(None)
        warn_once(f'{self._name}: PyAV does not find its key frames, so that it is decoded in '
                  'order, which takes longer; tools/make_proxies.py, or ffmpeg -i in -c:v libx264 '
                  'out.mp4, makes a file that is read faster')

    def _damaged(self, index: int) -> ValueError:
        return ValueError(f'{self._name!r} is damaged: frame {index} of {self._total} cannot be '
                          f'decoded; expected a whole video: {AGAIN}')

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()

    def __del__(self) -> None:
        self._close()   # streams and their container know each other: it would wait for a while


def _decode(packets: Iterable[av.Packet]) -> Iterator[av.VideoFrame]:
    for packet in packets:
        yield from packet.decode()
