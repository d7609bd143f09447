"""What can be known of a video file before it is used: whole, readable, how long."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.boxes import is_cut_off
from mmlofi.datasets.videos.damage import find_damage
from mmlofi.datasets.videos.excerpts import Frames, keep_table
from mmlofi.datasets.videos.facts import Stamp, VideoFacts
from mmlofi.datasets.videos.patience import patiently
from mmlofi.datasets.videos.storage import on_disk
from mmlofi.datasets.videos.streams import AGAIN, first_frame_side


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
    try:
        facts = find_facts(filename, frames)
    except ValueError as error:
        return FileState(problem=str(error))
    return FileState(duration_sec=facts.duration_sec, side=facts.side)


@patiently
def find_facts(filename: str, frames: str = 'first', backend_args: dict | None = None,
               table_path: Callable[[str, Stamp], str | None] | None = None,
               reader: str | None = None) -> VideoFacts:
    """What a video is, for `OpenVideo` to know.

    Args:
        frames: Of `damage.FRAMES`, which are decoded.
        backend_args: Of `OpenVideo`.
        table_path: Where the table of a long video goes, by its path and stamp.
        reader: Of `OpenVideo`.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When training cannot use it.
    """
    local = on_disk(filename, backend_args)
    if local and is_cut_off(filename):
        raise ValueError(f'{filename!r} is cut off; expected the whole file: {AGAIN}')
    opener = OpenVideo(backend_args=backend_args, reader=reader)
    facts, shown = opener.learn(filename)
    side, size = _first_size(shown, filename, local)
    damage = None if frames == 'first' else find_damage(
        filename, frames, facts.total_frames, backend_args)
    if damage is not None:
        raise ValueError(f'{filename!r} is damaged ({damage}); expected a video of which '
                         f'all frames can be decoded: {AGAIN}')
    facts = facts._replace(side=side, size=size, frames=frames)
    if not local or table_path is None:
        return facts
    return facts._replace(table=keep_table(
        filename, facts, shown, partial(opener.open_excerpt, facts, filename),
        table_path(filename, facts.stamp)))


def _first_size(reader: Frames, filename: str, local: bool
                ) -> tuple[int, tuple[int, int] | None]:
    """The shorter side of the first frame, and both if the reader shows it; a header may be whole,
    its frames not.

    decord decodes ahead in a thread: of a video that is damaged further on it refuses the first
    frame as well, where that thread is faster.
    """
    try:
        size = reader[0].shape[:2]
        return min(size), size
    except ValueError:
        if not local:
            raise
        with open(filename, 'rb') as file:
            side = first_frame_side(file)
        if side is None:
            raise
        return side, None
