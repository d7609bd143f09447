"""The time axis of stamps as decord reports them."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.videos.time_axis import axis_of

MISSING = -3.07e17


def spans_of(starts, last=0.1):
    starts = np.asarray(starts, float)
    return np.stack([starts, np.append(starts[1:], starts[-1] + last)], axis=1)


def even(total, fps=10.0, start=0.0):
    return spans_of(start + np.arange(total) / fps, 1 / fps)


def times_of(axis):
    return np.arange(axis.total_frames) * axis.duration_sec / axis.total_frames \
        if axis.times_sec is None else axis.times_sec


@pytest.mark.parametrize('fps', [6, 10, 24000 / 1001, 30, 60])
def test_at_a_constant_rate_there_are_no_times_but_a_duration(fps):
    spans = even(500, fps).astype(np.float32).astype(np.float64)   # as decord has them
    axis = axis_of(spans, fps)
    assert axis.times_sec is None
    assert axis.duration_sec == spans[-1, 0] + (spans[-1, 1] - spans[-1, 0])   # to the last bit
    assert axis[2:] == (500, 0, True, None)


def test_stamps_rounded_to_milliseconds_are_a_constant_rate():
    assert axis_of(spans_of(np.round(np.arange(300) / 30, 3), 0.033), 30).times_sec is None


def test_at_a_variable_rate_each_frame_has_its_time():
    starts = np.concatenate([np.arange(50) * 0.1, 5 + np.arange(50) * 0.3])
    axis = axis_of(spans_of(starts, 0.3), 10)
    np.testing.assert_allclose(axis.times_sec, starts)
    assert axis.duration_sec == pytest.approx(20)


def test_one_repeated_stamp_moves_one_frame_and_no_other():
    starts = np.concatenate([np.arange(50) * 0.04, 2 + np.arange(70) * 0.2])
    broken = starts.copy()
    broken[80] = broken[79]
    axis = axis_of(spans_of(broken, 0.2), 30)
    expected = broken.copy()
    expected[80] = (starts[79] + starts[81]) / 2
    np.testing.assert_allclose(axis.times_sec, expected)
    assert axis.duration_sec == pytest.approx(16)
    assert axis.repaired.startswith('1 of 120 frames have the time stamp of the one before, the '
                                    'first at 7.800 s')


def test_stamps_of_whole_seconds_are_spread_over_them():
    axis = axis_of(spans_of(np.repeat(np.arange(8.0), 25), last=1.0), 25)
    np.testing.assert_allclose(times_of(axis), np.arange(200) / 25, atol=1e-9)
    assert axis.duration_sec == pytest.approx(8)


def test_repeated_stamps_at_the_end_share_the_last_frames_time():
    axis = axis_of(spans_of([0, 1, 2, 3, 3], last=1.0), 1)
    assert axis.times_sec.tolist() == [0, 1, 2, 3, 3.5]
    assert axis.duration_sec == 4


def test_without_stamps_the_headers_rate_counts():
    axis = axis_of(np.full((50, 2), MISSING), 25)
    assert axis == (None, 2.0, 50, 0, False, None)


def test_a_part_of_the_stamps_is_held_against_the_headers_rate():
    spans = spans_of(np.arange(0, 50, 2) / 10)
    spans = np.concatenate([np.full((25, 2), MISSING), spans])   # as decord sorts them
    axis = axis_of(spans, 10)
    assert axis[1:] == (5.0, 50, 0, False, None)
    axis = axis_of(spans, 30)
    assert axis.duration_sec == pytest.approx(50 / 30)
    assert '25 of 50 frames have no time stamp, and the others last longer' in axis.repaired


def test_frames_without_a_stamp_are_not_shown_where_the_others_leave_no_room():
    spans = np.concatenate([np.full((3, 2), MISSING), even(100)])
    axis = axis_of(spans, 10)
    assert (axis.total_frames, axis.hidden, axis.stamped) == (100, 3, True)
    assert axis.duration_sec == pytest.approx(10)


@pytest.mark.parametrize('fps', [0.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_not_counted_by(fps):
    assert axis_of(even(50), fps).duration_sec == pytest.approx(5)
    with pytest.raises(ValueError, match='50 of its 50 frames have no time stamp.*no frame rate'):
        axis_of(np.full((50, 2), MISSING), fps)


def test_a_last_frame_without_a_length_lasts_one_frame():
    spans = even(50)
    spans[:, 1] = spans[:, 0]
    for fps in (10, np.nan):
        assert axis_of(spans, fps).duration_sec == pytest.approx(5, abs=0.02)


def test_frames_before_the_start_and_after_the_end_are_hidden():
    spans = even(100, start=-2.0)
    assert axis_of(spans, 10)[1:4] == (pytest.approx(8), 80, 20)
    assert axis_of(spans, 10, until_sec=5.0)[1:4] == (pytest.approx(5), 50, 20)
    with pytest.raises(ValueError, match='hides all of its 100 frames.*ffmpeg -ss'):
        axis_of(spans, 10, until_sec=0.0)


def test_pictures_that_begin_late_have_their_times_in_the_presentation():
    axis = axis_of(even(100), 10, late_sec=3.0)
    np.testing.assert_allclose(axis.times_sec, 3 + np.arange(100) / 10)
    assert axis.duration_sec == pytest.approx(13)


def test_stamps_are_never_out_of_order_or_after_the_end():
    rng = np.random.default_rng(0)
    for _ in range(200):
        starts = np.sort(rng.choice(rng.uniform(-3, 20, 40), 60)).round(3)
        starts -= starts[starts >= 0][0]   # decord counts from the first shown frame
        axis = axis_of(spans_of(starts, last=rng.choice([0.0, 0.1])), rng.choice([25, np.nan]),
                       late_sec=rng.choice([0, 2.5]))
        assert axis.total_frames == (starts >= 0).sum() == 60 - axis.hidden
        times = times_of(axis)
        assert times[0] >= 0
        assert (np.diff(np.append(times, axis.duration_sec)) > 0).all()
