"""Scenes: a background whose colours and texture tell the class, for the whole video.

Each class has two hues and a texture; a video varies hue, scale, phase, contrast and adds patches
of its own, so that a class is a family of scenes.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# name, two hues (OpenCV's 0 to 179), saturation, brightness, texture
_SCENES = (
    ('forest', (60, 38), 130, 120, 'columns'),
    ('beach', (24, 100), 100, 185, 'bands'),
    ('kitchen', (8, 18), 90, 160, 'tiles'),
    ('snow', (105, 115), 40, 200, 'blobs'),
    ('stage', (150, 130), 130, 105, 'diagonals'),
    ('street', (0, 110), 15, 125, 'tiles'),
    ('pool', (95, 90), 170, 165, 'diagonals'),
    ('desert', (14, 20), 150, 175, 'bands'),
    ('meadow', (45, 52), 170, 165, 'blobs'),
    ('library', (5, 12), 140, 90, 'columns'),
)
MAX_CLASSES = len(_SCENES)
CANVAS_SCALE = 1.7  # the scene is larger than the frame, so that the camera can pan


@dataclass(frozen=True)
class Passer:
    """An object that crosses the view, bobbing; it knows nothing of the actions."""

    start_sec: float
    speed: float  # sides a second, negative from right to left
    height: float  # share of the side, from the top
    radius: float  # share of the side
    bob: float
    bob_hertz: float
    colour: tuple[int, int, int]
    in_front: bool


def scene_names(num_classes: int) -> tuple[str, ...]:
    """The classes, named by their scenes.

    Raises:
        ValueError: There are not that many scenes.
    """
    if not 2 <= num_classes <= MAX_CLASSES:
        raise ValueError(f'{num_classes} classes asked for, expected 2 to {MAX_CLASSES}, as many '
                         'as there are scenes; ask for fewer, or add scenes to _SCENES')
    return tuple(scene[0] for scene in _SCENES[:num_classes])


def draw_scene(rng: np.random.Generator, label: int, side: int) -> np.ndarray:
    """A background of class ``label``: uint8 BGR, a square of ``CANVAS_SCALE * side``."""
    _, hues, saturation, brightness, texture = _SCENES[label]
    size = int(round(CANVAS_SCALE * side))
    mix = _texture(rng, texture, size, side)  # 0 first hue, 1 second hue
    patches = _smooth_noise(rng, size, side / 5)
    hue = hues[0] + (hues[1] - hues[0]) * mix + rng.normal(0, 3)
    value = brightness + rng.normal(0, 8) + rng.uniform(25, 45) * (mix - 0.5) + 14 * patches
    sat = saturation + rng.normal(0, 10) + 10 * _smooth_noise(rng, size, side / 4)
    hsv = np.stack([hue % 180, sat.clip(0, 255), value.clip(0, 255)], axis=-1).astype(np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)


def draw_passers(rng: np.random.Generator, duration_sec: float) -> tuple[Passer, ...]:
    """Objects that pass by, about one in 8 s."""
    return tuple(_draw_passer(rng, duration_sec) for _ in range(rng.poisson(duration_sec / 8)))


def paint_passers(frame: np.ndarray, passers: tuple[Passer, ...], time_sec: float,
                  in_front: bool) -> None:
    """Draw the objects that are in view now, those behind or those in front of the actor."""
    side = frame.shape[0]
    for passer in passers:
        x = (time_sec - passer.start_sec) * abs(passer.speed) - passer.radius
        if passer.in_front != in_front or not -passer.radius < x < 1 + passer.radius:
            continue
        x = x if passer.speed > 0 else 1 - x
        y = passer.height + passer.bob * np.sin(2 * np.pi * passer.bob_hertz * time_sec)
        centre = (int(x * side * 16), int(y * side * 16))
        radius = int(passer.radius * side * 16)
        cv2.circle(frame, centre, radius, passer.colour, -1, cv2.LINE_AA, 4)


def _draw_passer(rng: np.random.Generator, duration_sec: float) -> Passer:
    return Passer(
        start_sec=rng.uniform(-2, duration_sec),
        speed=rng.choice([-1, 1]) * rng.uniform(0.15, 0.6),
        height=rng.uniform(0.1, 0.95),
        radius=rng.uniform(0.04, 0.09),
        bob=rng.uniform(0, 0.06),
        bob_hertz=rng.uniform(0.5, 1.5),
        colour=tuple(int(x) for x in rng.integers(20, 236, 3)),
        in_front=bool(rng.random() < 0.3))


def _texture(rng: np.random.Generator, kind: str, size: int, side: int) -> np.ndarray:
    """A pattern in [0, 1], (size, size)."""
    y, x = np.mgrid[:size, :size] / side
    x, y = x + 0.03 * _smooth_noise(rng, size, side / 6), y + rng.uniform()
    pitch = rng.uniform(0.22, 0.36)
    if kind == 'blobs':
        return _sharpen(_smooth_noise(rng, size, side / 10))
    if kind == 'tiles':
        return _sharpen(8 * np.sin(2 * np.pi * x / pitch) * np.sin(2 * np.pi * y / pitch))
    angle = {'columns': 0.0, 'bands': np.pi / 2, 'diagonals': np.pi / 4}[kind]
    angle += rng.normal(0, 0.08)
    return _sharpen(4 * np.sin(2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) / pitch))


def _sharpen(values: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(values)


def _smooth_noise(rng: np.random.Generator, size: int, scale_px: float) -> np.ndarray:
    """Noise of unit variance with patches of about ``scale_px``: (size, size)."""
    coarse = rng.normal(size=(max(2, int(size / scale_px)), ) * 2).astype(np.float32)
    fine = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return fine / fine.std()
