import json

import pytest
import torch
from mmaction.registry import MODELS

from mmlofi.models.heads.anchors import Targets, build_targets, inside_video
from mmlofi.models.heads.bmn.losses import BMNLosses

LENGTH = 100


def random_outputs(videos=2, durations=6, length=6):
    outputs = (torch.rand(videos, 2, durations, length), torch.rand(videos, length),
               torch.rand(videos, length))
    return [x.requires_grad_() for x in outputs]


@pytest.fixture(params=['made up', 'real'])
def segments(request):
    """Normalised segments of a few videos; the real ones are ActivityNet's."""
    if request.param == 'real':
        folder = request.getfixturevalue('reference_data') / 'reference' / 'gtad'
        videos = json.loads((folder / 'anet.json').read_text())['segments_norm']
    else:
        videos = [[[0.13, 0.48], [0.5, 0.97]], [[0.0, 1.0]], [[0.3, 0.34]]]
    return [torch.tensor(video) for video in videos]


def test_targets_equal_mmactions(theirs, segments):
    targets = build_targets(segments, LENGTH, LENGTH)
    for ours, wanted in zip(targets, theirs(LENGTH).generate_labels(segments), strict=True):
        torch.testing.assert_close(ours, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize('seed', range(3))
def test_every_term_and_the_sum_equal_mmactions_by_the_same_draws(monkeypatch, segments, seed):
    torch.manual_seed(seed)
    outputs = random_outputs(len(segments), LENGTH, LENGTH)
    targets = build_targets(segments, LENGTH, LENGTH)
    # One draw decides all our samples and two decide theirs; "below r" here is "above 1 - r" there.
    draw = torch.rand_like(targets.iou)
    inside = inside_video(LENGTH, LENGTH).float()
    monkeypatch.setattr(torch, 'rand_like', lambda x: 1 - draw)
    total, boundaries, regression, classification = MODELS.build(dict(type='BMNLoss'))(
        *outputs, targets.iou, targets.start, targets.end, inside)
    monkeypatch.setattr(torch, 'rand_like', lambda x: draw)
    losses = BMNLosses()(*outputs, targets)
    assert torch.isfinite(total)
    torch.testing.assert_close(losses['loss_start'] + losses['loss_end'], boundaries)
    torch.testing.assert_close(losses['loss_regression'], 10 * regression)
    torch.testing.assert_close(losses['loss_classification'], classification)
    torch.testing.assert_close(sum(losses.values()), total)
    ours, wanted = (torch.autograd.grad(x, outputs) for x in (sum(losses.values()), total))
    torch.testing.assert_close(ours, wanted)


@pytest.mark.parametrize('iou', [0.0, 0.2, 0.5, 0.8, 1.0])
def test_losses_and_gradients_are_finite_where_mmactions_are_not(iou):
    outputs = random_outputs()
    same = Targets(torch.full((2, 6, 6), iou), torch.full((2, 6), iou), torch.full((2, 6), iou))
    theirs, *_ = MODELS.build(dict(type='BMNLoss'))(*outputs, *same, torch.ones(6, 6))
    assert theirs.isfinite() == (iou > 0.7)
    loss = sum(BMNLosses()(*outputs, same).values())
    loss.backward()
    assert loss.isfinite()
    assert all(x.grad.isfinite().all() for x in outputs)


def test_an_empty_middle_band_does_not_bring_in_all_anchors():
    iou = torch.zeros(1, 4, 4)
    iou[0, 0] = torch.tensor([1.0, 0.1, 0.1, 0.1])
    outputs = random_outputs(1, 4, 4)
    none = torch.zeros(1, 4)
    BMNLosses(classification_weight=0)(*outputs, Targets(iou, none, none))[
        'loss_regression'].backward()
    assert (outputs[0].grad[0, 0, 1:] == 0).all()


def test_anchors_outside_the_video_have_no_gradient():
    outputs = random_outputs()
    targets = build_targets([torch.tensor([[0.3, 1.0]]), torch.tensor([[0.0, 0.4]])], 6, 6)
    sum(BMNLosses()(*outputs, targets).values()).backward()
    assert (outputs[0].grad[..., ~inside_video(6, 6)] == 0).all()
