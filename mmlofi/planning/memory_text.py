"""What a config's steps do and hold in memory, and what a budget allows, as text."""
from __future__ import annotations

from collections.abc import Sequence

from mmengine.config import Config

from mmlofi.fidelity import FULL, PAPER_CYCLE, Fidelity
from mmlofi.planning.budget import MemoryPlan, even_cycle, options
from mmlofi.planning.equal_cost import EQUAL, equalised, spread
from mmlofi.planning.step_memory import StepCounter
from mmlofi.planning.tables import GIB, aligned, gib
from mmlofi.planning.training_plan import Plan
from mmlofi.planning.work_text import cycle_setting, work_text


def memory_text(cfg: Config, plan: Plan, budget: int | None) -> list[str]:
    """What a step of one GPU does and holds at each fidelity; of a budget, what fits and would."""
    source, fidelities = plan.source, plan.sampler.schedule.fidelities
    if source.clip_len is not None and source.side is None:
        return ['memory: not counted, as no transform of the training pipeline gives the frames a '
                "size; expected one, such as dict(type='AtFidelity', transform=…)"]
    now = MemoryPlan(StepCounter(cfg, clip_len=source.clip_len, gpus=plan.gpus), source)
    shown = list(dict.fromkeys([*fidelities, FULL]))
    batch_size = plan.sampler.batch_size
    lines = [] if cfg.model.get('backbone') is None else [
        *work_text(now, fidelities, batch_size), '']
    lines += ['memory of a step on each GPU, in GiB:',
              *aligned(memory_table(now, shown, batch_size, budget)),
              'of tensors alone: workspaces, what the allocator loses and CUDA itself come on top'
              + '; frames are taken as squares' * bool(source.side)]
    if cfg.get('compile'):
        lines.append('NOTE: `compile` is not followed; this is the model without it')
    if cfg.get('strategy'):
        lines.append(f'NOTE: the strategy {cfg.strategy.get("type")} is not followed; this is the '
                     'model whole on each GPU: FSDP and ZeRO divide weights, gradients and '
                     'optimizer, and leave what the encoder and head keep')
    if budget is None or cfg.model.get('backbone') is None:
        return lines
    if now.peak(fidelities, batch_size) > budget:
        lines += ['', f'{budget / GIB:.3g} GiB are not enough. What makes room, as arguments of '
                      'tools/train.py:',
                  *aligned(options_table(cfg, plan, now, budget))]
        if any((one.batch_size or batch_size) > 1 for one in fidelities):
            lines.append('or a smaller batch_size with optim_wrapper.accumulative_counts')
    return [*lines, '', cycle_text(now, batch_size, budget)]


def memory_table(plan: MemoryPlan, fidelities: Sequence[Fidelity], batch_size: int,
                 budget: int | None) -> list[list[str]]:
    """A row for each fidelity, at the batch size it trains with."""
    columns = ['inputs', 'encoder', 'head', 'weights', 'gradients', 'optimizer', 'buckets', 'peak']
    table = [['fidelity', 'batch', *columns, *['largest batch'] * (budget is not None)]]
    for fidelity in fidelities:
        size = fidelity.batch_size or batch_size
        count = plan.count(fidelity, size)
        table.append([fidelity.name, f'{size}', *[gib(getattr(count, name)) for name in columns]])
        if budget is not None:
            table[-1].append(f'{plan.largest_batch(fidelity, budget)}')
    return table


def options_table(cfg: Config, plan: Plan, now: MemoryPlan, budget: int) -> list[list[str]]:
    """A row for each option: the dearest fidelity's peak, and the batch that fits with it."""
    table = [['fits', 'peak', 'largest batch', 'costs', 'option']]
    source, fidelities = plan.source, plan.sampler.schedule.fidelities
    for option in options(cfg, source):
        try:
            counter = StepCounter(option.apply(cfg), clip_len=source.clip_len, gpus=plan.gpus,
                                  like=now.counter)
        except ValueError:   # a backbone without blocks to checkpoint
            continue
        changed = MemoryPlan(counter, source)
        peak = changed.peak(fidelities, plan.sampler.batch_size)
        largest = min(changed.largest_batch(fidelity, budget) for fidelity in fidelities)
        table.append(['yes' if peak <= budget else 'no', gib(peak), f'{largest}', option.cost,
                      option.arguments])
    return table


def cycle_text(plan: MemoryPlan, batch_size: int, budget: int) -> str:
    """The cycle of S, T and ST with equal cost that uses the budget."""
    cycle, videos = even_cycle(plan, batch_size, budget), f'a batch of {batch_size}'
    if cycle is None:
        return (f'no cycle of S, T and ST fits with {videos}; take '
                f'{"a smaller one, or " * (batch_size > 1)}an option from the table')
    if cycle == [FULL]:
        return f'full fidelity fits with {videos}: no cycle is needed'
    counts = ', '.join(f'{one.name} {gib(plan.count(one, batch_size).peak)}' for one in cycle)
    differ = spread(plan, cycle, batch_size) > EQUAL
    text = (f'with {videos}, the dearest S, T and ST of equal {"pixels" if differ else "cost"} '
            f'that fit ({counts} GiB):\n{cycle_setting(cycle)}')
    if differ:
        text += ('\nand of equal operations, with fewer snippets:\n'
                 + cycle_setting(equalised(plan, cycle, batch_size)))
    reduction = cycle[1].temporal
    if reduction > 2 * PAPER_CYCLE[1].temporal:
        text += (f'\nThat is 1/{reduction:.0f} of the pixels, where the paper has '
                 f'1/{PAPER_CYCLE[1].temporal:.0f}, and leaves '
                 f'{cycle[1].reduce_snippets(plan.source.num_snippets)} of '
                 f'{plan.source.num_snippets} snippets to T: rather make room by an option from '
                 'the table.')
    return text
