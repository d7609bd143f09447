"""The trident head's decoding, against a slow twin and what the authors' program gave."""
from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from mmlofi.models.heads.one_stage.trident import trident_offsets


def decode(starts, ends, bins, counts=None):
    """(N, P, K) twice and (N, P, 2 (B + 1)) -> (N, P, K, 2)."""
    pairs = torch.ones_like(starts).nonzero().unbind(1)
    return trident_offsets(starts, ends, bins, counts or [starts.size(1)], pairs).view(
        *starts.shape, 2)


def expected_distance(window, bins, distances) -> float:
    weights = [np.exp(a + b) for a, b in zip(window, bins)]
    return sum(w * d for w, d in zip(weights, distances)) / sum(weights)


def test_each_boundary_is_the_expected_distance_over_the_points_beside_it():
    torch.manual_seed(0)
    count, bins = 7, 3
    starts, ends = torch.randn(2, 1, count, 1, dtype=torch.float64)
    own = torch.randn(1, count, 2 * (bins + 1), dtype=torch.float64)
    outside = {-3: 0.0, -2: 0.0, -1: 0.0, count: 0.0, count + 1: 0.0, count + 2: 0.0}
    start_at = outside | dict(enumerate(starts[0, :, 0].tolist()))
    end_at = outside | dict(enumerate(ends[0, :, 0].tolist()))

    decoded = decode(starts, ends, own)

    for t in range(count):
        distances = range(bins + 1)
        before, after = own[0, t].tolist()[:bins + 1], own[0, t].tolist()[bins + 1:]
        slow = (expected_distance([start_at[t - d] for d in distances], before[::-1], distances),
                expected_distance([end_at[t + d] for d in distances], after, distances))
        assert decoded[0, t, 0].tolist() == pytest.approx(slow, abs=1e-12)


def test_a_boundary_lies_within_the_bins():
    starts, ends = torch.randn(2, 2, 9, 3) * 50
    decoded = decode(starts, ends, torch.rand(2, 9, 10) * 50)
    assert decoded.shape == (2, 9, 3, 2)
    assert decoded.min() >= 0
    assert decoded.max() <= 4


def test_a_clear_start_three_points_before_is_three_strides_away():
    starts = torch.zeros(1, 10, 1)
    starts[:, 4] = 100
    decoded = decode(starts, torch.zeros(1, 10, 1), torch.zeros(1, 10, 2 * 6))
    assert decoded[0, 7, 0].tolist() == pytest.approx([3, 2.5])


def test_a_boundary_is_not_looked_for_on_another_level():
    torch.manual_seed(0)
    starts, ends = torch.randn(2, 1, 9, 2)
    bins = torch.randn(1, 9, 8)
    both = decode(starts, ends, bins, counts=[6, 3])
    for part in (slice(0, 6), slice(6, 9)):
        torch.testing.assert_close(
            both[:, part], decode(starts[:, part], ends[:, part], bins[:, part]))


def test_pairs_are_decoded_as_if_they_were_all():
    torch.manual_seed(0)
    starts, ends = torch.randn(2, 3, 9, 4)
    bins = torch.randn(3, 9, 8)
    pairs = torch.tensor([2, 0, 2]), torch.tensor([8, 3, 0]), torch.tensor([1, 3, 1])
    found = trident_offsets(starts, ends, bins, [6, 3], pairs)
    torch.testing.assert_close(found, decode(starts, ends, bins, [6, 3])[pairs])


def test_no_pair_gives_no_offset_and_a_gradient_of_zero():
    starts = torch.randn(1, 4, 2, requires_grad=True)
    none = torch.zeros(3, 0, dtype=torch.long).unbind(0)
    found = trident_offsets(starts, torch.randn(1, 4, 2), torch.randn(1, 4, 6), [4], none)
    found.sum().backward()
    assert found.shape == (0, 2)
    assert not starts.grad.any()


@pytest.mark.parametrize('case', ['thumos_small', 'anet_small', 'hacs_small'])
def test_decoded_offsets_are_the_authors(case, reference_data):
    folder = reference_data / 'reference/one_stage/tridet'
    values = np.load(folder / f'{case}.npz')
    facts = json.loads((folder / f'{case}.json').read_text())
    for video, of_video in facts['eval'].items():
        starts, ends, bins = (torch.from_numpy(values[f'{video}_{part}'])[None]
                              for part in ('start', 'end', 'offsets'))
        torch.testing.assert_close(
            decode(starts, ends, bins, of_video['level_lengths'])[0],
            torch.from_numpy(values[f'{video}_decoded']), atol=1e-5, rtol=0)
