"""Damage in the middle of videos, made on purpose and found by option."""
from __future__ import annotations

import random
import re

import av
import numpy as np
import pytest
from clips import AV1, write_clip

from mmlofi.datasets.videos import video_file
from mmlofi.datasets.videos.damage import broken_at, find_damage
from mmlofi.datasets.videos.shown_frames import ShownFrames
from mmlofi.datasets.videos.video_file import FileState, look_at_video

FRAMES = 60
KINDS = [('mp4', 'libx264'), ('mkv', 'libx264'), ('webm', 'libvpx-vp9'), ('avi', 'mpeg4')]


@pytest.fixture(scope='module')
def noise(tmp_path_factory):
    """Videos of noise, whose frames take bytes; a key frame every 12."""
    folder, made = tmp_path_factory.mktemp('noise'), {}
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (FRAMES, 48, 64, 3), dtype=np.uint8)
    for ending, codec in KINDS:
        path = folder / f'v.{ending}'
        with av.open(str(path), 'w') as file:
            stream = file.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
            stream.gop_size, stream.thread_count = 12, 1
            for picture in pictures:
                file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
            file.mux(stream.encode())
        made[ending] = path.read_bytes()
    return made


@pytest.fixture(params=[ending for ending, _ in KINDS])
def video(request, noise, tmp_path):
    path = tmp_path / f'v.{request.param}'
    path.write_bytes(noise[request.param])
    return path


def overwrite(path, length, seed=None):
    """A hole of zeros, or random bytes, in the middle."""
    content = bytearray(path.read_bytes())
    place = len(content) // 2
    content[place:place + length] = bytes(length) if seed is None else \
        random.Random(seed).randbytes(length)
    path.write_bytes(content)


def test_a_whole_video_is_not_damaged(video):
    assert look_at_video(str(video), 'keys') == look_at_video(str(video), 'all')
    assert look_at_video(str(video), 'all').duration_sec == pytest.approx(FRAMES / 10, abs=0.01)


@pytest.mark.parametrize('seed', [None, 0])
def test_damage_in_the_middle_is_found_by_option(video, seed):
    overwrite(video, video.stat().st_size // 4, seed)    # several groups of frames
    for frames in ('keys', 'all'):
        assert "' is damaged" in look_at_video(str(video), frames).problem


def test_a_whole_av1_is_not_damaged(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (FRAMES, 64, 64, 3), dtype=np.uint8)
    path = write_clip(tmp_path / 'v.mp4', pictures, codec=AV1)
    for frames in ('keys', 'all'):
        assert look_at_video(str(path), frames).problem is None


def test_damage_in_the_middle_passes_by_default(noise, tmp_path):
    path = tmp_path / 'v.mkv'   # of mp4, decord may stumble on what it decodes ahead of frame 0
    path.write_bytes(noise['mkv'])
    overwrite(path, len(noise['mkv']) // 4)
    assert look_at_video(str(path)).problem is None


def test_a_first_frame_that_decord_refuses_for_what_comes_after_it_is_looked_at_anew(
        video, monkeypatch):
    def refuses(reader, index):     # as where its thread is ahead
        raise ValueError('decord stumbled')
    side = look_at_video(str(video)).side
    monkeypatch.setattr(ShownFrames, '__getitem__', refuses)
    assert look_at_video(str(video)) == FileState(duration_sec=pytest.approx(FRAMES / 10, abs=0.01),
                                                  side=side)
    monkeypatch.setattr(video_file, 'first_frame_side', lambda file: None)
    assert look_at_video(str(video)).problem == 'decord stumbled'


def test_a_few_wrong_bytes_are_found_in_all_frames(noise, tmp_path):
    path = tmp_path / 'v.avi'
    path.write_bytes(noise['avi'])
    overwrite(path, 40, seed=1)
    assert re.search(r' is damaged \(1 of 60 packets cannot be decoded, the first at \d\.\d s\)',
                     look_at_video(str(path), 'all').problem)


def test_frames_that_decoders_pass_over_are_missed(noise, tmp_path):
    path = tmp_path / 'v.mp4'
    path.write_bytes(noise['mp4'])
    assert find_damage(str(path), 'all', FRAMES) is None
    assert find_damage(str(path), 'all', FRAMES + 1) == (
        '60 frames can be decoded of 61')


@pytest.mark.parametrize('ending', ['mkv', 'webm', 'avi'])
def test_the_place_is_named_where_the_structure_breaks(ending, noise, tmp_path):
    path = tmp_path / f'v.{ending}'
    content = noise[ending]
    path.write_bytes(content + bytes(50))      # what follows the last box is nobody's
    with path.open('rb') as file:
        assert broken_at(file) is None
    half = len(content) // 2
    path.write_bytes(content[:half] + bytes(20_000) + content[half + 20_000:])
    with path.open('rb') as file:
        assert half <= broken_at(file) < half + 20_000


@pytest.mark.parametrize('head', [b'RIFF', b'\x1a\x45\xdf\xa3', b'\x00\x00\x00\x18ftyp'])
def test_any_bytes_have_an_answer(head, tmp_path):
    path = tmp_path / 'v'
    for seed in range(50):
        path.write_bytes(head + random.Random(seed).randbytes(seed * 7))
        with path.open('rb') as file:
            place = broken_at(file)
        assert place is None or 0 <= place <= path.stat().st_size
