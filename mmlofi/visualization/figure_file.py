"""Pictures as files, whole or not at all."""
from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from mmlofi.files import whole_file


def save_figure(figure: Figure, path: str | os.PathLike, **options: object) -> None:
    """Writes a figure in the format that the path's ending says; png without one.

    Args:
        figure: The figure.
        path: Of the picture; folders above it are made.
        options: Of matplotlib's `savefig`.

    Raises:
        CannotWrite: As `whole_file`.
    """
    with whole_file(path) as partial:
        figure.savefig(partial, format=Path(path).suffix[1:] or 'png', **options)


def save_image(image: np.ndarray, path: str | os.PathLike) -> None:
    """Writes (H, W, 3) RGB uint8 as png; OpenCV itself says nothing of a file it cannot write.

    Raises:
        CannotWrite: As `whole_file`.
    """
    with whole_file(path) as partial:
        partial.write_bytes(cv2.imencode('.png', image[..., ::-1])[1])
