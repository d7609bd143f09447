"""From a trajectory to frames: scene, passing objects, actor, light, noise."""
from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from .actor import draw_actor_looks, paint_actor
from .scenes import draw_passers, draw_scene, paint_passers
from .trajectory import Trajectory

_NUM_NOISES = 8  # noise images, reused at random: drawing fresh noise would cost more than all else


def render(rng: np.random.Generator, trajectory: Trajectory, *, scene: int,
           side: int) -> Iterator[np.ndarray]:
    """Frames of a video, uint8 BGR (side, side, 3), in the looks that ``rng`` draws."""
    canvas = draw_scene(rng, scene, side)
    looks = [draw_actor_looks(rng) for _ in trajectory.actors]
    passers = draw_passers(rng, trajectory.duration_sec)
    noises = rng.normal(0, 3, (_NUM_NOISES, side, side, 3)).round().astype(np.int8)
    noise_of_frame = rng.integers(0, _NUM_NOISES, trajectory.num_frames)
    middle = (canvas.shape[0] - 1) / 2
    for i in range(trajectory.num_frames):
        time_sec = (i + 0.5) / trajectory.fps
        x, y = middle + trajectory.camera_xy[i] * side
        frame = cv2.getRectSubPix(canvas, (side, side), (float(x), float(y)))
        paint_passers(frame, passers, time_sec, in_front=False)
        for actor, course in zip(looks, trajectory.actors, strict=True):
            paint_actor(frame, actor, (0.5 + course.xy[i]) * side, course.scale[i], course.pose[i])
        paint_passers(frame, passers, time_sec, in_front=True)
        frame = cv2.convertScaleAbs(frame, alpha=trajectory.brightness[i])
        yield cv2.add(frame, noises[noise_of_frame[i]], dtype=cv2.CV_8U)
