"""MMAction2's recognizers in bfloat16."""
from __future__ import annotations

import torch
from mmaction.models.heads import I3DHead
from mmaction.structures import ActionDataSample


def test_a_head_gives_its_loss_and_accuracy_for_scores_in_bfloat16():
    head = I3DHead(num_classes=3, in_channels=4, topk=(1,), dropout_ratio=0.0)
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 2)]
    features = torch.randn(2, 4, 1, 2, 2)
    with torch.autocast('cpu', torch.bfloat16):
        losses = head.loss(features, samples)
    plain = head.loss(features, samples)
    assert losses['loss_cls'].dtype == torch.float32
    assert torch.isclose(losses['loss_cls'], plain['loss_cls'], atol=1e-2)
    assert losses['top1_acc'] == plain['top1_acc']
