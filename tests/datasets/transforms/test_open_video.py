"""OpenVideo on real files: five of the reference data, and synthetic ones."""
from __future__ import annotations

import struct

import numpy as np
import pytest
from clips import copy_from, gray, write_clip

from mmlofi import Fidelity
from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo, SampleSnippets, open_video
from mmlofi.datasets.videos import decord_reader
from mmlofi.datasets.videos.decord_reader import DecordReader
from mmlofi.datasets.videos.video_file import find_facts

S = Fidelity('S', spatial=2)
# frames, a second, width, height
REAL = {'demo.mp4': (280, 28, 340, 256), 'spatiotemporal_det.mp4': (57, 6, 340, 256),
        'structuralize.mp4': (300, 29.97, 426, 240), 'test.avi': (164, 25, 320, 240),
        'test.mp4': (300, 30, 340, 256)}


def opened(path, *, fidelity=None, **settings):
    results = dict(filename=str(path))
    if fidelity is not None:
        results['fidelity'] = fidelity
    return OpenVideo(**settings)(results)


def frame_shapes(results, frame_inds):
    return {frame.shape for frame in DecodeSnippets()(dict(results, frame_inds=frame_inds))['imgs']}


@pytest.mark.parametrize('name', REAL)
def test_real_videos_have_their_frames_rate_and_duration(reference_data, name):
    frames, fps, width, height = REAL[name]
    results = opened(reference_data / 'data' / 'videos' / name)
    assert results['total_frames'] == frames
    assert results['avg_fps'] == pytest.approx(fps, abs=0.01)
    assert results['duration_sec'] == pytest.approx(frames / fps, rel=0.01)
    assert results['frame_times_sec'] is None
    assert frame_shapes(results, [0, frames // 2, frames - 1]) == {(height, width, 3)}


@pytest.mark.parametrize('name', REAL)
def test_real_videos_are_decoded_at_the_fidelitys_side(reference_data, name):
    frames, _, width, height = REAL[name]
    results = opened(reference_data / 'data' / 'videos' / name, short_side=128, fidelity=S)
    assert frame_shapes(results, [0, frames - 1]) == {(64, round(width * 64 / height), 3)}


def test_the_short_side_is_reduced_whichever_it_is(tmp_path, write_numbered_video):
    tall = write_numbered_video(tmp_path / 'tall.mp4', 3, width=40, height=100)
    assert frame_shapes(opened(tall, short_side=20), [0]) == {(50, 20, 3)}


def test_the_short_side_is_a_multiple_of_the_divisor(numbered_video):
    ST = Fidelity('ST', temporal=2, spatial=2**0.5)
    assert frame_shapes(opened(numbered_video, short_side=64, fidelity=ST), [0]) == {(46, 58, 3)}
    assert frame_shapes(opened(numbered_video, short_side=64, divisor=16, fidelity=ST), [0]) == {
        (48, 60, 3)}


def test_nothing_is_enlarged(numbered_video):
    assert frame_shapes(opened(numbered_video, short_side=256), [0]) == {(64, 80, 3)}
    assert frame_shapes(opened(numbered_video, short_side=120, fidelity=S), [0]) == {(60, 75, 3)}


def test_without_a_short_side_every_fidelity_has_the_stored_size(numbered_video):
    assert frame_shapes(opened(numbered_video, fidelity=S), [0]) == {(64, 80, 3)}


def test_a_file_backend_reads_the_same_frames(numbered_video, read_numbers):
    results = opened(numbered_video, backend_args=dict(backend='local'), short_side=32)
    assert results['total_frames'] == 100
    results['frame_inds'] = np.array([7, 70])
    assert read_numbers(DecodeSnippets()(results)['imgs']) == [7, 70]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no video at .*gone\.mp4.*check `data_prefix`'):
        opened(tmp_path / 'gone.mp4')


@pytest.mark.parametrize('content', [b'', b'this is a text and no video\n' * 40])
def test_a_file_that_is_no_video_is_named(tmp_path, content):
    path = tmp_path / 'text.mp4'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'text\.mp4.*cannot be decoded.*download it again'):
        opened(path)


def test_a_cut_off_download_is_named(tmp_path, numbered_video):
    path = tmp_path / 'half.mp4'
    path.write_bytes(numbered_video.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r'half\.mp4.*cannot be decoded'):
        opened(path, short_side=32)


def _with_durations(data: bytes, durations: list[int]) -> bytes:
    """An mp4's boxes with these durations of frames (in 1/10240 s for OpenCV's 10 a second)."""
    boxes = b''
    while data:
        size, kind = struct.unpack('>I4s', data[:8])
        content, data = data[8:size], data[size:]
        if kind in (b'moov', b'trak', b'mdia', b'minf', b'stbl'):
            content = _with_durations(content, durations)
        elif kind == b'stts':
            content = struct.pack('>II', 0, len(durations)) + b''.join(
                struct.pack('>II', 1, duration) for duration in durations)
        elif kind == b'edts':   # says how long the track is, at the old durations
            continue
        boxes += struct.pack('>I4s', len(content) + 8, kind) + content
    return boxes


@pytest.fixture
def uneven_video(tmp_path, write_numbered_video):
    """50 frames of 0.1 s, then 50 of 0.3 s."""
    path = write_numbered_video(tmp_path / 'even.mp4', 100)
    uneven = tmp_path / 'uneven.mp4'
    uneven.write_bytes(_with_durations(path.read_bytes(), [1024] * 50 + [3072] * 50))
    return uneven


def test_at_a_variable_frame_rate_every_frame_has_its_time(uneven_video):
    results = opened(uneven_video)
    expected = np.concatenate([np.arange(50) * 0.1, 5 + np.arange(50) * 0.3])
    assert results['total_frames'] == 100
    np.testing.assert_allclose(results['frame_times_sec'], expected, atol=1e-3)
    assert results['duration_sec'] == pytest.approx(20, abs=0.3)   # how long the last one is shown


def test_at_a_variable_frame_rate_snippets_are_spread_over_time(uneven_video, read_numbers):
    results = SampleSnippets(num_snippets=4, clip_len=1)(opened(uneven_video))
    # centres at about 2.5, 7.5, 12.5 and 17.5 s
    np.testing.assert_allclose(read_numbers(DecodeSnippets()(results)['imgs']), [25, 58, 75, 91],
                               atol=1)


def test_a_single_frame_is_a_video(tmp_path, write_numbered_video, read_numbers):
    results = opened(write_numbered_video(tmp_path / 'one.mp4', 1, fps=10))
    assert results['total_frames'] == 1
    assert results['duration_sec'] == pytest.approx(0.1)
    results = SampleSnippets(num_snippets=3, clip_len=2)(results)
    assert read_numbers(DecodeSnippets()(results)['imgs']) == [0] * 6


@pytest.fixture
def repeating_video(tmp_path):
    """16 s at 25, then 5 frames a second, whose brightness is 12 times the second; the header says
    30 frames a second, and one frame has the time stamp of the one before."""
    starts = np.concatenate([np.arange(50) * 40, 2000 + np.arange(70) * 200])   # ms
    stamps = starts.tolist()
    stamps[80] = stamps[79]
    return write_clip(tmp_path / 'repeating.mkv', gray(starts * 12 / 1000),
                            stamps=lambda number: stamps[number])


def test_one_repeated_time_stamp_leaves_all_others_and_is_said(repeating_video, monkeypatch):
    said = []
    monkeypatch.setattr(open_video, 'warn_once', said.append)
    results = opened(repeating_video)
    assert results['duration_sec'] == pytest.approx(16, abs=0.2)   # by the header's rate: 4 s
    assert len(said) == 1
    assert 'repeating.mkv: 1 of 120 frames have the time stamp of the one before' in said[0]
    for L in (4, 16, 40):
        sampled = SampleSnippets(num_snippets=L, clip_len=1)(opened(repeating_video))
        seen = [frame.mean() / 12 for frame in DecodeSnippets()(sampled)['imgs']]
        np.testing.assert_allclose(seen, (np.arange(L) + 0.5) / L * 16, atol=0.5)


def test_a_cut_file_is_the_same_from_memory_and_at_a_smaller_side(tmp_path, numbered_video,
                                                                  read_numbers):
    cut = copy_from(numbered_video, tmp_path / 'cut.mp4', start_sec=3.1)
    for settings in (dict(), dict(backend_args=dict(backend='local')), dict(short_side=32)):
        results = dict(opened(cut, **settings), frame_inds=np.array([0, 40, 5, 68]))
        assert results['total_frames'] == 69
        assert read_numbers(DecodeSnippets()(results)['imgs']) == [31, 71, 36, 99]


def counted(monkeypatch):
    """The sizes at which files are opened by decord from now on."""
    opened, real = [], DecordReader._reader
    monkeypatch.setattr(DecordReader, '_reader', lambda self, file, name, **size: (
        opened.append(size), real(self, file, name, **size))[1])
    return opened


@pytest.mark.parametrize('video', ['numbered_video', 'uneven_video', 'repeating_video'])
def test_a_video_of_which_all_is_known_is_opened_once_and_gives_the_same(
        request, video, monkeypatch):
    path = request.getfixturevalue(video)
    facts, inds = find_facts(str(path)), np.array([0, 40, 5, 68])
    expected = opened(path, short_side=32)
    sizes = counted(monkeypatch)
    results = OpenVideo(short_side=32)(dict(filename=str(path), facts=facts))
    assert len(sizes) == 1
    for key in ('total_frames', 'avg_fps', 'duration_sec', 'frame_times_sec'):
        np.testing.assert_array_equal(results[key], expected[key])
    for ours, theirs in zip(*(DecodeSnippets()(dict(one, frame_inds=inds))['imgs']
                              for one in (results, expected))):
        np.testing.assert_array_equal(ours, theirs)


def test_no_time_stamp_is_read_at_a_constant_rate_that_is_known(numbered_video, monkeypatch):
    facts = find_facts(str(numbered_video))
    monkeypatch.setattr(decord_reader, 'axis_of', None)
    assert OpenVideo()(dict(filename=str(numbered_video), facts=facts))['total_frames'] == 100


def test_a_video_that_has_changed_since_is_looked_at_again_and_that_is_said(
        tmp_path, write_numbered_video, monkeypatch):
    path, said = tmp_path / 'v.mp4', []
    monkeypatch.setattr(open_video, 'warn_once', said.append)
    facts = find_facts(str(write_numbered_video(path, 20)))
    write_numbered_video(path, 30, width=96)
    results = OpenVideo(short_side=32)(dict(filename=str(path), facts=facts))
    assert results['total_frames'] == 30
    assert frame_shapes(results, [29]) == {(32, 48, 3)}
    assert 'v.mp4 has changed since' in said[0]


def test_a_remote_video_of_which_all_is_known_is_fetched_once_a_sample(numbered_video, monkeypatch):
    remote = dict(backend='local')    # read whole, as of a store elsewhere
    monkeypatch.setattr(open_video, 'on_disk', lambda *_: False)
    facts = find_facts(str(numbered_video), backend_args=None)
    fetched, real = [], open_video.get
    monkeypatch.setattr(open_video, 'get', lambda name, **more: (
        fetched.append(name), real(name, **more))[1])
    sizes = counted(monkeypatch)
    opener = OpenVideo(short_side=32, backend_args=remote)
    results = opener(dict(filename=str(numbered_video), facts=facts))
    assert frame_shapes(results, [0, 99]) == {(32, 40, 3)}
    assert len(fetched) == len(sizes) == 1
