"""The losses of both heads: focal loss of classes, distance IoU of offsets, one normalizer.

Shape legend: M points, K classes, Q positive points.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import torch
from mmengine.dist import all_reduce
from torch import Tensor
from torch.nn import functional as F

from mmlofi.options import require_number

ALPHA, GAMMA = 0.25, 2.0
MOMENTUM = 0.9


def focal_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Of each entry (M, K); targets may lie between 0 and 1, then all is linear in them."""
    probability = logits.sigmoid()
    right = probability * targets + (1 - probability) * (1 - targets)
    weight = ALPHA * targets + (1 - ALPHA) * (1 - targets)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction='none')
    return weight * entropy * (1 - right) ** GAMMA


def smoothed(targets: Tensor, smoothing: float) -> Tensor:
    """(M, K) targets drawn towards 1 / (K + 1)."""
    return targets * (1 - smoothing) + smoothing / (targets.size(-1) + 1)


def interval_iou(offsets: Tensor, targets: Tensor) -> Tensor:
    """(Q,) IoU of the segments that distances (Q, 2) to start and end give, of the same points."""
    shared = torch.minimum(offsets, targets).sum(-1)
    union = offsets.sum(-1) + targets.sum(-1) - shared
    return shared / union.clamp(min=1e-8)


def distance_iou_loss(offsets: Tensor, targets: Tensor) -> Tensor:
    """(Q,) 1 - IoU + (distance of the centres / length of the hull) squared."""
    hull = torch.maximum(offsets, targets).sum(-1)
    (start, end), (true_start, true_end) = offsets.unbind(-1), targets.unbind(-1)
    apart = ((end - start) - (true_end - true_start)) / 2
    return 1 - interval_iou(offsets, targets) + (apart / hull.clamp(min=1e-8)) ** 2


@dataclass(kw_only=True)
class OneStageLoss:
    """What stands between sums over points and losses, in both methods.

    The normalizer is a running mean of the positive points of a batch. As in the authors' programs
    it moves before it divides, in every call, and divides both sums. There it starts anew when a
    training is resumed and counts the batch of one process; here a resumed training goes on with it
    (`running_values`), and of several ranks it counts the mean, so that a batch weighs the same
    however it is divided. It is no part of the state dict, as there.

    Args:
        init_norm: What it starts from.
        label_smoothing: Draws class targets towards 1 / (K + 1).
        reg_weight: Of the regression; 0 or less makes both losses equally large.

    Raises:
        ValueError: For numbers that are none.
    """

    init_norm: float = 100.0
    label_smoothing: float = 0.0
    reg_weight: float = 1.0
    running_values: dict[str, float] = field(init=False)   # a training keeps them for a restart

    def __post_init__(self) -> None:
        require_number('loss', above=0, init_norm=self.init_norm)
        require_number('loss', least=0, most=1, label_smoothing=self.label_smoothing)
        require_number('loss', reg_weight=self.reg_weight)
        self.running_values = dict(loss_normalizer=self.init_norm)

    @property
    def normalizer(self) -> float:
        """As it is after the last call of the loss."""
        return self.running_values['loss_normalizer']

    def class_entries(self, logits: Tensor, targets: Tensor) -> Tensor:
        """(M, K) focal loss against targets (M, K) of 0 and 1."""
        return focal_loss(logits, smoothed(targets, self.label_smoothing))

    def balance(self, class_sum: Tensor, offset_sum: Tensor, num_positive: int
                ) -> dict[str, Tensor]:
        """The losses of a batch from its sums; their own sum is what is trained."""
        positive = class_sum.new_tensor(float(num_positive))
        all_reduce(positive, 'mean')
        normalizer = MOMENTUM * self.normalizer + (1 - MOMENTUM) * max(positive.item(), 1)
        self.running_values['loss_normalizer'] = normalizer
        loss_cls, loss_reg = class_sum / normalizer, offset_sum / normalizer
        weight = self.reg_weight
        if weight <= 0:
            weight = loss_cls.detach() / loss_reg.detach().clamp(min=0.01)
        return dict(loss_cls=loss_cls, loss_reg=weight * loss_reg)
