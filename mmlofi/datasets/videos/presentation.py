"""When the pictures of a file are shown, by what its header says: readers tell none of it.

Where they count time from the first picture, a player starts with the earliest track: sound may
come first.
"""
from __future__ import annotations

from typing import BinaryIO, NamedTuple

import numpy as np

from mmlofi.datasets.videos.boxes import MKV_HEADER
from mmlofi.datasets.videos.mkv_times import first_stamps
from mmlofi.datasets.videos.mp4_times import Track, read_tracks
from mmlofi.datasets.videos.time_axis import TimeAxis, axis_of

# By as much, writers shift tracks: what B-frames wait, or how an encoder of sound starts.
SHIFTED_SEC = 0.1
PROBED_BYTES = 2**13


class Presentation(NamedTuple):
    """What `time_axis` has to know beside the time stamps of frames."""

    late_sec: float = 0.0           # from the earliest track to the first picture
    until_sec: float | None = None  # after the first picture: from here on, they are hidden
    is_stream: bool = False         # MPEG transport stream, which decord does not find its way in


def read_axis(file: BinaryIO, filename: str, spans: np.ndarray, fps: float
              ) -> tuple[TimeAxis, Presentation]:
    """When the frames of a video are shown.

    Args:
        file: Open, and read from its start.
        spans: (F, 2) as of `axis_of`.
        fps: Of the header.

    Raises:
        ValueError: When it shows none, or cannot be told which.
    """
    try:
        known = read_presentation(file)
        return axis_of(spans, fps, known.late_sec, known.until_sec), known
    except ValueError as error:
        raise ValueError(f'{filename!r} cannot be used as it is: {error}') from error


def read_presentation(file: BinaryIO) -> Presentation:
    """What the header of a video says; nothing, where it is of another kind than mp4 and mkv.

    Raises:
        ValueError: When it shows parts of a video one after the other, or its boxes do not fit
            together.
    """
    file.seek(0)
    head = file.read(PROBED_BYTES)
    if head[4:8] in (b'ftyp', b'moov', b'mdat', b'wide', b'free', b'skip'):
        return _of_mp4(read_tracks(file))
    if head[:4] == MKV_HEADER:
        stamps = first_stamps(file)
        return Presentation(_late(stamps[1], stamps.values()) if 1 in stamps else 0.0)
    return Presentation(is_stream=_is_transport_stream(head))


def _is_transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes, with a time stamp 192, with a checksum 204, each with a G at the same
    place; a file cut elsewhere begins inside one."""
    return any(b'GGG' in head[start::length] for length in (188, 192, 204)
               for start in range(length))


def _of_mp4(tracks: list[Track]) -> Presentation:
    pictures = [track for track in tracks if track.kind == b'vide']
    if not pictures:
        return Presentation()
    video = max(pictures, key=lambda track: track.samples)   # another may be a cover or previews
    if video.parts > 1:
        raise ValueError(f'its edit list joins {video.parts} parts of it; expected one part, since '
                         'no reader here finds its way in more: encode it again, ffmpeg -i in.mp4 '
                         '-c:v libx264 out.mp4')
    starts = [track.start_sec for track in tracks if track.kind in (b'vide', b'soun')]
    return Presentation(_late(video.start_sec, starts), video.until_sec)


def _late(video_sec: float, starts_sec) -> float:
    late_sec = video_sec - min(starts_sec)
    return late_sec if late_sec > SHIFTED_SEC else 0.0
