"""Snippets of a video, a few at a time."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from small_videos import FEATURES, FRAMES, dataset
from torch.utils.data import DataLoader

from mmlofi.datasets.streaming import SnippetStream, stream_snippets


def chunks_of(data, index, size):
    return list(stream_snippets(data.pipeline.transforms, data.sample_info(index), size))


@pytest.mark.parametrize(('size', 'lengths'), [(1, [1] * 8), (3, [3, 3, 2]), (8, [8]), (99, [8])])
def test_chunks_are_the_whole_in_order(folder, size, lengths):
    data = dataset(folder, subset='validation', test_mode=True)
    whole = data[0]
    chunks = chunks_of(data, 0, size)
    assert [len(chunk.inputs) for chunk in chunks] == lengths
    assert torch.equal(torch.cat([chunk.inputs for chunk in chunks]), whole['inputs'])
    assert [chunk.end for chunk in chunks] == np.cumsum(lengths).tolist()
    for chunk in chunks:
        assert chunk.total == chunk.data_sample.num_snippets == 8
        assert chunk.data_sample.metainfo == whole['data_samples'].metainfo
        assert torch.equal(chunk.data_sample.gt_instances.segments,
                           whole['data_samples'].gt_instances.segments)


@pytest.mark.parametrize('workers', [0, 2])
def test_workers_stream_videos_of_their_own_and_lose_none(folder, workers):
    data = dataset(folder, subset=['training', 'validation'], test_mode=True)
    loader = DataLoader(SnippetStream(data, [0, 2, 1], 3), batch_size=None, num_workers=workers)
    seen = {}
    for chunk in loader:
        seen.setdefault(chunk.video, []).append(chunk.inputs)
    assert sorted(seen) == ['a', 'b', 'c']
    for index, name in enumerate('abc'):
        assert torch.equal(torch.cat(seen[name]), data[index]['inputs'])


def test_only_a_chunk_is_decoded_before_it_is_asked_for(folder, monkeypatch):
    decoded = []
    monkeypatch.setattr('mmlofi.datasets.transforms.decode.DecodeSnippets.transform',
                        lambda self, results: decoded.append(len(results['frame_inds'])))
    data = dataset(folder, subset='validation', test_mode=True)
    with pytest.raises(ValueError, match='was dropped by DecodeSnippets'):
        chunks_of(data, 0, 3)
    assert decoded == [3 * 2]


def test_a_pipeline_of_features_has_no_frames_to_stream(folder):
    data = dataset(folder, 'feature', subset='validation', test_mode=True, pipeline=FEATURES)
    with pytest.raises(ValueError, match='chose no frames of the video; expected one for frames'):
        chunks_of(data, 0, 3)


def test_crops_that_multiply_clips_are_refused(folder):
    pipeline = [*FRAMES[:3], dict(type='ThreeCrop', crop_size=64), *FRAMES[3:]]
    data = dataset(folder, subset='validation', test_mode=True, pipeline=pipeline)
    with pytest.raises(ValueError, match='made 9 clips of 3 snippets; .*ThreeCrop, by CenterCrop'):
        chunks_of(data, 0, 3)


def test_a_video_that_fails_is_named_and_a_missing_one_too(folder):
    data = dataset(folder, subset='validation', test_mode=True)
    (folder / 'videos' / 'c.mp4').write_bytes(b'no video')
    with pytest.raises(ValueError, match=r"'c' .*c\.mp4\) failed in the pipeline: ValueError: .*it "
                                         'is no video, but text'):
        chunks_of(data, 0, 3)
    (folder / 'videos' / 'c.mp4').unlink()
    with pytest.raises(FileNotFoundError, match=r'no video at .*c\.mp4'):
        chunks_of(data, 0, 3)


def test_a_video_that_fails_stops_no_other_of_its_worker(folder):
    data = dataset(folder, subset=['training', 'validation'], test_mode=True)
    (folder / 'videos' / 'a.mp4').unlink()
    (folder / 'videos' / 'b.mp4').write_bytes(b'no video')
    *failed, chunk = SnippetStream(data, [0, 1, 2], 8)
    assert [one.video for one in failed] == ['a', 'b']
    assert 'no video at' in failed[0].reason
    assert "'b' " in failed[1].reason
    assert chunk.video == 'c'


def test_a_pipeline_without_frames_says_so_when_it_ends():
    (pack,) = [TRANSFORMS.build(dict(type='DecodeSnippets'))]
    with pytest.raises(ValueError, match='failed in the pipeline: KeyError'):
        next(stream_snippets([pack], dict(video_name='v', filename='v.mp4')))
