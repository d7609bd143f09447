"""CleanSegments: actions that features of a video lack, and those annotated twice."""
from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlofi.datasets.transforms import CleanSegments


def cleaned(segments, labels=None, **settings):
    """In a video of 12 s whose 10 features, one a second, end 2 s before it."""
    segments = np.array(segments, np.float64)
    labels = np.arange(len(segments)) if labels is None else np.array(labels)
    found = CleanSegments(**settings)(dict(
        features=torch.zeros(3, 10), window_norm=(0.0, 10 / 12), duration_sec=12.0,
        segments_sec=segments, gt_labels=labels))
    return found['segments_sec'].tolist(), found['gt_labels'].tolist()


def test_actions_after_the_features_end_are_dropped_and_others_cut():
    # With a margin of half a position the end is at 11 s.
    segments, labels = cleaned([[1, 3], [11, 12], [9, 12], [10.5, 12]])
    assert segments == [[1, 3], [9, 11]]
    assert labels == [0, 2]
    assert cleaned([[9, 12]], margin=0) == ([[9, 10.5]], [0])
    assert cleaned([[9, 12]], min_inside=0.9) == ([], [])


def test_an_action_that_is_annotated_twice_counts_once():
    segments, labels = cleaned([[1, 3], [1.0005, 3], [1, 3], [1, 3.5], [1, 3]], [4, 4, 5, 4, 4])
    assert segments == [[1, 3], [1, 3], [1, 3.5]]
    assert labels == [4, 5, 4]


def test_an_action_of_no_length_is_dropped():
    assert cleaned([[2, 2.0005], [2, 2], [2, 2.1]])[1] == [2]


@pytest.mark.parametrize('settings', [dict(min_inside=2), dict(margin=-1), dict(margin='1')])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match='CleanSegments got .*; expected a finite number'):
        CleanSegments(**settings)
