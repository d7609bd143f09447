"""Features of videos whose snippets come a few at a time."""
from __future__ import annotations

from types import SimpleNamespace

import torch

from mmlofi.datasets.streaming import FailedVideo, SnippetChunk
from mmlofi.models.encoders.streaming import encode_videos

# In place of a localizer: a snippet's one feature is its number.
MODEL = SimpleNamespace(data_preprocessor=lambda data, training: data,
                        extract_feat=lambda inputs, resample: inputs[0][None, None])


def chunk(video, first, end, total=4):
    return SnippetChunk(video, torch.arange(first, end).float(), f'sample of {video}', first, total)


def encode(*chunks):
    failed = []
    found = list(encode_videos(MODEL, chunks, failed.append))
    return [(sample, features.tolist()) for sample, features in found], failed


def test_a_video_is_given_when_its_last_chunk_has_come():
    found, failed = encode(chunk('a', 0, 3), chunk('b', 0, 4), chunk('a', 3, 4))
    assert found == [('sample of b', [[0, 1, 2, 3]]), ('sample of a', [[0, 1, 2, 3]])]
    assert failed == []


def test_a_video_that_fails_half_way_is_noted_and_not_given():
    failure = FailedVideo('a', 'cut off')
    found, failed = encode(chunk('a', 0, 3), failure, chunk('b', 0, 4))
    assert found == [('sample of b', [[0, 1, 2, 3]])]
    assert failed == [failure]


def test_nothing_of_a_failed_video_is_left_for_another_of_its_name():
    found, _ = encode(chunk('a', 0, 3), FailedVideo('a', 'cut off'), chunk('a', 0, 2, total=2))
    assert found == [('sample of a', [[0, 1]])]
