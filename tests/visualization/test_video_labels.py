"""A video with the present action drawn on it."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmlofi.datasets.videos.pyav_reader import PyavReader
from mmlofi.visualization.video_labels import write_labelled_video


def frames_of(path):
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        read, frame = capture.read()
        if not read:
            return np.stack(frames)
        frames.append(frame)


def plain_video(path, codec, width=160, height=120):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 10, (width, height))
    for _ in range(40):
        writer.write(np.full((height, width, 3), 100, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize(('name', 'codec'), [('a.mp4', 'mp4v'), ('a.avi', 'MJPG')])
def test_letters_are_there_while_the_action_lasts_and_at_no_other_time(name, codec, tmp_path):
    video = plain_video(tmp_path / name, codec)
    out = tmp_path / 'new' / 'out.mp4'
    write_labelled_video(str(video), [dict(label='jump', score=0.9, segment=[1.0, 2.5])], out)
    written = frames_of(out)
    assert written.shape == (40, 120, 160, 3)
    white = (written > 220).any((1, 2, 3))
    assert np.flatnonzero(white).tolist() == list(range(10, 25))


def test_more_classes_make_more_lines_up_to_three(tmp_path):
    video = plain_video(tmp_path / 'a.mp4', 'mp4v')
    tops = []
    for count in (1, 2, 3, 4):
        found = [dict(label=f'HHH{place}', score=0.5, segment=[0, 4]) for place in range(count)]
        write_labelled_video(str(video), found, tmp_path / 'out.mp4')
        tops.append(np.flatnonzero((frames_of(tmp_path / 'out.mp4')[5] > 200).any((1, 2)))[0])
    assert tops[0] > tops[1] > tops[2] == tops[3]


@pytest.mark.parametrize('size', [(320, 240), (180, 320), (200, 200)])
def test_a_long_name_is_drawn_whole_also_in_a_portrait_video(size, tmp_path):
    video = plain_video(tmp_path / 'a.mp4', 'mp4v', *size)
    shown = []
    for last in 'OQ':     # equally wide; cut off, they would look the same
        found = [dict(label=f'Trimming branches or hedges {last}', score=0.5,
                      segment=[0, 4])]
        write_labelled_video(str(video), found, tmp_path / 'out.mp4')
        shown.append(frames_of(tmp_path / 'out.mp4')[5])
    columns = np.flatnonzero((np.abs(shown[0].astype(int) - shown[1]) > 25).any((0, 2)))
    assert size[0] / 2 < columns[0] < columns[-1] < size[0] - 1


def test_what_pyav_refuses_is_read_by_whichever_reader_can(tmp_path, monkeypatch):
    def refuse(*_):
        raise ValueError('each packet holds half a picture')
    monkeypatch.setattr(PyavReader, 'learn', refuse)
    write_labelled_video(str(plain_video(tmp_path / 'a.mp4', 'mp4v')), [], tmp_path / 'out.mp4')
    assert len(frames_of(tmp_path / 'out.mp4')) == 40


def test_progress_is_told_frame_by_frame(tmp_path):
    told = []
    write_labelled_video(str(plain_video(tmp_path / 'a.mp4', 'mp4v')), [], tmp_path / 'out.mp4',
                         progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 40) for done in range(1, 41)]


def test_without_detections_the_frames_stay_as_they_are(tmp_path):
    video = plain_video(tmp_path / 'a.mp4', 'mp4v')
    write_labelled_video(str(video), [], tmp_path / 'out.mp4')
    assert np.abs(frames_of(tmp_path / 'out.mp4').astype(int) - 100).max() < 15   # MPEG-4 twice


def test_the_video_itself_is_not_written_over(tmp_path):
    video = plain_video(tmp_path / 'a.mp4', 'mp4v')
    before = video.read_bytes()
    with pytest.raises(ValueError, match='asked to write over the video'):
        write_labelled_video(str(video), [], video)
    assert video.read_bytes() == before
