"""Copies of videos that browsers do not play: the same pictures and sound at the same seconds."""
from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmlofi.datasets.videos.playable import playable_file, plays_in_browsers, write_playable

STAMPS = [0, 100, 200, 600, 700, 1000, 1900]     # milliseconds


def write_film(path: Path, codec: str) -> Path:
    """Pictures at uneven times, ever lighter, and a second of sound."""
    with av.open(str(path), 'w') as film:
        pictures = film.add_stream(codec, rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 48, 32, 'yuv420p'
        pictures.codec_context.time_base = Fraction(1, 1000)
        sound = film.add_stream('libmp3lame', rate=44_100)
        for nth, stamp in enumerate(STAMPS):
            frame = av.VideoFrame.from_ndarray(np.full((32, 48, 3), 20 + 30 * nth, np.uint8),
                                               format='rgb24')
            frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            film.mux(pictures.encode(frame))
        samples = (10_000 * np.sin(np.arange(1152 * 38) / 20)).astype(np.int16)
        for nth, part in enumerate(samples.reshape(38, 1, 1152)):
            heard = av.AudioFrame.from_ndarray(part.astype(np.float32) / 2**15, format='fltp',
                                               layout='mono')
            heard.sample_rate, heard.pts = 44_100, 1152 * nth
            film.mux(sound.encode(heard))
        for stream in (pictures, sound):
            film.mux(stream.encode(None))
    return path


def look(path: Path) -> tuple[list[float], list[float], float]:
    """Times and brightness of the pictures, and seconds of sound."""
    with av.open(str(path)) as film:
        frames = list(film.decode(video=0))
    with av.open(str(path)) as film:
        heard = sum(frame.samples / frame.sample_rate for frame in film.decode(audio=0))
    return ([frame.time for frame in frames],
            [float(frame.to_ndarray(format='gray').mean()) for frame in frames], heard)


@pytest.mark.parametrize(('name', 'codec'), [('film.mkv', 'mpeg4'), ('film.mp4', 'mpeg4'),
                                             ('film.mkv', 'libx264')])
def test_a_copy_has_the_same_pictures_and_sound_at_the_same_seconds(name, codec, tmp_path):
    film = write_film(tmp_path / name, codec)
    assert not plays_in_browsers(film)
    shares = []
    write_playable(film, tmp_path / 'copy.mp4', progress=shares.append)
    assert min(shares) >= 0
    assert 0.8 < max(shares) <= 1
    assert plays_in_browsers(tmp_path / 'copy.mp4')
    assert not plays_in_browsers(tmp_path / 'copy.mp4', name='film.mkv')
    (times, light, heard), (own, own_light, own_heard) = map(look, (tmp_path / 'copy.mp4', film))
    assert times == pytest.approx(own, abs=1e-3)
    assert light == pytest.approx(own_light, abs=4)
    assert len(light) == len(STAMPS)
    assert heard == pytest.approx(own_heard, abs=0.05)


def test_a_copy_is_made_once_and_again_when_the_video_is_another(tmp_path):
    film, copy, told = write_film(tmp_path / 'film.mkv', 'mpeg4'), tmp_path / 'copy.mp4', []
    assert playable_file(film, copy, tell=told.append) == copy
    os.utime(film, (1, 1))
    before = copy.read_bytes()
    assert playable_file(film, copy, tell=told.append) == copy
    assert (told, copy.read_bytes()) == ([copy], before)
    os.utime(copy, (0, 0))
    playable_file(film, copy, tell=told.append)
    assert len(told) == 2
    assert playable_file(copy, tmp_path / 'other.mp4', tell=told.append) == copy
    assert len(told) == 2


def test_sound_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path / 'song.mp4'), 'w') as film:
        sound = film.add_stream('aac', rate=44_100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format='fltp',
                                             layout='mono')
        silence.sample_rate = 44_100
        film.mux(sound.encode(silence))
        film.mux(sound.encode(None))
    assert not plays_in_browsers(tmp_path / 'song.mp4')
    with pytest.raises(ValueError, match=r"song.mp4' has no frame.*expected a video"):
        write_playable(tmp_path / 'song.mp4', tmp_path / 'copy.mp4')
    assert [path.name for path in tmp_path.iterdir()] == ['song.mp4']


def test_a_real_avi_with_sound(reference_data, tmp_path):
    video = reference_data / 'data' / 'videos' / 'test.avi'
    assert plays_in_browsers(video.with_suffix('.mp4'))
    write_playable(video, tmp_path / 'copy.mp4')
    (times, _, heard), (own, _, own_heard) = map(look, (tmp_path / 'copy.mp4', video))
    assert len(times) == 164
    assert times == pytest.approx(sorted(own), abs=0.05)     # its frames come with those of others
    assert heard == pytest.approx(own_heard, abs=0.05)


def test_frames_without_stamps_are_a_step_apart(tmp_path):
    with av.open(str(tmp_path / 'raw.h264'), 'w', format='h264') as film:
        pictures = film.add_stream('libx264', rate=Fraction(30_000, 1001))
        pictures.width, pictures.height, pictures.pix_fmt = 48, 32, 'yuv420p'
        for nth in range(5):
            film.mux(pictures.encode(av.VideoFrame.from_ndarray(
                np.full((32, 48, 3), 50 * nth, np.uint8), format='rgb24')))
        film.mux(pictures.encode(None))
    write_playable(tmp_path / 'raw.h264', tmp_path / 'copy.mp4')
    with av.open(str(tmp_path / 'copy.mp4')) as copy:
        times = [frame.time for frame in copy.decode(video=0)]
        rate = copy.streams.video[0].average_rate
    assert np.diff(times) == pytest.approx(np.full(4, 1 / rate), abs=1e-3)
