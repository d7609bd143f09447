"""Proposals chosen again from all of them are those that the head itself would have made."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmlofi.detections.boundaries import choose_again, is_likely
from mmlofi.detections.proposals import RawProposals
from mmlofi.models.heads.anchors import ProposalSelection


def test_peaks_high_positions_and_one_more_are_likely():
    probability = [[0.1, 0.3, 0.2, 0.9, 0.8, 0.1, 0.1], [0.9, 0.1, 0.1, 0.4, 0.2, 0.1, 0.2]]
    expected = {0: [[0, 1, 3, 4], [0, 3]], 6: [[1, 3, 4, 6], [0, 3, 6]]}
    for values in (torch.tensor(probability), np.array(probability)):
        for always, places in expected.items():
            likely = is_likely(values, always=always)
            assert type(likely) is type(values)
            assert [np.flatnonzero(row).tolist() for row in likely] == places


@pytest.mark.parametrize('peak_filter', [True, False])
@pytest.mark.parametrize('allow_end_at_last', [True, False])
@pytest.mark.parametrize(('D', 'L'), [(7, 7), (4, 23), (100, 100)])
def test_a_choice_from_all_is_the_heads_own(peak_filter, allow_end_at_last, D, L):
    generator = torch.Generator().manual_seed(L)
    outputs = (torch.rand(1, 2, D, L, generator=generator), torch.rand(1, L, generator=generator),
               torch.rand(1, L, generator=generator))
    (every,) = ProposalSelection(peak_filter=False)(*outputs)
    video = RawProposals('v', 60.0, (0.0, 1.0), every.segments.numpy(),
                         every.scores.numpy(), None, start=every.start.numpy(),
                         end=every.end.numpy())
    options = dict(peak_filter=peak_filter, allow_end_at_last=allow_end_at_last)
    (expected,) = ProposalSelection(**options)(*outputs)
    found = choose_again(video, **options)
    assert 0 < len(found.scores) <= len(every.scores)
    assert np.array_equal(found.segments, expected.segments)
    assert np.array_equal(found.scores, expected.scores)


def test_a_window_that_reaches_past_its_video_is_left_as_it_was_cut():
    whole = RawProposals('v', 60.0, (0.5, 1.25), np.array([[0.0, 0.5], [0.1, 1.0]]),
                         np.array([0.5, 0.25]), None, start=np.ones(4), end=np.ones(4))
    assert choose_again(whole, peak_filter=True, allow_end_at_last=False) is whole
    inside = replace(whole, window_norm=(0.25, 1.0))
    assert len(choose_again(inside, peak_filter=False, allow_end_at_last=False).scores) == 1
