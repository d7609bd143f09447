"""Valid positions of videos of different lengths."""
from __future__ import annotations

import pytest
from mmaction.structures import ActionDataSample

from mmlofi.models.heads.lengths import count_valid, valid_mask


def sample(**metainfo):
    return ActionDataSample(metainfo=metainfo)


def test_the_first_positions_of_a_video_are_valid_and_all_where_nothing_is_said():
    mask = valid_mask([sample(num_valid=2), sample(), sample(num_valid=None)], 4)
    assert mask.tolist() == [[True, True, False, False], [True] * 4, [True] * 4]


@pytest.mark.parametrize('count', [0, 5])
def test_a_number_that_does_not_fit_the_features_is_refused(count):
    with pytest.raises(ValueError, match=f"video 'v' has num_valid={count} of 4 positions"):
        valid_mask([sample(num_valid=count, video_name='v')], 4)


@pytest.mark.parametrize(('share', 'length', 'valid'), [
    (251 / 768, 768, 251), (251 / 768, 384, 125), (251 / 768, 192, 63), (1e-3, 8, 1),
    (0.99, 8, None), (None, 8, 5)])
def test_a_share_of_the_window_is_counted_in_positions_of_the_head(share, length, valid):
    video = sample(num_valid=5, valid_share=share)
    for _ in range(2):
        count_valid([video], length)
        assert video.num_valid == valid
