"""Pictures that show a number."""
from __future__ import annotations

import cv2
import numpy as np

BITS = 10
COLUMNS = 5   # the bits of a frame's number lie in two rows of five blocks


def numbered_frame(number: int, width: int, height: int) -> np.ndarray:
    """A BGR frame whose ten blocks are white where `number` has a bit."""
    bits = (number >> np.arange(BITS) & 1).reshape(2, COLUMNS).astype(np.uint8) * 255
    gray = cv2.resize(bits, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.repeat(gray[..., None], 3, axis=2)
