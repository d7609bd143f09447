from __future__ import annotations

import numpy as np
import pytest

from mmlofi.procedural import Benchmark, oracle_features, untrimmed_videos

VIDEOS = untrimmed_videos(Benchmark(train_videos=6, val_videos=0))


def test_occupancy_sums_to_the_time_in_action_whatever_the_number_of_snippets():
    for video in VIDEOS:
        trajectory = video.trajectory()
        action_sec = sum(end - start for start, end in trajectory.segments_sec)
        for num_snippets in (1, 16, 100):
            occupancy = oracle_features(video, num_snippets)[0]
            assert occupancy.min() >= 0
            assert occupancy.max() <= 1 + 1e-6
            assert occupancy.mean() * trajectory.duration_sec == pytest.approx(action_sec, rel=1e-4)


def test_the_other_channels_tell_the_scene():
    features = np.stack([oracle_features(video, 8) for video in VIDEOS])  # (N, C, L)
    assert features.shape == (6, 8, 8)  # 1 + 5 channels and 2 of zeros
    labels = np.array([[video.label] for video in VIDEOS])  # (N, 1)
    np.testing.assert_array_equal(features[:, 1:].argmax(axis=1), labels.repeat(8, axis=1))


def test_no_snippets_are_refused():
    with pytest.raises(ValueError, match='num_snippets is 0'):
        oracle_features(VIDEOS[0], 0)
