"""Opens a video with decord, at the frame size that the fidelity needs."""
from __future__ import annotations

import io
from typing import BinaryIO

import decord
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.fileio import get

from mmlofi.datasets.videos.excerpts import Excerpts
from mmlofi.datasets.videos.facts import Stamp, VideoFacts, stamp_of
from mmlofi.datasets.videos.first_use import make_ready
from mmlofi.datasets.videos.packet_table import read_table
from mmlofi.datasets.videos.playlists import refuse_playlist
from mmlofi.datasets.videos.presentation import Presentation, read_presentation
from mmlofi.datasets.videos.shown_frames import ShownFrames, warn_once
from mmlofi.datasets.videos.storage import is_there, on_disk
from mmlofi.datasets.videos.streams import refuse_greedy, refuse_picture, unreadable
from mmlofi.datasets.videos.time_axis import TimeAxis, time_axis
from mmlofi.fidelity import FULL


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Opens the video for `DecodeSnippets`, which then resizes while it decodes.

    In place of MMAction2's `DecordInit`, which takes no size and always reads the whole file into
    memory. Resizing in the decoder saves time at small sides (docs/decoding.md). Nothing is
    enlarged.

    Required Keys: filename, fidelity (optional, full otherwise), facts (optional, `VideoFacts` of
    the index of files: it is then opened once, at the size that is needed)

    Added Keys: video_reader (`ShownFrames`), total_frames (that a player shows), avg_fps,
    frame_times_sec (one a frame, from where a player starts, at a variable frame rate or where the
    pictures begin late; else None)

    Modified Keys: duration_sec (that of the file: from where a player starts to the last frame's
    end)

    Args:
        short_side: Pixels of the frame's shorter side at full fidelity, divided by r_s at others;
            None keeps the stored size.
        divisor: The shorter side is a multiple of it where it is reduced: what the encoder wants of
            frames that nothing crops.
        num_threads: Decoder threads a video.
        backend_args: An MMEngine file backend, such as `dict(backend='petrel')`; None reads from
            disk by path.
    """

    def __init__(self, *, short_side: int | None = None, divisor: int = 2,
                 num_threads: int = 1, backend_args: dict | None = None) -> None:
        self.short_side = short_side
        self.divisor = divisor
        self.num_threads = num_threads
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Adds the reader and what is known of the video's time axis.

        Raises:
            FileNotFoundError: When there is no such file.
            ValueError: When decord finds no video frames in it, it is a list of other files, or
                decord cannot give those that a player shows; with the command that mends it.
        """
        filename = results['filename']
        with self._source(filename) as file:
            facts = _still_true(results.get('facts'), file, filename)
            frames = self._excerpts(facts, results)
            if frames is None:
                frames, facts = self._open_shown(facts, file, results)
        results['video_reader'] = frames
        return results | facts.opened(frames.times_sec)

    def learn(self, filename: str) -> tuple[VideoFacts, ShownFrames]:
        """What a video is, all but the size of its frames, and these as they are stored.

        Raises:
            FileNotFoundError, ValueError: As `transform`.
        """
        with self._source(filename) as file:
            return self._learn(file, filename)

    def _learn(self, file: BinaryIO, filename: str) -> tuple[VideoFacts, ShownFrames]:
        refuse_playlist(filename, file)
        codecs = refuse_greedy(file, filename)
        make_ready(codecs, lambda: self._reader(file, filename))
        reader = self._open(file, filename)
        axis, known = _axis(file, filename, reader)
        facts = VideoFacts(
            _stamp(file), side=None, size=None, total_frames=int(axis.total_frames),
            duration_sec=float(axis.duration_sec), avg_fps=float(reader.get_avg_fps()),
            codecs=tuple(sorted(codecs)), variable=axis.times_sec is not None,
            late_sec=known.late_sec, until_sec=known.until_sec, hidden=int(axis.hidden),
            stamped=axis.stamped, repaired=axis.repaired)
        return facts, ShownFrames(reader, axis, filename)

    def _open_shown(self, facts: VideoFacts | None, file: BinaryIO, results: dict
                    ) -> tuple[ShownFrames, VideoFacts]:
        filename = results['filename']
        frames = None
        if facts is None:
            facts, frames = self._learn(file, filename)
        if facts.size is None and self.short_side is not None:
            frames = frames or self._again(facts, file, filename)
            facts = facts._replace(size=frames[0].shape[:2])
        smaller = self._smaller(facts, results)
        if frames is None or smaller:
            frames = self._again(facts, file, filename, **smaller)
        return frames, facts

    def _excerpts(self, facts: VideoFacts | None, results: dict) -> Excerpts | None:
        """The frames of a long video, without reading all of it."""
        if facts is None or facts.table is None or facts.size is None:
            return None
        filename, size = results['filename'], self._smaller(facts, results)
        try:
            table = read_table(facts.table)
        except (OSError, ValueError) as error:
            warn_once(f'{filename} is opened as a whole, for {facts.table!r} cannot be read '
                      f'({error}): delete the index of files, so that it is made again')
            return None

        def open_reader(excerpt: BinaryIO) -> decord.VideoReader:
            make_ready(frozenset(facts.codecs), lambda: self._reader(excerpt, filename))
            return self._reader(excerpt, filename, **size)

        def open_whole() -> ShownFrames:
            with self._source(filename) as file:
                return self._again(facts, file, filename, **size)
        return Excerpts(table, open_file=lambda: self._source(filename), open_reader=open_reader,
                        open_whole=open_whole, name=filename)

    def _again(self, facts: VideoFacts, file: BinaryIO, filename: str, **size: int) -> ShownFrames:
        """Opens a video of which all is known."""
        make_ready(frozenset(facts.codecs), lambda: self._reader(file, filename))
        reader = self._open(file, filename, **size)
        axis = facts.constant_axis() or time_axis(
            reader, late_sec=facts.late_sec, until_sec=facts.until_sec)
        return ShownFrames(reader, axis, filename)

    def _smaller(self, facts: VideoFacts, results: dict) -> dict[str, int]:
        """Width and height to decode to, where they are not the stored ones."""
        if self.short_side is None:
            return {}
        wanted = results.get('fidelity', FULL).reduce_side(self.short_side, self.divisor)
        height, width = facts.size
        if min(height, width) <= wanted:
            return {}
        scale = wanted / min(height, width)
        return dict(width=round(width * scale), height=round(height * scale))

    def _source(self, filename: str) -> BinaryIO:
        """The file, or in memory what it holds if it is not on disk."""
        if not is_there(filename, self.backend_args):
            raise FileNotFoundError(f'no video at {filename!r}; expected a file that decord can '
                                    'read: check `data_prefix`, `filename_tmpl` and the names in '
                                    'the annotation file')
        if on_disk(filename, self.backend_args):
            return open(filename, 'rb')
        return io.BytesIO(get(filename, backend_args=self.backend_args))

    def _reader(self, file: BinaryIO, filename: str, **size: int) -> decord.VideoReader:
        file.seek(0)
        return decord.VideoReader(file if isinstance(file, io.BytesIO) else filename,
                                  num_threads=self.num_threads, **size)

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

    def __repr__(self) -> str:
        return f'{type(self).__name__}(short_side={self.short_side})'


def _axis(file: BinaryIO, filename: str, reader: decord.VideoReader
          ) -> tuple[TimeAxis, Presentation]:
    """When the frames are shown."""
    try:
        known = read_presentation(file)
        axis = time_axis(reader, late_sec=known.late_sec, until_sec=known.until_sec)
        if known.is_stream and not ShownFrames(reader, axis, filename).begin_at_the_start():
            raise ValueError('it is an MPEG transport stream whose first key frame decord passes '
                             'over; expected mp4 or mkv: ffmpeg -i in.ts -c copy out.mp4')
    except ValueError as error:
        raise ValueError(f'{filename!r} cannot be used as it is: {error}') from error
    if axis.repaired:
        warn_once(f'{filename}: {axis.repaired}')
    return axis, known


def _stamp(file: BinaryIO) -> Stamp:
    return Stamp(len(file.getbuffer()), 0) if isinstance(file, io.BytesIO) else \
        stamp_of(file.fileno())


def _still_true(facts: VideoFacts | None, file: BinaryIO, filename: str) -> VideoFacts | None:
    """Facts of the index, unless the file is another one by now."""
    if facts is None or facts.stamp == _stamp(file):
        return facts
    warn_once(f'{filename} has changed since it was looked at, and is looked at again at each '
              'sample; start again, so that windows and checks are of what it is now')
    return None
