"""DecodeSnippets: the frames that MMAction2's DecordDecode gives, each decoded once."""
from __future__ import annotations

import cv2
import decord
import numpy as np
import pytest
from mmaction.datasets.transforms import DecordDecode, Flip

from mmlofi.datasets.transforms import DecodeSnippets
from mmlofi.datasets.videos import ascending

VIDEOS = ('demo.mp4', 'spatiotemporal_det.mp4', 'structuralize.mp4', 'test.avi', 'test.mp4')


def decoded(path, frame_inds, transform=None, **size):
    results = dict(video_reader=decord.VideoReader(str(path), num_threads=1, **size),
                   frame_inds=np.asarray(frame_inds))
    return (transform or DecodeSnippets())(results)


def test_the_frames_asked_for_come_in_the_order_asked(numbered_video, read_numbers):
    frame_inds = [50, 3, 4, 3, 99, 0, 98, 51, 50]
    assert read_numbers(decoded(numbered_video, frame_inds)['imgs']) == frame_inds


def test_sizes_are_those_of_the_frames_and_the_reader_is_let_go(numbered_video):
    results = decoded(numbered_video, [1, 2], width=40, height=32)
    assert results['video_reader'] is None
    assert results['img_shape'] == results['original_shape'] == (32, 40)
    assert [frame.shape for frame in results['imgs']] == [(32, 40, 3)] * 2


@pytest.mark.parametrize('name', VIDEOS)
@pytest.mark.parametrize('half', [False, True])
def test_frames_of_real_videos_equal_mmaction2s(reference_data, name, half):
    path = reference_data / 'data' / 'videos' / name
    reader = decord.VideoReader(str(path), num_threads=1)
    size = {}
    if half:
        height, width = reader[0].shape[:2]
        size = dict(width=width // 2, height=height // 2)
    centres = (np.arange(6) + 0.5) / 6 * len(reader)                                      # (L,)
    frame_inds = (centres[:, None] + np.arange(-8, 9, 4)).astype(int).reshape(-1)         # (L·T,)
    frame_inds = frame_inds.clip(0, len(reader) - 1)
    ours = decoded(path, frame_inds, **size)
    theirs = decoded(path, frame_inds, DecordDecode(), **size)
    np.testing.assert_array_equal(ours['imgs'], theirs['imgs'])
    assert ours['img_shape'] == theirs['img_shape']


@pytest.mark.parametrize(('jump_frames', 'block_bytes'), [(0, 2**26), (100, 2**26), (100, 1),
                                                          (16, 80 * 64 * 3 * 5)])
def test_frames_do_not_depend_on_the_route_or_the_blocks(monkeypatch, numbered_video, read_numbers,
                                                         jump_frames, block_bytes):
    monkeypatch.setattr(ascending, 'JUMP_FRAMES', jump_frames)
    monkeypatch.setattr(ascending, 'BLOCK_BYTES', block_bytes)
    frame_inds = [7, 9, 11, 13, 40, 42, 41, 80, 99]
    assert read_numbers(decoded(numbered_video, frame_inds)['imgs']) == frame_inds


class CountingReader:
    """A reader that writes down what it decodes."""

    def __init__(self, path):
        self.reader = decord.VideoReader(str(path), num_threads=1)
        self.decoded = []

    def get_batch(self, frame_inds):
        self.decoded += [int(index) for index in frame_inds]
        return self.reader.get_batch(frame_inds)

    def get_key_indices(self):
        return self.reader.get_key_indices()

    def seek(self, index):
        self.reader.seek(index)


def test_each_frame_is_decoded_once_however_often_it_is_asked_for(numbered_video):
    reader = CountingReader(numbered_video)
    snippets = np.arange(10, 30)[:, None] + np.arange(-4, 5, 2)
    DecodeSnippets()(dict(video_reader=reader, frame_inds=snippets.reshape(-1)))
    assert reader.decoded == list(range(6, 34))


def test_repeated_frames_share_no_memory_since_flip_works_in_place(numbered_video):
    results = decoded(numbered_video, [5, 5, 5, 6])
    before = np.array(results['imgs'])
    results.update(modality='RGB')
    flipped = Flip(flip_ratio=1.0)(results)['imgs']
    np.testing.assert_array_equal(flipped, before[:, :, ::-1])


@pytest.mark.parametrize('width', [16, 24, 48, 72])
def test_stored_widths_that_decord_misreads_give_the_true_pixels(tmp_path, write_numbered_video,
                                                                 read_numbers, width):
    path = write_numbered_video(tmp_path / 'narrow.avi', 12, width=width, height=20)
    frames = decoded(path, [0, 11, 5, 5])['imgs']
    assert [frame.shape for frame in frames] == [(20, width, 3)] * 4
    assert read_numbers(frames) == [0, 11, 5, 5]
    capture = cv2.VideoCapture(str(path))
    stored = [capture.read()[1][..., ::-1] for _ in range(12)]
    difference = np.abs(np.array(frames, int) - np.array(stored, int)[[0, 11, 5, 5]])
    assert difference.mean() < 2


@pytest.mark.parametrize('width', range(4, 200, 4))
def test_videos_are_read_at_any_width(numbered_video, read_numbers, width):
    frames = decoded(numbered_video, [37, 90], width=width, height=32)['imgs']
    assert [frame.shape for frame in frames] == [(32, width, 3)] * 2
    if width > 8:   # below, a block of the number has less than two pixels
        assert read_numbers(frames) == [37, 90]


def test_a_frame_that_the_video_has_not_is_an_error(numbered_video):
    with pytest.raises((IndexError, decord.DECORDError)):
        decoded(numbered_video, [0, 100])
