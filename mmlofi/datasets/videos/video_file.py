"""What can be known of a video file before it is used: whole, readable, how long."""
from __future__ import annotations

import os
from typing import NamedTuple

import cv2
import numpy as np

from mmlofi.datasets.annotations import segments_after
from mmlofi.datasets.transforms import OpenVideo

MISSING, UNREADABLE = 'missing', 'unreadable'


class FileState(NamedTuple):
    """What is known of a file once it was looked at."""

    problem: str | None = None          # why it cannot be used
    duration_sec: float | None = None   # of a video
    side: int | None = None             # of its frames, the shorter one
    channels: int | None = None         # of features
    header: dict | None = None          # how features were made


def look_at_video(filename: str, segments_sec: np.ndarray) -> FileState:
    """Whether a video is not cut off, a frame of it can be decoded, how large it is, and how long
    the video."""
    if is_cut_off(filename):
        return FileState(problem=UNREADABLE)
    capture = cv2.VideoCapture(filename)
    frames, fps = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    decodes, frame = capture.read() if frames != 0 else (False, None)
    capture.release()
    if not decodes:
        return FileState(problem=UNREADABLE)
    side = min(frame.shape[:2])
    if not (frames > 0 and fps > 0):   # some headers do not say
        return FileState(side=side)
    duration = frames / fps
    if segments_after(segments_sec, duration):   # decord knows better at a variable frame rate
        try:
            duration = OpenVideo()(dict(filename=filename))['duration_sec']
        except ValueError:
            return FileState(problem=UNREADABLE)
    return FileState(duration_sec=duration, side=side)


def is_cut_off(filename: str) -> bool:
    """Whether a file ends before the last of its top-level boxes does, as broken downloads do.

    Its header may be whole, so that opening it tells nothing: that of avi and mkv even gives the
    duration that the video should have. Other containers than these and mp4 do not say.
    """
    size, start = os.path.getsize(filename), 0
    with open(filename, 'rb') as file:
        head = file.read(12)
        length_of = _mp4_box if head[4:8] == b'ftyp' else {
            b'RIFF': _avi_chunk, b'\x1a\x45\xdf\xa3': _mkv_element}.get(head[:4])
        while length_of and start < size:
            file.seek(start)
            length = length_of(file.read(16))
            if length is None:   # to the end of the file, whatever that is
                return False
            start += length
    return start > size + 8   # some writers of avi count a chunk's head as part of it


def _mp4_box(head: bytes) -> int | None:
    length = int.from_bytes(head[:4], 'big')
    if length == 1:   # a long box: its length follows
        length = int.from_bytes(head[8:16], 'big')
    return max(length, 8) if length else None


def _avi_chunk(head: bytes) -> int | None:
    length = int.from_bytes(head[4:8], 'little')
    return 8 + length if head[:4] == b'RIFF' and 0 < length < 2**32 - 1 else None


def _mkv_element(head: bytes) -> int | None:
    """Both of a file's elements (header and segment) have a name of 4 bytes, then a length of 1 to
    8 bytes whose leading zeros say how many; all ones stand for unknown."""
    if head[:4] not in (b'\x1a\x45\xdf\xa3', b'\x18\x53\x80\x67') or not head[4:5].strip(b'\0'):
        return None
    count = 9 - head[4].bit_length()
    unknown = 2**(7 * count) - 1
    length = int.from_bytes(head[4:4 + count], 'big') & unknown
    return None if length == unknown else 4 + count + length
