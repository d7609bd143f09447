"""Writing a video file, whole or not at all.

MPEG-4 part 2 in mp4: OpenCV's wheels always have its encoder (they have none for H.264), nothing
measured decodes faster, and decord counts its frames exactly. A key frame comes every 12 frames;
OpenCV lets nobody change that.
"""
from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from mmlofi.files import whole_file

# decord 0.6 takes frames of these widths for frames of four channels (their rows are padded to a
# whole multiple of the width other than three), and get_batch fails.
UNREADABLE_WIDTHS = (4, 6, 8, 12, 16, 24, 48, 72)


def write_video(path: Path, frames: Iterable[np.ndarray], *, fps: float,
                size: tuple[int, int]) -> None:
    """Encode frames (height, width, 3), uint8 BGR; ``path`` appears when it is complete.

    ``size`` is (width, height), as OpenCV has it.

    Raises:
        CannotWrite: There is no room for it.
        RuntimeError: This OpenCV cannot write mp4 files.
    """
    with whole_file(path, suffix='.mp4') as partial:
        writer = cv2.VideoWriter(str(partial), cv2.VideoWriter_fourcc(*'mp4v'), fps, size)
        if not writer.isOpened():
            raise RuntimeError(f'OpenCV {cv2.__version__} cannot write {partial} as mp4v; is the '
                               'folder writable, and is opencv-python a wheel with FFmpeg?')
        count = 0
        try:
            for frame in frames:
                writer.write(frame)
                count += 1
        finally:
            writer.release()
        _check(partial, count, path)


def _check(partial: Path, count: int, path: Path) -> None:
    """OpenCV says nothing of a full disk."""
    reader = cv2.VideoCapture(str(partial))
    found = int(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    reader.release()
    if found != count:
        raise OSError(errno.ENOSPC, f'{found} of {count} frames are in the file', str(partial))
