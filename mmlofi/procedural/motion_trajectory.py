"""What happens in a video whose actions are told apart by their motion.

Shape legend: F frames, A actors, 3 limbs (``motions.LIMBS``). The world is that of ``trajectory``,
but for two things. Each limb moves for itself, outside of actions in jerks of its own; those that
take part in an action move as its kind of motion says. And there may be two actors, in view all the
time, of whom none, one or both are in an action. A limb's pose is::

    pose(t) = width * u(t) + (1 - width) * a(t)      a(t): 1 while its actor is in an action, else 0

All limbs are shifted by a(t), whether they take part or not: a single frame may tell, as the
difficulty has it, that an actor is in an action, and nothing of which one. A frame could be either
when all three poses are in both bands, so the bands overlap more than those of one pose: equal
difficulties have equal shares of such frames in both worlds.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .distractors import camera_path, light_switches, walk, wander
from .layout import Action, draw_actions, least_duration_sec
from .motions import LIMBS, draw_motion
from .trajectory import ActorCourse, Trajectory, activity, band_width, frame_times, jerks

_PLACES = {1: (0.0,), 2: (-0.24, 0.24)}  # of the actors, from the middle of the frame
_REACH = {1: (0.12, 0.05), 2: (0.07, 0.05)}
_SCALE = {1: 1.0, 2: 0.8}


def untrimmed_motions(rng: np.random.Generator, *, fps: float, difficulty: float, classes: int,
                      classes_per_video: int, overlap: float) -> Trajectory:
    """A video of 20 to 60 s with actions of several classes (``layout.draw_actions``)."""
    duration_sec = rng.uniform(least_duration_sec(classes_per_video), 60)
    num_frames = int(round(duration_sec * fps))
    actions = draw_actions(rng, num_frames / fps, classes=classes,
                           classes_per_video=classes_per_video, overlap=overlap)
    return _trajectory(rng, num_frames, actions, fps, difficulty, 2 if overlap else 1)


def trimmed_motion(rng: np.random.Generator, *, fps: float, difficulty: float, label: int,
                   num_actors: int) -> Trajectory:
    """A clip of 2 to 3 s that an action fills but for at most a tenth at either end."""
    num_frames = int(round(rng.uniform(2, 3) * fps))
    duration_sec = num_frames / fps
    start, end = rng.uniform(0, 0.1), rng.uniform(0.9, 1)
    action = Action(start * duration_sec, end * duration_sec, label,
                    int(rng.integers(0, num_actors)))
    return _trajectory(rng, num_frames, (action, ), fps, difficulty, num_actors)


def limb_band_width(difficulty: float) -> float:
    """How much of the pose's range a limb uses in an action, and outside.

    Raises:
        ValueError: The difficulty is not in [0, 1].
    """
    width = band_width(difficulty)
    ambiguous = max(0.0, (2 * width - 1) / width)  # share of the frames, of one pose
    return 1 / (2 - ambiguous**(1 / len(LIMBS)))


def _trajectory(rng: np.random.Generator, num_frames: int, actions: Sequence[Action], fps: float,
                difficulty: float, num_actors: int) -> Trajectory:
    times = frame_times(num_frames, fps)
    actors = tuple(_actor(rng, times, [one for one in actions if one.actor == place], fps,
                          difficulty, _PLACES[num_actors][place], num_actors)
                   for place in range(num_actors))
    camera = camera_path(rng, times)
    return Trajectory(
        fps=fps,
        segments_sec=tuple((action.start_sec, action.end_sec) for action in actions),
        actors=actors,
        camera_xy=camera + rng.normal(0, 0.005, camera.shape),
        brightness=1 + wander(rng, times, 0.12) + light_switches(rng, times),
        labels=tuple(action.label for action in actions))


def _actor(rng: np.random.Generator, times: np.ndarray, actions: Sequence[Action], fps: float,
           difficulty: float, place: float, num_actors: int) -> ActorCourse:
    width = limb_band_width(difficulty)
    active = activity(times, [(action.start_sec, action.end_sec) for action in actions])
    pose = width * _swings(rng, times, actions, fps) + (1 - width) * active[:, None]
    return ActorCourse(
        pose=pose,
        xy=walk(rng, times, _REACH[num_actors]) + (place, 0),
        scale=_SCALE[num_actors] * (1 + wander(rng, times, 0.08)))


def _swings(rng: np.random.Generator, times: np.ndarray, actions: Sequence[Action],
            fps: float) -> np.ndarray:
    """Triangle waves of the limbs' phases: (F, 3)."""
    phase_start = rng.uniform(size=len(LIMBS))
    rate = np.stack([jerks(rng, times) for _ in LIMBS], axis=1)  # (F, 3)
    for action in actions:
        frames = np.flatnonzero((times >= action.start_sec) & (times < action.end_sec))
        limbs, moved = draw_motion(rng, action.label, times[frames] - action.start_sec)
        rate[np.ix_(frames, limbs)] = np.diff(moved, prepend=0)[:, None] * fps
    phase = phase_start + np.cumsum(rate, axis=0) / fps
    return np.abs(2 * (phase % 1) - 1)
