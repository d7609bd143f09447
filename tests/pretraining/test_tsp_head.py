"""TSP's head: the authors' losses and gradients, and what they leave out."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from mmlofi.pretraining import TSPHead

CASES = dict(two_gvf=dict(gvf_channels=24), two={}, one=dict(regions=False))


def samples(labels, regions, gvf=None):
    found = []
    for place, (label, region) in enumerate(zip(labels, regions)):
        sample = ActionDataSample().set_gt_label(int(label))
        sample.set_field(int(region), 'region_label')
        if gvf is not None:
            sample.set_field(torch.as_tensor(gvf[place]), 'gvf')
        found.append(sample)
    return found


@pytest.fixture
def authors_case(tsp_arrays):
    def make(name):
        array = {key.removeprefix(f'{name}.'): value for key, value in tsp_arrays.items()
                 if key.startswith(f'{name}.')}
        head = TSPHead(num_classes=5, in_channels=24, **CASES[name])
        head.load_state_dict({key: torch.from_numpy(value) for key, value in array.items()
                              if key.startswith('fc')})
        return array, head, samples(array['target_action'], array['target_region'], array['gvf'])
    return make


@pytest.mark.parametrize('name', CASES)
def test_losses_and_gradients_are_the_authors(authors_case, name):
    array, head, clips = authors_case(name)
    features = torch.from_numpy(array['features']).requires_grad_()
    losses = head.loss(features, clips)
    sum(losses.values()).backward()
    assert sum(losses.values()).item() == pytest.approx(array['loss'], abs=1e-6)
    assert losses['loss_action'].item() == pytest.approx(array['loss1'], abs=1e-6)
    if 'loss2' in array:
        assert losses['loss_region'].item() == pytest.approx(array['loss2'], abs=1e-6)
    assert np.allclose(features.grad, array['grad_features'], atol=1e-6, rtol=0)
    for key, parameter in head.named_parameters():
        assert np.allclose(parameter.grad, array[f'grad.{key}'], atol=1e-6, rtol=0)


@pytest.mark.parametrize('name', CASES)
def test_logits_are_the_authors(authors_case, name):
    array, head, clips = authors_case(name)
    gvf = torch.from_numpy(array['gvf']) if name == 'two_gvf' else None
    classes, regions = head(torch.from_numpy(array['features']), gvf=gvf)
    assert np.allclose(classes.detach(), array['logits1'], atol=1e-6)
    if name == 'one':
        assert regions is None
    else:
        assert np.allclose(regions.detach(), array['logits2'], atol=1e-6)


def test_a_batch_without_an_action_has_the_loss_of_the_regions_alone():
    head = TSPHead(num_classes=3, in_channels=4)
    features = torch.randn(2, 4, requires_grad=True)
    losses = head.loss(features, samples([-1, -1], [1, 1]))
    sum(losses.values()).backward()
    assert losses['loss_action'] == 0
    assert losses['loss_region'] > 0
    assert features.grad.isfinite().all()
    assert (head.fc1.weight.grad == 0).all()     # there, for data-parallel training to see


def test_each_loss_has_its_weight():
    features, clips = torch.randn(4, 6), samples([0, 2, -1, 1], [0, 0, 1, 0])
    head = TSPHead(num_classes=3, in_channels=6, loss_weights=(1, 1))
    plain = head.loss(features, clips)
    head.loss_weights = (0.5, 2)
    weighted = head.loss(features, clips)
    assert weighted['loss_action'] == 0.5 * plain['loss_action']
    assert weighted['loss_region'] == 2 * plain['loss_region']


@pytest.mark.parametrize('shape', [(2, 6, 3, 4, 4), (10, 6, 4, 4), (2, 6)])
def test_frames_and_clips_become_one_mean_feature(shape):
    """Of a backbone for clips, one for frames, and one that gives vectors."""
    torch.manual_seed(0)
    head, feats = TSPHead(num_classes=3, in_channels=6), torch.randn(shape)
    clips = head.predict(feats, samples([0, 1], [0, 0]))
    features = torch.stack([half.transpose(0, 1).flatten(1).mean(1) for half in feats.chunk(2)])
    expected = head.fc1(features).softmax(1)
    assert torch.allclose(torch.stack([clip.pred_score for clip in clips]), expected, atol=1e-6)


def test_pathways_lie_side_by_side():
    head = TSPHead(num_classes=3, in_channels=6)
    slow, fast = torch.randn(2, 4, 2, 3, 3), torch.randn(2, 2, 8, 3, 3)
    expected = head(torch.cat([slow.mean((2, 3, 4)), fast.mean((2, 3, 4))], 1))[0]
    assert torch.allclose(head((slow, fast))[0], expected, atol=1e-6)


def test_predictions_are_probabilities():
    clips = TSPHead(num_classes=3, in_channels=6).predict(torch.randn(2, 6),
                                                          samples([0, -1], [0, 1]))
    for clip in clips:
        assert clip.pred_score.sum().item() == pytest.approx(1)
        assert clip.region_score.sum().item() == pytest.approx(1)
        assert clip.pred_label == clip.pred_score.argmax()


def test_the_first_weights_are_small_and_biases_nothing():
    torch.manual_seed(0)
    head = TSPHead(num_classes=200, in_channels=512)
    head.init_weights()
    assert head.fc1.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert (head.fc1.bias == 0).all()
    assert (head.fc2.bias == 0).all()


@pytest.mark.parametrize(('gvf', 'message'), [
    (None, "a sample without 'gvf'; expected a TSPDataset with `gvf`"),
    (np.ones((2, 5), 'f'), r'shape \(5,\); expected \(4,\)')])
def test_a_missing_or_another_global_feature_is_refused(gvf, message):
    head = TSPHead(num_classes=3, in_channels=6, gvf_channels=4)
    with pytest.raises(ValueError, match=message):
        head.loss(torch.randn(2, 6), samples([0, 1], [0, 0], gvf))


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(gvf_channels=0), 'gvf_channels=0'), (dict(loss_weights=(1,)), 'expected two numbers'),
    (dict(loss_weights=(1, -1)), 'region_weight=-1'),
    (dict(gvf_channels=4, regions=False), 'gvf_channels without regions')])
def test_settings_that_make_no_head_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TSPHead(num_classes=3, in_channels=6, **settings)
