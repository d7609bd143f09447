import torch

from mmlofi.models.heads.one_stage.candidates import CandidateSelection
from mmlofi.models.heads.one_stage.points import doubling_ranges, make_points

POINTS = make_points((4, 2), doubling_ranges(2))


def chosen(scores, offsets, **options):
    found = CandidateSelection(**options)(POINTS, torch.tensor(scores), torch.tensor(offsets))
    return [part.tolist() for part in found]


def test_each_level_gives_its_best_pairs_of_point_and_class():
    scores = [[.1, .2], [.0, .9], [.3, .4], [.5, .0], [.25, .05], [.15, .45]]
    segments, found, labels = chosen(scores, [[1., 1.]] * 6, pre_nms_thresh=.06, pre_nms_topk=3)
    assert torch.allclose(torch.tensor(found), torch.tensor([.9, .5, .4, .45, .25, .15]))
    assert labels == [1, 0, 1, 1, 0, 0]
    assert segments == [[0, 2], [2, 4], [1, 3], [0, 4], [-2, 2], [0, 4]]


def test_scores_at_the_threshold_and_short_segments_are_left_out():
    scores, offsets = [[.5]] * 4 + [[.25], [.75]], [[0., .04], [.03, .03]] + [[.5, .5]] * 4
    segments, found, _ = chosen(scores, offsets, pre_nms_thresh=.25, duration_thresh=.05)
    assert found == [.5, .5, .5, .75]
    assert len(segments) == 4


def test_each_pair_of_point_and_class_may_have_offsets_of_its_own():
    offsets = torch.zeros(6, 2, 2)
    offsets[2, 0], offsets[2, 1] = torch.tensor([1., 0.]), torch.tensor([0., 2.])
    scores = torch.zeros(6, 2)
    scores[2] = torch.tensor([.3, .6])
    segments, _, labels = CandidateSelection()(
        POINTS, scores, lambda point, label: offsets[point, label])
    assert labels.tolist() == [1, 0]
    assert segments.tolist() == [[2, 4], [1, 2]]


def test_nothing_above_the_threshold_gives_nothing():
    segments, scores, labels = chosen([[0.]] * 6, [[1., 1.]] * 6)
    assert segments == scores == labels == []
