"""What a header says of when pictures are shown: written by PyAV, and read by no library."""
from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
from clips import copy_from, decoded_by_pyav, gray, with_edits, write_clip

from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo, SampleSnippets, TrimToSegment
from mmlofi.datasets.videos.mkv_times import first_stamps
from mmlofi.datasets.videos.mp4_times import read_tracks
from mmlofi.datasets.videos.presentation import Presentation, read_presentation
from mmlofi.visualization.video_labels import write_labelled_video
from mmlofi.visualization.video_timeline import thumbnails

LATE_SEC, PICTURES_SEC, FPS = 3.0, 6.0, 10


@pytest.fixture(scope='module', params=['mp4', 'mov', 'mkv'])
def late(request, tmp_path_factory):
    """Sound of 9 s; pictures from 3 s on, whose brightness is 25 times the player's second."""
    values = 25 * (LATE_SEC + np.arange(PICTURES_SEC * FPS) / FPS)
    return write_clip(tmp_path_factory.mktemp('late') / f'late.{request.param}', gray(values),
                      fps=FPS, late_sec=LATE_SEC, sound_sec=LATE_SEC + PICTURES_SEC)


def opened(path):
    return OpenVideo()(dict(filename=str(path)))


def seconds_shown(frames):
    return np.array([frame.mean() for frame in frames]) / 25


def shown_at(times_sec):
    """The second that a player's picture tells: the first one is held until it begins."""
    return np.maximum(times_sec, LATE_SEC)


def test_pictures_that_begin_later_than_the_sound_have_the_players_times(late):
    results, (_, times) = opened(late), decoded_by_pyav(late)
    np.testing.assert_allclose(results['frame_times_sec'], times, atol=2e-3)
    assert results['frame_times_sec'][0] == pytest.approx(LATE_SEC, abs=2e-3)
    assert results['duration_sec'] == pytest.approx(LATE_SEC + PICTURES_SEC, abs=0.01)


def test_snippets_show_the_moments_at_which_they_lie(late):
    results = DecodeSnippets()(SampleSnippets(num_snippets=18, clip_len=1)(opened(late)))
    np.testing.assert_allclose(seconds_shown(results['imgs']), shown_at(np.arange(18) / 2 + 0.25),
                               atol=0.15)


def test_a_segment_annotated_in_a_player_is_of_the_pictures_seen_there(late):
    results = dict(opened(late), segment_sec=(5.0, 7.0), start_index=0)
    results = TrimToSegment()(results)
    inds = results['start_index'] + np.arange(results['total_frames'])
    seen = seconds_shown(results['video_reader'].get_batch(inds).asnumpy())
    np.testing.assert_allclose(seen, 5 + np.arange(20) / FPS, atol=0.1)


def test_pictures_in_the_time_line_and_frames_with_labels_are_at_the_players_times(late, tmp_path):
    np.testing.assert_allclose(seconds_shown(thumbnails(str(late), 9)),
                               shown_at(np.arange(9) + 0.5), atol=0.15)
    write_labelled_video(str(late), [], tmp_path / 'out.mp4')
    frames, times = decoded_by_pyav(tmp_path / 'out.mp4')
    assert times[-1] == pytest.approx(LATE_SEC + PICTURES_SEC, abs=0.2)
    np.testing.assert_allclose(seconds_shown(frames), shown_at(times), atol=0.3)


@pytest.mark.parametrize('suffix', ['mp4', 'mkv', 'avi', 'ts'])
def test_where_pictures_begin_with_the_sound_time_counts_from_the_first(tmp_path, suffix):
    path = write_clip(tmp_path / f'a.{suffix}', gray(range(30)), fps=FPS, b_frames=2, sound_sec=3)
    with path.open('rb') as file:
        assert read_presentation(file) == Presentation(is_stream=suffix == 'ts')


def test_what_is_cut_before_the_pictures_begin_counts_from_its_own_start(late, tmp_path):
    if late.suffix == '.mkv':
        return
    cut = copy_from(late, tmp_path / 'cut.mp4', start_sec=5.0)
    results = opened(cut)
    seen = seconds_shown(results['video_reader'].get_batch([0, 20]).asnumpy())
    np.testing.assert_allclose(seen, [5, 7], atol=0.1)
    assert results['duration_sec'] == pytest.approx(4, abs=0.05)


def test_edits_say_where_a_track_begins_and_ends(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', gray(range(60)), fps=FPS)

    def video_track(*edits):
        with with_edits(path, tmp_path / 'b.mp4', edits).open('rb') as file:
            (track,) = read_tracks(file)
        assert (track.kind, track.samples) == (b'vide', 60)
        return track[2:]

    assert video_track((6000, 0)) == (0, 1, None)
    assert video_track((2500, -1), (6000, 0)) == (2.5, 1, None)
    assert video_track((2000, 0)) == (0, 1, pytest.approx(2))
    assert video_track((2000, 0), (1000, 10240 * 4))[1] == 2
    assert video_track((0, 0), (2000, 0)) == (0, 1, pytest.approx(2))


@pytest.mark.parametrize('suffix', ['mp4', 'mkv'])
def test_cut_off_and_broken_headers_end_in_nothing_or_in_an_error_of_ours(tmp_path, suffix):
    path = write_clip(tmp_path / f'a.{suffix}', gray(range(20)), fps=FPS, b_frames=2, sound_sec=2,
                      late_sec=1)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    read = read_tracks if suffix == 'mp4' else first_stamps
    for _ in range(300):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 40)):
            data[place] = rng.integers(256)
        data = data[:rng.integers(len(data))] if rng.random() < 0.5 else data
        with suppress(ValueError):
            read(io.BytesIO(data))


def test_what_is_neither_mp4_nor_mkv_says_nothing():
    for content in (b'', b'RIFF', b'no video at all' * 40):
        assert read_presentation(io.BytesIO(content)) == Presentation()
