"""Snippet features that know the truth, to see what a head alone can reach.

Shapes: C channels (one of occupancy, one a class, zeros up to a multiple of 4, which is what
G-TAD's first convolution takes), L snippets.
"""
from __future__ import annotations

import numpy as np

from .benchmark import ProceduralVideo


def oracle_features(video: ProceduralVideo, num_snippets: int) -> np.ndarray:
    """Share of each snippet's span that is action, and the scene's one-hot: (C, L) float32.

    Raises:
        ValueError: There are no snippets.
    """
    if num_snippets < 1:
        raise ValueError(f'num_snippets is {num_snippets}, expected at least 1; 64 is usual here')
    trajectory = video.trajectory()
    edges = np.linspace(0, trajectory.duration_sec, num_snippets + 1)
    channels = -(-(1 + video.benchmark.classes) // 4) * 4
    features = np.zeros((channels, num_snippets), np.float32)
    for start, end in trajectory.segments_sec:
        features[0] += np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None)
    features[0] /= edges[1]
    features[1 + video.label] = 1
    return features
