"""What a video costs at each fidelity, and the cycle in which all cost the same, as text."""
from __future__ import annotations

from collections.abc import Sequence

from mmlofi.fidelity import FULL, Fidelity
from mmlofi.planning.budget import MemoryPlan
from mmlofi.planning.equal_cost import EQUAL, dearest_and_cheapest, equalised, meant_equal, spread
from mmlofi.planning.tables import aligned

GIGA, TERA = 10**9, 10**12


def work_text(plan: MemoryPlan, fidelities: Sequence[Fidelity], batch_size: int) -> list[str]:
    """The table, and where equal pixels cost differently, the cycle of equal cost."""
    shown = list(dict.fromkeys([*fidelities, FULL]))
    lines = ['work of the encoder for a video in a step:',
             *aligned(work_table(plan, shown, batch_size)),
             'TFLOP: operations of products and convolutions, forward and backward, as it trains']
    if plan.work(FULL, batch_size).pairs:
        lines[-1] += '; G pairs: of tokens that attend to each other, in all heads and blocks'
    if not meant_equal(fidelities, batch_size) or spread(plan, fidelities, batch_size) <= EQUAL:
        return lines
    most, least = dearest_and_cheapest(plan, fidelities, batch_size)
    cycle = equalised(plan, fidelities, batch_size)
    return [*lines, f'NOTE: equal pixels are not equal cost: {most.name} takes '
                    f'{spread(plan, fidelities, batch_size):.2f} times the operations of '
                    f'{least.name}. By fewer snippets, to '
                    f'{spread(plan, cycle, batch_size):.2f} times:', cycle_setting(cycle)]


def work_table(plan: MemoryPlan, fidelities: Sequence[Fidelity], batch_size: int
               ) -> list[list[str]]:
    """A row for each fidelity; tokens and pairs where there is attention."""
    full = plan.work(FULL, batch_size)
    names = ['tokens', 'G pairs'] if full.pairs else []
    table = [['fidelity', 'snippets', 'side', *names, 'TFLOP', 'of full']]
    for one in fidelities:
        work = plan.work(one, one.batch_size or batch_size)
        attention = [f'{work.tokens:,}', f'{work.pairs / GIGA:.3g}'] if names else []
        table.append([one.name, f'{one.reduce_snippets(plan.source.num_snippets)}',
                      f'{plan.source.side_at(one)}', *attention,
                      f'{work.operations / TERA:.3g}', f'{work.operations / full.operations:.1%}'])
    return table


def cycle_setting(cycle: Sequence[Fidelity]) -> str:
    """The cycle as `LoFiCycleHook` takes it."""
    settings = []
    for one in cycle:
        reductions = [f'{axis}={getattr(one, axis):.4g}' for axis in ('spatial', 'temporal')
                      if getattr(one, axis) > 1]
        settings.append(f'dict({", ".join([f"name={one.name!r}", *reductions])})')
    return f'cycle=[{", ".join(settings)}]'
