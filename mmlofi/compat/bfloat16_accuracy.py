"""mmaction2 1.2.0: recognizers cannot train in bfloat16.

Their heads log the accuracy of each batch by numpy, which has no bfloat16: autocast on a CPU, or
`dtype='bfloat16'` on a GPU, stops at the first step.
"""
from __future__ import annotations

from functools import wraps

import torch


def mend_accuracy_in_bfloat16() -> None:
    """mmaction2 1.2.0: give a head's loss and accuracy its scores in single precision."""
    from mmaction.models.heads.base import BaseHead

    present = BaseHead.loss_by_feat
    if hasattr(present, '__wrapped__'):
        return

    @wraps(present)
    def loss_by_feat(self: BaseHead, cls_scores: torch.Tensor, data_samples: list) -> dict:
        return present(self, cls_scores.float() if cls_scores.dtype == torch.bfloat16
                       else cls_scores, data_samples)

    BaseHead.loss_by_feat = loss_by_feat
