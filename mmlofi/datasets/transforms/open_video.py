"""Opens a video, at the frame size that the fidelity needs."""
from __future__ import annotations

import io
from functools import partial
from typing import BinaryIO

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.fileio import get

from mmlofi.cores import own_cores
from mmlofi.datasets.videos.decord_reader import DecordReader
from mmlofi.datasets.videos.excerpts import Excerpts, Frames
from mmlofi.datasets.videos.facts import VideoFacts, stamp_of_open
from mmlofi.datasets.videos.packet_table import read_table
from mmlofi.datasets.videos.playlists import refuse_playlist
from mmlofi.datasets.videos.pyav_reader import PyavReader
from mmlofi.datasets.videos.readers import AUTO, DECORD, PYAV, tell_of_second, wanted_reader
from mmlofi.datasets.videos.shown_frames import warn_once
from mmlofi.datasets.videos.storage import is_there, on_disk
from mmlofi.datasets.videos.streams import Refused, refuse_greedy
from mmlofi.fidelity import FULL


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Opens the video for `DecodeSnippets`, which then resizes while it decodes.

    In place of MMAction2's `DecordInit`, which takes no size and always reads the whole file into
    memory. Resizing in the decoder saves time at small sides (docs/decoding.md). Nothing is
    enlarged.

    Required Keys: filename, fidelity (optional, full otherwise), facts (optional, `VideoFacts` of
    the index of files: it is then opened once, at the size that is needed), cores (optional, that
    the process has for this video, 1 otherwise)

    Added Keys: video_reader (`ShownFrames`, `PyavFrames` or `Excerpts`), total_frames (that a
    player shows), avg_fps, frame_times_sec (one a frame, from where a player starts, at a variable
    frame rate or where the pictures begin late; else None), num_decoders (that may share its
    frames)

    Modified Keys: duration_sec (that of the file: from where a player starts to the last frame's
    end)

    Args:
        short_side: Pixels of the frame's shorter side at full fidelity, divided by r_s at others;
            None keeps the stored size.
        divisor: The shorter side is a multiple of it where it is reduced: what the encoder wants of
            frames that nothing crops.
        num_threads: Decoders, each in a thread, that share the frames of a video (`side_by_side`);
            0 for as many as there are cores. None takes as many where videos are streamed, as to
            localize or to extract features, and one where workers have the cores. A file on no disk
            has one.
        backend_args: An MMEngine file backend, such as `dict(backend='petrel')`; None reads from
            disk by path.
        reader: 'decord' or 'pyav', which reads all videos; 'auto' takes PyAV for those that decord
            cannot read; None asks the environment, by MMLOFI_VIDEO_READER, and is 'auto' otherwise.
    """

    def __init__(self, *, short_side: int | None = None, divisor: int = 2,
                 num_threads: int | None = None, backend_args: dict | None = None,
                 reader: str | None = None) -> None:
        self.short_side = short_side
        self.divisor = divisor
        self.num_threads = num_threads
        self.backend_args = backend_args
        self.reader = wanted_reader(reader)
        self._readers = {DECORD: DecordReader(), PYAV: PyavReader()}

    def transform(self, results: dict) -> dict:
        """Adds the frames and what is known of the video's time axis.

        Raises:
            FileNotFoundError: When there is no such file.
            ValueError: When no reader finds video frames in it, it is a list of other files, or
                none can give those that a player shows; with the command that mends it.
        """
        filename = results['filename']
        with self._source(filename) as file:
            facts = self._still_true(results.get('facts'), file, filename)
            frames = self._excerpts(facts, results)
            if frames is None:
                frames, facts = self._open_shown(facts, file, results)
        results['video_reader'] = frames
        results['num_decoders'] = self._decoders(results)
        return results | facts.opened(frames.times_sec)

    def learn(self, filename: str) -> tuple[VideoFacts, Frames]:
        """What a video is, all but the size of its frames, and these as they are stored.

        Raises:
            FileNotFoundError, ValueError: As `transform`.
        """
        with self._source(filename) as file:
            return self._learn(file, filename)

    def open_excerpt(self, facts: VideoFacts, filename: str, excerpt: io.BytesIO, count: int,
                     **size: int) -> Frames:
        """The frames of a part of a video, which has to have so many.

        Raises:
            ValueError, RuntimeError, av.error.FFmpegError: When it has not.
        """
        return self._readers[facts.reader].open_excerpt(facts, excerpt, count, filename, **size)

    def _decoders(self, results: dict) -> int:
        if not on_disk(results['filename'], self.backend_args):
            return 1
        return results.get('cores', 1) if self.num_threads is None else \
            self.num_threads or own_cores()

    def _learn(self, file: BinaryIO, filename: str) -> tuple[VideoFacts, Frames]:
        refuse_playlist(filename, file)
        codecs = refuse_greedy(file, filename)
        try:
            facts, frames = self._readers[DECORD if self.reader == AUTO else self.reader].learn(
                file, filename, codecs)
        except Refused as refused:
            if self.reader != AUTO:
                raise
            facts, frames = self._learn_by_next(file, filename, codecs, refused)
        if facts.repaired:
            warn_once(f'{filename}: {facts.repaired}')
        return facts._replace(wanted=self.reader), frames

    def _learn_by_next(self, file: BinaryIO, filename: str, codecs: frozenset[str],
                       refused: Refused) -> tuple[VideoFacts, Frames]:
        """What PyAV finds."""
        try:
            return self._readers[PYAV].learn(file, filename, codecs)
        except ValueError as error:
            if str(error) == str(refused):
                raise ValueError(str(error)) from error   # of which a third knows no more
            found = str(refused).partition('; expected')[0]
            own = str(error).removeprefix(f'{filename!r} ')
            raise ValueError(f'{found}; nor does PyAV read it: it {own}') from error

    def _open_shown(self, facts: VideoFacts | None, file: BinaryIO, results: dict
                    ) -> tuple[Frames, VideoFacts]:
        filename = results['filename']
        frames = None
        if facts is None:
            facts, frames = self._learn(file, filename)
            if facts.took_over:
                tell_of_second(filename, facts.codecs)
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

        def open_whole() -> Frames:
            with self._source(filename) as file:
                return self._again(facts, file, filename, **size)
        return Excerpts(table, open_file=lambda: self._source(filename), open_whole=open_whole,
                        open_excerpt=partial(self.open_excerpt, facts, filename, **size),
                        name=filename)

    def _again(self, facts: VideoFacts, file: BinaryIO, filename: str, **size: int) -> Frames:
        """Opens a video of which all is known."""
        return self._readers[facts.reader].open(facts, file, filename, **size)

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
            raise FileNotFoundError(f'no video at {filename!r}; expected a file that can be '
                                    'decoded: check `data_prefix`, `filename_tmpl` and the names '
                                    'in the annotation file')
        if on_disk(filename, self.backend_args):
            return open(filename, 'rb')
        return io.BytesIO(get(filename, backend_args=self.backend_args))

    def _still_true(self, facts: VideoFacts | None, file: BinaryIO, filename: str
                    ) -> VideoFacts | None:
        """Facts of the index, unless the file is another one by now, or another reader is wanted.
        """
        if facts is None or not facts.fits(self.reader):
            return None
        if facts.stamp == stamp_of_open(file):
            return facts
        warn_once(f'{filename} has changed since it was looked at, and is looked at again at each '
                  'sample; start again, so that windows and checks are of what it is now')
        return None

    def __repr__(self) -> str:
        return f'{type(self).__name__}(short_side={self.short_side})'
