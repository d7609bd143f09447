"""Long videos as windows of stored features."""
from __future__ import annotations

import numpy as np
import pytest
from small_videos import FRAMES, action, dataset, write_annotations

from mmlofi import Fidelity
from mmlofi.datasets import SampleIndex
from mmlofi.datasets.transforms import save_features


@pytest.fixture
def features(folder):
    """The value of snippet i is i, of 20 snippets in 'a' and 'c' and of 5 in 'b'."""
    for name, count in (('a', 20), ('b', 5), ('c', 20)):
        save_features(folder / 'features' / f'{name}.npz',
                      np.tile(np.arange(count, dtype=np.float32), (4, 1)), 10.0)
    return folder


def test_windows_of_features_are_those_stored(features):
    videos = dataset(features, 'feature', window=dict(stride=4), test_mode=True)
    assert len(videos) == 5
    rows = [videos[index]['inputs'][0].tolist() for index in range(5)]
    assert rows == [list(range(first, first + 8)) for first in (0, 4, 8, 12)] + [
        [0, 1, 2, 3, 4, 4, 4, 4]]
    assert videos[4]['data_samples'].window_norm == (0, 1.6)
    low = videos[SampleIndex(1, Fidelity('T', temporal=4))]
    assert low['inputs'][0].tolist() == [5.5, 9.5]
    assert dataset(features, 'feature', test_mode=True)[0]['inputs'].shape == (4, 8)   # whole


def test_windows_for_training_need_no_duration_but_that_of_the_features(features):
    for video in ('a', 'b'):
        write_annotations(features, {video: dict(subset='training', annotations=[action(4, 5)])})
        videos = dataset(features, 'feature', window=dict(stride=4))
        firsts = [videos.get_data_info(index)['first_snippet'] for index in range(len(videos))]
        assert firsts == dict(a=[4, 8], b=[0])[video]
    np.save(features / 'features' / 'b.npy', np.ones((4, 20), np.float32))
    with pytest.raises(ValueError, match=r"video 'b' has no duration, in the annotations or in "
                                         r"'.*b\.npy'; expected one"):
        dataset(features, 'feature', window=dict(stride=4), filename_tmpl='{}.npy')


def test_features_stored_the_other_way_round_have_windows_too(features):
    for name in 'ab':
        np.save(features / 'features' / f'{name}.npy', np.ones((12, 4), np.float32))
    pipeline = [dict(type='LoadSnippetFeatures', num_snippets=8, layout='LC'),
                dict(type='PackTALInputs')]
    videos = dataset(features, 'feature', pipeline=pipeline, filename_tmpl='{}.npy',
                     window=dict(stride=4), test_mode=True)
    assert len(videos) == 4
    assert videos[3]['inputs'].shape == (4, 8)


def test_windows_of_features_a_stride_apart_have_their_own_times(features):
    """10 frames a second: feature i is of frames 5 i to 5 i + 9, and stands for 5 i + 2 to + 7."""
    stride = dict(type='LoadSnippetFeatures', num_snippets=8, feature_stride=5, feature_len=9,
                  fps=10)
    for name in 'ac':
        np.save(features / 'features' / f'{name}.npy', np.ones((4, 20), np.float32))
    write_annotations(features, {
        'a': dict(subset='training', duration=10.4, annotations=[action(5.2, 6.2)]),
        'c': dict(subset='validation', annotations=[action(4.2, 6.2)])})
    settings = dict(pipeline=[stride, FRAMES[-1]], filename_tmpl='{}.npy', window=dict(stride=4))
    videos = dataset(features, 'feature', **settings)
    firsts = [videos.get_data_info(index)['first_snippet'] for index in range(len(videos))]
    assert firsts == [4, 8]     # features 4 to 11 are of 2.2 to 6.2 s, 8 to 15 of 4.2 to 8.2 s
    sample = videos[1]['data_samples']
    assert sample.window_norm == pytest.approx((4.2 / 10.4, 8.2 / 10.4))
    assert sample.gt_instances.segments.tolist() == [pytest.approx([0.25, 0.5])]
    # Without a duration in the annotations: where the last feature ends.
    (tested,) = [one['data_samples'] for one in dataset(
        features, 'feature', subset='validation', test_mode=True, **settings)][2:3]
    assert tested.duration_sec == pytest.approx(10.4)
    assert tested.window_norm == pytest.approx((4.2 / 10.4, 8.2 / 10.4))
