"""What can be known of a video file before it is used: whole, readable, how long."""
from __future__ import annotations

from typing import NamedTuple

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.boxes import is_cut_off
from mmlofi.datasets.videos.damage import find_damage
from mmlofi.datasets.videos.patience import patiently
from mmlofi.datasets.videos.shown_frames import ShownFrames
from mmlofi.datasets.videos.streams import AGAIN, first_frame_side

MISSING = 'missing'


class FileState(NamedTuple):
    """What is known of a file once it was looked at."""

    problem: str | None = None          # why it cannot be used
    duration_sec: float | None = None   # of a video
    side: int | None = None             # of its frames, the shorter one
    channels: int | None = None         # of features
    header: dict | None = None          # how features were made


@patiently
def look_at_video(filename: str, frames: str = 'first') -> FileState:
    """How training sees a video, by the transform that opens it there, or why it cannot use it.

    Args:
        filename: On disk.
        frames: Of `damage.FRAMES`, which are decoded.
    """
    if is_cut_off(filename):
        return FileState(problem=f'{filename!r} is cut off; expected the whole file: {AGAIN}')
    try:
        results = OpenVideo()(dict(filename=filename))
        side = _first_side(results['video_reader'], filename)
    except ValueError as error:
        return FileState(problem=str(error))
    damage = None if frames == 'first' else find_damage(filename, frames, results['total_frames'])
    if damage is not None:
        return FileState(problem=f'{filename!r} is damaged ({damage}); expected a video of which '
                                 f'all frames can be decoded: {AGAIN}')
    return FileState(duration_sec=results['duration_sec'], side=side)


def _first_side(reader: ShownFrames, filename: str) -> int:
    """The shorter side of the first frame; a header may be whole, its frames not.

    decord decodes ahead in a thread: of a video that is damaged further on it refuses the first
    frame as well, where that thread is faster.
    """
    try:
        return min(reader[0].shape[:2])
    except ValueError:
        with open(filename, 'rb') as file:
            side = first_frame_side(file)
        if side is None:
            raise
        return side
