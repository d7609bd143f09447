"""Shares of work."""
from __future__ import annotations

import random

from mmlofi.datasets.features.shares import extraction_costs, share_out


def test_shares_cost_alike_though_one_video_is_hours_long():
    costs = {'long': 60.0} | {f'v{number}': 1.0 for number in range(120)}
    shares = share_out(costs, 3)
    assert [sum(costs[one] for one in share) for share in shares] == [60, 60, 60]
    assert sorted(sum(shares, [])) == sorted(costs)


def test_no_share_costs_more_than_a_third_beyond_an_even_one_and_the_dearest_thing():
    chance = random.Random(0)
    for _ in range(50):
        costs = {number: chance.expovariate(1) for number in range(chance.randint(1, 40))}
        shares = share_out(costs, 4)
        even = max(sum(costs.values()) / 4, max(costs.values()))
        assert max(sum(costs[one] for one in share) for share in shares) <= even * 4 / 3 + 1e-9


def test_without_anything_to_do_every_share_is_empty():
    assert share_out({}, 2) == [[], []]


def test_snippets_a_fixed_time_apart_cost_by_duration_and_as_many_of_each_alike():
    infos = [dict(duration_sec=60.0), dict(duration_sec=None), dict(duration_sec=120.0)]
    assert extraction_costs(infos, by_duration=True) == [60, 90, 120]
    assert extraction_costs(infos, by_duration=False) == [1, 1, 1]
    assert extraction_costs(infos[1:2], by_duration=True) == [1]
