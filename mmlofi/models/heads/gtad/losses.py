"""G-TAD's losses: start + end + regression and classification of the anchors' IoU.

Shapes: N videos, L snippets, D durations.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mmlofi.models.heads.anchors import Targets, inside_video, sampled_l2
from mmlofi.options import require_number, require_whole


@dataclass(frozen=True, kw_only=True)
class GTADLoss:
    """The sum of its terms is the loss; defaults are ActivityNet's and HACS's.

    THUMOS: `regression_weight=1, classification_weight=10, extra_positives=10`, where
    `extra_positives` are added to the count of positives that balances the classification.

    Deviations from the authors' code, none of which changes a batch with actions: a batch without
    positives (or without negatives) counts one, so that the loss stays finite.
    """

    regression_weight: float = 10.0
    classification_weight: float = 1.0
    extra_positives: int = 0

    def __post_init__(self) -> None:
        require_number('GTADLoss', least=0, regression_weight=self.regression_weight,
                       classification_weight=self.classification_weight)
        require_whole('GTADLoss', least=0, extra_positives=self.extra_positives)

    def __call__(self, iou_map: Tensor, start: Tensor, end: Tensor,
                 targets: Targets) -> dict[str, Tensor]:
        """Probabilities (N, 2, D, L), (N, L), (N, L) against their targets."""
        # Indices from the CPU: a boolean index would wait for the device.
        inside = inside_video(*iou_map.shape[2:]).flatten().nonzero().squeeze(1)
        inside = inside.to(iou_map.device)
        regressed, classified = iou_map.flatten(2)[:, :, inside].unbind(1)
        iou = targets.iou.flatten(1)[:, inside]
        return dict(
            loss_start=balanced_bce(start, targets.start > 0.5),
            loss_end=balanced_bce(end, targets.end > 0.5),
            loss_regression=self.regression_weight * sampled_l2(regressed, iou),
            loss_classification=self.classification_weight * balanced_bce(
                classified, iou > 0.9, self.extra_positives))


def balanced_bce(probability: Tensor, positive: Tensor, extra_positives: int = 0) -> Tensor:
    """Binary cross-entropy in which positives and negatives weigh one half each.

    With r = count / positives, a positive weighs r/2 and a negative r / (2(r - 1)).
    """
    num_positive = (positive.sum() + extra_positives).clamp(min=1)
    count = positive.numel() + extra_positives
    positive_weight = 0.5 * count / num_positive
    negative_weight = 0.5 * count / (count - num_positive).clamp(min=1)
    eps = 1e-6  # the authors' guard, part of their loss
    loss = torch.where(positive, positive_weight * torch.log(probability + eps),
                       negative_weight * torch.log(1 - probability + eps))
    return -loss.sum() / count
