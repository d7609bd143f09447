"""Ground truth and detections as short as they can be written."""
import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections


def video(name, *actions, duration=100.0, ignored=()):
    """`actions`: (start, end, label); `ignored`: (start, end)."""
    return VideoRecord(name, 'validation', duration, tuple(action[:2] for action in actions),
                       tuple(action[2] for action in actions), tuple(ignored))


def truth(**videos):
    """`videos`: name=[(start, end, label), …]."""
    return [video(name, *actions) for name, actions in videos.items()]


def detected(**videos):
    """`videos`: name=[(start, end, label, score), …]."""
    classes = sorted({item[2] for items in videos.values() for item in items})
    return Detections.from_videos(
        [(name, np.array([item[:2] for item in items], float).reshape(-1, 2),
          np.array([item[3] for item in items], float),
          np.array([classes.index(item[2]) for item in items], int))
         for name, items in videos.items()], classes)
