"""Kinds of motion, which tell the class where the scene tells nothing.

Each limb has a phase that is moved on and a pose that follows from it, as in ``trajectory``. A kind
of motion is which limbs take part, and how far their phases have been moved after so much time::

    all, an arm, the arms or the legs     steady       at one pace, opening and closing
                                          to and fro   a part of the range, and back
                                          in steps     a move, a rest, a move, ...

The phases start anywhere with equal chance, each by itself, and no move ever looks at a phase.
Therefore the poses of all limbs together are uniform at every moment, whatever the kind: a single
frame does not tell it, at no difficulty.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LIMBS = ('left arm', 'right arm', 'legs')
_QUIVER = 0.2  # of the phase, taken to and fro: 0.4 of the pose's range at most
_PACE = 1 / 1.3  # phase a second in a step, that of a steady motion on average


@dataclass(frozen=True)
class Motion:
    """A kind of motion."""

    name: str
    limbs: str  # 'all', 'an arm', 'the arms' or 'the legs'
    law: str  # 'steady', 'to and fro' or 'in steps'
    period_sec: tuple[float, float]  # of a cycle; drawn anew for each action


_MOTIONS = (
    Motion('swing', 'all', 'steady', (1.0, 1.6)),
    Motion('wave', 'an arm', 'steady', (1.0, 1.6)),
    Motion('stride', 'the legs', 'steady', (1.0, 1.6)),
    Motion('quiver', 'all', 'to and fro', (0.5, 0.7)),
    Motion('stretch', 'all', 'steady', (3.0, 4.5)),
    Motion('flap', 'the arms', 'steady', (1.0, 1.6)),
    Motion('tick', 'all', 'in steps', (0.6, 0.8)),
    Motion('whirl', 'all', 'steady', (0.5, 0.7)),
)
MAX_MOTIONS = len(_MOTIONS)


def motion_names(num_classes: int) -> tuple[str, ...]:
    """The classes, named by their motions.

    Raises:
        ValueError: There are not that many kinds.
    """
    if not 2 <= num_classes <= MAX_MOTIONS:
        raise ValueError(f'{num_classes} classes asked for, expected 2 to {MAX_MOTIONS}, as many '
                         'as there are kinds of motion; ask for fewer, or add some to _MOTIONS')
    return tuple(motion.name for motion in _MOTIONS[:num_classes])


def draw_motion(rng: np.random.Generator, label: int, since_sec: np.ndarray
                ) -> tuple[list[int], np.ndarray]:
    """An action of class ``label``: which limbs move, and how far.

    Args:
        rng: Where the arm and the pace are drawn from.
        label: The class.
        since_sec: (F,) the time since the action began.

    Returns:
        Places in `LIMBS`, and (F,) how far the phase of each has been moved since it began.
    """
    motion = _MOTIONS[label]
    arm, period_sec = int(rng.integers(0, 2)), rng.uniform(*motion.period_sec)
    limbs = {'all': [0, 1, 2], 'an arm': [arm], 'the arms': [0, 1], 'the legs': [2]}[motion.limbs]
    cycles, share = np.divmod(since_sec / period_sec, 1)
    if motion.law == 'to and fro':
        return limbs, 2 * _QUIVER * np.minimum(share, 1 - share)
    if motion.law == 'in steps':  # for half of the time
        return limbs, _PACE * period_sec * (cycles / 2 + np.minimum(share, 0.5))
    return limbs, cycles + share
