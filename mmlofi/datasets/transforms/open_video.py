"""Opens a video with decord, at the frame size that the fidelity needs."""
from __future__ import annotations

import io

import decord
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.fileio import get

from mmlofi.datasets.storage import is_there, on_disk
from mmlofi.datasets.videos.presentation import read_presentation
from mmlofi.datasets.videos.shown_frames import ShownFrames, warn_once
from mmlofi.datasets.videos.time_axis import TimeAxis, time_axis
from mmlofi.fidelity import FULL

REASONS = {'cannot find video stream': 'it holds no video stream: sound alone, or it is cut off',
           'Cannot create buffer source': 'its video stream holds no frame',
           'Error reading': 'it is no video, or cut off'}


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Opens the video for `DecodeSnippets`, which then resizes while it decodes.

    In place of MMAction2's `DecordInit`, which takes no size and always reads the whole file into
    memory. Resizing in the decoder saves time at small sides (docs/decoding.md). Nothing is
    enlarged.

    Required Keys: filename, fidelity (optional, full otherwise)

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
            ValueError: When decord finds no video frames in it, or cannot give those that a player
                shows; with the command that mends it.
        """
        filename = results['filename']
        content = self._fetch(filename)
        reader = self._open(filename, content)
        if self.short_side is not None:
            wanted = results.get('fidelity', FULL).reduce_side(self.short_side, self.divisor)
            height, width = reader[0].shape[:2]
            if min(height, width) > wanted:
                scale = wanted / min(height, width)
                reader = self._open(filename, content, width=round(width * scale),
                                    height=round(height * scale))
        axis, frames = _shown(filename, content, reader)
        results['video_reader'] = frames
        results['total_frames'] = axis.total_frames
        results['avg_fps'] = reader.get_avg_fps()
        results['frame_times_sec'], results['duration_sec'] = axis.times_sec, axis.duration_sec
        return results

    def _fetch(self, filename: str) -> bytes | None:
        """What a file holds that is not on disk."""
        if not is_there(filename, self.backend_args):
            raise FileNotFoundError(f'no video at {filename!r}; expected a file that decord can '
                                    'read: check `data_prefix`, `filename_tmpl` and the names in '
                                    'the annotation file')
        if on_disk(filename, self.backend_args):
            return None
        return get(filename, backend_args=self.backend_args)

    def _open(self, filename: str, content: bytes | None, **size: int) -> decord.VideoReader:
        source = filename if content is None else io.BytesIO(content)
        try:
            reader = decord.VideoReader(source, num_threads=self.num_threads, **size)
            if len(reader) == 0:
                raise decord.DECORDError('it holds no frame')
        except (decord.DECORDError, RuntimeError) as error:   # either, by what is wrong
            raise ValueError(f'{filename!r} cannot be decoded ({_reason(error)}); expected a video '
                             'with at least one frame: download it again or leave it out, of '
                             'annotations too') from error
        return reader

    def __repr__(self) -> str:
        return f'{type(self).__name__}(short_side={self.short_side})'


def _reason(error: Exception) -> str:
    """decord's and FFmpeg's reason in the words of who has the file."""
    text = str(error).strip()
    return next((words for sign, words in REASONS.items() if sign in text), text.splitlines()[-1])


def _shown(filename: str, content: bytes | None, reader: decord.VideoReader
           ) -> tuple[TimeAxis, ShownFrames]:
    """When the frames are shown, and the frames."""
    try:
        with open(filename, 'rb') if content is None else io.BytesIO(content) as file:
            known = read_presentation(file)
        axis = time_axis(reader, late_sec=known.late_sec, until_sec=known.until_sec)
        frames = ShownFrames(reader, axis, filename)
        if known.is_stream and not frames.begin_at_the_start():
            raise ValueError('it is an MPEG transport stream whose first key frame decord passes '
                             'over; expected mp4 or mkv: ffmpeg -i in.ts -c copy out.mp4')
    except ValueError as error:
        raise ValueError(f'{filename!r} cannot be used as it is: {error}') from error
    if axis.repaired:
        warn_once(f'{filename}: {axis.repaired}')
    return axis, frames
