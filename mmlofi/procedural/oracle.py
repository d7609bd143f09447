"""Snippet features that know the truth, to see what a head alone can reach.

Shapes: C channels (one of occupancy by any action, one a class, zeros up to a multiple of 4, which
is what G-TAD's first convolution takes), L snippets.
"""
from __future__ import annotations

import numpy as np

from .benchmark import ProceduralVideo


def oracle_features(video: ProceduralVideo, num_snippets: int) -> np.ndarray:
    """Share of each snippet's span that is action, and what tells the class: (C, L) float32.

    Where the scene tells it, that is the scene's one-hot over the whole video; where the motion
    does, the share of each snippet's span that is action of each class.

    Raises:
        ValueError: There are no snippets.
    """
    if num_snippets < 1:
        raise ValueError(f'num_snippets is {num_snippets}, expected at least 1; 64 is usual here')
    actions, duration_sec = video.actions(), video.trajectory().duration_sec
    channels = -(-(1 + video.benchmark.classes) // 4) * 4
    features = np.zeros((channels, num_snippets), np.float32)
    features[0] = _occupancy([segment for segment, _ in actions], duration_sec, num_snippets)
    if not video.benchmark.motion_tells:
        features[1 + video.label] = 1
        return features
    for label in range(video.benchmark.classes):
        mine = [segment for segment, its_label in actions if its_label == label]
        features[1 + label] = _occupancy(mine, duration_sec, num_snippets)
    return features


def _occupancy(segments: list[tuple[float, float]], duration_sec: float,
               num_snippets: int) -> np.ndarray:
    """(L,) the share of each snippet's span that the segments cover, each moment once."""
    edges = np.linspace(0, duration_sec, num_snippets + 1)
    covered, end = np.zeros(num_snippets, np.float32), 0.0
    for start, stop in sorted(segments):
        start, end = max(start, end), max(stop, end)  # what an earlier one has not covered
        covered += np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None)
    covered /= edges[1]
    return covered
