"""The figure whose limbs open and close: a head, a trunk, two arms, two legs.

Colours are drawn a video, so that colour tells nothing; the outline keeps the figure visible on
any scene. Standing, it fills about two thirds of the frame's height, so that its pose is still
plain at a side of 32.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_SHIFT = 4  # cv2 draws at 1/16 of a pixel
_ARM_DEG = (10.0, 140.0)  # from hanging down, at pose 0 and 1
_LEG_DEG = (3.0, 42.0)


@dataclass(frozen=True)
class Actor:
    """How the figure of one video looks; the height is a share of the frame's side."""

    height: float
    limb_width: float  # share of the height
    fill: tuple[int, int, int]
    outline: tuple[int, int, int]


def draw_actor_looks(rng: np.random.Generator) -> Actor:
    """A random figure: bright with a dark outline, or dark with a bright one."""
    bright = rng.random() < 0.5
    value, edge = (rng.integers(190, 256), 25) if bright else (rng.integers(40, 110), 235)
    hsv = np.uint8([[[rng.integers(0, 180), rng.integers(100, 230), value]]])
    fill = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0]
    return Actor(
        height=rng.uniform(0.62, 0.74),
        limb_width=rng.uniform(0.10, 0.13),
        fill=tuple(int(x) for x in fill),
        outline=(edge, edge, edge))


def paint_actor(frame: np.ndarray, actor: Actor, centre_px: np.ndarray, scale: float,
                pose: float | np.ndarray) -> None:
    """Draw the figure into ``frame`` (side, side, 3) in place; pose 0 closed, 1 spread.

    A pose of three numbers is that of the left arm, the right arm and the legs.
    """
    height = actor.height * scale * frame.shape[0]
    points = centre_px + height * _joints(pose)  # (7, 2)
    points = np.round(points * (1 << _SHIFT)).astype(int).tolist()
    neck, hips, head = points[:3]
    bones = [(neck, hips)] + [(neck, hand) for hand in points[3:5]]
    bones += [(hips, foot) for foot in points[5:]]
    limb, edge = actor.limb_width * height, 0.03 * height
    for colour, grow in ((actor.outline, edge), (actor.fill, 0)):
        thickness = max(1, int(round(limb + 2 * grow)))
        for a, b in bones:
            cv2.line(frame, a, b, colour, thickness, cv2.LINE_AA, _SHIFT)
        radius = int((0.1 * height + grow) * (1 << _SHIFT))
        cv2.circle(frame, head, radius, colour, -1, cv2.LINE_AA, _SHIFT)


def _joints(pose: float | np.ndarray) -> np.ndarray:
    """Neck, hips, head, two hands, two feet of a figure of height 1: (7, 2)."""
    left_arm, right_arm, legs = np.broadcast_to(pose, 3)
    neck, hips = np.array([0, -0.25]), np.array([0, 0.1])
    right_hand, left_hand = (0.36 * _direction(_ARM_DEG, arm) for arm in (right_arm, left_arm))
    foot = 0.38 * _direction(_LEG_DEG, legs)
    mirror = np.array([-1, 1])
    return np.stack([neck, hips, [0, -0.4], neck + right_hand, neck + left_hand * mirror,
                     hips + foot, hips + foot * mirror])


def _direction(range_deg: tuple[float, float], pose: float) -> np.ndarray:
    """Where a limb points that hangs at angle 0: (2,)."""
    angle = np.deg2rad(range_deg[0] + pose * (range_deg[1] - range_deg[0]))
    return np.array([np.sin(angle), np.cos(angle)])
