"""Class scores of proposals: what a segment reads, what it is trained on, and what it learns."""
from __future__ import annotations

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.models import SegmentClassifier
from mmlofi.models.heads.segment_classifier import (
    CONTEXT,
    INNER_BINS,
    bin_edges,
    class_targets,
    draw_segments,
)


def sample(segments=(), labels=(), num_valid=None):
    data = ActionDataSample(metainfo=dict(video_name='v', num_valid=num_valid))
    data.gt_instances = InstanceData(
        segments=torch.tensor(segments, dtype=torch.float32).view(-1, 2),
        labels=torch.tensor(labels, dtype=torch.int64))
    return data


@pytest.fixture
def make():
    def make(seed=0, **changes):
        torch.manual_seed(seed)
        return SegmentClassifier(**dict(in_channels=6, num_classes=3, hidden_channels=8) | changes)
    return make


def means_one_by_one(nodes, segment):
    """The mean of nodes (H, L) in each bin of a segment in positions, cell by cell."""
    start, end = segment
    if end - start < 1:
        start, end = (start + end) / 2 - 0.5, (start + end) / 2 + 0.5
    length = end - start
    inner = [start + length * i / INNER_BINS for i in range(INNER_BINS + 1)]
    edges = [start - CONTEXT * length, *inner, end + CONTEXT * length]
    means = []
    for low, high in zip(edges, edges[1:]):
        covered = [max(0.0, min(high, cell + 1) - max(low, cell)) for cell in range(nodes.size(1))]
        weights = torch.tensor(covered, dtype=torch.float64)
        means.append((nodes.double() * weights).sum(1) / max(weights.sum(), 1e-6))
    return torch.stack(means)


@pytest.mark.parametrize('length', [1, 2, 7, 50])
def test_each_bin_is_the_mean_of_what_it_covers(make, length):
    model = make()
    segments = [[0.2, 0.7], [0, 1], [0.41, 0.43], [0.5, 0.5], [-0.3, 0.2], [0.9, 1.4], [2, 3],
                [0, 0], [1, 1]]
    nodes = torch.rand(1, 8, length)
    sums = torch.nn.functional.pad(nodes.double().cumsum(2), (1, 0)).transpose(1, 2)
    read = []
    model.hidden.register_forward_pre_hook(lambda _, args: read.append(args[0]))
    model._classify(sums, torch.tensor([length]), torch.zeros(len(segments), dtype=torch.long),
                    torch.tensor(segments))
    for got, segment in zip(read[0], segments):
        expected = means_one_by_one(nodes[0], [place * length for place in segment])
        torch.testing.assert_close(got, expected.flatten().float(), rtol=1e-4, atol=1e-5)


def test_a_segment_shorter_than_a_position_is_widened_to_one():
    edges = bin_edges(torch.tensor([[3.5, 3.5], [3.2, 3.4], [2.0, 6.0]]))
    torch.testing.assert_close(edges[0, [1, -2]], torch.tensor([3.0, 4.0]))
    torch.testing.assert_close(edges[1, [1, -2]], torch.tensor([2.8, 3.8]))
    torch.testing.assert_close(edges[2], torch.tensor([0.0, 2, 3, 4, 5, 6, 8]))


@pytest.mark.parametrize('length', [1, 5, 32])
def test_any_number_of_positions_and_proposals_has_a_row_of_probabilities_each(make, length):
    model, features = make().eval(), torch.randn(3, 6, length)
    proposals = [torch.rand(4, 2).sort(1).values, torch.zeros(0, 2), torch.rand(5000, 2)]
    rows = model.predict(features, [sample()] * 3, proposals)
    assert [row.shape for row in rows] == [(4, 3), (0, 3), (5000, 3)]
    assert all(0 <= row.min() <= row.max() <= 1 for row in (rows[0], rows[2]))
    alone = model.predict(features[2:], [sample()], [proposals[2][-7:]])
    torch.testing.assert_close(alone[0], rows[2][-7:])


@pytest.mark.parametrize('length', [1, 32])
def test_the_loss_is_finite_and_reaches_every_weight_also_without_actions(make, length):
    model = make()
    features = torch.randn(2, 6, length)
    for samples in ([sample(), sample()], [sample([[0.1, 0.4], [0.3, 0.3]], [0, 2]), sample()],
                    [sample([[-0.5, 1.5], [1.2, 1.5]], [1, 1])] * 2):
        model.zero_grad()
        loss = model.loss(features, samples)['loss_segment_class']
        loss.backward()
        assert loss.isfinite()
        assert all(weight.grad.isfinite().all() for weight in model.parameters())
    assert make().loss(features[:1], [sample()])['loss_segment_class'].isfinite()


def test_no_gradient_reaches_the_features_unless_asked(make):
    for detach in (True, False):
        features = torch.randn(2, 6, 5, requires_grad=True)
        make(detach=detach).loss(features, [sample([[0.2, 0.6]], [1]), sample()])[
            'loss_segment_class'].backward()
        assert (features.grad is None) == detach


def test_padding_is_not_read_and_the_batch_does_not_matter(make):
    model, features = make().eval(), torch.randn(2, 6, 12)
    proposals = [torch.tensor([[0.1, 0.3], [0.4, 0.9], [0.8, 0.9]])] * 2
    rows = model.predict(features, [sample(num_valid=6), sample()], proposals)
    padded = features.clone()
    padded[0, :, 6:] = torch.nan
    again = model.predict(padded, [sample(num_valid=6), sample()], proposals)
    assert torch.equal(again[0], rows[0])
    short = model.predict(features[:1, :, :6], [sample()], [2 * proposals[0]])
    torch.testing.assert_close(short[0], rows[0])
    torch.testing.assert_close(model.predict(features[1:], [sample()], proposals[:1])[0], rows[1])

    losses = []
    for given in (features, padded):
        torch.manual_seed(1)
        losses.append(model.loss(given, [sample([[0, 0.4]], [1], num_valid=6), sample()]))
    assert losses[0] == losses[1]


def test_segments_are_drawn_again_from_the_same_seed():
    actions = torch.tensor([[0.1, 0.3], [0.5, 0.8]])
    drawn = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        drawn.append(draw_segments(actions, 20, 0.9))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_segments_of_all_overlaps_are_drawn_within_the_valid_part():
    torch.manual_seed(0)
    actions = torch.tensor([[0.1, 0.2], [0.4, 0.8]])
    drawn = draw_segments(actions, 4000, 0.8)
    assert torch.equal(drawn[:2], actions)
    assert len(drawn) == 4002
    assert 0 <= drawn.min() <= drawn.max() <= 0.8
    assert (drawn[:, 0] <= drawn[:, 1]).all()
    common = (drawn[:, 1:].minimum(actions[:, 1]) - drawn[:, :1].maximum(actions[:, 0])).clamp(0)
    best = (common / (drawn.diff(dim=1) + actions.diff(dim=1).T - common)).amax(1)
    assert (torch.histc(best, 10, 0, 1) / len(drawn) > 0.02).all()
    assert draw_segments(torch.zeros(0, 2), 5, 1.0).shape == (5, 2)


def test_a_segment_is_of_every_class_that_it_overlaps_by_half():
    actions = torch.tensor([[0.0, 0.4], [0.1, 0.5], [0.6, 0.8]])
    segments = torch.tensor([[0.0, 0.4], [0.05, 0.45], [0.6, 0.71], [0.6, 0.69], [0.4, 0.6],
                             [0.7, 0.7]])
    targets = class_targets(segments, actions, torch.tensor([0, 2, 0]), 3)
    assert targets.tolist() == [[1, 0, 1], [1, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert class_targets(segments, torch.zeros(0, 2), torch.zeros(0).long(), 3).sum() == 0


def test_it_learns_which_segment_is_of_which_class_and_which_of_none():
    """Two classes at the same time, too; the mean of the video tells none of it."""
    torch.manual_seed(0)
    model = SegmentClassifier(in_channels=4, num_classes=3, hidden_channels=16)
    truth = [[0.0, 0.25], [0.25, 0.5], [0.5, 0.75], [0.5, 0.75]]
    features = torch.eye(4).repeat_interleave(5, dim=1)[None] + 0.1 * torch.randn(1, 4, 20)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(100):
        loss = model.loss(features, [sample(truth, [0, 1, 1, 2])])['loss_segment_class']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    (rows,) = model.predict(features, [sample()], [torch.tensor([*truth[:3], [0.75, 1], [0, 1]])])
    assert (rows > 0.5).tolist() == [[True, False, False], [False, True, False],
                                     [False, True, True], [False] * 3, [False] * 3]


def test_its_loss_takes_its_weight(make):
    losses = []
    for weight in (1.0, 4.0):
        model = make(loss_weight=weight)
        torch.manual_seed(1)
        losses.append(model.loss(torch.ones(1, 6, 5), [sample()])['loss_segment_class'])
    torch.testing.assert_close(losses[1], 4 * losses[0])


def test_half_precision_features_give_losses_and_scores_in_single(make):
    model, features = make(), torch.randn(2, 6, 9).bfloat16()
    with torch.autocast('cpu', torch.bfloat16):
        loss = model.loss(features, [sample([[0.2, 0.6]], [1]), sample()])['loss_segment_class']
        rows = model.predict(features, [sample()] * 2, [torch.rand(3, 2)] * 2)
    assert loss.dtype == rows[0].dtype == torch.float32


@pytest.mark.parametrize('label', [3, -1])
def test_a_label_that_is_no_class_of_it_is_named(make, label):
    with pytest.raises(ValueError, match=f'SegmentClassifier got label {label} .*one of 3 classes: '
                                         'set class_scores.num_classes'):
        make().loss(torch.randn(1, 6, 5), [sample([[0, 0]], [label])])


def test_features_of_other_channels_are_refused(make):
    with pytest.raises(ValueError, match=r'got features of shape \(2, 5, 9\); expected \(videos, '
                                         r'6, snippets\): set class_scores.in_channels'):
        make().predict(torch.randn(2, 5, 9), [sample()] * 2, [torch.rand(1, 2)] * 2)


@pytest.mark.parametrize('wrong', [dict(num_classes=0), dict(in_channels='6'), dict(samples=0),
                                   dict(hidden_channels=1.5), dict(loss_weight=-1)])
def test_numbers_without_sense_are_refused_when_it_is_built(wrong):
    with pytest.raises(ValueError,
                       match=f'SegmentClassifier got {next(iter(wrong))}=.*; expected a'):
        SegmentClassifier(**dict(in_channels=6, num_classes=3) | wrong)
