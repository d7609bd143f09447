"""What is written of a video."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.detections.exports.videos import Segment, lanes, videos_of
from mmlofi.detections.predictions import Detections


@pytest.fixture
def detections():
    return Detections.from_videos([
        ('b', np.array([[3, 4], [-0.5, 1], [2, 2], [5, 6.0]]), np.array([0.9, 0.4, 1.0, 0.1]),
         np.array([0, 1, 0, 1])), ('a', np.zeros((0, 2)), np.zeros(0), np.zeros(0, int))],
        ['pour', 'stir'])


def test_the_best_segments_of_each_video_come_in_time_s_order(detections):
    empty, video = videos_of(detections, {}, threshold=0.2, filename_tmpl='{}.mkv')
    assert (empty.name, empty.file, empty.segments) == ('a', 'a.mkv', ())
    assert video.segments == (Segment(0, 1, 'stir', 0.4), Segment(3, 4, 'pour', 0.9))
    assert videos_of(detections, {}, top_k=1)[1].segments == (Segment(3, 4, 'pour', 0.9),)


def test_a_video_is_where_its_file_is_or_where_it_is_said_to_be(detections, numbered_video):
    (_, video) = videos_of(detections, dict(b=numbered_video))
    assert video.file == 'numbered.mp4'
    assert video.address == numbered_video.as_uri()
    assert video.duration_sec == pytest.approx(10)
    (_, video) = videos_of(detections, {}, media_url='https://host/{}', filename_tmpl='{}.mp4')
    assert video.address == 'https://host/b.mp4'
    assert video.duration_sec == 6
    with pytest.raises(ValueError, match="the file of the video 'b' is not known.*give --videos"):
        _ = video.clock


def test_lanes_hold_one_segment_at_a_time():
    segments = [Segment(start, end, '', 1.0) for start, end in ((0, 3), (1, 2), (2, 4), (3, 5))]
    assert [[(one.start_sec, one.end_sec) for one in lane] for lane in lanes(segments)] == [
        [(0, 3), (3, 5)], [(1, 2), (2, 4)]]
