"""Opens videos by PyAV, which reads those that decord cannot, and any other."""
from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import BinaryIO

import av
import numpy as np

from mmlofi.datasets.videos.facts import VideoFacts, stamp_of_open
from mmlofi.datasets.videos.packet_stamps import PacketStamps, read_stamps
from mmlofi.datasets.videos.presentation import read_axis
from mmlofi.datasets.videos.pyav_frames import Opened, PyavFrames
from mmlofi.datasets.videos.readers import PYAV
from mmlofi.datasets.videos.streams import refuse_picture, unreadable
from mmlofi.datasets.videos.time_axis import TimeAxis, axis_of

LOOKED_AT = 16   # frames that have to be those of the first packets


class PyavReader:
    """As `DecordReader`, with PyAV's decoders."""

    def learn(self, file: BinaryIO, filename: str, codecs: frozenset[str]
              ) -> tuple[VideoFacts, PyavFrames]:
        """As `DecordReader.learn`."""
        try:
            found = self._first_stamps(file, filename)
            opened, stamps = self._scan(file, filename)
        except (av.error.FFmpegError, AttributeError) as error:   # the latter without a decoder
            raise unreadable(file, filename, reader=PYAV, reason=error) from error
        with _closed_on_error(opened[0]):
            if not found:
                raise unreadable(file, filename, reader=PYAV)
            origin = _origin(found, stamps, filename, is_avi=opened[0].format.name == 'avi')
            if origin is None:
                stamps = stamps.unknown()
            stream = opened[1]
            rate = float(stream.average_rate or stream.guessed_rate or 0)
            axis, known = read_axis(file, filename, stamps.spans_sec(origin or 0), rate)
            if axis.total_frames == 1:
                refuse_picture(file, filename)
            facts = VideoFacts.of_axis(
                axis, known, stamp_of_open(file), codecs=codecs, reader=PYAV,
                avg_fps=rate or axis.total_frames / axis.duration_sec)
            return facts, self._frames(file, filename, opened, stamps, axis)

    def open(self, facts: VideoFacts, file: BinaryIO, filename: str, **size: int) -> PyavFrames:
        """As `DecordReader.open`."""
        try:
            opened, stamps = self._scan(file, filename)
        except av.error.FFmpegError as error:
            raise unreadable(file, filename, reader=PYAV, reason=error) from error
        with _closed_on_error(opened[0]):
            times_sec = None
            if facts.variable:
                spans = stamps.spans_sec(stamps.starts[facts.hidden])
                times_sec = axis_of(spans, facts.avg_fps, facts.late_sec, facts.until_sec).times_sec
            axis = TimeAxis(times_sec, facts.duration_sec, facts.total_frames, facts.hidden,
                            facts.stamped)
            return self._frames(file, filename, opened, stamps, axis, **size)

    def open_excerpt(self, facts: VideoFacts, excerpt: io.BytesIO, count: int, filename: str,
                     **size: int) -> PyavFrames:
        """As `DecordReader.open_excerpt`."""
        opened, stamps = self._scan(excerpt, filename)
        axis = TimeAxis(None, count, count)
        with _closed_on_error(opened[0]):
            if len(stamps.starts) != count:
                raise ValueError(f'{len(stamps.starts)} of its {count} frames are found')
            return self._frames(excerpt, filename, opened, stamps, axis, **size)

    def _frames(self, file: BinaryIO, filename: str, opened: Opened, stamps: PacketStamps,
                axis: TimeAxis, **size: int) -> PyavFrames:
        shown = stamps.starts[axis.hidden:axis.hidden + axis.total_frames]
        return PyavFrames(
            opened, partial(self._open, _source(file, filename)), total=axis.total_frames,
            stamps=shown if axis.stamped else None, keys=stamps.keys, name=filename,
            size=(size['width'], size['height']) if size else None, times_sec=axis.times_sec)

    def _scan(self, file: BinaryIO, filename: str) -> tuple[Opened, PacketStamps]:
        opened = self._open(_source(file, filename))
        with _closed_on_error(opened[0]):
            return opened, read_stamps(*opened)

    def _first_stamps(self, file: BinaryIO, filename: str) -> list[int | None]:
        container, stream = self._open(_source(file, filename))
        with container:
            return [frame.pts for frame in islice(container.decode(stream), LOOKED_AT)]

    def _open(self, source: str | bytes) -> Opened:
        container = av.open(io.BytesIO(source) if isinstance(source, bytes) else source,
                            metadata_errors='replace', options=dict(protocol_whitelist='file'))
        with _closed_on_error(container):
            stream = container.streams.best('video')
            stream.thread_count = 1
            return container, stream


@contextmanager
def _closed_on_error(container: av.container.InputContainer) -> Iterator[None]:
    """It and its streams know each other, so that the file would stay open for a while."""
    try:
        yield
    except BaseException:
        container.close()
        raise


def _origin(found: list[int | None], stamps: PacketStamps, filename: str, *, is_avi: bool
            ) -> int | None:
    """The stamp of the first frame that is shown; None where stamps do not tell which that is.

    In avi they are of the order of decoding.

    Args:
        found: Stamps of the first frames.

    Raises:
        ValueError: When packets are no frames.
    """
    if found[0] is not None:
        first = np.searchsorted(stamps.starts, found[0])
        if stamps.starts[first:first + LOOKED_AT].tolist() == found:
            return found[0]
    if found[0] is None or is_avi:
        return None
    raise ValueError(f'{filename!r} cannot be used as it is: its first frames are shown at other '
                     'times than its packets say, as where each holds half a picture; expected one '
                     'frame a packet: ffmpeg -i in.ts -c:v libx264 out.mp4')


def _source(file: BinaryIO, filename: str) -> str | bytes:
    """The file on disk for FFmpeg, which a colon in its name does not make a protocol; or what is
    in memory."""
    return file.getvalue() if isinstance(file, io.BytesIO) else f'file:{filename}'
