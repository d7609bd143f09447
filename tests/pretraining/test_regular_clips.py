"""Clips at regular distances: those by which the authors extract features."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.transforms import LoadSnippetFeatures, save_features
from mmlofi.pretraining import RegularClips


def opened(total, fps):
    return dict(total_frames=total, avg_fps=fps, duration_sec=total / fps)


def test_clips_start_where_the_authors_do(tsp_arrays):
    first = 0
    for fps, total, stride, count in tsp_arrays['extract_cases'].tolist():
        expected = tsp_arrays['extract_starts'][first:first + int(count)]
        first += int(count)
        results = RegularClips(stride=int(stride)).transform(opened(int(total), fps))
        frames = results['frame_inds'].reshape(results['num_clips'], 16)
        assert np.array_equal(frames[:, 0] / fps, expected)
        assert frames.max() < total


def test_a_video_shorter_than_a_clip_has_one():
    results = RegularClips(clip_len=4, fps=5, stride=4).transform(opened(5, 10.0))
    assert results['num_clips'] == 1
    assert results['frame_inds'].tolist() == [0, 2, 4, 4]


@pytest.mark.parametrize('stride', [4, 2])
def test_features_are_read_back_as_of_the_time_that_they_were_made_of(tmp_path, stride):
    clips = RegularClips(clip_len=4, fps=5, stride=stride).transform(opened(100, 10.0))
    save_features(tmp_path / 'a.npz', np.ones((8, clips['num_clips']), np.float32), 10.0)
    read = LoadSnippetFeatures(num_snippets=None, feat_dim=8, feature_stride=stride, feature_len=4,
                               fps=5).transform(dict(filename=str(tmp_path / 'a.npz'),
                                                     duration_sec=10.0))
    assert read['window_norm'] == pytest.approx(clips['window_norm'])
