"""Frames by number: what a player shows, the same by every way, held against a decode by PyAV."""
from __future__ import annotations

import numpy as np
import pytest
from clips import copy_from, decoded_by_pyav, with_edits, write_clip
from numbered import numbered_frame

from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo
from mmlofi.datasets.videos import shown_frames

TOTAL, FPS, GOP = 240, 30, 48
# codec, B-frames: libx264 closes its groups of pictures, MPEG-4 with B-frames leaves them open
CODECS = {'mpeg4': ('mpeg4', 0), 'open groups': ('mpeg4', 2), 'h264': ('libx264', 2)}


@pytest.fixture(scope='module', params=CODECS)
def whole(request, tmp_path_factory):
    """240 numbered frames at 30 a second."""
    codec, b_frames = CODECS[request.param]
    return write_numbers(tmp_path_factory.mktemp('whole') / 'whole.mp4', codec, b_frames)


def write_numbers(path, codec='mpeg4', b_frames=0, **settings):
    return write_clip(path, (numbered_frame(number, 80, 64) for number in range(TOTAL)),
                      codec=codec, b_frames=b_frames, fps=FPS, gop=GOP, **settings)


def opened(path, reader='decord'):
    return OpenVideo(reader=reader)(dict(filename=str(path)))


@pytest.fixture(scope='module', params=['decord', 'pyav'])
def assert_every_way_is_pyavs(request, read_numbers):
    """Frames in order, alone, back and forth, sampled, and in overlapping parts, as a stream is."""
    def opened(path):
        return OpenVideo(reader=request.param)(dict(filename=str(path)))

    def check(path):
        frames, times = decoded_by_pyav(path)
        numbers, results = np.array(read_numbers(frames)), opened(path)
        total, reader = results['total_frames'], results['video_reader']
        assert total == len(numbers) == len(reader)
        starts = results['frame_times_sec']
        if starts is None:
            starts = np.arange(total) * results['duration_sec'] / total
        np.testing.assert_allclose(starts, times, atol=0.5 / FPS)

        assert read_numbers(reader.get_batch(range(total)).asnumpy()) == numbers.tolist()
        keys = np.asarray(reader.get_key_indices())
        some = np.unique(np.clip(np.append(np.arange(0, total, 17), keys[:, None] + [-1, 0, 1, 3]),
                                 0, total - 1))
        for index in some[::4]:
            alone = opened(path)['video_reader']
            assert read_numbers([alone[index].asnumpy()]) == [numbers[index]], index
        mixed = np.random.default_rng(0).permutation(some)
        assert read_numbers([reader[index].asnumpy() for index in mixed]) == \
            numbers[mixed].tolist()
        again = np.append(mixed[:9], mixed[:3])
        assert read_numbers(opened(path)['video_reader'].get_batch(again).asnumpy()) == \
            numbers[again].tolist()
        for inds in (mixed, mixed[:3]):
            decoded = DecodeSnippets()(dict(opened(path), frame_inds=inds))
            assert read_numbers(decoded['imgs']) == numbers[inds].tolist()
        reader = opened(path)['video_reader']
        for start in range(0, total, 40):
            inds = np.arange(start - 20, start + 60, 3).clip(0, total - 1)
            decoded = DecodeSnippets()(dict(video_reader=reader, frame_inds=inds))
            assert read_numbers(decoded['imgs']) == numbers[inds].tolist()
        return numbers
    return check


def test_a_file_cut_without_encoding_shows_what_players_show(whole, tmp_path,
                                                             assert_every_way_is_pyavs):
    for start_sec in (3.0, 3.02, 5.7):
        cut = copy_from(whole, tmp_path / 'cut.mp4', start_sec)
        numbers = assert_every_way_is_pyavs(cut)
        assert (numbers[0], numbers[-1]) == (np.ceil(start_sec * FPS), TOTAL - 1)
        assert opened(cut)['duration_sec'] == pytest.approx(TOTAL / FPS - start_sec, abs=1 / FPS)


def test_a_file_cut_twice_and_into_another_container_too(whole, tmp_path,
                                                         assert_every_way_is_pyavs):
    cut = copy_from(whole, tmp_path / 'cut.mp4', 3.0)
    assert assert_every_way_is_pyavs(copy_from(cut, tmp_path / 'again.mov', 2.0))[0] == 150
    closed = copy_from(whole, tmp_path / 'remuxed.mkv')
    assert_every_way_is_pyavs(closed)


def test_a_whole_file_is_read_by_every_way(whole, assert_every_way_is_pyavs):
    assert assert_every_way_is_pyavs(whole).tolist() == list(range(TOTAL))


@pytest.mark.parametrize('edit', [(4000, 0), (4010, 256 * 70 + 100), (4001, 512 * 70 + 300)])
def test_what_was_trimmed_off_the_end_is_not_shown(whole, tmp_path, edit,
                                                   assert_every_way_is_pyavs):
    trimmed = with_edits(whole, tmp_path / 'trimmed.mp4', [edit])
    assert len(assert_every_way_is_pyavs(trimmed)) == pytest.approx(120, abs=2)   # in 4 s


@pytest.mark.parametrize(('codec', 'b_frames'), CODECS.values())
def test_avi_without_time_stamps_is_read_by_every_way(tmp_path, codec, b_frames, read_numbers):
    reader = opened(write_numbers(tmp_path / 'a.avi', codec, b_frames))['video_reader']
    inds = [200, 100, 47, 48, 0]
    assert read_numbers(reader.get_batch(inds).asnumpy()) == inds
    assert read_numbers([reader[index].asnumpy() for index in inds]) == inds


def test_an_edit_list_of_several_parts_is_refused(whole, tmp_path):
    joined = with_edits(whole, tmp_path / 'joined.mp4', [(2000, 0), (2000, 512 * 120)])
    with pytest.raises(ValueError, match=r"joined\.mp4' cannot be used as it is: its edit list "
                       'joins 2 parts .*; expected one part.*ffmpeg -i in.mp4 -c:v libx264 out'):
        opened(joined)


def test_a_transport_stream_whose_start_decord_loses_is_refused_and_its_copy_is_right(
        tmp_path, assert_every_way_is_pyavs):
    stream = write_numbers(tmp_path / 'a.ts', 'libx264', 2)
    with pytest.raises(ValueError, match=r"a\.ts' cannot be used .* transport stream .*; expected "
                       'mp4 or mkv: ffmpeg -i in.ts -c copy out.mp4'):
        opened(stream)
    assert opened(stream, 'auto')['total_frames'] == TOTAL   # by PyAV
    assert len(assert_every_way_is_pyavs(copy_from(stream, tmp_path / 'a.mp4'))) == TOTAL


def test_a_video_that_decord_finds_no_way_in_is_read_in_order_and_that_is_said(
        tmp_path, monkeypatch, read_numbers):
    said = []
    monkeypatch.setattr(shown_frames, 'warn_once', said.append)
    reader = opened(write_numbers(tmp_path / 'open.mkv', 'mpeg4', 2))['video_reader']
    assert len(reader.get_key_indices()) > 1
    assert read_numbers(reader.get_batch([46, 100]).asnumpy()) == [46, 100]
    assert reader.get_key_indices().tolist() == [0]
    assert 'it is decoded in order' in said[0]


@pytest.mark.parametrize('twin', [24, 25])
def test_no_jump_goes_to_a_key_frame_whose_stamp_its_neighbour_has(tmp_path, read_numbers, twin):
    path = write_clip(tmp_path / 'a.mkv', (numbered_frame(number, 80, 64) for number in range(90)),
                      gop=24, stamps=lambda number: 33 * (number - (number == twin)))
    reader = opened(path)['video_reader']
    reader.get_batch(range(25))
    assert read_numbers(reader.get_batch([24]).asnumpy()) == [24]
    assert read_numbers(reader.get_batch([31, 25, 49]).asnumpy()) == [31, 25, 49]
    assert reader.get_key_indices().tolist() == [0, 48, 72]


@pytest.mark.parametrize(('kept_frames', 'most_passes'), [(1000, 1), (100, 5), (1, 40)])
def test_overlapping_parts_of_a_video_read_in_order_share_a_pass(
        tmp_path, monkeypatch, read_numbers, kept_frames, most_passes):
    monkeypatch.setattr(shown_frames, 'KEPT_BYTES', kept_frames * 80 * 64 * 3)
    reader, decoded = opened(write_numbers(tmp_path / 'a.avi', 'libx264'))['video_reader'], []
    reader.seek(0)   # as after the first part
    monkeypatch.setattr(reader, '_rewind', lambda rewind=reader._rewind: (
        decoded.append(reader._next), rewind()))
    for start in range(0, TOTAL, 20):
        inds = np.arange(start - 10, start + 30, 3).clip(0, TOTAL - 1)
        part = DecodeSnippets()(dict(video_reader=reader, frame_inds=inds))
        assert read_numbers(part['imgs']) == inds.tolist()
    assert sum(decoded) <= most_passes * TOTAL


def test_frames_have_numbers_as_a_list_has(whole):
    reader = opened(whole)['video_reader']
    np.testing.assert_array_equal(reader[-1].asnumpy(), reader[TOTAL - 1].asnumpy())
    for index in (TOTAL, -TOTAL - 1):
        with pytest.raises(IndexError, match='has 240 frames, got'):
            reader[index]
    with pytest.raises(IndexError, match='has 240 frames, got 0 to 240; expected some of them'):
        reader.get_batch([0, TOTAL])
