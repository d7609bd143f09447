"""PackTALInputs: the model's input and the normalised ground truth."""
from __future__ import annotations

import warnings

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


def packed_video(*args, **kwargs):
    sample = results(*args, imgs=np.zeros((3, 3, 1, 2, 2), np.uint8), **kwargs)
    del sample['features']
    return PackTALInputs()(sample)


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


def test_segments_are_clipped_to_a_video_that_ends_before_its_window():
    with pytest.warns(UserWarning, match=r'\[10, 11\]\) start after its end and are left out'):
        segments, labels = packed_segments([[6, 11], [10, 11]], window_norm=(0.0, 2.0), num_valid=2)
    assert segments == [[pytest.approx(0.3), 0.5]]
    assert labels == [0]


def test_segments_of_no_length_or_before_the_start_are_dropped_with_their_labels():
    assert packed_segments([[4, 4], [2, 6], [30, 30], [-2, -1]], [0, 1, 2, 3])[1] == [1]


@pytest.mark.parametrize(('annotated', 'segment', 'shown'), [
    (None, [100, 200], r'where the annotations have no duration; 1 segments \(\[100, 200\]\)'),
    (60.0, [30, 40], r'where the annotations have 60.00 s; 1 segments \(\[30, 40\]\)'),
    (10.5, [11.5, 12], 'where the annotations have 10.50 s; 1 segments')])
def test_a_video_that_ends_long_before_a_segment_starts_is_refused(annotated, segment, shown):
    with pytest.raises(ValueError, match=f"video 'v' lasts 10.00 s, {shown}.*expected all segments "
                                         'inside the video: get the whole file'):
        packed_video([[1, 2], segment], annotated_duration_sec=annotated)


def test_many_lost_segments_are_counted_and_the_first_named():
    with pytest.raises(ValueError, match=r'5 segments \(\[20, 21\], \[21, 22\], \[22, 23\], …\)'):
        packed_video([[start, start + 1] for start in range(20, 25)])


def test_a_segment_that_starts_as_far_after_the_end_as_annotators_overshoot_is_left_out_aloud():
    with pytest.warns(UserWarning, match=r"'v' lasts .*\(\[10.5, 11\]\) start after its end and "
                                         'are left out; expected all'):
        sample = packed_video([[2, 6], [10.5, 11]], [4, 1])['data_samples']
    assert sample.gt_instances.labels.tolist() == [4]


def test_features_of_a_shorter_time_than_annotated_leave_segments_out_aloud():
    with pytest.warns(UserWarning, match=r'\(\[30, 40\]\) start after its end and are left out'):
        assert packed_segments([[2, 6], [30, 40]], [4, 1])[1] == [4]


@pytest.mark.parametrize(('annotated', 'warned'), [(8.5, 1), (12, 1), (10.9, 0), (None, 0)])
def test_another_duration_than_the_annotated_is_warned_of_once_a_video(annotated, warned):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('default')
        for _ in range(2):
            assert packed_segments([[2.5, 5]], annotated_duration_sec=annotated)[0] == [[0.25, 0.5]]
    assert len(caught) == warned
    assert all("'v' lasts 10.00 s, where the annotations have" in str(warning.message)
               and 'expected the same within 1 s: get the whole file' in str(warning.message)
               for warning in caught)


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


@pytest.mark.parametrize('wrong', [
    dict(segments=[[0, np.nan]]), dict(segments=[[0, np.inf]]), dict(duration_sec=np.nan),
    dict(duration_sec=0.0), dict(segments=[[0, 1]], labels=[-1]),
    dict(segments=[[0, 1], [1, 2]], labels=[0])])
def test_what_is_no_segment_label_or_duration_is_refused_with_its_video(wrong):
    with pytest.raises(ValueError, match="video 'v' of .* expected pairs of finite seconds, and "
                                         'for each a whole number from 0 on'):
        PackTALInputs()(results(**wrong))


def test_labels_that_are_no_whole_numbers_are_refused():
    sample = dict(results([[0, 1]]), gt_labels=np.array([2.7]))
    with pytest.raises(ValueError, match=r'with the labels \[2\.7\]; expected'):
        PackTALInputs()(sample)


def test_segments_outside_stay_as_they_are_where_a_head_wants_them():
    sample = results([[-1, 4], [3, 3], [6, 12]], window_norm=(0.0, 0.5))
    instances = PackTALInputs(clip=False)(sample)['data_samples'].gt_instances
    assert instances.segments.tolist() == [[pytest.approx(-0.2), pytest.approx(0.8)],
                                           [pytest.approx(1.2), pytest.approx(2.4)]]
    assert instances.labels.tolist() == [0, 2]


def test_the_number_of_valid_positions_travels_with_a_sample():
    assert PackTALInputs()(results())['data_samples'].num_valid is None
    assert PackTALInputs()(results(num_valid=2))['data_samples'].num_valid == 2
