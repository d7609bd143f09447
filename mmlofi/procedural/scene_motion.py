"""A world in which the scene tells a class in part, and the kind of motion the rest.

Shape legend: F frames, 3 limbs (``motions.LIMBS``). A class is a scene and a *kind*, which is the
limbs that move. Those that take no part hold still for the whole video; those that do move steadily
in an action and in jerks outside, as in ``trajectory`` but more often, so that the kind is to be
seen anywhere, and who tells classes need not know where an action begins. A limb's pose is::

    pose(t) = width * u(t) + (1 - width) * a(t)      a(t): 1 in an action, 0 outside, for all limbs
    u       = p / 0.3 where p = frac(phase) < 0.3, else (1 - p) / 0.7

Limbs open faster than they close, so that it shows which way a video is played. A phase starts
anywhere with equal chance, and no move ever looks at it: u is uniform at every moment, and a single
frame tells nothing of the kind. The camera stands still, since where it pans all of the picture
moves, and a training of minutes finds no limbs.

Trimmed clips are of another source: in other scenes, and of two kinds that the arms alone tell
apart, where the videos have three. Who knows the clips' classes knows when arms move, and need not
know it of legs.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distractors import light_switches, walk, wander
from .motion_trajectory import limb_band_width
from .motions import LIMBS
from .scenes import MAX_CLASSES, scene_names
from .trajectory import ActorCourse, Trajectory, activity, draw_segments, frame_times, jerks

_OPENING = 0.3  # share of a cycle
_PERIOD_SEC = (1.0, 1.6)  # of a cycle in an action; drawn anew for each
_PAUSE_SEC = (0.4, 1.6)  # between moves outside of actions


@dataclass(frozen=True)
class Kind:
    """Which limbs move: places in `LIMBS`."""

    name: str
    limbs: tuple[int, ...]


KINDS = (Kind('flap', (0, 1)), Kind('stride', (2,)), Kind('swing', (0, 1, 2)))
SOURCE_KINDS = KINDS[1:]


def kind_names(num_classes: int) -> tuple[str, ...]:
    """The classes of the videos, named by scene and kind; those of the clips are as many.

    Raises:
        ValueError: Scenes and kinds do not make that many, or too few scenes are left for clips.
    """
    scenes, rest = divmod(num_classes, len(KINDS))
    needed = scenes + num_classes // len(SOURCE_KINDS)
    if rest or num_classes % len(SOURCE_KINDS) or not 5 <= needed <= MAX_CLASSES:
        raise ValueError(f'{num_classes} classes asked for, expected 6 or 12: {len(KINDS)} kinds '
                         f'of motion in each scene of the videos, {len(SOURCE_KINDS)} in each of '
                         f"the clips', of {MAX_CLASSES} scenes")
    return tuple(f'{scene} {kind.name}' for scene in scene_names(scenes) for kind in KINDS)


def scene_of(label: int, num_classes: int, *, other_source: bool) -> int:
    """The scene of a class; those of the clips come after the videos' own."""
    if other_source:
        return num_classes // len(KINDS) + label // len(SOURCE_KINDS)
    return label // len(KINDS)


def untrimmed_kind(rng: np.random.Generator, *, fps: float, difficulty: float,
                   label: int) -> Trajectory:
    """A video of 20 to 60 s with 1 to 4 actions of a class that fill 15 to 60 % of it."""
    num_frames = int(round(rng.uniform(20, 60) * fps))
    segments = draw_segments(rng, num_frames / fps)
    return _trajectory(rng, num_frames, segments, fps, difficulty, KINDS[label % len(KINDS)])


def trimmed_kind(rng: np.random.Generator, *, fps: float, difficulty: float,
                 label: int) -> Trajectory:
    """A clip of 2 to 3 s that an action fills but for at most a tenth at either end."""
    num_frames = int(round(rng.uniform(2, 3) * fps))
    duration_sec = num_frames / fps
    segments = ((rng.uniform(0, 0.1) * duration_sec, rng.uniform(0.9, 1) * duration_sec), )
    return _trajectory(rng, num_frames, segments, fps, difficulty,
                       SOURCE_KINDS[label % len(SOURCE_KINDS)])


def _trajectory(rng: np.random.Generator, num_frames: int, segments, fps: float,
                difficulty: float, kind: Kind) -> Trajectory:
    times = frame_times(num_frames, fps)
    width = limb_band_width(difficulty)
    pose = (width * _swings(rng, times, segments, fps, kind)
            + (1 - width) * activity(times, segments)[:, None])
    xy = walk(rng, times, (0.12, 0.05))
    scale = 1 + wander(rng, times, 0.08)
    return Trajectory(
        fps=fps,
        segments_sec=segments,
        actors=(ActorCourse(pose, xy, scale), ),
        camera_xy=np.zeros((num_frames, 2)),
        brightness=1 + wander(rng, times, 0.12) + light_switches(rng, times))


def _swings(rng: np.random.Generator, times: np.ndarray, segments, fps: float,
            kind: Kind) -> np.ndarray:
    """Waves of the limbs' phases, which those of the kind move on together: (F, 3)."""
    phase_start = rng.uniform(size=len(LIMBS))
    rate = jerks(rng, times, pause_sec=_PAUSE_SEC)
    for start, end in segments:
        rate[(times >= start) & (times < end)] = 1 / rng.uniform(*_PERIOD_SEC)
    moved = np.zeros((len(times), len(LIMBS)))
    moved[:, kind.limbs] = (np.cumsum(rate) / fps)[:, None]
    share = (phase_start + moved) % 1
    return np.where(share < _OPENING, share / _OPENING, (1 - share) / (1 - _OPENING))
