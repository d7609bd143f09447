"""What moves without an action: walks, jumps, shakes, the camera, the light.

Shape legend: F frames. All of it knows nothing of the actions. Lengths are shares of the frame's
side, times seconds.
"""
from __future__ import annotations

import numpy as np


def wander(rng: np.random.Generator, times: np.ndarray, amplitude: float) -> np.ndarray:
    """A slow smooth path around zero: three sines of 4 to 20 s, (F,)."""
    periods, phases = rng.uniform(4, 20, 3), rng.uniform(0, 2 * np.pi, 3)
    waves = np.sin(2 * np.pi * times[:, None] / periods + phases)  # (F, 3)
    return amplitude * waves @ rng.dirichlet(np.ones(3))


def walk(rng: np.random.Generator, times: np.ndarray, reach: tuple[float, float]) -> np.ndarray:
    """Where an actor is beside its place, jumps and shakes included: (F, 2)."""
    path = np.stack([wander(rng, times, amplitude) for amplitude in reach], axis=1)
    path[:, 1] -= _jumps(rng, times)
    path[:, 0] += _shakes(rng, times)
    return path


def camera_path(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """(F, 2) how a camera pans, without the trembling of a hand."""
    return np.stack([wander(rng, times, 0.2), wander(rng, times, 0.1)], axis=1)


def light_switches(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """What is added to the light's gain from now and then on: (F,)."""
    gain = np.zeros(len(times))
    for start in _events(rng, times, 25):
        gain[times >= start] += rng.uniform(-0.1, 0.1)
    return np.clip(gain, -0.15, 0.15)


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
