"""MMAction2's annotations of ActivityNet, `anet_anno_train.json` and the like.

A file a split, without "database" and without subsets::

    {"v_--1DO2V4K74": {"duration_second": 211.53, "duration_frame": 6337, "feature_frame": 6336,
                       "annotations": [{"segment": [30.0, 205.2], "label": "Rock climbing"}],
                       "fps": 30.0, "rfps": 29.96}}

Its features stand for the first `feature_frame` of a video's `duration_frame` frames: of so many
seconds MMAction2's `GenerateLocalizationLabels` takes an action's share.
"""
from __future__ import annotations

import math

from mmlofi.json_values import number

DURATION = 'duration_second'
FRAMES = ('feature_frame', 'duration_frame')


def is_mmaction(content: dict) -> bool:
    """Whether a json object is one of videos as MMAction2 has them."""
    return any(isinstance(entry, dict) and 'annotations' in entry
               and (DURATION in entry or 'duration' in entry) for entry in content.values())


def features_sec(entry: dict, duration_sec: float) -> float | None:
    """The seconds that features stand for, or None if the entry does not say it.

    Raises:
        ValueError: When its frames are no numbers above 0.
    """
    if not all(entry.get(key) is not None for key in FRAMES):
        return None
    covered, all_frames = (number(entry[key]) for key in FRAMES)
    if not (0 < covered < math.inf and 0 < all_frames < math.inf):
        raise ValueError(f'has {" and ".join(FRAMES)} of {covered:g} and {all_frames:g}')
    return duration_sec * covered / all_frames
