"""The regression loss that BMN brought and G-TAD took over."""

from __future__ import annotations

import torch
from torch import Tensor


def sampled_l2(predicted: Tensor, iou: Tensor) -> Tensor:
    """Half the squared error over all anchors of IoU > 0.7 and, by chance, as many of both others.

    The others are 0.3 to 0.7 and 0 to 0.3 (not 0 itself); each anchor is kept with the chance that
    makes the expected number equal, so the sample is drawn without waiting for the device.
    """
    high, low = iou > 0.7, (iou > 0) & (iou <= 0.3)
    middle = (iou > 0.3) & ~high
    wanted = high.sum()
    chance = torch.where(middle, wanted / middle.sum().clamp(min=1),
                         wanted / low.sum().clamp(min=1))
    used = high | ((middle | low) & (torch.rand_like(iou) < chance))
    return 0.5 * ((predicted - iou) ** 2 * used).sum() / used.sum().clamp(min=1)
