"""Opens a video with decord, at the frame size that the fidelity needs."""
from __future__ import annotations

import io

import decord
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.fileio import get

from mmlofi.datasets.storage import is_there, on_disk
from mmlofi.datasets.videos.shown_frames import ShownFrames
from mmlofi.datasets.videos.streams import refuse_misread, unreadable
from mmlofi.datasets.videos.time_axis import time_axis
from mmlofi.fidelity import FULL


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Opens the video for `DecodeSnippets`, which then resizes while it decodes.

    In place of MMAction2's `DecordInit`, which takes no size and always reads the whole file into
    memory. Resizing in the decoder saves time at small sides (docs/decoding.md). Nothing is
    enlarged.

    Required Keys: filename, fidelity (optional, full otherwise)

    Added Keys: video_reader, total_frames, avg_fps, frame_times_sec (one a frame at a variable
    frame rate, else None)

    Modified Keys: duration_sec (that of the file: the time its frames cover)

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
            ValueError: When decord finds no video frames in it.
        """
        filename = results['filename']
        reader = self._open(filename)
        axis = time_axis(reader)
        frames = ShownFrames(reader, axis, filename)
        if self.short_side is not None:
            wanted = results.get('fidelity', FULL).reduce_side(self.short_side, self.divisor)
            height, width = frames[0].shape[:2]
            if min(height, width) > wanted:
                scale = wanted / min(height, width)
                reader = self._open(filename, width=round(width * scale),
                                    height=round(height * scale))
                frames = ShownFrames(reader, axis, filename)
        results['video_reader'] = frames
        results['total_frames'] = axis.total_frames
        results['avg_fps'] = reader.get_avg_fps()
        results['frame_times_sec'], results['duration_sec'] = axis.times_sec, axis.duration_sec
        return results

    def _open(self, filename: str, **size: int) -> decord.VideoReader:
        if not is_there(filename, self.backend_args):
            raise FileNotFoundError(f'no video at {filename!r}; expected a file that decord can '
                                    'read: check `data_prefix`, `filename_tmpl` and the names in '
                                    'the annotation file')
        here = on_disk(filename, self.backend_args)
        with open(filename, 'rb') if here else io.BytesIO(
                get(filename, backend_args=self.backend_args)) as file:
            refuse_misread(file, filename)
            try:
                reader = decord.VideoReader(filename if here else file,
                                            num_threads=self.num_threads, **size)
                if len(reader) == 0:
                    raise decord.DECORDError('it holds no frame')
                reader.get_frame_timestamp(0)   # decord counts frames that it did not find
            except (decord.DECORDError, RuntimeError, IndexError) as error:   # by what is wrong
                raise unreadable(file, filename) from error
        return reader

    def __repr__(self) -> str:
        return f'{type(self).__name__}(short_side={self.short_side})'
