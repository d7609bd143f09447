"""DownsampleFeatures: every second feature of a video, or every third."""
from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlofi.datasets.transforms import DownsampleFeatures, LoadSnippetFeatures


def middles(results):
    """The seconds of the middle of each position."""
    L = results['features'].shape[1]
    start, end = results['window_norm']
    return results['duration_sec'] * (start + (end - start) * (np.arange(L) + 0.5) / L)


@pytest.mark.parametrize('rate', [1, 2, 3, 20])
def test_each_feature_that_is_left_keeps_its_time(tmp_path, rate):
    np.save(tmp_path / 'v.npy', np.arange(40, dtype=np.float32).reshape(4, 10))
    results = LoadSnippetFeatures(num_snippets=None, feature_stride=4, feature_len=16, fps=20)(
        dict(filename=str(tmp_path / 'v.npy'), duration_sec=5.0))
    fewer = DownsampleFeatures(rate=rate)(dict(results))
    assert torch.equal(fewer['features'], results['features'][:, ::rate])
    assert fewer['num_clips'] == -(-10 // rate)
    np.testing.assert_allclose(middles(fewer), middles(results)[::rate])


def test_it_counts_the_valid_ones():
    results = dict(features=torch.zeros(2, 10), window_norm=(0.0, 1.0), num_valid=5)
    assert DownsampleFeatures(rate=2)(results)['num_valid'] == 3


@pytest.mark.parametrize('rate', [0, 1.5, None])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match='DownsampleFeatures got rate=.*; expected a whole'):
        DownsampleFeatures(rate=rate)
