"""Where a video's actions are likely to start and end, and proposals chosen by it.

Shape legend: N videos, L snippets, K proposals of a video.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mmlofi.detections.proposals import RawProposals

if TYPE_CHECKING:   # it takes seconds to load, and a choice among stored proposals has none
    from torch import Tensor

Values = TypeVar('Values', np.ndarray, 'Tensor')


def is_likely(probability: Values, always: int) -> Values:
    """(N, L): local peaks, positions above half the maximum, and the position `always`.

    Of tensors, as heads choose, and of arrays: it is written in what both have.
    """
    highest = probability[list(range(len(probability))), probability.argmax(1)][:, None]
    likely = probability > 0.5 * highest
    middle = probability[:, 1:-1]
    likely[:, 1:-1] |= (middle > probability[:, :-2]) & (middle > probability[:, 2:])
    likely[:, always] = True
    return likely


def choose_again(video: RawProposals, *, peak_filter: bool, allow_end_at_last: bool
                 ) -> RawProposals:
    """The proposals that a head with these options would have made, of those that it made.

    Args:
        video: With `start` and `end` (L,), for `peak_filter`.
        peak_filter: Keep those that start and end where it is likely (`ProposalSelection`).
        allow_end_at_last: Keep those that end with the video, or window.

    A window that reaches past the end of its video is left as it is: its proposals were cut there,
    so that they no longer say which anchors they were.
    """
    if video.window_norm[1] > 1 + 1e-9:
        return video
    kept = np.ones(len(video.scores), bool)
    if not allow_end_at_last:
        kept &= video.segments[:, 1] < 1
    if peak_filter:
        L = len(video.start)
        first, after = np.rint(video.segments.T * L).astype(np.int64)        # (K,), (K,)
        kept &= is_likely(video.start[None], always=0)[0, first]
        kept &= is_likely(video.end[None], always=L - 1)[0, after.clip(max=L - 1)]
    return video.take(kept)
