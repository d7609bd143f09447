from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmlofi.procedural.actor import draw_actor_looks, paint_actor

SIDE = 80


def silhouette(pose, seed=0, side=SIDE):
    frame = np.full((side, side, 3), 128, np.uint8)
    actor = draw_actor_looks(np.random.default_rng(seed))
    paint_actor(frame, actor, np.array([side / 2, side / 2]), 1.0, pose)
    return np.abs(frame.astype(int) - 128).sum(axis=-1) > 30


@pytest.mark.parametrize('pose', [0.0, 0.5, 1.0])
def test_the_figure_is_large_and_inside_the_frame(pose):
    rows, columns = np.where(silhouette(pose))
    assert np.ptp(rows) >= SIDE / 2
    for positions in (rows, columns):
        assert positions.min() > 0
        assert positions.max() < SIDE - 1


def test_legs_spread_with_the_pose():
    below_the_hands = int(0.7 * SIDE)
    widths = [np.ptp(np.where(silhouette(pose)[below_the_hands:])[1])
              for pose in (0.0, 0.4, 0.7, 1.0)]
    assert widths == sorted(widths)
    assert widths[-1] > 1.8 * widths[0]


def test_the_pose_is_plain_at_a_side_of_32():
    closed, spread = (cv2.resize(silhouette(pose).astype(np.float32), (32, 32),
                                 interpolation=cv2.INTER_AREA) for pose in (0.2, 0.8))
    assert (np.abs(closed - spread) > 0.5).sum() > 0.3 * closed.sum()
