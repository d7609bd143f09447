import math

import pytest
import torch

from mmlofi.models.heads.one_stage.losses import (
    OneStageLoss,
    distance_iou_loss,
    focal_loss,
    interval_iou,
    smoothed,
)


def test_focal_loss_of_hard_targets_is_the_papers():
    logits = torch.tensor([[0.3, -1.2]], dtype=torch.double)
    p, q = logits.sigmoid()[0].tolist()
    expected = [-0.25 * (1 - p) ** 2 * math.log(p), -0.75 * q**2 * math.log(1 - q)]
    found = focal_loss(logits, torch.tensor([[1.0, 0.0]], dtype=torch.double))
    assert found[0].tolist() == pytest.approx(expected)


def test_smoothing_with_one_class_gives_a_twentieth_and_its_rest():
    assert smoothed(torch.tensor([[0.0], [1.0]]), 0.1).flatten().tolist() == pytest.approx(
        [0.05, 0.95])


def test_distance_iou_is_0_for_the_segment_itself_and_beyond_1_far_from_it():
    offsets = torch.tensor([[2.0, 3.0], [1.0, 0.0]])
    targets = torch.tensor([[2.0, 3.0], [0.0, 1.0]])
    assert interval_iou(offsets, targets).tolist() == [1, 0]
    # Segments [-1, 0] and [0, 1]: centres 1 apart, hull 2.
    assert distance_iou_loss(offsets, targets).tolist() == pytest.approx([0, 1.25])


def test_offsets_of_0_give_finite_losses_and_gradients():
    offsets = torch.zeros(1, 2, requires_grad=True)
    loss = distance_iou_loss(offsets, torch.tensor([[1.0, 2.0]]))
    loss.sum().backward()
    assert loss.isfinite().all()
    assert offsets.grad.isfinite().all()


def test_the_normalizer_moves_before_it_divides_and_counts_at_least_one():
    loss = OneStageLoss(init_norm=10)
    found = loss.balance(torch.tensor(14.0), torch.tensor(7.0), 50)
    assert loss.normalizer == pytest.approx(14)
    assert [float(value) for value in found.values()] == pytest.approx([1, 0.5])
    loss.balance(torch.tensor(1.0), torch.tensor(0.0), 0)
    assert loss.normalizer == pytest.approx(12.7)


def test_a_weight_of_0_or_less_makes_both_losses_equal_and_is_not_trained():
    total = torch.tensor([4.0, 2.0], requires_grad=True)
    found = OneStageLoss(init_norm=1, reg_weight=0).balance(*total, 1)
    assert found['loss_reg'].item() == pytest.approx(found['loss_cls'].item())
    sum(found.values()).backward()
    assert total.grad.tolist() == pytest.approx([1, 2])


@pytest.mark.parametrize('options', [dict(init_norm=-1), dict(label_smoothing=2),
                                     dict(reg_weight=math.nan)])
def test_numbers_that_are_no_options_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        OneStageLoss(**options)
