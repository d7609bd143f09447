"""Which video comes in place of one that cannot be read."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from mmlofi.randomness import derive_seed

if TYPE_CHECKING:
    from mmlofi.datasets.untrimmed import UntrimmedVideoDataset


def other_video(videos: UntrimmedVideoDataset, tried: Sequence[int], seed: int) -> int | None:
    """An index, drawn by the seed, of a video of which none was tried; None without any.

    A video's windows follow each other, so that those to leave out lie around those tried: of a
    million windows a few are looked at.
    """
    left_out = sorted({index for one in tried for index in _of_same_video(videos, one)})
    if len(left_out) == len(videos):
        return None
    drawn = derive_seed(seed, *tried) % (len(videos) - len(left_out))
    for index in left_out:
        drawn += index <= drawn
    return drawn


def _of_same_video(videos: UntrimmedVideoDataset, index: int) -> list[int]:
    if videos.window is None:
        return [index]
    name = videos.get_data_info(index)['video_name']
    ranges = range(index, -1, -1), range(index + 1, len(videos))
    return [one for places in ranges for one in takewhile(
        lambda place: videos.get_data_info(place)['video_name'] == name, places)]
