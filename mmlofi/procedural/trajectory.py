"""What happens in a procedural video, before anything is drawn.

Shapes: F frames of a video. Times are seconds; lengths in space are shares of the frame's side.

The actor's pose is a number in [0, 1]: 0 limbs closed, 1 limbs spread wide. It is made of a
*swing* u in [0, 1] and a band that the swing moves in::

    u(t)    = |2 frac(phase(t)) - 1|            a triangle wave of a phase that only ever advances
    pose(t) = width * u(t) + (1 - width) * a(t)      a(t): 1 in an action, 0 outside
    width   = 0.4 + 0.6 * difficulty

In an action the phase advances steadily (one opening and closing after the other). Outside it
stands still and advances in short jerks of the same speed. The phase starts anywhere in [0, 1)
with equal chance, and what is added to it never looks at it; therefore u is uniform on [0, 1] at
every moment, in an action as outside. The difficulty only moves the bands:

* 0: [0.6, 1] in an action, [0, 0.4] outside. A single frame tells.
* d: two bands of this width overlap by ``(2 * width - 1) / width`` of their frames.
* 1: both [0, 1]. The distributions of single frames are the same; only the rhythm tells.

Position, jumps, shakes, camera, light and passing objects come from processes that know nothing of
the actions (``distractors``). No random draw depends on the difficulty: the same seed gives the
same videos, but for the pose. Where motion tells the class, ``motion_trajectory`` has the actions
and the poses.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distractors import camera_path, light_switches, walk, wander

_RAMP_SEC = 0.4  # an action fades in and out over this time, centred on its boundary
_MIN_ACTION_SEC = 1.5
_MIN_GAP_SEC = 1.0


@dataclass(frozen=True)
class ActorCourse:
    """The latent course of one actor; arrays have one entry a frame."""

    pose: np.ndarray  # (F,), or (F, 3) of limbs that move each for itself: ``motions.LIMBS``
    xy: np.ndarray  # (F, 2) offset from the middle of the frame
    scale: np.ndarray  # (F,)


@dataclass(frozen=True)
class Trajectory:
    """The latent course of one video; arrays have one entry a frame."""

    fps: float
    segments_sec: tuple[tuple[float, float], ...]  # by their start
    actors: tuple[ActorCourse, ...]
    camera_xy: np.ndarray  # (F, 2) offset of the view in the scene
    brightness: np.ndarray  # (F,) gain
    labels: tuple[int, ...] | None = None  # of the segments; None: the scene tells them

    @property
    def num_frames(self) -> int:
        return len(self.brightness)

    @property
    def duration_sec(self) -> float:
        return self.num_frames / self.fps

    @property
    def in_action(self) -> np.ndarray:
        """(F,) bool: a frame belongs to an action when its middle does."""
        times, inside = frame_times(self.num_frames, self.fps), np.zeros(self.num_frames, bool)
        for start, end in self.segments_sec:
            inside |= (times >= start) & (times < end)
        return inside


def untrimmed_trajectory(rng: np.random.Generator, *, fps: float,
                         difficulty: float) -> Trajectory:
    """A video of 20 to 60 s with 1 to 4 actions that fill 15 to 60 % of it."""
    num_frames = int(round(rng.uniform(20, 60) * fps))
    segments = draw_segments(rng, num_frames / fps)
    return _trajectory(rng, num_frames, segments, fps, difficulty)


def trimmed_trajectory(rng: np.random.Generator, *, fps: float, difficulty: float) -> Trajectory:
    """A clip of 2 to 3 s that an action fills but for at most a tenth at either end."""
    num_frames = int(round(rng.uniform(2, 3) * fps))
    duration_sec = num_frames / fps
    start, end = rng.uniform(0, 0.1), rng.uniform(0.9, 1)
    return _trajectory(rng, num_frames, ((start * duration_sec, end * duration_sec), ), fps,
                       difficulty)


def band_width(difficulty: float) -> float:
    """How much of the pose's range the actor uses in an action, and outside.

    Raises:
        ValueError: The difficulty is not in [0, 1].
    """
    if not 0 <= difficulty <= 1:
        raise ValueError(f'difficulty is {difficulty}, expected a number from 0 (single frames '
                         'show the action) to 1 (only motion does); choose one in between')
    return 0.4 + 0.6 * difficulty


def draw_segments(rng: np.random.Generator, duration_sec: float):
    """Lengths of actions and of the gaps around them, each a random share of its total."""
    num_actions = int(rng.integers(1, 5))
    action_sec = max(rng.uniform(0.15, 0.6) * duration_sec, num_actions * _MIN_ACTION_SEC)
    lengths = _MIN_ACTION_SEC + (action_sec - num_actions * _MIN_ACTION_SEC) * rng.dirichlet(
        np.full(num_actions, 2.0))
    free_sec = duration_sec - action_sec - (num_actions - 1) * _MIN_GAP_SEC
    gaps = free_sec * rng.dirichlet(np.full(num_actions + 1, 1.5))
    gaps[1:-1] += _MIN_GAP_SEC
    starts = np.cumsum(gaps[:-1]) + np.cumsum(lengths) - lengths
    ends = np.minimum(starts + lengths, duration_sec)
    segments = np.stack([starts, ends], axis=1).round(3)  # milliseconds
    return tuple((start, end) for start, end in segments.tolist())


def _trajectory(rng, num_frames, segments, fps, difficulty) -> Trajectory:
    times = frame_times(num_frames, fps)
    width = band_width(difficulty)
    pose = width * _swing(rng, times, segments, fps) + (1 - width) * activity(times, segments)
    xy = walk(rng, times, (0.12, 0.05))
    camera = camera_path(rng, times)
    scale = 1 + wander(rng, times, 0.08)
    return Trajectory(
        fps=fps,
        segments_sec=segments,
        actors=(ActorCourse(pose, xy, scale), ),
        camera_xy=camera + rng.normal(0, 0.005, camera.shape),
        brightness=1 + wander(rng, times, 0.12) + light_switches(rng, times))


def frame_times(num_frames: int, fps: float) -> np.ndarray:
    """(F,) the middles of the frames' spans, which they stand for."""
    return (np.arange(num_frames) + 0.5) / fps


def activity(times: np.ndarray, segments) -> np.ndarray:
    """1 inside actions, 0 outside, with a short ramp centred on each boundary."""
    active = np.zeros(len(times))
    for start, end in segments:
        depth = np.minimum(times - start, end - times)  # how far inside, negative outside
        active = np.maximum(active, np.clip(depth / _RAMP_SEC + 0.5, 0, 1))
    return active


def _swing(rng: np.random.Generator, times: np.ndarray, segments, fps: float) -> np.ndarray:
    """Triangle wave of a phase that advances steadily in actions, in jerks outside: (F,)."""
    phase_start = rng.uniform()
    rate = jerks(rng, times)
    for start, end in segments:
        rate[(times >= start) & (times < end)] = 1 / rng.uniform(1.0, 1.6)
    phase = phase_start + np.cumsum(rate) / fps
    return np.abs(2 * (phase % 1) - 1)


def jerks(rng: np.random.Generator, times: np.ndarray,
          pause_sec: tuple[float, float] = (0.8, 3.0)) -> np.ndarray:
    """Phase a second outside actions: nothing, and now and then a move as fast as an action's."""
    rate = np.zeros(len(times))
    start = rng.uniform(0, 2)
    while start < times[-1]:
        length = rng.uniform(0.2, 0.6)
        rate[(times >= start) & (times < start + length)] = 1 / rng.uniform(1.0, 1.6)
        start += length + rng.uniform(*pause_sec)
    return rate
