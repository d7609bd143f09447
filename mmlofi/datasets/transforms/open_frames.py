"""Opens a folder of pictures, MMAction2's raw frames, as a video."""
from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import cv2
import mmcv
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.fileio import get, isdir, list_dir_or_file

from mmlofi.datasets.videos.facts import NO_STAMP, FolderFacts, Stamp, stamp_of
from mmlofi.datasets.videos.shown_frames import Pictures
from mmlofi.datasets.videos.storage import on_disk
from mmlofi.fidelity import FULL

SHOWN = 3   # missing pictures in a message


@TRANSFORMS.register_module()
class OpenFrames(BaseTransform):
    """Opens a video's folder of pictures for `DecodeSnippets`, in place of `OpenVideo`.

    ``rawframes/{video}/img_00001.jpg``, as MMAction2's `build_rawframes.py` writes them: each
    picture a frame, at a constant rate. They are read once each, and resized as they are read.

    Required Keys: filename (of the folder), duration_sec (unless `fps` is given), fidelity
    (optional, full otherwise), facts (optional, `FolderFacts` of the folder)

    Added Keys: video_reader (a `FrameFolder`), total_frames, avg_fps, frame_times_sec (None)

    Modified Keys: duration_sec (with `fps`: that of the frames)

    Args:
        filename_tmpl: Of a picture; its number is what the braces stand for.
        fps: At which the pictures were taken from the video. None: their number by the annotated
            duration, which holds when they were taken over the whole video.
        start_index: The number of the first picture.
        short_side: As of `OpenVideo`.
        divisor: As of `OpenVideo`.
        backend_args: An MMEngine file backend; None reads from disk.
    """

    def __init__(self, *, filename_tmpl: str = 'img_{:05}.jpg', fps: float | None = None,
                 start_index: int = 1, short_side: int | None = None, divisor: int = 2,
                 backend_args: dict | None = None) -> None:
        if fps is not None and not fps > 0:
            raise ValueError(f'OpenFrames got fps={fps}; expected the frames a second at which the '
                             'pictures were taken, or None to have them from the annotations')
        if len(re.findall(r'\{[^{}]*\}', filename_tmpl)) != 1:
            raise ValueError(f'OpenFrames got filename_tmpl={filename_tmpl!r}; expected one place '
                             "for the number, as in 'img_{:05}.jpg'")
        self.filename_tmpl = filename_tmpl
        self.fps = fps
        self.start_index = start_index
        self.short_side = short_side
        self.divisor = divisor
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Adds the reader and the time axis.

        Raises:
            FileNotFoundError: When there is no such folder.
            ValueError: When it holds no picture of the template, or some are missing between
                others, or the rate cannot be known.
        """
        folder, facts = results['filename'], results.get('facts')
        total = facts.total_frames if self._still_true(facts, folder) else self._count(folder)
        side = None if self.short_side is None else \
            results.get('fidelity', FULL).reduce_side(self.short_side, self.divisor)
        return results | self.time_axis(results, total) | dict(
            video_reader=self._reader(folder, side))

    @property
    def pictures(self) -> str:
        """Which pictures of a folder are its frames."""
        return f'{self.filename_tmpl} from {self.start_index}'

    def time_axis(self, results: dict, total: int) -> dict:
        """What is added but for the reader, of a folder of `total` pictures.

        Raises:
            ValueError: When the rate cannot be known.
        """
        duration = results.get('duration_sec')
        if self.fps is None and duration is None:
            raise ValueError(f'the frame rate of {results["filename"]!r} is unknown; expected '
                             'OpenFrames(fps=…) or a "duration" in the annotations: pictures do '
                             'not tell')
        return dict(total_frames=total, frame_times_sec=None,
                    avg_fps=total / duration if self.fps is None else self.fps,
                    duration_sec=duration if self.fps is None else total / self.fps)

    def find_facts(self, folder: str) -> FolderFacts:
        """What a folder is, for an index.

        Raises:
            FileNotFoundError, ValueError: As `transform`; for a first picture that is none.
        """
        stamp = self._stamp(folder) or Stamp(0, time.time_ns())
        total = self._count(folder)
        first = self._reader(folder, None).get_batch([0]).asnumpy()[0]
        return FolderFacts(stamp, total, min(first.shape[:2]), self.pictures)

    def find_bad_pictures(self, folder: str, total: int) -> list[str]:
        """What is wrong with a folder's pictures, each read at full fidelity.

        A picture that cannot be decoded, and one that is of another size than the first of the
        others, so that they make no clip together.
        """
        side = None if self.short_side is None else FULL.reduce_side(self.short_side, self.divisor)
        reader, bad, first = self._reader(folder, side), [], None
        for index in range(total):
            try:
                height, width = reader.get_batch([index]).asnumpy().shape[1:3]
            except ValueError as error:
                bad.append(str(error).partition(';')[0])
                continue
            first = first or (width, height)
            if (width, height) != first:
                name = self.filename_tmpl.format(self.start_index + index)
                bad.append(f'{name!r} is of {width} × {height}, others of {first[0]} × {first[1]}')
        return bad

    def _still_true(self, facts: object, folder: str) -> bool:
        return isinstance(facts, FolderFacts) and facts.pictures == self.pictures and \
            self._stamp(folder) in (facts.stamp, None)

    def _stamp(self, folder: str) -> Stamp | None:
        """A listing costs as much as there are pictures; this does not. (Elsewhere than on a disk
        folders have no time of change, and are listed at each start.)"""
        if not on_disk(folder, self.backend_args):
            return None
        with suppress(FileNotFoundError, NotADirectoryError):   # which a listing says
            return stamp_of(folder)
        return NO_STAMP

    def _reader(self, folder: str, side: int | None) -> FrameFolder:
        return FrameFolder(folder, self.filename_tmpl, self.start_index, side, self.backend_args)

    def _count(self, folder: str) -> int:
        if not isdir(folder, backend_args=self.backend_args):
            raise FileNotFoundError(f'no folder at {folder!r}; expected one of pictures for each '
                                    'video: check `data_prefix.img` and `filename_tmpl` of the '
                                    'data set')
        before, after = re.split(r'\{[^{}]*\}', self.filename_tmpl)
        pattern = re.compile(re.escape(before) + r'(\d+)' + re.escape(after))
        names = set(list_dir_or_file(folder, list_dir=False, backend_args=self.backend_args))
        numbers = [int(match[1]) for name in names if (match := pattern.fullmatch(name))
                   and int(match[1]) >= self.start_index]
        total = len(numbers)
        end = max([self.start_index + total, *(number + 1 for number in numbers)])
        wanted = map(self.filename_tmpl.format, range(self.start_index, end))
        missing = list(islice((name for name in wanted if name not in names), SHOWN + 1))
        if not total or missing:
            what = f'{total} pictures, but not {", ".join(map(repr, missing[:SHOWN]))}' \
                f'{", …" * (len(missing) > SHOWN)}' if total else \
                f'no picture {self.filename_tmpl.format(self.start_index)!r}'
            raise ValueError(f'{folder!r} holds {what}; expected all of them, from number '
                             f'{self.start_index} on: extract the frames again, or set '
                             'filename_tmpl and start_index of OpenFrames')
        return total

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(filename_tmpl={self.filename_tmpl!r}, fps={self.fps}, '
                f'short_side={self.short_side})')


@dataclass
class FrameFolder:
    """What `DecodeSnippets` asks of a `decord.VideoReader`, of a folder of pictures."""

    folder: str
    filename_tmpl: str
    start_index: int
    short_side: int | None
    backend_args: dict | None

    def get_batch(self, frame_inds: Sequence[int]) -> Pictures:
        """The pictures, as `asnumpy()` of (len(frame_inds), H, W, 3) RGB uint8."""
        return Pictures(np.stack([self._read(int(index)) for index in frame_inds]))

    def get_key_indices(self) -> list[int]:
        """The first alone: no frame is passed on the way to another."""
        return [0]

    def seek(self, index: int) -> None:
        """Nothing is read ahead."""

    def _read(self, index: int) -> np.ndarray:
        path = os.path.join(self.folder, self.filename_tmpl.format(self.start_index + index))
        content = get(path, backend_args=self.backend_args)
        try:
            picture = mmcv.imfrombytes(content, channel_order='rgb')
        except cv2.error as error:
            raise ValueError(f'{path!r} cannot be decoded; expected a picture: extract the frames '
                             'of this video again') from error
        height, width = picture.shape[:2]
        if self.short_side is not None and min(height, width) > self.short_side:
            scale = self.short_side / min(height, width)
            picture = mmcv.imresize(picture, (round(width * scale), round(height * scale)))
        return picture
