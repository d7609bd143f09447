"""The trident head's decoding, against a slow twin and what the authors' program gave."""
from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from mmlofi.models.heads.one_stage.trident import end_windows, expected_offsets, start_windows


def decode(starts, ends, bins):
    """(N, K, L) twice and (N, L, 2 (B + 1)) -> (N, L, K, 2)."""
    bins_of_a_point = bins.size(-1) // 2 - 1
    windows = [cut(logits, bins_of_a_point).transpose(1, 2)
               for cut, logits in ((start_windows, starts), (end_windows, ends))]
    return expected_offsets(*windows, bins[:, :, None])


def expected_distance(window, bins, distances) -> float:
    weights = [np.exp(a + b) for a, b in zip(window, bins)]
    return sum(w * d for w, d in zip(weights, distances)) / sum(weights)


def test_each_boundary_is_the_expected_distance_over_the_points_beside_it():
    torch.manual_seed(0)
    count, bins = 7, 3
    starts, ends = torch.randn(2, 1, 1, count, dtype=torch.float64)
    own = torch.randn(1, count, 2 * (bins + 1), dtype=torch.float64)
    outside = {-3: 0.0, -2: 0.0, -1: 0.0, count: 0.0, count + 1: 0.0, count + 2: 0.0}
    start_at = outside | dict(enumerate(starts[0, 0].tolist()))
    end_at = outside | dict(enumerate(ends[0, 0].tolist()))

    decoded = decode(starts, ends, own)

    for t in range(count):
        distances = range(bins + 1)
        before, after = own[0, t].tolist()[:bins + 1], own[0, t].tolist()[bins + 1:]
        slow = (expected_distance([start_at[t - d] for d in distances], before[::-1], distances),
                expected_distance([end_at[t + d] for d in distances], after, distances))
        assert decoded[0, t, 0].tolist() == pytest.approx(slow, abs=1e-12)


def test_a_boundary_lies_within_the_bins():
    starts, ends = torch.randn(2, 2, 3, 9) * 50
    decoded = decode(starts, ends, torch.rand(2, 9, 10) * 50)
    assert decoded.shape == (2, 9, 3, 2)
    assert decoded.min() >= 0
    assert decoded.max() <= 4


def test_a_clear_start_three_points_before_is_three_strides_away():
    starts = torch.zeros(1, 1, 10)
    starts[..., 4] = 100
    decoded = decode(starts, torch.zeros(1, 1, 10), torch.zeros(1, 10, 2 * 6))
    assert decoded[0, 7, 0].tolist() == pytest.approx([3, 2.5])


def test_windows_are_views_that_take_no_memory():
    logits = torch.randn(1, 300, 100)
    windows = start_windows(logits, 16)
    assert windows.shape == (1, 300, 100, 17)
    assert windows.untyped_storage().nbytes() == 300 * 116 * 4


@pytest.mark.parametrize('case', ['thumos_small', 'anet_small', 'hacs_small'])
def test_decoded_offsets_are_the_authors(case, reference_data):
    folder = reference_data / 'reference/one_stage/tridet'
    values = np.load(folder / f'{case}.npz')
    facts = json.loads((folder / f'{case}.json').read_text())
    for video, of_video in facts['eval'].items():
        of_level = [torch.from_numpy(values[f'{video}_{part}'])[None].split(
            of_video['level_lengths'], dim=1) for part in ('start', 'end', 'offsets')]
        decoded = torch.cat([decode(start.mT, end.mT, bins)
                             for start, end, bins in zip(*of_level)], dim=1)[0]
        torch.testing.assert_close(
            decoded, torch.from_numpy(values[f'{video}_decoded']), atol=1e-5, rtol=0)
