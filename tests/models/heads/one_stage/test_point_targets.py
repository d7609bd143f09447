import pytest
import torch

from mmlofi.models.heads.one_stage.points import (
    doubling_ranges,
    make_points,
    to_grid,
    to_shares,
)
from mmlofi.models.heads.one_stage.targets import TargetAssignment

COUNTS = (16, 8, 4)


def slow_targets(points, segments, labels, num_classes, radius):
    """Point by point, action by action, as center sampling is told."""
    classes, offsets = torch.zeros(len(points.position), num_classes), {}
    for number, (position, stride, nearest, farthest) in enumerate(zip(*(
            one.tolist() for one in (points.position, points.stride, points.nearest,
                                     points.farthest)))):
        found = []
        for (start, end), label in zip(segments.tolist(), labels.tolist()):
            inside = start < position < end
            near = radius is None or abs(position - (start + end) / 2) < radius * stride
            in_range = nearest <= max(position - start, end - position) <= farthest
            if inside and near and in_range:
                found.append((end - start, label, position - start, end - position))
        if found:
            shortest = min(found)
            for length, label, *_ in found:
                if length <= shortest[0] + 1e-3:
                    classes[number, label] = 1
            offsets[number] = [distance / stride for distance in shortest[2:]]
    return classes, offsets


def assign(segments, labels, *, num_classes=4, mask=None, **options):
    points = make_points(COUNTS, doubling_ranges(3))
    mask = torch.ones(1, 28, dtype=torch.bool) if mask is None else mask
    targets = TargetAssignment(**options)(
        points, mask, [torch.tensor(segments).reshape(-1, 2)], [torch.tensor(labels).long()],
        num_classes)
    return points, targets


@pytest.mark.parametrize('radius', [1.5, 0.5, None])
def test_targets_are_those_of_a_point_by_point_search(radius):
    torch.manual_seed(0)
    some = 0
    for _ in range(30):
        segments = (torch.rand(6, 2) * 18 - 1).sort(dim=1).values
        labels = torch.randint(4, (6,))
        points, targets = assign(segments.tolist(), labels.tolist(), center_radius=radius)
        classes, offsets = slow_targets(points, segments, labels, 4, radius)
        assert torch.equal(targets.classes[0], classes)
        assert targets.positive[0].nonzero().flatten().tolist() == list(offsets)
        torch.testing.assert_close(targets.offsets[0][list(offsets)],
                                   torch.tensor(list(offsets.values())).reshape(-1, 2))
        some += len(offsets)
    assert some > 30


def test_bounds_of_ranges_are_included_and_those_of_segments_are_not():
    _, targets = assign([[2.0, 10.0]], [0], center_radius=None)
    # Farthest distances of 4 at position 6 alone: level 0 and level 1 both have it.
    assert targets.positive[0].nonzero().flatten().tolist() == [6, *(16 + i for i in (2, 3, 4))]
    assert not assign([[2.0, 3.0]], [0])[1].positive.any()


def test_the_same_action_under_two_classes_trains_both_and_a_longer_one_neither():
    segments = [[3.0, 7.0], [3.0004, 7.0], [2.0, 8.0]]
    _, targets = assign(segments, [0, 2, 1], center_radius=None)
    assert targets.classes[0, 5].tolist() == [1, 0, 1, 0]
    assert targets.offsets[0, 5].tolist() == pytest.approx([2, 2], abs=1e-3)


def test_points_that_are_padded_are_not_positive():
    mask = torch.ones(1, 28, dtype=torch.bool)
    mask[0, 5] = False
    assert not assign([[4.0, 6.0]], [0], mask=mask)[1].positive.any()
    assert assign([[4.0, 6.0]], [0])[1].positive[0].nonzero().flatten().tolist() == [5]


def test_a_video_without_actions_has_no_positive_points():
    _, targets = assign([], [])
    assert not targets.positive.any()
    assert targets.classes.shape == (1, 28, 4)


def test_position_0_is_the_centre_of_the_first_snippet():
    assert to_grid(torch.tensor([0.0, 0.05, 1.0]), 10).tolist() == pytest.approx([-0.5, 0, 9.5])
    assert to_shares(to_grid(torch.tensor([0.3]), 7), 7).tolist() == pytest.approx([0.3])


def test_ranges_double_and_the_last_one_has_no_end():
    assert doubling_ranges(4) == [(0, 4), (4, 8), (8, 16), (16, 10000)]
    assert doubling_ranges(1) == [(0, 10000)]


def test_ranges_of_a_length_find_an_action_on_the_same_level_at_every_fidelity():
    """An action of 16 of 32 snippets is one of 4 of 8."""
    def level_of(length, **options):
        assign = TargetAssignment(center_radius=None, **options)
        points = make_points((length, length // 2, length // 4),
                             assign.stretched(doubling_ranges(3), length))
        segments = [to_grid(torch.tensor([[0.25, 0.75]]), length)]
        found = assign(points, torch.ones(1, len(points.position), dtype=torch.bool), segments,
                       [torch.tensor([0])], 1)
        return {level for level, part in enumerate(found.positive[0].split(points.counts))
                if part.any()}
    assert (level_of(32), level_of(8)) == ({2}, {0})
    assert (level_of(32, ranges_length=32), level_of(8, ranges_length=32)) == ({2}, {2})
