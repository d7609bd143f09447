import pytest
import torch

from mmlofi.models.heads.anchors import sampled_l2


def test_regression_uses_all_high_anchors_and_about_as_many_of_both_others():
    iou = torch.cat([torch.full((100,), 0.8), torch.full((1000,), 0.5), torch.full((5000,), 0.1),
                     torch.zeros(1000)])
    predicted = iou.clone().requires_grad_()
    sampled_l2(predicted + 1, iou).backward()
    used = predicted.grad > 0
    high, middle, low, none = (x.sum().item() for x in used.split([100, 1000, 5000, 1000]))
    assert (high, none) == (100, 0)
    assert 60 < middle < 140
    assert 60 < low < 140


def test_regression_of_a_constant_error_is_half_its_square():
    iou = torch.rand(500)
    assert sampled_l2(iou + 0.2, iou).item() == pytest.approx(0.02, abs=1e-5)
