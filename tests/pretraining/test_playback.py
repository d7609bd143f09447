"""Clips at several rates: the label follows from the frames, and from nothing else."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.pretraining import PlaybackRate

SPEED = ((1, 1.2), (1.7, 2.2))
FAMILY = (-4, -2, -1, 0, 1, 2, 4)      # that CtP classifies


def frames(play, label, total=300, seed=0):
    np.random.seed(seed)
    return play.transform(dict(total_frames=total, rate_label=label))['frame_inds']


@pytest.fixture(autouse=True)
def _state():
    state = np.random.get_state()
    yield
    np.random.set_state(state)


def test_backwards_are_the_same_frames_the_last_one_first():
    play = PlaybackRate(rates=(1, -1))
    for seed in range(20):
        forwards, backwards = (frames(play, label, seed=seed) for label in (0, 1))
        assert (np.diff(forwards) == 8).all()
        assert backwards.tolist() == forwards[::-1].tolist()


def test_each_stride_is_an_arithmetic_progression():
    play = PlaybackRate(rates=FAMILY, clip_len=16, frame_interval=2)
    for label, stride in enumerate(FAMILY):
        assert (np.diff(frames(play, label)) == 2 * stride).all()


@pytest.mark.parametrize('label', [0, 1])
def test_a_range_of_rates_is_kept_in_the_mean_by_frames_left_out_anywhere(label):
    play = PlaybackRate(rates=SPEED, clip_len=64, frame_interval=1)
    low, high = SPEED[label]
    patterns = set()
    for seed in range(50):
        steps = np.diff(frames(play, label, seed=seed))
        assert set(steps) <= {int(low), int(low) + 1, int(high), int(high) + 1}
        assert low * 0.95 <= steps.mean() <= high * 1.05
        patterns.add(tuple(steps))
    assert len(patterns) > 40


@pytest.mark.parametrize('rates', [(1, -1), SPEED, FAMILY])
@pytest.mark.parametrize('total', [225, 226, 300])
def test_clips_lie_in_the_video_and_none_repeats_a_frame(rates, total):
    play = PlaybackRate(rates=rates)
    for seed in range(30):
        for label, rate in enumerate(play.rates):
            found = frames(play, label, total, seed)
            assert 0 <= found.min() <= found.max() < total
            assert len(set(found)) == (1 if rate == (0, 0) else 8)


def test_where_a_clip_lies_does_not_tell_its_rate():
    """In place of clamping to the last frame, and of later starts for slower clips."""
    play = PlaybackRate(rates=(-2, 1, 2))
    for seed in range(30):
        middles = [frames(play, label, total=140, seed=seed) for label in range(3)]
        middles = [(found.min() + found.max()) / 2 for found in middles]
        assert np.ptp(middles) <= 1


def test_a_short_video_has_a_shorter_interval_at_all_rates():
    play = PlaybackRate(rates=(1, 2))
    slow, fast = (frames(play, label, total=50) for label in (0, 1))
    assert set(np.diff(slow)) == {3}
    assert set(np.diff(fast)) == {6}


def test_a_video_too_short_for_the_fastest_rate_is_passed_over_and_refused_in_testing():
    video = dict(total_frames=14, filename='short.mp4')
    assert PlaybackRate(rates=(1, 2)).transform(dict(video)) is None
    with pytest.raises(ValueError, match="'short.mp4' has 14 frames; expected 15 or more"):
        PlaybackRate(rates=(1, 2), test_mode=True).transform(dict(video))
    assert PlaybackRate(rates=(1, 2)).transform(dict(video, total_frames=15)) is not None


def test_labels_are_drawn_evenly_where_nothing_gives_them():
    play = PlaybackRate(rates=(1, -1))
    found = [play.transform(dict(total_frames=100)) for _ in range(400)]
    labels = [one['label'] for one in found]
    assert 150 < sum(labels) < 250
    assert all((one['frame_inds'][0] > one['frame_inds'][-1]) == one['label'] for one in found)


def test_in_testing_a_clip_is_always_the_same_one_in_the_middle():
    play = PlaybackRate(rates=SPEED, test_mode=True)
    for label, rate in enumerate((1.1, 1.95)):
        found = [frames(play, label, seed=seed) for seed in range(3)]
        assert np.array_equal(found[0], found[1])
        assert np.diff(found[0]).mean() == pytest.approx(8 * rate, rel=0.05)
        assert found[0].min() + found[0].max() == pytest.approx(299, abs=2)


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(rates=(1,)), 'num_rates=1; expected a whole number, 2 or more'),
    (dict(rates=(1, 0.5)), 'the rate 0.5; expected 0, or numbers of 1 or more'),
    (dict(rates=(1, (2, 1))), r'the rate \(2, 1\)'), (dict(rates=(1, (-1, 1))), 'the rate'),
    (dict(rates=2), 'rates=2; expected two or more'), (dict(rates=(1, 2, 1)), 'which share some'),
    (dict(rates=((1, 2), (1.5, 3))), r'rates \(1, 2\) and \(1.5, 3\), which share some'),
    (dict(rates=(1, (1, 2, 3))), r'expected a number, or \(low, high\)'),
    (dict(rates=(1, -1), clip_len=1), 'clip_len=1'),
    (dict(rates=(1, -1), frame_interval=0), 'frame_interval=0')])
def test_settings_that_make_no_task_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        PlaybackRate(**settings)
