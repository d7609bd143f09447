"""What is written of a video."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.annotations.labelling.video_folder import name_of
from mmlofi.detections.exports.formats import write_exports
from mmlofi.detections.exports.label_studio import to_tasks
from mmlofi.detections.exports.videos import ExportedVideo, Segment, lanes, videos_of
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


def test_names_are_escaped_in_addresses():
    names = ['my talk #1 & 2.mp4', '100%41?.mp4', 'é+\udcff.mp4']
    for name in names[:2]:
        (task,) = to_tasks([ExportedVideo(name, name, ())])
        assert name_of(task['data']['video']) == name
    results = Detections.from_videos(
        [(name, np.zeros((0, 2)), np.zeros(0), np.zeros(0, int)) for name in names], ['pour'])
    addresses = [one.address for one in videos_of(results, {}, media_url='https://host/v/{}')]
    assert addresses == ['https://host/v/100%2541%3F.mp4',
                         'https://host/v/my%20talk%20%231%20%26%202.mp4',
                         'https://host/v/%C3%A9%2B%FF.mp4']


def test_videos_whose_files_would_be_called_the_same_have_files_of_their_own(tmp_path):
    videos = [ExportedVideo(name, f'{name}.mp4', (Segment(0, 1, name, 1.0),))
              for name in ('a/b', 'a_b')]
    written = write_exports(['audacity'], videos, ['a/b', 'a_b'], tmp_path)
    assert [path.name for path in written] == ['a_b_2.labels.txt', 'a_b.labels.txt']
    assert [path.read_text().split()[-1] for path in written] == ['a/b', 'a_b']
