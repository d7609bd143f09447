"""Cycles whose fidelities take the same operations, where equal pixels do not."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmlofi.fidelity import Fidelity
from mmlofi.planning.budget import MemoryPlan

# Operations of the dearest over the cheapest that still count as equal. TSM's S at side 112 takes
# 1.07 times those of its T, as halves of odd sides are rounded up.
EQUAL = 1.1


def spread(plan: MemoryPlan, fidelities: Sequence[Fidelity], batch_size: int) -> float:
    """Operations of a step at the dearest of the fidelities over those at the cheapest."""
    dearest, cheapest = dearest_and_cheapest(plan, fidelities, batch_size)
    return _cost(plan, dearest, batch_size) / _cost(plan, cheapest, batch_size)


def dearest_and_cheapest(plan: MemoryPlan, fidelities: Sequence[Fidelity], batch_size: int
                         ) -> tuple[Fidelity, Fidelity]:
    """By the operations of a step."""
    order = sorted(fidelities, key=lambda one: _cost(plan, one, batch_size))
    return order[-1], order[0]


def meant_equal(fidelities: Sequence[Fidelity], batch_size: int) -> bool:
    """Whether steps have as many pixels at each of several fidelities, but for rounding."""
    pixels = [one.pixel_share * (one.batch_size or batch_size) for one in fidelities]
    return len(pixels) > 1 and max(pixels) <= 1.05 * min(pixels)


def equalised(plan: MemoryPlan, fidelities: Sequence[Fidelity], batch_size: int) -> list[Fidelity]:
    """The same fidelities with fewer snippets, so that all cost what the cheapest does.

    Operations follow the number of snippets to the letter, where sides step by whole patches.
    """
    costs = [_cost(plan, one, batch_size) for one in fidelities]
    found, whole = [], plan.source.num_snippets
    for one, cost in zip(fidelities, costs):
        before = one.reduce_snippets(whole)
        after = max(1, round(before * min(costs) / cost))
        found.append(one if after == before else replace(one, temporal=whole / after))
    return found


def _cost(plan: MemoryPlan, one: Fidelity, batch_size: int) -> float:
    size = one.batch_size or batch_size
    return size * plan.work(one, size).operations
