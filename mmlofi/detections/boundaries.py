"""Where a video's actions are likely to start and end, and proposals chosen by it.

Shape legend: N videos, L snippets, K proposals of a video.
"""
from __future__ import annotations

import torch
from torch import Tensor

from mmlofi.detections.proposals import RawProposals


def is_likely(probability: Tensor, always: int) -> Tensor:
    """(N, L): local peaks, positions above half the maximum, and the position `always`."""
    likely = probability > 0.5 * probability.amax(1, keepdim=True)
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
    kept = torch.ones(len(video.scores), dtype=torch.bool)
    if not allow_end_at_last:
        kept &= video.segments[:, 1] < 1
    if peak_filter:
        L = len(video.start)
        first, after = (video.segments * L).round().long().unbind(1)         # (K,), (K,)
        kept &= is_likely(video.start[None], always=0)[0, first]
        kept &= is_likely(video.end[None], always=L - 1)[0, after.clamp(max=L - 1)]
    return video.take(kept)
