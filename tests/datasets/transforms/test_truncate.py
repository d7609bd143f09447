"""RandomTruncation: which part of a video is trained on, and what is left of its actions."""
from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlofi.datasets.transforms import RandomTruncation
from mmlofi.randomness import seeded


def video(length, segments, **more):
    """One position a second."""
    segments = np.array(segments, np.float64).reshape(-1, 2)
    return dict(video_name='v', duration_sec=float(length), num_clips=length,
                features=torch.arange(length).expand(2, -1).float(), window_norm=(0.0, 1.0),
                segments_sec=segments, gt_labels=np.arange(len(segments)), **more)


def test_a_long_video_is_cut_to_a_part_that_holds_an_action():
    with seeded(0):
        for _ in range(50):
            cut = RandomTruncation(max_seq_len=20)(video(100, [[30, 34], [80, 90]]))
            first = int(cut['features'][0, 0])
            assert cut['features'][0].tolist() == list(range(first, first + 20))
            assert cut['window_norm'] == pytest.approx((first / 100, (first + 20) / 100))
            assert len(cut['gt_labels'])
            for (start, end), label in zip(cut['segments_sec'], cut['gt_labels']):
                whole = (30, 34) if label == 0 else (80, 90)
                assert end - start >= 0.5 * (whole[1] - whole[0])
                assert (start, end) == (max(whole[0], first + 0.5), min(whole[1], first + 20.5))


def test_a_short_video_loses_up_to_a_tenth():
    with seeded(0):
        lengths = {RandomTruncation(max_seq_len=200)(video(100, [[10, 90]]))['num_clips']
                   for _ in range(200)}
    assert lengths == set(range(90, 101))


def test_a_video_that_stays_whole_keeps_its_actions_as_they_are():
    whole = video(10, [[-3, 4], [9, 12]])
    kept = RandomTruncation(max_seq_len=10, crop_ratio=None)(dict(whole))
    assert kept['segments_sec'].tolist() == [[-3, 4], [9, 12]]
    assert kept['window_norm'] == (0, 1)


def test_an_offset_makes_the_window_wider_than_the_part():
    with seeded(3):
        for offset in (0, 2):
            cut = RandomTruncation(max_seq_len=20, trunc_thresh=0.1, offset=offset)(
                video(100, [[0, 100]]))
            first = int(cut['features'][0, 0])
            assert cut['segments_sec'].tolist() == [[max(0, first + 0.5 - offset),
                                                     min(100, first + 20.5 + offset)]]


def test_where_no_part_holds_an_action_the_last_one_that_was_looked_at_has_none():
    with seeded(3):
        cut = RandomTruncation(max_seq_len=20)(video(100, [[0, 100]]))
    assert cut['num_clips'] == 20
    assert cut['gt_labels'].tolist() == []


def test_a_video_without_actions_is_cut_too():
    with seeded(0):
        cut = RandomTruncation(max_seq_len=20)(video(100, []))
    assert cut['features'].shape == (2, 20)
    assert cut['segments_sec'].shape == (0, 2)


def test_the_same_seed_cuts_the_same_part():
    parts = []
    for seed in (5, 5, 6):
        with seeded(seed):
            parts.append(RandomTruncation(max_seq_len=20)(video(500, [[30, 34], [80, 490]])))
    firsts = [part['window_norm'] for part in parts]
    assert firsts[0] == firsts[1] != firsts[2]


def test_padded_features_are_refused():
    with pytest.raises(ValueError, match="video 'v', of which 7 of 10 are valid; expected all of "
                                         'them: put PadFeatures after it'):
        RandomTruncation(max_seq_len=5)(video(10, [[1, 2]], num_valid=7))


@pytest.mark.parametrize('settings', [
    dict(max_seq_len=0), dict(max_seq_len=5, trunc_thresh=0), dict(max_seq_len=5, offset=-1),
    dict(max_seq_len=5, crop_ratio=(0.9,)), dict(max_seq_len=5, crop_ratio=(1, 0.9)),
    dict(max_seq_len=5, crop_ratio=(0, 1))])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match='RandomTruncation got .*; expected '):
        RandomTruncation(**settings)
