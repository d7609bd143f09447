"""Start and end probabilities of a video, whole or from its windows."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from mmlofi.detections.curves import curves_of, join_curves
from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.raw_files import load_raw_video, save_raw


def window(first, start, name='v'):
    """Of 4 of the 10 snippets of a video; ends are 1 minus starts."""
    start = np.array(start, np.float32)
    return RawProposals(name, 100.0, (first / 10, (first + 4) / 10),
                        np.tile([0.25, 0.5], (3, 1)), np.ones(3), None, first, start,
                        1 - start)


def test_windows_are_joined_by_their_mean_where_they_overlap():
    windows = [window(0, [0.1, 0.2, 0.3, 0.4]), window(2, [0.5, 0.6, 0.7, 0.8])]
    for order in (windows, windows[::-1]):
        joined = join_curves([curves_of(one) for one in order])
        assert joined.start == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.7, 0.8])
        assert joined.end == pytest.approx([0.9, 0.8, 0.6, 0.5, 0.3, 0.2])
        assert joined.window_norm == (0, 0.6)


def test_a_window_that_came_twice_changes_nothing():
    once = [curves_of(window(0, [0.1] * 4)), curves_of(window(2, [0.3] * 4))]
    assert join_curves(once).start.tolist() == join_curves([*once, *once]).start.tolist()


def test_nothing_is_known_where_no_window_is():
    joined = join_curves([curves_of(window(first, [0.5] * 4)) for first in (0, 6)])
    assert np.isnan(joined.start).tolist() == [False] * 4 + [True] * 2 + [False] * 4


def test_a_samples_curves_are_those_that_its_head_gave():
    sample = ActionDataSample(metainfo=dict(window_norm=(0.0, 0.5)))
    assert curves_of(sample) is None
    sample.set_data(dict(start=torch.tensor([0.5], dtype=torch.half), end=torch.tensor([0.25])))
    assert join_curves([curves_of(sample)]) == (0.5, 0.25, (0, 0.5), 0)


def test_a_videos_stored_proposals_are_its_own(tmp_path):
    videos = [window(0, [0.1] * 4), window(3, [0.2] * 4), window(0, [0.9] * 4, name='v@w'),
              window(0, [0.8] * 4, name='v2')]
    for one in videos:
        save_raw(tmp_path, one, 10)
    found = load_raw_video(tmp_path, 'v')
    assert [(one.video_name, one.first_snippet) for one in found] == [('v', 0), ('v', 3)]
    assert curves_of(found[1]).start.tolist() == curves_of(videos[1]).start.tolist()
    with pytest.raises(FileNotFoundError, match="no proposals of 'u' in"):
        load_raw_video(tmp_path, 'u')
