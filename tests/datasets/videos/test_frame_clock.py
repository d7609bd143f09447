"""Frames by number and by time, for programs that number them."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.videos.frame_clock import FrameClock, read_clock


def test_a_file_s_frames_are_numbered_in_time(numbered_video):
    clock = read_clock(numbered_video)
    assert (clock.total_frames, clock.width, clock.height) == (100, 80, 64)
    assert (clock.duration_sec, clock.fps) == pytest.approx((10, 10))
    assert clock.second_of(25) == pytest.approx(2.5)
    assert clock.second_of(100) == clock.second_of(1000) == pytest.approx(10)
    assert [clock.frame_at(second) for second in (-1, 0, 2.46, 2.54, 2.56, 10, 11)] == [
        0, 0, 25, 25, 26, 100, 100]


def test_at_a_variable_rate_a_frame_begins_at_its_own_time():
    clock = FrameClock(8.0, 0.5, 4, 8, 8, np.array([0, 1, 2, 6]))
    assert [clock.second_of(frame) for frame in (1, 3, 4)] == [1, 6, 8]
    assert [clock.frame_at(second) for second in (1.4, 1.6, 3.9, 4.1, 6.9, 7.1)] == [
        1, 2, 2, 3, 3, 4]
    assert all(clock.frame_at(clock.second_of(frame)) == frame for frame in range(5))
