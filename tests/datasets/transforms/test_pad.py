"""PadFeatures: videos of many lengths in one batch."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmlofi.datasets.transforms import PackTALInputs, PadFeatures
from mmlofi.models.heads.lengths import valid_mask


def video(length, **more):
    return dict(video_name='v', duration_sec=10.0, features=torch.randn(4, length) + 9,
                num_clips=length, window_norm=(0.1, 0.9), segments_sec=np.array([[2.0, 5.0]]),
                gt_labels=np.array([0]), **more)


def test_zeros_follow_and_times_stay():
    before = video(6)
    after = PadFeatures(max_seq_len=8)(dict(before))
    assert torch.equal(after['features'][:, :6], before['features'])
    assert not after['features'][:, 6:].any()
    assert (after['num_clips'], after['num_valid']) == (8, 6)
    assert after['window_norm'] == pytest.approx((0.1, 0.1 + 0.8 * 8 / 6))
    shares = [PackTALInputs()(dict(one))['data_samples'].gt_instances.segments * one['num_clips']
              for one in (before, after)]
    torch.testing.assert_close(*shares)    # the same in positions


def test_videos_of_many_lengths_become_a_batch_with_a_mask():
    packed = [PackTALInputs()(PadFeatures(max_seq_len=8)(video(length))) for length in (3, 8, 1)]
    assert torch.stack([one['inputs'] for one in packed]).shape == (3, 4, 8)
    samples = [one['data_samples'] for one in packed]
    assert isinstance(samples[0].gt_instances, InstanceData)
    assert [sample.num_valid for sample in samples] == [3, None, 1]
    assert valid_mask(samples, 8).sum(1).tolist() == [3, 8, 1]


def test_what_was_valid_before_stays_so():
    assert PadFeatures(max_seq_len=8)(video(6, num_valid=2))['num_valid'] == 2


def test_a_longer_video_is_refused_in_training_and_stays_whole_in_testing():
    pad = PadFeatures(max_seq_len=8)
    with pytest.raises(ValueError, match=r"video 'v' has 9 features; expected at most the 8 of "
                                         r'PadFeatures: put RandomTruncation\(max_seq_len=8\)'):
        pad(video(9))
    tested = pad(video(9, test_mode=True))
    assert tested['features'].shape == (4, 9)
    assert tested.get('num_valid') is None


@pytest.mark.parametrize('length', [0, 2.5, True, None])
def test_a_length_that_is_none_is_refused(length):
    with pytest.raises(ValueError, match='PadFeatures got max_seq_len=.*; expected a whole'):
        PadFeatures(max_seq_len=length)
