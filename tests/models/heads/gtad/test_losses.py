import json

import numpy as np
import pytest
import torch

from mmlofi.models.heads.anchors import Targets, build_targets
from mmlofi.models.heads.gtad.losses import GTADLoss, balanced_bce


def random_outputs(videos=2, durations=6, length=6):
    outputs = (torch.rand(videos, 2, durations, length), torch.rand(videos, length),
               torch.rand(videos, length))
    return [x.requires_grad_() for x in outputs]


def test_losses_equal_the_authors(reference_data):
    folder = reference_data / 'reference' / 'gtad'
    expected = json.loads((folder / 'anet.json').read_text())['losses']
    arrays = np.load(folder / 'anet.npz')
    iou_map, start, end, *targets = (torch.from_numpy(arrays[name]) for name in (
        'iou_map', 'start', 'end', 'target_iou', 'target_start', 'target_end'))
    loss = GTADLoss()(iou_map, start, end, Targets(*targets))
    boundaries = (loss['loss_start'] + loss['loss_end']).item()
    assert boundaries == pytest.approx(expected['loss_start_end'], abs=1e-4)
    assert loss['loss_classification'].item() == pytest.approx(
        expected['loss_iou_classification'], abs=1e-4)


@pytest.mark.parametrize('extra_positives', [0, 10])
@pytest.mark.parametrize('iou', [0.0, 0.2, 0.5, 0.8, 1.0])
def test_losses_and_gradients_are_finite_when_all_anchors_are_alike(iou, extra_positives):
    outputs = random_outputs()
    same = Targets(torch.full((2, 6, 6), iou), torch.full((2, 6), iou), torch.full((2, 6), iou))
    loss = sum(GTADLoss(extra_positives=extra_positives)(*outputs, same).values())
    loss.backward()
    assert loss.isfinite()
    assert all(x.grad.isfinite().all() for x in outputs)


def test_a_batch_of_one_position_without_actions_has_an_ordinary_loss():
    losses = GTADLoss()(*random_outputs(1, 1, 1), build_targets([torch.empty(0, 2)], 1, 1))
    assert sum(losses.values()) < 20


def test_positives_and_negatives_weigh_one_half_each():
    positive = torch.tensor([True] + [False] * 9)
    half = torch.full((10,), 0.5)
    assert balanced_bce(half, positive).item() == pytest.approx(np.log(2), abs=1e-5)
    wrong = torch.where(positive, 0.1, 0.5)
    assert balanced_bce(wrong, positive).item() == pytest.approx(
        (np.log(10) + np.log(2)) / 2, abs=1e-5)


def test_extra_positives_weaken_the_true_one():
    positive = torch.tensor([True] + [False] * 9)
    wrong = torch.where(positive, 0.01, 0.99999)
    assert balanced_bce(wrong, positive, 10) < balanced_bce(wrong, positive)


def test_anchors_outside_the_video_have_no_gradient():
    outputs = random_outputs()
    targets = build_targets([torch.tensor([[0.3, 1.0]]), torch.tensor([[0.0, 0.4]])], 6, 6)
    sum(GTADLoss()(*outputs, targets).values()).backward()
    outside = torch.arange(6)[:, None] + torch.arange(6) >= 6
    assert (outputs[0].grad[..., outside] == 0).all()
