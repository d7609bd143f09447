"""Proxies show at each second what their source shows, and nothing half-made is left."""
from __future__ import annotations

import json
import os
import signal
import struct
from fractions import Fraction

import av
import decord
import numpy as np
import pytest
from clips import film_of_phone

from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo, SampleSnippets
from mmlofi.datasets.videos import proxies
from mmlofi.datasets.videos.proxies import make_proxies, make_proxy, measure, plan_targets
from mmlofi.datasets.videos.proxy_file import ProxySettings, read_settings
from mmlofi.datasets.videos.pyav_frames import PyavFrames
from mmlofi.datasets.videos.shown_frames import ShownFrames

SMALL = ProxySettings(side=32)


@pytest.fixture
def made(numbered_video, tmp_path):
    def make(video=numbered_video, **settings):
        report = make_proxy(video, tmp_path / 'proxy.mp4', ProxySettings(**(dict(side=32)
                                                                            | settings)))
        assert report.problem is None
        return tmp_path / 'proxy.mp4', report
    return make


@pytest.fixture
def videos(tmp_path, write_numbered_video):
    """Two whole videos and one that is none."""
    folder = tmp_path / 'videos'
    folder.mkdir()
    for name in 'ab':
        write_numbered_video(folder / f'{name}.mp4', 20)
    (folder / 'bad.mp4').write_bytes(b'no video')
    return sorted(folder.iterdir())


def show(path, read_numbers):
    reader = decord.VideoReader(str(path), num_threads=1)
    return read_numbers([reader[i].asnumpy() for i in range(len(reader))])


def test_a_proxy_has_its_sources_frames_rate_and_duration_at_the_side_asked_for(made, read_numbers):
    path, report = made()
    assert show(path, read_numbers) == list(range(100))
    assert (report.result.width, report.result.height) == (40, 32)
    assert (report.result.frames, report.result.fps, report.result.duration_sec) == (100, 10, 10)
    assert report.source.frames == 100
    assert report.made
    assert report.result.bytes == path.stat().st_size < report.source.bytes


def test_an_av1_film_of_a_phone_has_a_proxy_that_decord_reads_upright(tmp_path):
    film = film_of_phone(tmp_path / 'film.mp4')
    report = make_proxy(film, tmp_path / 'proxy.mp4', ProxySettings(side=32))
    assert report.problem is None
    assert (report.source.width, report.source.height) == (64, 96)
    assert (report.result.width, report.result.height) == (32, 48)
    sources, copies = (OpenVideo(short_side=32)(dict(filename=str(path)))['video_reader']
                       for path in (film, tmp_path / 'proxy.mp4'))
    assert (type(sources), type(copies)) == (PyavFrames, ShownFrames)
    difference = sources[40].asnumpy().astype(int) - copies[40].asnumpy()
    assert np.abs(difference).mean() < 6


@pytest.mark.parametrize('gop', [1, 7, 16])
def test_a_key_frame_comes_every_gop_frames(made, gop):
    reader = decord.VideoReader(str(made(gop=gop)[0]), num_threads=1)
    assert list(reader.get_key_indices()) == list(range(0, 100, gop))


def test_what_is_small_already_keeps_its_size(made):
    _, report = made(side=128)
    assert (report.result.width, report.result.height) == (80, 64)


def test_at_half_the_rate_each_frame_is_the_one_shown_in_its_middle(made, read_numbers):
    path, report = made(fps=5)
    assert show(path, read_numbers) == list(range(1, 100, 2))   # [0, 0.2) s: that of 0.1 s
    assert (report.result.frames, report.result.duration_sec) == (50, 10)


def test_a_rate_above_the_sources_adds_no_frames(made):
    assert made(fps=25)[1].result.frames == 100


def test_snippets_of_a_proxy_of_half_the_rate_show_the_same_moments(made, numbered_video,
                                                                    read_numbers):
    seen = []
    for path, interval in ((numbered_video, 4), (made(fps=5)[0], 2)):
        results = OpenVideo()(dict(filename=str(path)))
        results = SampleSnippets(num_snippets=5, clip_len=4, frame_interval=interval)(results)
        seen.append(read_numbers(DecodeSnippets()(results)['imgs']))
    assert np.abs(np.subtract(*seen)).max() <= 1     # of 10 a second
    assert len(set(seen[0])) == 20


def test_a_variable_rate_becomes_constant_and_every_second_shows_the_same(
        tmp_path, made, numbered_video, read_numbers):
    frames = decord.VideoReader(str(numbered_video), num_threads=1)
    source = tmp_path / 'variable.mp4'
    starts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 30, 40, 50, 60]    # tenths of a second
    with av.open(str(source), 'w') as container:
        stream = container.add_stream('mpeg4', rate=10, options=dict(qmin='2', qmax='2'))
        stream.width, stream.height, stream.pix_fmt = 80, 64, 'yuv420p'
        for number, start in enumerate(starts):
            frame = av.VideoFrame.from_ndarray(frames[number].asnumpy(), format='rgb24')
            frame.pts, frame.time_base = start, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    extent, axis = measure(source)
    assert axis['frame_times_sec'] is not None
    path, report = made(source)
    assert report.result.frames == len(starts)
    period = extent.duration_sec / len(starts)
    expected = [np.searchsorted(np.array(starts) / 10, (j + 0.5) * period, side='right') - 1
                for j in range(len(starts))]
    assert show(path, read_numbers) == expected
    assert len(set(expected)) < len(starts)


@pytest.mark.parametrize(('quarter_turn', 'size'), [
    ((0, 1, -1, 0), (40, 32)), ((-1, 0, 0, -1), (32, 40)), ((0, -1, 1, 0), (40, 32))])
def test_films_of_a_phone_held_upright_are_turned_as_in_training(tmp_path, numbered_video, made,
                                                                 quarter_turn, size):
    content = bytearray(numbered_video.read_bytes())
    a, b, c, d = (value << 16 for value in quarter_turn)
    matrix = content.index(b'tkhd') + 44
    content[matrix:matrix + 36] = struct.pack('>9i', a, b, 0, c, d, 0, 0, 0, 1 << 30)
    video = tmp_path / 'turned.mp4'
    video.write_bytes(content)
    pictures = []
    for file in (video, made(video)[0]):
        results = OpenVideo(short_side=32)(dict(filename=str(file)))
        results['frame_inds'] = np.arange(0, 100, 7)
        pictures.append(np.array(DecodeSnippets()(results)['imgs'], int))
    assert pictures[0].shape[1:3] == pictures[1].shape[1:3] == size
    assert np.abs(pictures[0] - pictures[1]).mean() < 6


@pytest.mark.parametrize('name', ['demo.mp4', 'spatiotemporal_det.mp4', 'structuralize.mp4',
                                  'test.avi', 'test.mp4'])
def test_proxies_of_real_videos_look_like_what_is_decoded_small(reference_data, made, name):
    video = reference_data / 'data' / 'videos' / name
    path, report = made(video, side=128)
    pictures = []
    for file in (video, path):
        results = OpenVideo(short_side=128)(dict(filename=str(file)))
        results['frame_inds'] = np.arange(0, results['total_frames'], 20)
        pictures.append(np.array(DecodeSnippets()(results)['imgs'], int))
    assert report.result.frames == report.source.frames
    wide = min(picture.shape[2] for picture in pictures)
    assert np.abs(pictures[0][:, :, :wide] - pictures[1][:, :, :wide]).mean() < 6
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ['video']


def test_a_video_that_fails_stops_no_other_and_leaves_no_file(videos, tmp_path):
    folder = tmp_path / 'out'
    folder.mkdir()
    totals = []
    reports = make_proxies(plan_targets(videos, folder), SMALL, workers=2,
                           track=lambda tasks: totals.append(tasks[1]) or tasks[0])
    assert [report.problem is None for report in reports] == [True, True, False]
    assert "bad.mp4' cannot be decoded" in reports[2].problem
    assert sorted(path.name for path in folder.iterdir()) == ['a.mp4', 'b.mp4']
    assert totals == [3]


def test_a_worker_without_memory_stops_no_other_video(videos, tmp_path, monkeypatch):
    def encode(video, *rest):
        if video.stem == 'a':
            raise MemoryError
        return real(video, *rest)
    real = proxies.encode
    monkeypatch.setattr(proxies, 'encode', encode)
    reports = make_proxies(plan_targets(videos[:2], tmp_path), SMALL)
    assert 'ran out of memory; run it again, with fewer workers' in reports[0].problem
    assert reports[1].made


def test_a_video_that_crashes_its_worker_costs_itself_alone(videos, tmp_path, monkeypatch):
    """One worker, so that the others have to be begun after it."""
    def encode(video, *rest):
        if video.stem == 'a':
            os.kill(os.getpid(), signal.SIGKILL)
        return real(video, *rest)
    real = proxies.encode
    monkeypatch.setattr(proxies, 'encode', encode)
    pairs = plan_targets(videos[:2], tmp_path)
    for workers in (1, 2):
        reports = make_proxies(pairs, SMALL, workers=workers, redo=True)
        assert reports[0].problem.startswith('its process was killed by SIGKILL; get this video')
        assert reports[1].problem is None
    assert [path.name for path in tmp_path.glob('*.mp4')] == ['b.mp4']


def test_what_is_complete_is_kept_and_what_is_missing_is_made(videos, tmp_path):
    folder = tmp_path / 'out'
    folder.mkdir()
    pairs = plan_targets(videos[:2], folder)
    make_proxies(pairs, SMALL)
    before = (folder / 'a.mp4').stat().st_mtime_ns
    (folder / 'b.mp4').unlink()
    reports = make_proxies(pairs, SMALL)
    assert [report.made for report in reports] == [False, True]
    assert (folder / 'a.mp4').stat().st_mtime_ns == before
    assert reports[0].result == make_proxies(pairs, SMALL)[0].result


def test_other_settings_are_refused_before_anything_is_made_and_redone_when_asked(videos, tmp_path):
    folder = tmp_path / 'out'
    folder.mkdir()
    pairs = plan_targets(videos[:2], folder)
    make_proxies(pairs[:1], SMALL)
    larger = ProxySettings(side=48, gop=8)
    with pytest.raises(ValueError, match=r'1 proxies .*a\.mp4 \(side=32 in place of 48, gop=16 in '
                                         r'place of 8\).*--redo'):
        make_proxies(pairs, larger)
    assert [path.name for path in folder.iterdir()] == ['a.mp4']
    reports = make_proxies(pairs, larger, redo=True)
    assert [report.result.height for report in reports] == [48, 48]
    assert read_settings(folder / 'a.mp4')['gop'] == 8


def test_a_source_that_changed_is_noticed(videos, tmp_path, write_numbered_video):
    pairs = plan_targets(videos[:1], tmp_path)
    make_proxies(pairs, SMALL)
    write_numbered_video(videos[0], 30)
    with pytest.raises(ValueError, match='source_bytes='):
        make_proxies(pairs, SMALL)


def test_files_that_are_no_proxies_are_never_overwritten(videos, tmp_path):
    (tmp_path / 'a.mp4').write_bytes(videos[0].read_bytes())
    with pytest.raises(ValueError, match=r"1 files are in the way .*\['a\.mp4'\]"):
        make_proxies(plan_targets(videos[:1], tmp_path), SMALL, redo=True)
    assert (tmp_path / 'a.mp4').read_bytes() == videos[0].read_bytes()


def test_two_videos_never_share_a_proxy_nor_lie_beside_it(videos):
    with pytest.raises(ValueError, match='would lie among the videos'):
        plan_targets(videos, videos[0].parent)
    with pytest.raises(ValueError, match=r"'x/a\.avi' and 'y/a\.mp4' would both become"):
        plan_targets(['x/a.avi', 'y/a.mp4'], 'out')


def test_a_proxy_that_lost_frames_is_named_and_not_kept(monkeypatch, numbered_video, tmp_path):
    encode = proxies.encode
    monkeypatch.setattr(proxies, 'encode', lambda video, target, taken, rate, settings: encode(
        video, target, taken[:-3], rate, settings))
    known = {}
    report = make_proxy(numbered_video, tmp_path / 'short.mp4', SMALL, known)
    assert list(known) == [str(numbered_video)]   # and nothing under the name it had till then
    assert 'the proxy has 97 frames in 9.700 s; expected 100 in 10.000 s' in report.problem
    assert not list(tmp_path.iterdir())


def test_settings_are_read_from_the_file_itself(made, numbered_video, tmp_path):
    assert read_settings(made()[0]) == dict(
        made_by='mmlofi proxy', side=32, fps=None, gop=16, quality=3,
        source_bytes=numbered_video.stat().st_size)
    assert read_settings(numbered_video) == {}
    assert read_settings(tmp_path / 'none.mp4') is None
    json.dumps(read_settings(tmp_path / 'proxy.mp4'))
