"""Frames of long videos from excerpts are those of the whole, bit for bit."""
from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from clips import AV1, copy_from, write_clip

from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo, open_video
from mmlofi.datasets.videos import excerpts, packet_table
from mmlofi.datasets.videos.decord_reader import DecordReader
from mmlofi.datasets.videos.excerpts import Excerpts
from mmlofi.datasets.videos.video_file import find_facts

KINDS = {   # file name: settings of `write_clip`
    'b_frames.mp4': dict(codec='libx264', b_frames=2), 'plain.mp4': dict(codec='mpeg4'),
    'b_frames.mkv': dict(codec='libx264', b_frames=2, gop=20),
    'vp9.webm': dict(codec='libvpx-vp9'),
    'av1.mp4': dict(codec=AV1, gop=20),
    'uneven.mkv': dict(codec='mpeg4', stamps=lambda number: 40 * number + 9 * (number % 7) ** 2),
    'open.mp4': dict(codec='libx264', b_frames=2, options={'x264-params': 'open-gop=1'})}
OPENED = ('b_frames.mp4', 'plain.mp4', 'b_frames.mkv', 'vp9.webm', 'av1.mp4', 'uneven.mkv')
FRAMES = 80


@pytest.fixture(autouse=True)
def _all_are_long(monkeypatch):
    monkeypatch.setattr(excerpts, 'LONG_FRAMES', FRAMES // 2)


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp('long')
    ground = rng.integers(0, 256, (96, 200, 3), dtype=np.uint8)
    pictures = [np.ascontiguousarray(ground[:64, number:number + 80]) for number in range(FRAMES)]
    for name, settings in KINDS.items():
        write_clip(folder / name, pictures, **settings)
    copy_from(folder / 'plain.mp4', folder / 'cut.mp4', start_sec=0.5)
    return folder


def facts_of(path, tmp_path, reader=None):
    return find_facts(str(path), table_path=lambda path, stamp: str(tmp_path / 'table.npz'),
                      reader=reader)


def decoded(path, inds, facts=None, **settings):
    opened = OpenVideo(**settings)(dict(filename=str(path), facts=facts))
    reader = opened['video_reader']
    frames = DecodeSnippets()(dict(opened, frame_inds=np.asarray(inds)))['imgs']
    return np.stack(frames), reader, opened


@pytest.mark.parametrize(('name', 'reader'), [
    *((name, 'auto') for name in KINDS), ('b_frames.mkv', 'pyav'), ('uneven.mkv', 'pyav')])
def test_frames_of_excerpts_are_those_of_the_whole(videos, tmp_path, name, reader):
    path, rng = videos / name, np.random.default_rng(1)
    facts = facts_of(path, tmp_path, reader)
    assert facts.reader == ('pyav' if reader == 'pyav' or name == 'av1.mp4' else 'decord')
    if name in OPENED:
        assert facts.table is not None
    asked = [[0], [FRAMES - 1], np.arange(FRAMES), np.arange(30, 50), [50, 3, 3, 70],
             *(np.sort(rng.choice(FRAMES, 12)) for _ in range(4))]
    for settings in (dict(reader=reader), dict(reader=reader, short_side=32)):
        for inds in asked:
            expected, _, whole = decoded(path, inds, **settings)
            frames, reader, opened = decoded(path, inds, facts, **settings)
            assert isinstance(reader, Excerpts) == (facts.table is not None)
            np.testing.assert_array_equal(frames, expected)
            for key in ('total_frames', 'avg_fps', 'duration_sec', 'frame_times_sec'):
                np.testing.assert_array_equal(opened[key], whole[key])


def test_a_window_is_decoded_without_reading_the_whole_file(videos, tmp_path, monkeypatch):
    path = videos / 'b_frames.mp4'
    facts, given = facts_of(path, tmp_path), []
    real = DecordReader._reader
    monkeypatch.setattr(DecordReader, '_reader', lambda self, file, *more, **size: (
        given.append(file), real(self, file, *more, **size))[1])
    decoded(path, np.arange(30, 34), facts)
    assert {type(file) for file in given} == {BytesIO}
    assert given[0].getbuffer().nbytes < path.stat().st_size / 2


def test_a_video_of_which_frames_are_hidden_is_opened_as_a_whole(videos, tmp_path):
    assert facts_of(videos / 'cut.mp4', tmp_path).table is None


def test_a_short_video_has_no_table(videos, tmp_path, monkeypatch):
    monkeypatch.setattr(excerpts, 'LONG_FRAMES', FRAMES + 1)
    assert facts_of(videos / 'plain.mp4', tmp_path).table is None
    assert list(tmp_path.iterdir()) == []


def test_a_video_of_few_key_frames_has_no_table_since_an_excerpt_would_be_most_of_it(
        videos, tmp_path, monkeypatch):
    assert facts_of(videos / 'plain.mp4', tmp_path).table is not None
    monkeypatch.setattr(packet_table, 'MOST_GROUP', 11)
    assert facts_of(videos / 'plain.mp4', tmp_path).table is None


@pytest.mark.parametrize('spoil', [
    lambda tmp_path: (tmp_path / 'table.npz').write_bytes(b'PK nothing'),
    lambda tmp_path: (tmp_path / 'table.npy').write_bytes(b''),
    lambda tmp_path: (tmp_path / 'table.npy').unlink()])
def test_without_its_table_a_long_video_is_opened_as_a_whole_and_that_is_said(
        videos, tmp_path, monkeypatch, spoil):
    facts, said = facts_of(videos / 'plain.mp4', tmp_path), []
    monkeypatch.setattr(open_video, 'warn_once', said.append)
    spoil(tmp_path)
    frames, reader, _ = decoded(videos / 'plain.mp4', [3, 40], facts)
    assert not isinstance(reader, Excerpts)
    np.testing.assert_array_equal(frames, decoded(videos / 'plain.mp4', [3, 40])[0])
    assert 'is opened as a whole' in said[0]


def test_an_excerpt_that_cannot_be_decoded_is_replaced_by_the_whole(videos, tmp_path, monkeypatch):
    facts, said = facts_of(videos / 'plain.mp4', tmp_path), []
    packets = np.load(tmp_path / 'table.npy')
    packets['place'] = 0   # of other bytes
    np.save(tmp_path / 'table.npy', packets)
    monkeypatch.setattr(excerpts, 'print_log', lambda text, *_: said.append(text))
    frames, _, _ = decoded(videos / 'plain.mp4', [3, 40], facts)
    np.testing.assert_array_equal(frames, decoded(videos / 'plain.mp4', [3, 40])[0])
    assert 'an excerpt of it cannot be decoded' in said[0]
