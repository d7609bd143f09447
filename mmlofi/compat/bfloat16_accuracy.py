"""mmaction2 1.2.0: recognizers cannot train in bfloat16.

Their heads log the accuracy of each batch by numpy, which has no bfloat16: autocast on a CPU, or
`dtype='bfloat16'` on a GPU, stops at the first step.
"""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from mmlofi.compat.wrapped_once import wrap_once


def mend_accuracy_in_bfloat16() -> None:
    """mmaction2 1.2.0: give a head's loss and accuracy its scores in single precision."""
    from mmaction.models.heads.base import BaseHead

    wrap_once(BaseHead, 'loss_by_feat', _in_single_precision)


def _in_single_precision(present: Callable) -> Callable:
    def loss_by_feat(self: nn.Module, cls_scores: torch.Tensor, data_samples: list) -> dict:
        return present(self, cls_scores.float() if cls_scores.dtype == torch.bfloat16
                       else cls_scores, data_samples)
    return loss_by_feat
