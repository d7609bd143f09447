"""PackTALInputs: the model's input and the normalised ground truth."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import FormatShape

from mmlofi import Fidelity
from mmlofi.datasets.transforms import PackTALInputs


def results(segments=(), labels=None, *, window_norm=(0.0, 1.0), duration_sec=10.0, **more):
    labels = range(len(segments)) if labels is None else labels
    return dict(video_name='v', duration_sec=duration_sec, num_clips=3, window_norm=window_norm,
                segments_sec=np.array(segments, np.float64).reshape(-1, 2),
                gt_labels=np.array(labels, np.int64), features=torch.zeros(4, 3), **more)


def packed_segments(*args, **kwargs):
    instances = PackTALInputs()(results(*args, **kwargs))['data_samples'].gt_instances
    return instances.segments.tolist(), instances.labels.tolist()


def test_frames_come_as_snippets_and_stay_bytes():
    L, T, H, W = 3, 2, 5, 7
    frames = np.random.default_rng(0).integers(0, 255, (L * T, H, W, 3), np.uint8)
    sample = results(imgs=list(frames), clip_len=T)
    del sample['features']
    packed = PackTALInputs()(FormatShape(input_format='NCTHW')(sample))
    assert packed['inputs'].dtype == torch.uint8
    expected = frames.reshape(L, T, H, W, 3).transpose(0, 4, 1, 2, 3)
    np.testing.assert_array_equal(packed['inputs'], expected)                # (L, 3, T, H, W)


def test_features_are_passed_on():
    features = torch.randn(4, 3)
    assert torch.equal(PackTALInputs()(dict(results(), features=features))['inputs'], features)


def test_segments_become_shares_of_the_video():
    segments, labels = packed_segments([[0, 2.5], [5, 10]], [3, 1])
    assert segments == [[0, 0.25], [0.5, 1]]
    assert labels == [3, 1]


def test_segments_are_clipped_to_the_video():
    assert packed_segments([[-3, 5], [8, 12]])[0] == [[0, 0.5], [pytest.approx(0.8), 1]]


def test_segments_of_no_length_or_outside_are_dropped_with_their_labels():
    assert packed_segments([[4, 4], [2, 6], [11, 12], [-2, -1]], [0, 1, 2, 3])[1] == [1]


def test_segments_are_clipped_to_the_window_and_given_as_shares_of_it():
    segments, labels = packed_segments([[0, 2], [4, 6], [0, 10], [7, 9]], [0, 1, 2, 3],
                                       window_norm=(0.25, 0.75))
    np.testing.assert_allclose(segments, [[0.3, 0.7], [0, 1], [0.9, 1]], atol=1e-6)
    assert labels == [1, 2, 3]


def test_a_video_without_actions_has_empty_tensors_of_the_right_kind():
    instances = PackTALInputs()(results())['data_samples'].gt_instances
    assert instances.segments.shape == (0, 2)
    assert instances.segments.dtype == torch.float32
    assert instances.labels.shape == (0,)
    assert instances.labels.dtype == torch.int64


def test_the_sample_says_what_it_is():
    sample = PackTALInputs()(results(fidelity=Fidelity('T', temporal=4)))['data_samples']
    assert (sample.video_name, sample.duration_sec, sample.num_snippets, sample.fidelity) == \
        ('v', 10.0, 3, 'T')
    assert PackTALInputs()(results())['data_samples'].fidelity == 'full'


def test_an_unknown_duration_is_an_error_with_a_way_out():
    with pytest.raises(ValueError, match="'v' has no duration.*extract_features"):
        PackTALInputs()(results([[1, 2]], duration_sec=None))
