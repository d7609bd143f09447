"""What can be known of a video file before it is used: whole, readable, how long."""
from __future__ import annotations

from typing import NamedTuple

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.boxes import is_cut_off
from mmlofi.datasets.videos.damage import find_damage
from mmlofi.datasets.videos.streams import AGAIN

MISSING = 'missing'


class FileState(NamedTuple):
    """What is known of a file once it was looked at."""

    problem: str | None = None          # why it cannot be used
    duration_sec: float | None = None   # of a video
    side: int | None = None             # of its frames, the shorter one
    channels: int | None = None         # of features
    header: dict | None = None          # how features were made


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
        side = min(results['video_reader'][0].shape[:2])   # a header may be whole, its frames not
    except ValueError as error:
        return FileState(problem=str(error))
    damage = None if frames == 'first' else find_damage(filename, frames, results['total_frames'])
    if damage is not None:
        return FileState(problem=f'{filename!r} is damaged ({damage}); expected a video of which '
                                 f'all frames can be decoded: {AGAIN}')
    return FileState(duration_sec=results['duration_sec'], side=side)
