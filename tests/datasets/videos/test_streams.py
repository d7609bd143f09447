"""Why a video cannot be used is read from the file, and the advice mends it."""
from __future__ import annotations

import re
import shlex
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest
from clips import AV1, silence

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.boxes import MKV_HEADER, mkv_length
from mmlofi.datasets.videos.codec_names import stored_codec
from mmlofi.datasets.videos.video_file import find_facts, look_at_video


def write(path, codec='libx264', *, begins_sec=0, sound=None, cover=False, options=None):
    """A second of 10 gray frames, after a picture, a sound, both or none of them."""
    with av.open(str(path), 'w', options=options or {}) as file:
        if cover:
            picture = file.add_stream('mjpeg', rate=1)
            picture.width, picture.height, picture.pix_fmt = 96, 80, 'yuvj420p'
        stream = file.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        audio = file.add_stream(sound, rate=48000) if sound else None
        if cover:
            file.mux(picture.encode(gray(80, 96, 'yuvj420p', 0)))
            file.mux(picture.encode())
        for number in range(10):
            file.mux(stream.encode(gray(48, 64, 'yuv420p', number + 10 * begins_sec)))
        file.mux(stream.encode())
        if audio is not None:
            file.mux(silence(audio, begins_sec + 1))
    return path


def gray(height, width, pixels, tick):
    frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), 90 + 10 * (tick % 10), np.uint8),
                                       format='rgb24').reformat(format=pixels)
    frame.pts, frame.time_base = tick, Fraction(1, 10)
    return frame


def without_moov(path):
    content = path.read_bytes()
    path.write_bytes(content[:content.index(b'moov') - 4])


def reason_of(path):
    """The reason that the look at files gives, which is that of training."""
    problem = look_at_video(str(path)).problem
    with pytest.raises(ValueError, match=re.escape(problem)):
        OpenVideo(short_side=32)(dict(filename=str(path)))
    return problem


def refusal_of_decord(path):
    """Why decord does not read what PyAV does, which then takes over."""
    facts = find_facts(str(path))
    assert (facts.reader, facts.total_frames, facts.size) == ('pyav', 10, (48, 64))
    frames = OpenVideo(short_side=32)(dict(filename=str(path), facts=facts))['video_reader']
    levels = frames.get_batch(range(10)).asnumpy().mean(axis=(1, 2, 3))
    np.testing.assert_allclose(np.diff(levels[1:]), 10, atol=3)
    with pytest.raises(ValueError, match='cannot be decoded') as refused:
        OpenVideo(reader='decord')(dict(filename=str(path)))
    return str(refused.value)


def test_a_browsers_webm_without_a_duration_is_mended_by_its_advice(tmp_path):
    path = write(tmp_path / 'browser.webm', 'libvpx', options=dict(live='1'))
    problem = refusal_of_decord(path)
    assert 'its header gives no duration, as of what a browser records' in problem
    command = shlex.split(re.search('`(.*)`', problem)[1])
    assert command == ['ffmpeg', '-i', 'browser.webm', '-c', 'copy', 'new.webm']
    with av.open(str(path)) as recorded, av.open(str(tmp_path / command[-1]), 'w') as copy:
        stream = copy.add_stream_from_template(recorded.streams.video[0])   # as the command does
        for packet in recorded.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    assert look_at_video(str(tmp_path / command[-1])).duration_sec == pytest.approx(1, abs=0.01)


def test_pictures_that_begin_where_decord_does_not_look_are_named(tmp_path):
    path = write(tmp_path / 'late.mp4', begins_sec=13, sound='aac')
    problem = refusal_of_decord(path)
    assert 'its pictures begin 13.0 s after its sound, where decord does not look' in problem
    assert "ffmpeg -i 'late.mp4' -an -c:v libx264" in problem


def test_a_codec_that_decord_does_not_know_is_named(tmp_path):
    path = write(tmp_path / 'new.mp4', AV1)
    assert 'decord does not decode its video (av1)' in refusal_of_decord(path)


@pytest.mark.parametrize(('ending', 'known', 'new', 'name'), [
    ('mp4', b'avc1', b'evc1', 'evc1'), ('mkv', b'V_MPEG4/ISO/AVC', b'V_MPEG9/ISO/NEW', None),
    ('avi', b'H264', b'ZZ99', 'ZZ99'), ('avi', b'H264', b'\x99\0\0\1', '0x99000001'),
    ('ts', b'\x1b\xe1\0\xf0\0', b'\xd4\xe1\0\xf0\0', 'stream type 0xd4'),
    ('m2ts', b'\x1b\xf0\x11\xf0', b'\xd4\xf0\x11\xf0', 'stream type 0xd4')])
def test_a_codec_that_no_reader_knows_is_named(tmp_path, ending, known, new, name):
    path = write(tmp_path / f'newer.{ending}')
    content = path.read_bytes()
    assert known in content
    path.write_bytes(content.replace(known, new))
    assert f'no reader here decodes its video ({name or new.decode()})' in reason_of(path)


def test_a_codec_that_matroska_names_by_the_letters_of_avi_is_named_by_them(tmp_path):
    path = write(tmp_path / 'v.mkv', sound='aac')
    content = bytearray(path.read_bytes().replace(b'V_MPEG4/ISO/AVC', b'V_MS/VFW/FOURCC'))
    place = content.index(b'\x63\xa2') + 2   # what the codec wants to be told
    taken, length = mkv_length(content[place:place + 8])
    assert length > 20
    content[place + taken + 16:place + taken + 20] = b'ZZ99'
    path.write_bytes(content)
    assert 'no reader here decodes its video (ZZ99)' in reason_of(path)


def test_a_name_that_is_not_found_is_none(tmp_path):
    path = write(tmp_path / 'v.ts')
    content = path.read_bytes()
    assert stored_codec(BytesIO(content), 256) == 'stream type 0x1b'
    for damaged in (3 * content[:188], content.replace(b'\0\1\xf0\0\x2a', bytes(5)),
                    b'RIFF....AVI ', MKV_HEADER, b''):
        assert stored_codec(BytesIO(damaged), 256) is None


@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
def test_a_cover_as_the_first_stream_is_not_what_is_measured(tmp_path, ending):
    state = look_at_video(str(write(tmp_path / f'v.{ending}', cover=True)))
    assert state.problem is None
    assert state.side == 48
    assert state.duration_sec == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize('default', [False, True])
def test_a_picture_that_is_taken_for_the_video_is_refused_with_the_mend(tmp_path, default):
    video, path = write(tmp_path / 'video.mp4', 'mpeg4'), tmp_path / 'v.mp4'
    with av.open(str(video)) as source, av.open(str(path), 'w') as file:
        picture = file.add_stream('png', rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, 'rgb24'
        stream = file.add_stream_from_template(source.streams.video[0])
        if default:   # what a player takes; else it is the first, which is the picture
            stream.disposition = av.stream.Disposition.default
        noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
        file.mux(picture.encode(av.VideoFrame.from_ndarray(noise, format='rgb24')))
        file.mux(picture.encode())
        for packet in source.demux():
            if packet.size:
                packet.stream = stream
                file.mux(packet)
    with pytest.raises(ValueError, match='cannot be decoded') as refused:
        OpenVideo(reader='decord')(dict(filename=str(path)))
    reason = str(refused.value)
    assert 'a picture that lies beside its video, such as a cover, is taken for' in reason
    assert "`ffmpeg -i 'v.mp4' -map 0:1 -map 0:a? -c copy new.mp4`" in reason
    if default:
        assert OpenVideo()(dict(filename=str(path)))['total_frames'] == 10   # by PyAV
    else:
        problem = reason_of(path)
        assert reason in problem
        assert problem.count('such as a cover') == 1   # though no reader can


def test_a_video_of_one_frame_is_no_picture_beside_a_video(tmp_path):
    video, path = write(tmp_path / 'video.mp4', 'mpeg4'), tmp_path / 'v.mp4'
    with av.open(str(video)) as source, av.open(str(path), 'w') as file:
        stream = file.add_stream_from_template(source.streams.video[0])
        packet = next(source.demux())
        packet.stream = stream
        file.mux(packet)
    assert look_at_video(str(path)).problem is None


def test_a_song_with_a_cover_is_no_video(tmp_path):
    path = tmp_path / 'song.mkv'
    with av.open(str(path), 'w') as file:
        audio = file.add_stream('flac', rate=8000)
        file.add_attachment('cover.jpg', 'image/jpeg', b'\xff\xd8\xff\xe0') if hasattr(
            file, 'add_attachment') else None
        file.mux(silence(audio, 1))
    assert 'it holds no video stream, but sound (flac)' in reason_of(path)


def test_a_recording_that_was_not_ended_has_no_header(tmp_path):
    path = write(tmp_path / 'phone.mp4')
    without_moov(path)
    assert 'its header (moov) is missing: cut off, or a recording' in reason_of(path)


@pytest.mark.parametrize(('content', 'reason'), [
    (b'', 'it is empty'), (b'<!DOCTYPE html><title>403 Forbidden', 'it is a web page, '),
    (b'version https://git-lfs.github.com/spec/v1\noid', 'it is a pointer of Git LFS'),
    (b'Not found\n', "it is no video, but text that begins with 'Not found'"),
    (bytes(range(256)), 'it is no video, or its header is damaged')])
def test_what_is_no_video_is_called_what_it_is(tmp_path, content, reason):
    path = tmp_path / 'v.mp4'
    path.write_bytes(content)
    assert f'({reason}' in reason_of(path)


def test_a_header_of_more_frames_than_bytes_is_refused_before_memory_is_taken(tmp_path):
    path = write(tmp_path / 'v.mp4')
    content = bytearray(path.read_bytes())
    place = content.index(b'stts') + 12
    content[place:place + 4] = (2**30).to_bytes(4, 'big')
    path.write_bytes(content)
    assert 'its header tells of 1,073,741,824 frames in' in reason_of(path)
