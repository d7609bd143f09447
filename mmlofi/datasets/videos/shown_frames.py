"""The frames that a player shows, by number, and the same ones by every way, decoded by decord.

Shape legend: n frames of H × W.

decord 0.6 counts packets, those that an edit list hides too, but gives only pictures that are
shown: read from the start, its frame i is the i-th of these; after a jump, the i-th packet. And
where it jumps to a key frame, it may land on another without a word: in open groups of pictures
(x265's habit, MPEG-4 with B-frames), avi without time stamps, wmv. Against PyAV it is right where
it reads through from the start, and where the time stamp of the first picture after a jump is that
of the key frame, which decord looks up. So here a jump counts only then.
"""
from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import decord
import numpy as np
from decord import video_reader as decord_calls
from mmengine.logging import print_log

from mmlofi.datasets.videos.streams import AGAIN
from mmlofi.datasets.videos.time_axis import TimeAxis, axis_of

KEPT_BYTES = 2**29   # of frames, for a stream whose video is read in order


@dataclass
class Pictures:
    """What decord's `get_batch` gives."""

    frames: np.ndarray   # (n, H, W, 3), or one of them

    def asnumpy(self) -> np.ndarray:
        """RGB uint8."""
        return self.frames

    @property
    def shape(self) -> tuple[int, ...]:
        return self.frames.shape


class ShownFrames:
    """What `DecodeSnippets` asks of a `decord.VideoReader`, of the shown frames alone.

    A video whose key frames decord misses is read in order, which is slower. If it is streamed,
    each pass from the start keeps 512 MB of frames, which serve the snippets that follow.

    Args:
        reader: Just opened; nothing else reads of it.
        axis: Its time axis, if known.
        name: Of the file, for messages.
        open_reader: Opens the same once more.
    """

    strict = False   # whether to raise where key frames are missed, rather than to read in order

    def __init__(self, reader: decord.VideoReader, axis: TimeAxis | None = None,
                 name: str = 'a video',
                 open_reader: Callable[[], decord.VideoReader] | None = None) -> None:
        axis = axis_of(spans_of(reader), reader.get_avg_fps()) if axis is None else axis
        self._reader, self._axis, self._name, self._open_reader = reader, axis, name, open_reader
        self.times_sec = axis.times_sec
        self._total, self._hidden, self._jumps = axis.total_frames, axis.hidden, axis.stamped
        self._packet_keys = np.asarray(reader.get_key_indices())
        equal = np.diff(reader.get_frame_timestamp(np.arange(len(reader)))[:, 0]) == 0 \
            if axis.repaired else []
        self._followed_by_equal = np.flatnonzero(equal)
        # decord jumps to a stamp, and of two frames that have it, to the one or the other.
        keys = np.setdiff1d(self._packet_keys, np.append(
            self._followed_by_equal, self._followed_by_equal + 1)) - self._hidden
        self._keys = np.append(0, keys[(keys > 0) & (keys < self._total)])
        self._next = 0       # the shown frame that decord gives next
        self._shift = 0      # by how much its own number of it is larger
        self._singly = False
        self._streamed = False
        self._kept: deque[np.ndarray] = deque()   # frames in order, up to
        self._kept_end = 0                        # this one

    def __len__(self) -> int:
        return self._total

    def __getitem__(self, index: int) -> Pictures:
        if not -self._total <= index < self._total:   # what ends an iteration
            raise IndexError(f'{self._name!r} has {self._total} frames, got {index}; expected one '
                             'of them')
        return Pictures(self._read(np.array([index % self._total]))[0])

    def get_batch(self, frame_inds: Sequence[int] | np.ndarray) -> Pictures:
        """Frames (n, H, W, 3), in any order.

        Raises:
            IndexError: For a number that no shown frame has.
            ValueError: When the file is damaged.
        """
        distinct, places = distinct_frames(frame_inds, self._total, self._name)
        return Pictures(self._read(distinct)[places])

    def get_key_indices(self) -> np.ndarray:
        """The frames that a jump can go to, and the first."""
        return self._keys if self._jumps else self._keys[:1]

    def seek(self, index: int) -> None:
        """Stops decord, which decodes ahead of its reader and keeps it all, until it is asked."""
        self._streamed = True
        self._rewind()

    def another(self) -> ShownFrames:
        """The same frames from a decoder of their own."""
        return ShownFrames(self._open_reader(), self._axis, self._name, self._open_reader)

    def jump_targets(self) -> np.ndarray:
        """The frames that a jump can go to, ascending, and the first."""
        return np.asarray(self.get_key_indices())

    def rest(self) -> None:
        """Decodes and keeps nothing until it is asked."""
        self._rewind()

    def begin_at_the_start(self) -> bool:
        """Whether decord finds the first key frame, from which all others are read."""
        try:
            self._reader.next()   # it does not look while it is there
            self._reader.seek_accurate(0)
            found = self._position() == 1
            self._reader.next()
            self._rewind()
        except (decord.DECORDError, RuntimeError, StopIteration):   # by what is wrong
            return False
        return found

    def _read(self, inds: np.ndarray) -> np.ndarray:
        """Frames `inds`, ascending."""
        try:
            pieces = [self._read_piece(piece) for piece in split_at_jumps(inds, self._keys)]
        except (decord.DECORDError, RuntimeError, StopIteration) as error:   # by what is wrong
            raise ValueError(f'{self._name!r} is damaged: of frames {inds[0]} to {inds[-1]} some '
                             f'cannot be decoded; expected a whole video: {AGAIN}') from error
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _read_piece(self, inds: np.ndarray) -> np.ndarray:
        if not self._jumps:
            return np.stack([self._in_order(index) for index in inds])
        key = int(last_keys(inds[:1], self._keys)[0])
        if self._next <= inds[0] and key <= self._next:
            return self._read_on(inds)
        if key == 0:
            self._rewind()
            return self._read_on(inds)
        landed = self._jump(key)
        if landed is None:
            self._give_up_jumps()
            return self._read_piece(inds)
        if inds[0] > key:
            return self._read_on(inds)
        rest = [self._read_on(inds[1:])] if len(inds) > 1 else []
        return np.concatenate([landed[None], *rest])

    def _jump(self, key: int) -> np.ndarray | None:
        """Goes to a key frame and returns it; None where decord landed elsewhere.

        decord steps on to the next frame exactly when the picture there has the key frame's stamp.
        """
        packet = key + self._hidden
        if self._position() == packet:   # decord would stay, though it counts otherwise
            self._rewind()
        try:
            self._reader.seek_accurate(packet)
        except decord.DECORDError:
            return None
        if self._position() != packet + 1:
            return None
        self._next, self._shift = key + 1, self._hidden
        return _true_pixels(self._reader.next().asnumpy())

    def _read_on(self, inds: np.ndarray) -> np.ndarray:
        """Frames from here on.

        Of each group that is passed the last is read too, or decord would jump; and so is a frame
        whose stamp the next one has, since decord skips by stamps.
        """
        packets, here = inds + self._shift, self._next + self._shift
        passed = self._packet_keys[(self._packet_keys > here) & (self._packet_keys <= packets[-1])]
        equal = self._followed_by_equal
        equal = equal[(equal >= here) & (equal < packets[-1])]
        route = np.union1d(packets, np.append(passed - 1, equal))
        try:
            frames = self._decode(route)
        except decord.DECORDError:
            if self._singly:
                raise
            self._singly = True    # it may be the width, or the file is damaged
            self._rewind()
            return self._read_piece(inds)
        self._next = int(inds[-1]) + 1
        return frames if len(route) == len(packets) else frames[np.isin(route, packets)]

    def _decode(self, packets: np.ndarray) -> np.ndarray:
        """`get_batch` fails at widths that divide the padded length of a row (2, 4, 6, 8, 12, 16,
        24, 48, 72): decord gives the whole rows, as if a pixel had more than 3 channels."""
        if not self._singly:
            return self._reader.get_batch(packets).asnumpy()
        return np.stack([_true_pixels(self._reader[int(packet)].asnumpy()) for packet in packets])

    def _in_order(self, index: int) -> np.ndarray:
        if not self._kept_end - len(self._kept) <= index < self._kept_end:
            if index < self._next:
                self._rewind()
            if self._next != self._kept_end:
                self._kept.clear()
            self._pass_to(index)
        return self._kept[index - self._kept_end]

    def _pass_to(self, index: int) -> None:
        """Reads on to a frame, and in a stream further, until half of what is kept comes after."""
        end = index + 1
        while self._next < end:
            frame = _true_pixels(self._reader.next().asnumpy())
            self._next += 1
            self._kept.append(frame)
            room = max(1, KEPT_BYTES // frame.nbytes) if self._streamed else 1
            if len(self._kept) > room:
                self._kept.popleft()
            end = min(index + 1 + room // 2, self._total)
        self._kept_end = self._next

    def _rewind(self) -> None:
        self._reader.seek(0)
        self._next = self._shift = 0

    def _give_up_jumps(self) -> None:
        if self.strict:
            raise ValueError(f'{self._name!r} has key frames that decord does not find')
        self._jumps = False
        self._rewind()
        warn_once(f'{self._name}: decord does not find its key frames, so that it is decoded in '
                   'order, which takes longer; tools/make_proxies.py, or ffmpeg -i in -c:v libx264 '
                   'out.mp4, makes a file that is read faster')

    def _position(self) -> int:
        return decord_calls._CAPI_VideoReaderGetCurrentPosition(self._reader._handle)


def distinct_frames(frame_inds: Sequence[int] | np.ndarray, total: int, name: str
                    ) -> tuple[np.ndarray, np.ndarray | slice]:
    """Frames in any order as (n,) ascending ones, and where in these each of them is.

    Raises:
        IndexError: For a number that none of `total` frames has.
    """
    frame_inds = np.asarray(frame_inds, dtype=np.int64)
    if frame_inds.min() < 0 or frame_inds.max() >= total:
        raise IndexError(f'{name!r} has {total} frames, got {frame_inds.min()} to '
                         f'{frame_inds.max()}; expected some of them')
    if (np.diff(frame_inds) > 0).all():
        return frame_inds, slice(None)   # which copies nothing
    return np.unique(frame_inds, return_inverse=True)


def spans_of(reader: decord.VideoReader) -> np.ndarray:
    """(F, 2) when the frames that decord counts start and end, as `axis_of` wants them."""
    return reader.get_frame_timestamp(np.arange(len(reader))).astype(np.float64)


def last_keys(inds: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """(n,) the key frame of each frame's group."""
    return keys[np.searchsorted(keys, inds, side='right') - 1]


def split_at_jumps(inds: np.ndarray, keys: np.ndarray) -> list[np.ndarray]:
    """Ascending frames in runs: as decord does, a key frame between two of them is jumped to."""
    jumps = last_keys(inds[1:], keys) > inds[:-1] + 1
    return np.split(inds, np.flatnonzero(jumps) + 1)


def _true_pixels(frame: np.ndarray) -> np.ndarray:
    H, W, channels = frame.shape
    return frame if channels == 3 else frame.reshape(H, -1)[:, :3 * W].reshape(H, W, 3)


@cache
def warn_once(text: str) -> None:
    """Logs what concerns a file, which is opened every epoch."""
    print_log(text, logger='current', level=logging.WARNING)
