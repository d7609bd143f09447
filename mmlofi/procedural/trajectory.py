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
the actions. No random draw depends on the difficulty: the same seed gives the same videos, but for
the pose.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_RAMP_SEC = 0.4  # an action fades in and out over this time, centred on its boundary
_MIN_ACTION_SEC = 1.5
_MIN_GAP_SEC = 1.0


@dataclass(frozen=True)
class Trajectory:
    """The latent course of one video; arrays have one entry a frame."""

    fps: float
    segments_sec: tuple[tuple[float, float], ...]
    in_action: np.ndarray  # (F,) bool
    pose: np.ndarray  # (F,)
    actor_xy: np.ndarray  # (F, 2) offset from the middle of the frame
    actor_scale: np.ndarray  # (F,)
    camera_xy: np.ndarray  # (F, 2) offset of the view in the scene
    brightness: np.ndarray  # (F,) gain

    @property
    def num_frames(self) -> int:
        return len(self.pose)

    @property
    def duration_sec(self) -> float:
        return self.num_frames / self.fps


def untrimmed_trajectory(rng: np.random.Generator, *, fps: float,
                         difficulty: float) -> Trajectory:
    """A video of 20 to 60 s with 1 to 4 actions that fill 15 to 60 % of it."""
    num_frames = int(round(rng.uniform(20, 60) * fps))
    segments = _draw_segments(rng, num_frames / fps)
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


def _draw_segments(rng: np.random.Generator, duration_sec: float):
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
    times = (np.arange(num_frames) + 0.5) / fps  # a frame stands for the middle of its span
    width = band_width(difficulty)
    activity = _activity(times, segments)
    pose = width * _swing(rng, times, segments, fps) + (1 - width) * activity
    walk = np.stack([_wander(rng, times, 0.12), _wander(rng, times, 0.05)], axis=1)
    walk[:, 1] -= _jumps(rng, times)
    walk[:, 0] += _shakes(rng, times)
    camera = np.stack([_wander(rng, times, 0.2), _wander(rng, times, 0.1)], axis=1)
    return Trajectory(
        fps=fps,
        segments_sec=segments,
        in_action=_mask(times, segments),
        pose=pose,
        actor_xy=walk,
        actor_scale=1 + _wander(rng, times, 0.08),
        camera_xy=camera + rng.normal(0, 0.005, camera.shape),
        brightness=1 + _wander(rng, times, 0.12) + _light_switches(rng, times))


def _mask(times: np.ndarray, segments) -> np.ndarray:
    inside = np.zeros(len(times), bool)
    for start, end in segments:
        inside |= (times >= start) & (times < end)
    return inside


def _activity(times: np.ndarray, segments) -> np.ndarray:
    """1 inside actions, 0 outside, with a short ramp centred on each boundary."""
    activity = np.zeros(len(times))
    for start, end in segments:
        depth = np.minimum(times - start, end - times)  # how far inside, negative outside
        activity = np.maximum(activity, np.clip(depth / _RAMP_SEC + 0.5, 0, 1))
    return activity


def _swing(rng: np.random.Generator, times: np.ndarray, segments, fps: float) -> np.ndarray:
    """Triangle wave of a phase that advances steadily in actions, in jerks outside: (F,)."""
    phase_start = rng.uniform()
    rate = _jerks(rng, times)
    for start, end in segments:
        rate[(times >= start) & (times < end)] = 1 / rng.uniform(1.0, 1.6)
    phase = phase_start + np.cumsum(rate) / fps
    return np.abs(2 * (phase % 1) - 1)


def _jerks(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Phase a second outside actions: nothing, and now and then a move as fast as an action's."""
    rate = np.zeros(len(times))
    start = rng.uniform(0, 2)
    while start < times[-1]:
        length = rng.uniform(0.2, 0.6)
        rate[(times >= start) & (times < start + length)] = 1 / rng.uniform(1.0, 1.6)
        start += length + rng.uniform(0.8, 3.0)
    return rate


def _wander(rng: np.random.Generator, times: np.ndarray, amplitude: float) -> np.ndarray:
    """A slow smooth path around zero: three sines of 4 to 20 s."""
    periods, phases = rng.uniform(4, 20, 3), rng.uniform(0, 2 * np.pi, 3)
    waves = np.sin(2 * np.pi * times[:, None] / periods + phases)  # (F, 3)
    return amplitude * waves @ rng.dirichlet(np.ones(3))


def _events(rng: np.random.Generator, times: np.ndarray, every_sec: float) -> np.ndarray:
    """Starts of events that come on average once in ``every_sec``."""
    count = rng.poisson(times[-1] / every_sec)
    return rng.uniform(times[0], times[-1], count)


def _jumps(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    height = np.zeros(len(times))
    for start in _events(rng, times, 8):
        share = (times - start) / 0.6
        height = np.maximum(height, 0.1 * np.clip(4 * share * (1 - share), 0, 1))
    return height


def _shakes(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """A second or two of quick sideways swaying, at an action's rhythm and faster."""
    offset = np.zeros(len(times))
    for start in _events(rng, times, 12):
        length, hertz = rng.uniform(1, 2.5), rng.uniform(0.7, 2.5)
        now = (times >= start) & (times < start + length)
        offset[now] = 0.05 * np.sin(2 * np.pi * hertz * (times[now] - start))
    return offset


def _light_switches(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    gain = np.zeros(len(times))
    for start in _events(rng, times, 25):
        gain[times >= start] += rng.uniform(-0.1, 0.1)
    return np.clip(gain, -0.15, 0.15)
