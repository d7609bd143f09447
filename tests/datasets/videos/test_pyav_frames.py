"""The same frames by number from each reader, and at the same seconds."""
from __future__ import annotations

import gc
import os

import av
import numpy as np
import pytest
from clips import AV1, decoded_by_pyav, gray, silence, turned, write_clip
from numbered import numbered_frame

from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo
from mmlofi.datasets.videos import pyav_frames, pyav_reader, side_by_side
from mmlofi.datasets.videos.pyav_frames import PyavFrames

TOTAL = 60
# file, codec, settings of `write_clip`
KINDS = {
    'h264': ('v.mp4', 'libx264', dict(b_frames=2)),
    'open groups': ('v.mkv', 'mpeg4', dict(b_frames=2)),
    'open groups of h264': ('v.mkv', 'libx264', dict(
        b_frames=2, options={'x264-params': 'open-gop=1:scenecut=0'})),
    'hevc 10 bit': ('v.mp4', 'libx265', dict(pixels='yuv420p10le', b_frames=2)),
    'vp9': ('v.webm', 'libvpx-vp9', dict()),
    'av1': ('v.mp4', AV1, dict()),
    'av1 in webm': ('v.webm', AV1, dict()),
    'av1 10 bit': ('v.mp4', AV1, dict(pixels='yuv420p10le', options=dict(preset='6'))),
    'mpeg4': ('v.mp4', 'mpeg4', dict()),
    'mjpeg': ('v.avi', 'mjpeg', dict(pixels='yuvj420p')),
    'no stamps': ('v.avi', 'libx264', dict(b_frames=2)),
    'odd size': ('v.mp4', 'libx264', dict(size=(81, 63), pixels='yuv444p')),
    'interlaced': ('v.mkv', 'mpeg2video', dict(b_frames=2, options=dict(flags='+ilme+ildct'))),
    'interlaced h264': ('v.mp4', 'libx264', dict(options={'x264-params': 'tff=1'})),
    'a thousand a second': ('v.mp4', 'libx264', dict(fps=1000)),
    'one in two seconds': ('v.mkv', 'libx264', dict(fps=0.5)),
    'a stream': ('v.ts', 'libx264', dict(b_frames=2)),
}
NOT_DECORDS = ('av1', 'av1 in webm', 'av1 10 bit', 'a stream')


def write(folder, kind):
    name, codec, settings = KINDS[kind]
    settings = dict(settings)
    width, height = settings.pop('size', (80, 64))
    return write_clip(folder / name, (numbered_frame(number, width, height)
                                      for number in range(TOTAL)),
                      codec=codec, gop=24, **settings)


def opened(path, reader, **settings):
    return OpenVideo(reader=reader, **settings)(dict(filename=str(path)))


def numbers_of(path, reader, inds, read_numbers, **settings):
    """What the frames show, by the pipeline, then one after the other from the same reader."""
    results = opened(path, reader, **settings)
    frames = results['video_reader']
    shown = read_numbers(DecodeSnippets()(dict(results, frame_inds=np.asarray(inds)))['imgs'])
    assert read_numbers([frames[index].asnumpy() for index in inds[::3]]) == shown[::3]
    return shown


@pytest.mark.parametrize('kind', KINDS)
def test_frames_are_the_same_by_number_from_each_reader(tmp_path, monkeypatch, read_numbers, kind):
    monkeypatch.setattr(side_by_side, 'PART_FRAMES', 15)   # so that two decoders share them
    path = write(tmp_path, kind)
    inds = [TOTAL - 1, 30, 31, 22, 23, 24, 0, 25, 47, 48, 49, 30, 2]
    expected = decoded_by_pyav(path)[0]
    assert read_numbers(expected) == list(range(TOTAL))
    for settings in (dict(), dict(short_side=32), dict(num_threads=2)):
        assert numbers_of(path, 'pyav', inds, read_numbers, **settings) == inds
    ours = opened(path, 'pyav')
    if kind not in NOT_DECORDS:
        theirs = opened(path, 'decord')
        for settings in (dict(), dict(num_threads=2)):
            assert numbers_of(path, 'decord', inds, read_numbers, **settings) == inds
        for key in ('total_frames', 'duration_sec', 'avg_fps'):
            assert ours[key] == pytest.approx(theirs[key], rel=1e-4), key
        assert (ours['frame_times_sec'] is None) == (theirs['frame_times_sec'] is None)
    frame = ours['video_reader'][30].asnumpy()
    assert frame.shape == expected[30].shape
    assert np.abs(frame.astype(int) - expected[30]).mean() < 3


def lying(tmp_path, codec):
    """A film of a phone that was held upright, before its header says so."""
    return write_clip(tmp_path / 'lying.mp4', (numbered_frame(number, 96, 64)
                                               for number in range(12)), codec=codec)


@pytest.mark.parametrize('degrees', [90, 180, 270])
def test_a_film_of_a_phone_is_upright_from_each_reader(tmp_path, degrees, read_numbers):
    path = turned(lying(tmp_path, 'libx264'), degrees)
    for settings in (dict(), dict(short_side=48)):
        ours, theirs = (opened(path, reader, **settings)['video_reader'][11].asnumpy()
                        for reader in ('pyav', 'decord'))
        assert ours.shape == theirs.shape
        assert np.abs(ours.astype(int) - theirs).mean() < 6
        assert read_numbers([np.rot90(ours, degrees // 90)]) == [11]
    frame = opened(turned(lying(tmp_path, AV1), degrees), 'auto')['video_reader'][11].asnumpy()
    assert read_numbers([np.rot90(frame, degrees // 90)]) == [11]


@pytest.mark.parametrize('codec', ['libx264', AV1])
def test_times_are_the_same_of_variable_rates_late_pictures_and_repeated_stamps(tmp_path, codec):
    stamps = [40 * number + 200 * (number // 10) for number in range(60)]   # ms
    stamps[31] = stamps[30]
    path = write_clip(tmp_path / 'v.mkv', gray(range(60)), codec=codec, stamps=stamps.__getitem__,
                      late_sec=3.0, sound_sec=5.0)
    ours = opened(path, 'pyav')
    assert ours['frame_times_sec'][0] == pytest.approx(3.0, abs=0.01)
    if codec != AV1:
        theirs = opened(path, 'decord')
        np.testing.assert_allclose(ours['frame_times_sec'], theirs['frame_times_sec'], atol=1e-3)
        assert ours['duration_sec'] == pytest.approx(theirs['duration_sec'], abs=1e-3)
    levels = ours['video_reader'].get_batch([59, 29, 30, 31, 0]).asnumpy().mean((1, 2, 3))
    np.testing.assert_allclose(levels, [59, 29, 30, 31, 0], atol=2)


def test_one_frame_is_a_video_of_each_reader(tmp_path):
    path = write_clip(tmp_path / 'v.mp4', gray([90]), codec='libx264')
    for reader in ('decord', 'pyav'):
        results = opened(path, reader)
        assert (results['total_frames'], results['duration_sec']) == (
            1, pytest.approx(1 / 30, abs=1e-3))
        assert results['video_reader'][0].asnumpy().mean() == pytest.approx(90, abs=2)


@pytest.mark.parametrize(('codec', 'pixels'), [
    ('libx264', 'yuv420p'), ('libx265', 'yuv420p10le'), (AV1, 'yuv420p10le')])
def test_pictures_of_four_thousand_columns_are_read_at_the_side_that_is_wanted(
        tmp_path, codec, pixels):
    levels = np.array([40, 120, 200])
    path = write_clip(tmp_path / 'v.mp4', (np.full((2160, 3840, 3), level, np.uint8)
                                           for level in levels), codec=codec, pixels=pixels)
    for reader in ['pyav'] if codec == AV1 else ['pyav', 'decord']:
        frames = opened(path, reader, short_side=128)['video_reader'].get_batch([2, 0, 1]).asnumpy()
        assert frames.shape == (3, 128, 228, 3)
        np.testing.assert_allclose(frames.mean((1, 2, 3)), levels[[2, 0, 1]], atol=4)


def rewritten(path, changed):
    """Beside it, a copy whose packets are those that `changed` gives for each, by its number."""
    target = path.with_name(f'new{path.suffix}')
    with av.open(str(path)) as source, av.open(str(target), 'w') as out:
        stream = out.add_stream_from_template(source.streams.video[0], opaque=True)
        packets = (packet for packet in source.demux(video=0) if packet.size)
        for number, packet in enumerate(packets):
            for content, late in changed(number, bytes(packet)):
                copy = av.Packet(content)
                copy.pts, copy.dts = packet.pts + late, packet.dts + late
                copy.time_base, copy.stream = packet.time_base, stream
                copy.is_keyframe = packet.is_keyframe and not late
                out.mux(copy)
    return target


STEPS = [60 + 40 * (number // 8) for number in range(32)]


def test_packets_of_vp8_that_are_not_shown_are_no_frames(tmp_path):
    def changed(number, content):
        yield content, 0
        if number % 8 == 4:   # to refer to, as an encoder that looks ahead makes them
            yield bytes([content[0] & ~0x10]) + content[1:], 5
    path = rewritten(write_clip(tmp_path / 'v.webm', gray(STEPS), codec='libvpx'), changed)
    results = opened(path, 'pyav')
    assert results['total_frames'] == len(decoded_by_pyav(path)[0]) == 32
    inds = [31, 4, 5, 12, 13, 21]
    np.testing.assert_allclose(results['video_reader'].get_batch(inds).asnumpy().mean((1, 2, 3)),
                               np.array(STEPS)[inds], atol=4)


def test_a_packet_that_shows_nothing_leaves_the_frame_before_it_on(tmp_path):
    nothing = b'\0\0\1\xb6\x50\xcf'   # of MPEG-4: of type P, not coded

    def changed(number, content):
        yield nothing if number in (20, 21, 31) else content, 0
    path = rewritten(write_clip(tmp_path / 'v.mkv', gray(STEPS)), changed)
    assert len(decoded_by_pyav(path)[0]) == 30   # of the last packet FFmpeg repeats the one before
    for inds in ([20], [31], range(32), [25, 21, 20, 3]):
        frames = opened(path, 'pyav')['video_reader'].get_batch(inds).asnumpy()
        np.testing.assert_allclose(frames.mean((1, 2, 3)), np.array(STEPS)[list(inds)], atol=4)


def test_frames_that_are_stored_smaller_are_shown_in_the_size_of_the_first(tmp_path):
    path = write_clip(tmp_path / 'v.ts', gray(range(0, 200, 10), 128), codec='libx264')
    more = write_clip(tmp_path / 'more.ts', gray(range(0, 200, 10), 64), codec='libx264',
                      late_sec=20 / 30)
    path.write_bytes(path.read_bytes() + more.read_bytes())
    for inds in ([0, 25], [25, 0, 39]):
        frames = opened(path, 'pyav')['video_reader']
        assert [frames[index].shape for index in inds] == len(inds) * [(128, 128, 3)]
        shown = frames.get_batch(inds).asnumpy()
        np.testing.assert_allclose(shown.mean((1, 2, 3)), [10 * (index % 20) for index in inds],
                                   atol=4)


def sound(path):
    with av.open(str(path), 'w') as file:
        file.mux(silence(file.add_stream('aac', rate=8000, layout='mono'), 1))
    return path


def test_files_that_are_refused_are_closed(tmp_path, monkeypatch):
    def refuse(*_):
        raise ValueError('refused')
    files = [sound(tmp_path / 'v.mp4'), write_clip(tmp_path / 'w.mp4', gray(range(5)))]
    monkeypatch.setattr(pyav_reader, 'read_axis', refuse)
    gc.collect()
    gc.disable()
    before = len(os.listdir('/dev/fd'))
    try:
        for path in files * 3:
            with pytest.raises(ValueError, match='sound|refused'):
                opened(path, 'pyav')
        assert len(os.listdir('/dev/fd')) <= before     # other tests' threads close some
    finally:
        gc.enable()


def test_what_pyav_does_not_read_is_said_in_its_words_and_once(tmp_path, monkeypatch):
    def refuse(*_):
        raise av.error.InvalidDataError(1, 'Invalid data found')
    path = write_clip(tmp_path / 'v.mp4', gray(range(5)), codec=AV1)
    monkeypatch.setattr(pyav_reader, 'read_stamps', refuse)
    with pytest.raises(ValueError, match='PyAV does not read its video: Invalid data found') as own:
        opened(path, 'pyav')
    assert 'decord' not in str(own.value)
    with pytest.raises(ValueError, match=r'decord does not decode its video \(av1\)\); nor does '
                                         r'PyAV read it: it cannot be decoded \(PyAV') as both:
        opened(path, 'auto')
    assert str(both.value).count('expected') == 1


def test_a_damaged_frame_is_said_and_the_others_are_read(tmp_path):
    path = write_clip(tmp_path / 'v.mkv', gray(range(40)), codec='mjpeg', pixels='yuvj420p')
    with av.open(str(path)) as container:
        place = [packet.pos for packet in container.demux(video=0) if packet.size][20]
    content = bytearray(path.read_bytes())
    content[place + 8:place + 40] = bytes(32)
    path.write_bytes(content)
    frames = opened(path, 'pyav')['video_reader']
    with pytest.raises(ValueError, match=r"v\.mkv' is damaged: frame 20 of 40 cannot be decoded"):
        frames.get_batch(range(40))
    assert frames[30].asnumpy().mean() == pytest.approx(30, abs=2)


def test_where_jumps_fail_it_is_decoded_in_order_and_that_is_said(tmp_path, monkeypatch,
                                                                  read_numbers):
    said, path = [], write(tmp_path, 'h264')
    monkeypatch.setattr(pyav_frames, 'warn_once', said.append)
    monkeypatch.setattr(PyavFrames, '_lands_at', lambda self, key: self._container.seek(0) or True)
    frames = opened(path, 'pyav')['video_reader']
    assert read_numbers(frames.get_batch([50, 20]).asnumpy()) == [50, 20]
    assert 'v.mp4: PyAV does not find its key frames' in said[0]


def test_a_stream_comes_back_to_the_last_frames_without_decoding_them_again(tmp_path, monkeypatch,
                                                                            read_numbers):
    frames, decoded = opened(write(tmp_path, 'no stamps'), 'pyav')['video_reader'], []
    frames.seek(0)   # as after the first part
    monkeypatch.setattr(frames, '_number_of', lambda frame, real=frames._number_of: (
        decoded.append(frame), real(frame))[1])
    for start in range(0, TOTAL, 20):
        inds = np.arange(start - 10, start + 30, 3).clip(0, TOTAL - 1)
        assert read_numbers(DecodeSnippets()(dict(video_reader=frames, frame_inds=inds))[
            'imgs']) == inds.tolist()
    assert len(decoded) == TOTAL


def test_an_unknown_reader_is_refused_and_the_environment_names_one_for_all(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="the reader of videos is 'opencv'; expected one of"):
        OpenVideo(reader='opencv')
    path = str(write_clip(tmp_path / 'v.mp4', gray(range(5))))
    monkeypatch.setenv('MMLOFI_VIDEO_READER', 'pyav')
    assert isinstance(OpenVideo()(dict(filename=path))['video_reader'], PyavFrames)
    monkeypatch.setenv('MMLOFI_VIDEO_READER', 'vlc')
    with pytest.raises(ValueError, match="is 'vlc' in MMLOFI_VIDEO_READER; expected one of"):
        OpenVideo()
