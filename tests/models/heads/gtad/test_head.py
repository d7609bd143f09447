import copy
import json
import zlib

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from mmlofi.models.heads.gtad import GTADHead

THUMOS = dict(max_duration=0.5, inner_bins=16, context_bins=16, kernel_size=3)
VARIANTS = {'anet': {}, 'thumos': THUMOS}
SMALL = dict(in_channels=8, inner_bins=4, context_bins=2)
pytestmark = pytest.mark.sums


def authors_weights(case):
    """The reference's parameters by their original names."""
    def draw(key, shape):
        rng = np.random.default_rng(zlib.crc32(f'{case["seed"]}:{key}'.encode()))
        scale = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
        return torch.from_numpy((rng.standard_normal(shape) * scale).astype(np.float32))
    return {key: draw(key, shape) for key, shape in case['weights'].items()}


@pytest.mark.parametrize('name', VARIANTS)
def test_outputs_equal_the_authors_network(reference_data, name):
    case = json.loads((reference_data / 'reference' / 'gtad' / f'{name}.json').read_text())
    expected = np.load(reference_data / 'reference' / 'gtad' / f'{name}.npz')
    head = GTADHead(in_channels=case['config']['feat_dim'], **VARIANTS[name])
    head.load_state_dict(authors_weights(case))
    with torch.no_grad():
        outputs = head(torch.from_numpy(expected['features']))
    for ours, field in zip(outputs, ('iou_map', 'start', 'end'), strict=True):
        np.testing.assert_allclose(ours, expected[field], atol=1e-5, rtol=0)


@pytest.mark.parametrize('prefix', ['', 'module.', 'head.', 'head.module.'])
def test_a_checkpoint_of_the_authors_loads_with_any_prefix(prefix, authors_names):
    source, target = GTADHead(**SMALL), GTADHead(**SMALL)
    state = {prefix + key: value for key, value in authors_names(source).items()}
    given = list(state)
    model = nn.ModuleDict({'head': target}) if prefix.startswith('head') else target
    model.load_state_dict(state)
    assert list(state) == given, 'the caller keeps its own names'
    features = torch.randn(1, 8, 6)
    torch.testing.assert_close(target(features), source(features), rtol=0, atol=0)


def test_own_checkpoints_load_and_hold_parameters_only():
    head = GTADHead(**SMALL)
    head(torch.randn(1, 8, 6))
    assert head.state_dict().keys() == dict(head.named_parameters()).keys()
    GTADHead(**SMALL).load_state_dict(head.state_dict())


def test_an_unknown_parameter_is_still_an_error(authors_names):
    state = authors_names(GTADHead(**SMALL))
    state['localization.10.weight'] = torch.zeros(1)
    with pytest.raises(RuntimeError, match='Unexpected'):
        GTADHead(**SMALL).load_state_dict(state)


@pytest.mark.parametrize('kernel_size', [1, 3])
@pytest.mark.parametrize('length', [1, 2, 3, 12])
def test_outputs_equal_the_slow_twin_at_any_length(twin, length, kernel_size):
    head = GTADHead(**SMALL, kernel_size=kernel_size, max_duration=0.75)
    features = torch.randn(2, 8, length)
    torch.testing.assert_close(head(features), twin.slow_forward(head, features),
                               rtol=1e-4, atol=1e-5)


def test_gradients_equal_those_of_the_slow_twin(twin):
    head = GTADHead(**SMALL)
    features = torch.randn(2, 8, 12, requires_grad=True)
    wanted = [features, *head.parameters()]
    lean, slow = (torch.autograd.grad(sum((x ** 2).sum() for x in outputs), wanted)
                  for outputs in (head(features), twin.slow_forward(head, features)))
    for ours, theirs in zip(lean, slow, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_a_video_scores_the_same_in_any_batch():
    head = GTADHead(**SMALL)
    features = torch.randn(3, 8, 10)
    torch.testing.assert_close([x[1:2] for x in head(features)], list(head(features[1:2])),
                               rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(('max_duration', 'durations'), [(1.0, 10), (0.25, 2), (0.01, 1)])
def test_the_longest_anchor_is_a_share_of_the_video(max_duration, durations):
    head = GTADHead(**SMALL, max_duration=max_duration)
    assert head(torch.randn(1, 8, 10))[0].shape == (1, 2, durations, 10)


def test_a_batch_without_actions_gives_a_finite_loss(make_samples):
    head = GTADHead(**SMALL)
    losses = head.loss(torch.randn(2, 8, 10), make_samples([], []))
    sum(losses.values()).backward()
    assert all(name.startswith('loss_') and x.isfinite() for name, x in losses.items())
    assert all(p.grad.isfinite().all() for p in head.parameters())


def test_a_few_updates_lower_the_loss(make_samples):
    head = MODELS.build(dict(type='GTADHead', **SMALL))
    features, samples = torch.randn(2, 8, 10), make_samples([[0.2, 0.6]], [[0.5, 1.0], [0.0, 0.3]])
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-3)
    history = []
    for _ in range(30):
        loss = sum(head.loss(features, samples).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert np.mean(history[-3:]) < 0.7 * history[0]


@pytest.mark.parametrize('kernel_size', [1, 3])
def test_autocast_trains_with_losses_in_float32(make_samples, kernel_size):
    head = GTADHead(**SMALL, kernel_size=kernel_size)
    features, samples = torch.randn(2, 8, 10), make_samples([[0.2, 0.6]], [])
    with torch.autocast('cpu', torch.bfloat16):
        outputs = head(features)
        losses = head.loss(features, samples)
    sum(losses.values()).backward()
    assert all(x.dtype == torch.float32 for x in (*outputs, *losses.values()))
    assert all(p.grad.isfinite().all() for p in head.parameters())
    torch.testing.assert_close(outputs, head(features), atol=0.05, rtol=0)


def test_the_head_can_be_copied_after_use():
    head = GTADHead(**SMALL)
    features = torch.randn(1, 8, 10)
    head(features)
    torch.testing.assert_close(copy.deepcopy(head)(features), head(features), rtol=0, atol=0)


@pytest.mark.parametrize('shape', [(2, 9, 10), (8, 10), (2, 8, 0)])
def test_features_of_a_wrong_shape_are_named(shape):
    with pytest.raises(ValueError, match=r'got features of shape .*expected.*8.*Set in_channels'):
        GTADHead(**SMALL)(torch.randn(shape))


@pytest.mark.parametrize('bad', [dict(in_channels=6), dict(max_duration=0), dict(max_duration=64),
                                 dict(inner_bins=0), dict(inner_bins=2.5), dict(kernel_size=2),
                                 dict(kernel_size='1'), dict(max_duration=float('nan'))])
def test_sizes_no_network_can_have_are_named_at_construction(bad):
    with pytest.raises(ValueError, match=rf'got {next(iter(bad))}=.*expected'):
        GTADHead(**{**SMALL, **bad})


def test_proposals_lie_in_the_video_and_are_sorted(make_samples):
    head = GTADHead(**SMALL, proposals=dict(max_proposals=20))
    for found in head.predict(torch.randn(2, 8, 10), make_samples([], [])):
        assert found.segments.shape == (len(found.scores), 2)
        assert 0 < len(found.scores) <= 20
        assert (found.scores[:-1] >= found.scores[1:]).all()
        assert (found.segments[:, 0] < found.segments[:, 1]).all()
        assert found.segments.min() >= 0
        assert found.segments.max() <= 1


def test_kept_activations_are_below_80_megabytes_a_video(make_samples):
    head = GTADHead(in_channels=64)
    kept = {}
    own = {p.untyped_storage().data_ptr() for p in head.parameters()}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        losses = head.loss(torch.randn(1, 64, 100), make_samples([[0.1, 0.5]]))
    assert losses['loss_start'].requires_grad
    assert sum(kept.values()) < 30e6


@pytest.mark.parametrize('bad', [
    dict(loss=dict(regression_weight=float('nan'))), dict(loss=dict(extra_positives=-1)),
    dict(loss=dict(classification_weight='1')), dict(proposals=dict(max_proposals=0)),
    dict(proposals=dict(max_proposals=1.5))])
def test_options_that_make_no_sense_are_named_at_construction(bad):
    (options,) = bad.values()
    with pytest.raises(ValueError, match=rf'got {next(iter(options))}=.*expected a'):
        GTADHead(**SMALL, **bad)
