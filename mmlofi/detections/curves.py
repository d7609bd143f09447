"""Start and end probabilities along a video, from a model's samples or from stored proposals.

Shape legend: L snippets of a video, or of a window of it.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mmlofi.detections.proposals import RawProposals

if TYPE_CHECKING:   # they load torch, which curves of stored proposals need not
    from mmaction.structures import ActionDataSample
    from torch import Tensor


class Curves(NamedTuple):
    """Probabilities at the middles of L equal parts of `window_norm`."""

    start: np.ndarray                 # (L,)
    end: np.ndarray                   # (L,)
    window_norm: tuple[float, float]  # the part of the video that they cover
    first_snippet: int = 0            # of a window, where the video was cut into several


def curves_of(source: ActionDataSample | RawProposals) -> Curves | None:
    """Those that a head gave with its proposals; None where it gave none."""
    start, end = getattr(source, 'start', None), getattr(source, 'end', None)
    if start is None or end is None:
        return None
    return Curves(_single(start), _single(end),
                  getattr(source, 'window_norm', (0.0, 1.0)),
                  getattr(source, 'first_snippet', None) or 0)


def join_curves(windows: Sequence[Curves]) -> Curves:
    """Those of a video from its windows: the mean, where several have a snippet."""
    begins, ends = zip(*(window.window_norm for window in windows))
    step = (ends[0] - begins[0]) / len(windows[0].start)     # a snippet may have several positions
    places = [round((begin - min(begins)) / step) for begin in begins]
    total = max(place + len(window.start) for place, window in zip(places, windows))
    sums, counts = np.zeros((2, total)), np.zeros(total)
    for place, window in zip(places, windows):
        covered = slice(place, place + len(window.start))
        sums[:, covered] += window.start, window.end
        counts[covered] += 1
    start, end = sums / np.where(counts, counts, np.nan)     # nothing is drawn where no window is
    return Curves(start, end, (min(begins), max(ends)),
                  min(window.first_snippet for window in windows))


def _single(values: np.ndarray | Tensor) -> np.ndarray:
    """In single precision; a sample's are tensors, a stored video's are arrays."""
    return (values if isinstance(values, np.ndarray) else values.float().cpu().numpy()).astype(
        np.float32)
