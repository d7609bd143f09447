"""Features of videos whose snippets come a few at a time."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from mmlofi.datasets.streaming import FailedVideo, SnippetChunk
from mmlofi.datasets.windows import SlidingWindows
from mmlofi.models.encoders.streaming import encode_videos, encode_windows

# In place of a localizer: a snippet's one feature is its number.
MODEL = SimpleNamespace(encoder=SimpleNamespace(mixes_snippets=False),
                        data_preprocessor=lambda data, training: data,
                        extract_feat=lambda inputs, resample: inputs[0][None, None])
# Of one that mixes snippets: the sum of the number and those of the neighbours it was given.
MIXING = SimpleNamespace(
    encoder=SimpleNamespace(mixes_snippets=True), data_preprocessor=MODEL.data_preprocessor,
    extract_feat=lambda inputs, resample: torch.nn.functional.conv1d(
        inputs[0][None, None], torch.ones(1, 1, 3), padding=1))


def chunk(video, first, end, total=4):
    return SnippetChunk(video, torch.arange(first, end).float(), f'sample of {video}', first, total)


def encode(*chunks, model=MODEL):
    failed = []
    found = list(encode_videos(model, chunks, failed.append))
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


def test_an_encoder_that_mixes_snippets_gets_all_of_a_video_at_once():
    found, _ = encode(chunk('a', 0, 3), chunk('b', 0, 4), FailedVideo('c', 'cut off'),
                      chunk('a', 3, 4), model=MIXING)
    assert found == [('sample of b', [[1, 3, 6, 5]]), ('sample of a', [[1, 3, 6, 5]])]
    found, failed = encode(chunk('a', 0, 3), FailedVideo('a', 'cut off'), chunk('a', 0, 2, total=2),
                           model=MIXING)
    assert found == [('sample of a', [[1, 1]])]
    assert len(failed) == 1


@pytest.mark.parametrize('size', [1, 3, 4, 9])
def test_windows_are_encoded_one_by_one_whatever_the_chunks(size):
    """Of 9 snippets 0 to 3, 2 to 5, 4 to 7 and 5 to 8."""
    chunks = [chunk('a', first, min(first + size, 9), total=9) for first in range(0, 9, size)]
    sample, features = encode_windows(MIXING, iter(chunks),
                                      SlidingWindows(num_snippets=4, stride=2))
    assert sample == 'sample of a'
    assert features.tolist() == [[[1, 3, 6, 5]], [[5, 9, 12, 9]], [[9, 15, 18, 13]],
                                 [[11, 18, 21, 15]]]
