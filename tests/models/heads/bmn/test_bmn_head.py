import copy

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.runner import load_checkpoint
from torch import nn

from mmlofi.models import EndToEndLocalizer
from mmlofi.models.heads.bmn import BMNHead

SMALL = dict(in_channels=8, num_samples=4)
pytestmark = pytest.mark.sums


@pytest.mark.parametrize('length', [7, 25, 100])
def test_outputs_equal_mmactions_bmn_with_the_same_weights(theirs, length):
    head = BMNHead(in_channels=8)
    features = torch.randn(1 if length == 100 else 2, 8, length)
    with torch.no_grad():
        torch.testing.assert_close(head(features), theirs(length, head)._forward(features),
                                   rtol=0, atol=1e-5)


def test_gradients_equal_those_of_mmactions_bmn(theirs):
    head = BMNHead(in_channels=8)
    features = torch.randn(2, 8, 12, requires_grad=True)
    model = theirs(12, head)
    named = dict(model.named_parameters())
    ours = torch.autograd.grad(sum((x ** 2).sum() for x in head(features)),
                               [features, *head.parameters()])
    wanted = torch.autograd.grad(sum((x ** 2).sum() for x in model._forward(features)),
                                 [features, *(named[name] for name in head.network.state_dict())])
    for one, other in zip(ours, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('max_duration', [0.25, 1.0])
@pytest.mark.parametrize('length', [1, 2, 3, 12])
def test_outputs_equal_the_materialised_map_at_any_length_and_longest_duration(
        materialised, length, max_duration):
    head = BMNHead(**SMALL, max_duration=max_duration)
    features = torch.randn(2, 8, length)
    torch.testing.assert_close(head(features), materialised(head, features), rtol=1e-4, atol=1e-5)


def test_a_video_scores_the_same_in_any_batch():
    head = BMNHead(**SMALL)
    features = torch.randn(3, 8, 10)
    torch.testing.assert_close([x[1:2] for x in head(features)], list(head(features[1:2])),
                               rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('prefix', ['', 'module.', 'head.', 'head.module.'])
def test_a_checkpoint_of_mmactions_bmn_loads_with_any_prefix_and_without_its_masks(prefix, theirs):
    source = theirs(6)
    state = {prefix + key: value for key, value in source.state_dict().items()}
    given = list(state)
    target = BMNHead(in_channels=8)
    model = nn.ModuleDict({'head': target}) if prefix.startswith('head') else target
    model.load_state_dict(state)
    assert list(state) == given, 'the caller keeps its own names'
    features = torch.randn(1, 8, 6)
    torch.testing.assert_close(target(features), source._forward(features), rtol=0, atol=1e-5)


@pytest.mark.parametrize('backbone', [None, dict(type='ResNet', depth=18)])
def test_load_from_takes_a_checkpoint_of_mmactions_bmn(theirs, backbone, tmp_path):
    torch.save(dict(state_dict=theirs(6).state_dict()), tmp_path / 'bmn.pth')
    model = EndToEndLocalizer(head=dict(type='BMNHead', in_channels=8), backbone=backbone)
    load_checkpoint(model, str(tmp_path / 'bmn.pth'), strict=backbone is None)
    for name, value in theirs(6).state_dict().items():
        if name not in ('sample_mask', 'bm_mask'):
            assert torch.equal(model.head.network.state_dict()[name], value), name


def test_own_checkpoints_load_and_hold_parameters_only():
    head = BMNHead(**SMALL)
    head(torch.randn(1, 8, 6))
    assert head.state_dict().keys() == dict(head.named_parameters()).keys()
    BMNHead(**SMALL).load_state_dict(head.state_dict())


def test_an_unknown_parameter_is_still_an_error(theirs):
    state = theirs(6).state_dict() | {'x_2d_p.10.weight': torch.zeros(1)}
    with pytest.raises(RuntimeError, match='Unexpected'):
        BMNHead(in_channels=8).load_state_dict(state)


def test_a_batch_without_actions_gives_a_finite_loss(make_samples):
    head = BMNHead(**SMALL)
    losses = head.loss(torch.randn(2, 8, 10), make_samples([], []))
    sum(losses.values()).backward()
    assert all(name.startswith('loss_') and x.isfinite() for name, x in losses.items())
    assert all(p.grad.isfinite().all() for p in head.parameters())


def test_a_few_updates_lower_the_loss_of_videos_with_and_without_actions(make_samples):
    head = MODELS.build(dict(type='BMNHead', **SMALL))
    features, samples = torch.randn(3, 8, 10), make_samples([[0.2, 0.6]], [], [[0.5, 1], [0, 0.3]])
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-3)
    history = []
    for _ in range(30):
        loss = sum(head.loss(features, samples).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert np.mean(history[-3:]) < 0.7 * history[0]


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_trains_with_losses_in_float32(make_samples, dtype):
    head = BMNHead(**SMALL)
    features, samples = torch.randn(2, 8, 10), make_samples([[0.2, 0.6]], [])
    with torch.autocast('cpu', dtype):
        outputs = head(features)
        losses = head.loss(features, samples)
    sum(losses.values()).backward()
    assert all(x.dtype == torch.float32 for x in (*outputs, *losses.values()))
    assert all(p.grad.isfinite().all() for p in head.parameters())
    torch.testing.assert_close(outputs, head(features), atol=0.02, rtol=0)


def test_the_head_can_be_copied_after_use():
    head = BMNHead(**SMALL)
    features = torch.randn(1, 8, 10)
    head(features)
    torch.testing.assert_close(copy.deepcopy(head)(features), head(features), rtol=0, atol=0)


def test_proposals_and_scores_equal_those_of_mmactions_predict(theirs):
    """Without soft-NMS: at thresholds of 1 MMAction2's lowers no score."""
    head = BMNHead(in_channels=8, proposals=dict(allow_end_at_last=False))
    features = torch.randn(1, 8, 15)
    video = ActionDataSample(metainfo=dict(video_name='v', duration_frame=160, duration_second=1.0))
    with torch.no_grad():
        wanted = theirs(15, head).predict(features, [video])[0]['proposal_list']
        ours, = head.predict(features, [video])
    wanted = {tuple(np.round(np.array(x['segment']) * 15).astype(int)): x['score'] for x in wanted}
    found = {tuple(x): score for x, score in zip(
        (ours.segments * 15).round().int().tolist(), ours.scores.tolist(), strict=True)}
    assert found.keys() == wanted.keys()
    assert all(found[x] == pytest.approx(wanted[x], rel=1e-4) for x in found)


def test_every_video_of_a_batch_has_its_proposals_also_to_the_end_of_the_video(make_samples):
    head = BMNHead(**SMALL, proposals=dict(max_proposals=20, peak_filter=False))
    found = head.predict(torch.randn(3, 8, 5), make_samples([], [], []))
    assert len(found) == 3
    for video in found:
        assert len(video.scores) == 15
        assert (video.scores[:-1] >= video.scores[1:]).all()
        assert (video.segments[:, 0] < video.segments[:, 1]).all()
        assert video.segments.max() == 1


@pytest.mark.parametrize(('length', 'max_duration', 'below'), [(100, 1, 40e6), (256, 0.25, 80e6)])
def test_kept_activations_do_not_hold_the_sampled_anchors(
        make_samples, length, max_duration, below):
    head = BMNHead(in_channels=64, max_duration=max_duration)
    kept = {}
    own = {p.untyped_storage().data_ptr() for p in head.parameters()}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        losses = head.loss(torch.randn(1, 64, length), make_samples([[0.1, 0.2]]))
    assert losses['loss_start'].requires_grad
    assert sum(kept.values()) < below


@pytest.mark.parametrize('shape', [(2, 9, 10), (8, 10), (2, 8, 0)])
def test_features_of_a_wrong_shape_are_named(shape):
    with pytest.raises(ValueError, match=r'got features of shape .*expected.*8.*Set in_channels'):
        BMNHead(**SMALL)(torch.randn(shape))


@pytest.mark.parametrize('bad', [dict(in_channels=6), dict(max_duration=0), dict(max_duration=64),
                                 dict(num_samples=0), dict(num_samples=1.5)])
def test_sizes_no_network_can_have_are_named_at_construction(bad):
    with pytest.raises(ValueError, match=rf'got {next(iter(bad))}=.*expected'):
        BMNHead(**{**SMALL, **bad})
