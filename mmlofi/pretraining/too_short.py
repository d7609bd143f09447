"""Lists of videos for tasks that some are too short for: the next long one takes their place."""
from __future__ import annotations

from collections.abc import Callable

TRIED = 100   # videos in a row, after which it is the settings that are wrong


class TooShort(ValueError):
    """A video has too few frames for a clip."""


def first_long_enough(make: Callable[[int], dict | None], index: int, *, group: int, size: int,
                      source: str) -> dict:
    """The item of an index, or the same of the first video after it that is long enough.

    So kinds stay equally many, and where all of a video lie in one batch they all move on to the
    same other one. MMEngine takes any other item in training, and stops in testing.

    Args:
        make: An item's clip, from the number of the item; None or `TooShort` where that is none.
        index: Of the item.
        group: Items of a video, side by side.
        size: Items in all.
        source: The list of videos, for the message.

    Raises:
        ValueError: When `TRIED` videos, or all there are, are too short.
    """
    tried = min(TRIED, size // group)
    for step in range(tried):
        try:
            clip = make((index + step * group) % size)
        except TooShort:
            continue
        if clip is not None:
            return clip
    raise ValueError(f'{tried} videos in a row of {source!r}, from number {index // group} on, are '
                     'too short for a clip; expected longer ones: lower clip_len, or the rates of '
                     'PlaybackRate or the intervals of StitchBoundary, or leave such videos out of '
                     'the list')
