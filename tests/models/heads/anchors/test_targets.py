import json

import numpy as np
import pytest
import torch

from mmlofi.models.heads.anchors.targets import anchor_iou, boundary_overlap, build_targets


@pytest.mark.parametrize(('length', 'durations'), [(1, 1), (8, 8), (13, 5)])
def test_targets_equal_those_computed_one_number_at_a_time(twin, length, durations):
    videos = [torch.rand(k, 2).sort(dim=1).values for k in (0, 1, 4)]
    targets = build_targets(videos, length, durations)
    for n, segments in enumerate(videos):
        slow = twin.slow_targets(segments, length, durations)
        for ours, theirs in zip(targets, slow, strict=True):
            torch.testing.assert_close(ours[n], theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('name', ['anet', 'thumos'])
def test_targets_equal_the_authors(reference_data, name):
    case = json.loads((reference_data / 'reference' / 'gtad' / f'{name}.json').read_text())
    expected = np.load(reference_data / 'reference' / 'gtad' / f'{name}.npz')
    length = expected['target_start'].shape[1]
    targets = build_targets([torch.tensor(x) for x in case['segments_norm']], length, length)
    for field, ours in targets._asdict().items():
        np.testing.assert_allclose(ours, expected[f'target_{field}'], atol=1e-6)


def test_the_anchor_that_is_the_segment_has_iou_one():
    iou = anchor_iou(torch.tensor([[2 / 8, 5 / 8]]), 8, 8)
    assert iou[2, 2] == 1
    assert iou.argmax() == 2 * 8 + 2


def test_an_action_to_the_end_of_the_video_has_its_anchor():
    assert anchor_iou(torch.tensor([[0.5, 1.0]]), 8, 8)[3, 4] == 1


def test_the_positions_on_both_sides_of_a_boundary_are_positive():
    assert (boundary_overlap(torch.tensor([4 / 8]), 8) > 0.5).nonzero().flatten().tolist() == [3, 4]


def test_without_segments_all_targets_are_zero():
    assert all((x == 0).all() for x in build_targets([torch.empty(0, 2)], 6, 3))
