"""Opens videos by decord, the first reader, as MMAction2's own pipelines do."""
from __future__ import annotations

import io
from functools import partial
from typing import BinaryIO

import decord

from mmlofi.datasets.videos.facts import VideoFacts, stamp_of_open
from mmlofi.datasets.videos.first_use import make_ready
from mmlofi.datasets.videos.presentation import read_axis
from mmlofi.datasets.videos.readers import DECORD
from mmlofi.datasets.videos.shown_frames import ShownFrames, spans_of
from mmlofi.datasets.videos.streams import Refused, refuse_picture, unreadable
from mmlofi.datasets.videos.time_axis import TimeAxis, axis_of


class DecordReader:
    """Opens videos, each with a decoder of one thread."""

    def learn(self, file: BinaryIO, filename: str, codecs: frozenset[str]
              ) -> tuple[VideoFacts, ShownFrames]:
        """What a video is, all but the size of its frames, and these as they are stored.

        Args:
            file: Open, and read from its start; on disk under its name, or in memory.
            codecs: Of its video streams; none where that is not known.

        Raises:
            Refused: When this reader cannot give the frames that a player shows.
            ValueError: When no other can either.
        """
        make_ready(codecs, lambda: self._reader(file, filename))
        reader = self._open(file, filename)
        rate = float(reader.get_avg_fps())
        axis, known = read_axis(file, filename, spans_of(reader), rate)
        if known.is_stream and not ShownFrames(reader, axis, filename).begin_at_the_start():
            raise Refused(
                f'{filename!r} cannot be used as it is: it is an MPEG transport stream whose first '
                'key frame decord passes over; expected mp4 or mkv: ffmpeg -i in.ts -c copy '
                'out.mp4')
        facts = VideoFacts.of_axis(axis, known, stamp_of_open(file), codecs=codecs,
                                   reader=DECORD, avg_fps=rate)
        return facts, self._frames(reader, axis, file, filename)

    def open(self, facts: VideoFacts, file: BinaryIO, filename: str, **size: int) -> ShownFrames:
        """The frames of a video of which all is known, of this width and height.

        Raises:
            ValueError: When they cannot be decoded.
        """
        make_ready(frozenset(facts.codecs), lambda: self._reader(file, filename))
        reader = self._open(file, filename, **size)
        axis = facts.constant_axis() or axis_of(
            spans_of(reader), float(reader.get_avg_fps()), facts.late_sec, facts.until_sec)
        return self._frames(reader, axis, file, filename, **size)

    def open_excerpt(self, facts: VideoFacts, excerpt: io.BytesIO, count: int, filename: str,
                     **size: int) -> ShownFrames:
        """The frames of a part of a video, of which there have to be so many.

        Raises:
            ValueError, decord.DECORDError, RuntimeError: When there are not.
        """
        make_ready(frozenset(facts.codecs), lambda: self._reader(excerpt, filename))
        reader = self._reader(excerpt, filename, **size)
        if len(reader) != count:
            raise ValueError(f'{len(reader)} of its {count} frames are found')
        return ShownFrames(reader, TimeAxis(None, float(count), count), filename)

    def _frames(self, reader: decord.VideoReader, axis: TimeAxis, file: BinaryIO, filename: str,
                **size: int) -> ShownFrames:
        in_memory = isinstance(file, io.BytesIO)   # of which decord would make another copy
        return ShownFrames(reader, axis, filename,
                           None if in_memory else partial(_open_reader, filename, **size))

    def _reader(self, file: BinaryIO, filename: str, **size: int) -> decord.VideoReader:
        file.seek(0)
        return _open_reader(file if isinstance(file, io.BytesIO) else filename, **size)

    def _open(self, file: BinaryIO, filename: str, **size: int) -> decord.VideoReader:
        try:
            reader = self._reader(file, filename, **size)
            if len(reader) == 0:
                raise decord.DECORDError('it holds no frame')
            reader.get_frame_timestamp(0)   # decord counts frames that it did not find
        except (decord.DECORDError, RuntimeError, IndexError) as error:   # by what is wrong
            raise unreadable(file, filename) from error
        if len(reader) == 1:
            refuse_picture(file, filename)
        return reader


def _open_reader(source: io.BytesIO | str, **size: int) -> decord.VideoReader:
    return decord.VideoReader(source, num_threads=1, **size)
