import pytest
import torch

from mmlofi.models.heads.anchors import ProposalSelection


def maps(score, start, end):
    """Outputs of one video whose regressed IoU is `score` and classified IoU is one."""
    score = torch.as_tensor(score, dtype=torch.float32)
    return (torch.stack([score, torch.ones_like(score)])[None], torch.tensor([start]),
            torch.tensor([end]))


def test_every_anchor_inside_the_video_is_proposed_without_a_filter():
    outputs = maps(torch.rand(4, 4), [0.5] * 4, [0.5] * 4)
    every, = ProposalSelection(peak_filter=False)(*outputs)
    assert len(every.scores) == 10
    as_authors, = ProposalSelection(peak_filter=False, allow_end_at_last=False)(*outputs)
    assert len(as_authors.scores) == 6
    assert as_authors.segments.max() == 0.75


def test_a_score_is_the_product_of_both_ious_of_its_anchor():
    score = torch.zeros(4, 4)
    score[1, 2] = 0.6  # two positions from position 2
    iou_map, start, end = maps(score, [0.5] * 4, [0.5] * 4)
    iou_map[:, 1] = 0.5
    found, = ProposalSelection()(iou_map, start, end)
    assert found.scores[0].item() == pytest.approx(0.3)
    assert found.segments[0].tolist() == [0.5, 1.0]


def test_the_probabilities_of_its_boundaries_count_where_the_head_wants_it():
    score = torch.zeros(4, 4)
    score[1, 1], score[1, 2] = 0.6, 0.7  # two positions from positions 1 and 2
    outputs = maps(score, [0.1, 0.8, 0.5, 0.1], [0.1, 0.1, 0.1, 0.9])
    found, = ProposalSelection(boundary_scores=True)(*outputs)
    assert found.scores[0].item() == pytest.approx(0.6 * 0.8 * 0.9)
    assert found.segments[0].tolist() == [0.25, 0.75]
    assert found.scores[1].item() == pytest.approx(0.7 * 0.5 * 0.9)  # the last position stands in
    assert found.segments[1].tolist() == [0.5, 1.0]


def test_scores_of_a_diverged_model_are_not_dropped_as_if_nothing_were_there():
    found, = ProposalSelection(peak_filter=False)(*maps(torch.full((4, 4), torch.nan), [0.5] * 4,
                                                        [0.5] * 4))
    assert found.scores.isnan().all()
    assert len(found.scores) == 10


def test_the_filter_keeps_peaks_high_positions_and_the_outermost():
    start = [0.1, 0.1, 0.3, 0.2, 0.9, 0.8, 0.1, 0.1]  # peaks at 2 and 4, high: 4 and 5, first: 0
    end = [0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.9, 0.1]    # peaks at 3 and 6, last: 7
    found, = ProposalSelection(allow_end_at_last=False)(*maps(torch.rand(8, 8), start, end))
    pairs = {tuple(x) for x in (found.segments * 8).round().int().tolist()}
    assert pairs == {(s, e) for s in (0, 2, 4, 5) for e in (3, 6, 7) if s < e}
    found, = ProposalSelection()(*maps(torch.rand(8, 8), start, end))
    pairs_to_the_end = {tuple(x) for x in (found.segments * 8).round().int().tolist()} - pairs
    assert pairs_to_the_end == {(s, 8) for s in (0, 2, 4, 5)}
