"""What is told of a video to programs that number its frames."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.videos.video_facts import VideoFacts, read_facts


def test_a_file_s_frames_are_numbered_in_time(numbered_video):
    facts = read_facts(numbered_video)
    assert (facts.total_frames, facts.width, facts.height) == (100, 80, 64)
    assert (facts.duration_sec, facts.fps) == pytest.approx((10, 10))
    assert facts.second_of(25) == pytest.approx(2.5)
    assert facts.second_of(100) == facts.second_of(1000) == pytest.approx(10)
    assert [facts.frame_at(second) for second in (-1, 0, 2.46, 2.54, 2.56, 10, 11)] == [
        0, 0, 25, 25, 26, 100, 100]


def test_at_a_variable_rate_a_frame_begins_at_its_own_time():
    facts = VideoFacts(8.0, 0.5, 4, 8, 8, np.array([0, 1, 2, 6]))
    assert [facts.second_of(frame) for frame in (1, 3, 4)] == [1, 6, 8]
    assert [facts.frame_at(second) for second in (1.4, 1.6, 3.9, 4.1, 6.9, 7.1)] == [
        1, 2, 2, 3, 3, 4]
    assert all(facts.frame_at(facts.second_of(frame)) == frame for frame in range(5))
