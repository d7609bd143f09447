"""Ground truth and two sets of detections whose scores are evident."""
from __future__ import annotations

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections

UGLY = '<b>&"\'</script>'   # a class whose name must not become markup


def record(name, *actions, duration=100.0):
    """`actions`: (start, end, label)."""
    return VideoRecord(name, 'validation', duration, tuple(action[:2] for action in actions),
                       tuple(action[2] for action in actions))


def detections(videos):
    """`videos`: name: [(start, end, label, score), …]."""
    classes = sorted({item[2] for items in videos.values() for item in items}) or ['jump']
    return Detections.from_videos([
        (name, np.array([item[:2] for item in items], float).reshape(-1, 2),
         np.array([item[3] for item in items], float),
         np.array([classes.index(item[2]) for item in items], int))
        for name, items in videos.items()], classes)


TRUTH = [
    record('both', (0, 10, 'jump'), (50, 60, 'run')),
    record('gains', (0, 10, 'jump'), (20, 30, 'jump')),
    record('loses', (0, 10, 'run'), (70, 80, UGLY)),
    record('stays', (5, 9, 'jump')),
    record('empty'),
]
# The first finds run and what is ugly of 'loses', the second both jumps of 'gains'.
FIRST = detections(dict(
    both=[(0, 10, 'jump', 0.9), (50, 60, 'run', 0.8)], gains=[(60, 70, 'jump', 0.3)],
    loses=[(0, 10, 'run', 0.7), (70, 80, UGLY, 0.6)], stays=[(5, 9, 'jump', 0.8)], empty=[]))
SECOND = detections(dict(
    both=[(0, 10, 'jump', 0.9), (50, 60, 'run', 0.8)],
    gains=[(0, 10, 'jump', 0.7), (20, 30, 'jump', 0.6)],
    loses=[(40, 50, 'run', 0.2)], stays=[(5, 9, 'jump', 0.8)], empty=[]))
