"""Shares of work that take equally long."""
from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TypeVar

T = TypeVar('T')


def share_out(costs: Mapping[T, float], shares: int) -> list[list[T]]:
    """Each thing into the share that costs least by then, the dearest first.

    No share costs more than 4/3 of the best possible (Graham, 1969).
    """
    given: list[list[T]] = [[] for _ in range(shares)]
    heap = [(0.0, number) for number in range(shares)]
    for thing in sorted(costs, key=costs.__getitem__, reverse=True):   # equal ones in their order
        cost, number = heapq.heappop(heap)
        given[number].append(thing)
        heapq.heappush(heap, (cost + costs[thing], number))
    return given


def extraction_costs(infos: Sequence[Mapping], by_duration: bool) -> list[float]:
    """What videos cost, one beside the other: their snippets, which are as many or as they last.

    Args:
        infos: Of `UntrimmedVideoDataset.get_data_info`.
        by_duration: Whether snippets are a fixed time apart.
    """
    known = [info['duration_sec'] for info in infos if info['duration_sec']]
    if not by_duration or not known:
        return [1.0] * len(infos)
    usual = fmean(known)
    return [info['duration_sec'] or usual for info in infos]
