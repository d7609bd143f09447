"""BMN's losses: start + end + regression and classification of the anchors' IoU.

Shapes: N videos, L snippets, D durations.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmaction.models.losses import BMNLoss
from mmaction.models.losses.binary_logistic_regression_loss import binary_logistic_regression_loss
from torch import Tensor

from mmlofi.models.heads.anchors import Targets, inside_video, sampled_l2
from mmlofi.options import require_number


@dataclass(frozen=True, kw_only=True)
class BMNLosses:
    """The sum of its terms is the loss, BMN, section 3.4: the weights are MMAction2's.

    Three of the terms are MMAction2's own. Its regression loss is NaN when no anchor's IoU is in
    one of the three bands, and takes all anchors when the middle band alone is empty; `sampled_l2`
    is equal to it otherwise.
    """

    regression_weight: float = 10.0
    classification_weight: float = 1.0

    def __post_init__(self) -> None:
        require_number('BMNLosses', least=0, regression_weight=self.regression_weight,
                       classification_weight=self.classification_weight)

    def __call__(self, confidence: Tensor, start: Tensor, end: Tensor,
                 targets: Targets) -> dict[str, Tensor]:
        """Probabilities (N, 2, D, L), (N, L), (N, L) against their targets."""
        regressed, classified = confidence.unbind(1)
        inside = inside_video(*confidence.shape[2:]).to(confidence.device)
        iou = targets.iou * inside
        return dict(
            loss_start=binary_logistic_regression_loss(start, targets.start),
            loss_end=binary_logistic_regression_loss(end, targets.end),
            loss_regression=self.regression_weight * sampled_l2(regressed, iou),
            loss_classification=self.classification_weight * BMNLoss.pem_cls_loss(
                classified, iou, inside.float()))
