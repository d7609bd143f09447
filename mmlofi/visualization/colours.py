"""Colours: one a class, in whatever picture and beside whatever other classes it is.

Shape legend: M colours to choose from.
"""
from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from matplotlib.colors import to_hex, to_rgb

OTHER = '#808080'   # of a class that is not among those with a colour
# Okabe and Ito's colours, which colour-blind eyes tell apart, and two more.
_FIRST = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#6A3D9A', '#8C6D31')
_LEVELS = 16        # of red, green and blue that further colours are chosen from
# From sRGB's linear light to the eye's cones, and from their cube roots to OKLab (Ottosson, 2020).
_CONES = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                   [0.2119034982, 0.6806995451, 0.1073969566],
                   [0.0883024619, 0.2817188376, 0.6299787005]])
_OKLAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468],
                   [1.9779984951, -2.4285922050, 0.4505937099],
                   [0.0259040371, 0.7827717662, -0.8086757660]])


def class_colours(classes: Iterable[str]) -> dict[str, str]:
    """The colour of each class, by name, as '#rrggbb'.

    A function of the names alone, not of their order.

    Args:
        classes: All that the annotation file or the model has, not those of one picture: pictures
            of the same classes have the same colours.
    """
    names = sorted(set(classes))
    return dict(zip(names, palette(len(names))))


@lru_cache
def palette(count: int) -> tuple[str, ...]:
    """So many colours, the first of which do not depend on how many there are.

    From the ninth on each is the one that is least like those before, of colours that stand out
    from white, black and grey; after about a thousand they start again.
    """
    further = _further(count - len(_FIRST)) if count > len(_FIRST) else []
    colours = [*_FIRST, *further]
    return tuple(colours[place % len(colours)] for place in range(count))


def _further(count: int) -> list[str]:
    levels = np.linspace(0, 1, _LEVELS)
    rgb = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)  # (M, 3)
    light, *tint = _oklab(rgb).T
    rgb = rgb[(light > 0.4) & (light < 0.8) & (np.hypot(*tint) > 0.08)]
    own = _oklab(rgb)
    near = np.full(len(rgb), np.inf)     # distance from the nearest that is taken
    for taken in _oklab(np.array([to_rgb(one) for one in (*_FIRST, OTHER)])):
        near = np.minimum(near, np.linalg.norm(own - taken, axis=1))
    chosen = []
    for _ in range(min(count, len(rgb))):
        place = int(near.round(9).argmax())     # the same on every processor
        chosen.append(to_hex(rgb[place]))
        near = np.minimum(near, np.linalg.norm(own - own[place], axis=1))
    return chosen


def _oklab(rgb: np.ndarray) -> np.ndarray:
    """(M, 3) lightness 0 to 1 and two tints, in which distances are about as the eye sees them."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _CONES.T) @ _OKLAB.T
