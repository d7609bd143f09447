"""The route through a video's key frames; that frames do not depend on it: `test_decode`."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.videos.ascending import _bridge_key_frames


def test_each_key_frame_in_a_short_gap_is_bridged_by_the_frame_before_it():
    distinct = np.array([2, 5, 9, 14, 40])
    # Jumps would save 2 frames to key frame 8 (6, 7), 2 to 12 (10, 11), and 21 to 36 (15 … 35).
    assert _bridge_key_frames(distinct, [0, 8, 12, 24, 36], longest=2).tolist() == \
        [2, 5, 7, 9, 11, 14, 40]
    assert _bridge_key_frames(distinct, [0, 8, 12, 24, 36], longest=21).tolist() == \
        [2, 5, 7, 9, 11, 14, 23, 35, 40]
    assert _bridge_key_frames(distinct, [0, 8, 12, 24, 36], longest=1).tolist() == distinct.tolist()


@pytest.mark.parametrize('keys', [[0], [0, 2], [0, 3, 41, 60]])
def test_where_the_next_frame_follows_or_no_key_frame_lies_between_nothing_is_added(keys):
    for distinct in ([2], [2, 3], [3, 40], [2, 3, 40]):
        assert _bridge_key_frames(np.array(distinct), keys, longest=100).tolist() == distinct


def test_a_gap_whose_last_frame_is_a_key_frame_is_bridged_too():
    assert _bridge_key_frames(np.array([2, 6]), [0, 6], longest=3).tolist() == [2, 5, 6]
