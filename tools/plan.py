"""Shows the schedule of a training, what it costs and what memory it takes, before anything runs.

It reads the config and the number of videos; it opens no video and needs no GPU. A cost is counted
in pixels: 1 is a video at full fidelity (of features: in snippets). Memory is that of tensors,
counted by their shapes; what the allocator loses, workspaces of convolutions and CUDA's own come
on top.
"""
from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmlofi.arguments import add_cfg_options, merge_cfg_options
from mmlofi.fidelity import FULL, PAPER_CYCLE, Fidelity
from mmlofi.planning.budget import MemoryPlan, even_cycle, options
from mmlofi.planning.step_memory import StepCounter
from mmlofi.planning.training_plan import Plan, make_plan
from mmlofi.visualization.schedule_plot import Run, plot_schedule

MAX_ROWS = 20   # of a phase; a longer one is shown for one round of its cycle
WORDS = ('fidelity', 'fits', 'costs', 'option')   # columns that are no numbers
GIB = 2**30


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--num-videos', type=positive, metavar='N',
                        help='videos of an epoch; default: counted in the annotation file')
    parser.add_argument('--gpus', type=positive, default=1, help='GPUs (ranks) in all; default 1')
    parser.add_argument('--memory', type=memory, metavar='SIZE',
                        help='of one GPU, such as 24GB (as cards are sold: GiB); shows what fits, '
                             'and what makes room')
    parser.add_argument('--amp', action='store_true',
                        help='automatic mixed precision, as with tools/train.py')
    parser.add_argument('--schedule-only', action='store_true',
                        help='leave out the memory, which takes up to a minute to count')
    parser.add_argument('--all', action='store_true', help='print every row of a long table')
    parser.add_argument('--out', help='also draw the schedule into this file (png, pdf, svg)')
    add_cfg_options(parser)
    return parser.parse_args()


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'got {text!r}; expected a whole number of 1 or more')
    return int(text)


def memory(text: str) -> int:
    found = re.fullmatch(r'(\d+(?:\.\d+)?) ?(G|M)?(i?B)?', text)
    size = found and round(float(found[1]) * (2**20 if found[2] == 'M' else GIB))
    if not size:
        raise argparse.ArgumentTypeError(f'got {text!r}; expected a size above 0, such as 24GB or '
                                         '800MB')
    return size


def plan_text(plan: Plan, runs: list[Run], show_all: bool) -> str:
    """Summary, schedule, totals of each fidelity, cost."""
    schedule, source, epochs = plan.sampler.schedule, plan.source, plan.epochs()
    lines = [f'{plan.num_videos:,} videos on {plan.gpus} GPU{"s" * (plan.gpus > 1)}: '
             f'{plan.max_epochs} epochs of {span(map(len, epochs))} steps, '
             f'{plan.sampler.steps_before(plan.max_epochs):,} steps in all; '
             f'{span(plan.left_out())} videos left out of an epoch']
    if plan.sampler.steps_per_update > 1:
        lines.append(f'{plan.sampler.steps_per_update} steps make a weight update, at one fidelity')
    if source.side and not source.divisor and any(one.spatial > 1 for one in schedule.fidelities):
        lines.append('NOTE: the last transform with a size in pixels gives the same side at every '
                     "fidelity; expected it in dict(type='AtFidelity', transform=…)")
    videos, cost = sum(sum(run.videos) for run in runs), sum(run.cost for run in runs)
    return '\n'.join([
        *lines, '', *aligned(run_table(plan, runs, show_all)),
        'batch: videos of a GPU in a step; pixels (of features, snippets): of a video, against '
        'full fidelity', '',
        *aligned(totals_table(plan, runs)), '',
        f'cost: {cost / videos:.3f} of training the same {videos:,} videos at full fidelity; '
        f'as much as {cost:,.0f} of them'])


def run_table(plan: Plan, runs: list[Run], show_all: bool) -> list[list[str] | str]:
    """Rows of cells, with a line of text where rows of a phase are left out."""
    with_lr = any(run.fidelity.lr_factor != 1 for run in runs)
    table: list = [['epochs', 'steps', 'fidelity', 'snippets', 'side', 'batch',
                    *['lr factor'] * with_lr, 'pixels']]
    phases = [list(group) for _, group in groupby(runs, lambda run: run.phase)]
    for number, members in enumerate(phases, 1):
        cycle, _ = plan.sampler.schedule.cycle_of(members[0].phase)
        if len(phases) > 1:
            table.append(f'phase {number}, by {cycle.by}')
        names = [fidelity.name for fidelity, _ in groupby(cycle.fidelities)]
        shown = len(members) if show_all or len(members) <= MAX_ROWS else len(names)
        table += [run_row(run, plan.gpus, with_lr) for run in members[:shown]]
        if shown < len(members):
            table.append(f'… and so on, {" ".join(names)} in turn, to epoch '
                         f'{members[-1].epochs[1]}, step {members[-1].steps[1]:,}: '
                         f'{len(members) - shown:,} more rows (--all)')
    return table


def run_row(run: Run, gpus: int, with_lr: bool) -> list[str]:
    return [span(run.epochs), span(run.steps), run.fidelity.name, f'{run.num_snippets}',
            f'{run.side or "-"}', span(videos // gpus for videos in run.videos),
            *[f'{run.fidelity.lr_factor:g}'] * with_lr, f'{run.pixel_share:.1%}']


def totals_table(plan: Plan, runs: list[Run]) -> list[list[str]]:
    """A row for each fidelity; an epoch that has several counts for each by its steps."""
    table = [['fidelity', 'epochs', 'steps', 'videos', 'share of cost']]
    whole = sum(run.cost for run in runs)
    for fidelity in plan.sampler.schedule.fidelities:
        mine = [run for run in runs if run.fidelity == fidelity]
        epochs = sum(sum(batch.fidelity == fidelity for batch in epoch) / len(epoch)
                     for epoch in plan.epochs())
        table.append([fidelity.name, f'{epochs:.4g}', f'{sum(len(run.videos) for run in mine):,}',
                      f'{sum(sum(run.videos) for run in mine):,}',
                      f'{sum(run.cost for run in mine) / whole:.1%}'])
    return table


def memory_text(cfg: Config, plan: Plan, budget: int | None) -> list[str]:
    """What a step of one GPU holds at each fidelity and, of a budget, what fits and what would."""
    source, fidelities = plan.source, plan.sampler.schedule.fidelities
    if source.clip_len is not None and source.side is None:
        return ['memory: not counted, as no transform of the training pipeline gives the frames a '
                "size; expected one, such as dict(type='AtFidelity', transform=…)"]
    now = MemoryPlan(StepCounter(cfg, clip_len=source.clip_len, gpus=plan.gpus), source)
    shown = list(dict.fromkeys([*fidelities, FULL]))
    batch_size = plan.sampler.batch_size
    lines = ['memory of a step on each GPU, in GiB:',
             *aligned(memory_table(now, shown, batch_size, budget)),
             'of tensors alone: workspaces, what the allocator loses and CUDA itself come on top'
             + '; frames are taken as squares' * bool(source.side)]
    if cfg.get('compile'):
        lines.append('NOTE: `compile` is not followed; this is the model without it')
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
    settings = []
    for one in cycle:
        reductions = [f'{axis}={getattr(one, axis):.4g}' for axis in ('spatial', 'temporal')
                      if getattr(one, axis) > 1]
        settings.append(f'dict({", ".join([f"name={one.name!r}", *reductions])})')
    counts = ', '.join(f'{one.name} {gib(plan.count(one, batch_size).peak)}' for one in cycle)
    text = (f'with {videos}, the dearest S, T and ST of equal cost that fit ({counts} GiB):\n'
            f'cycle=[{", ".join(settings)}]')
    reduction = cycle[1].temporal
    if reduction > 2 * PAPER_CYCLE[1].temporal:
        text += (f'\nThat is 1/{reduction:.0f} of the pixels, where the paper has '
                 f'1/{PAPER_CYCLE[1].temporal:.0f}, and leaves '
                 f'{cycle[1].reduce_snippets(plan.source.num_snippets)} of '
                 f'{plan.source.num_snippets} snippets to T: rather make room by an option from '
                 'the table.')
    return text


def gib(size: int) -> str:
    return f'{size / GIB:.2f}'


def aligned(table: Sequence[list[str] | str]) -> list[str]:
    """Columns of equal width, numbers to the right; lines of text stay as they are."""
    rows = [row for row in table if not isinstance(row, str)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    words = [name in WORDS for name in rows[0]]
    return [row if isinstance(row, str) else '  '.join(
        cell.ljust(width) if left else cell.rjust(width)
        for cell, width, left in zip(row, widths, words)).rstrip() for row in table]


def span(values: Iterable[int]) -> str:
    """The value, or the smallest and largest of several."""
    values = sorted(set(values))
    return f'{values[0]:,}' if len(values) == 1 else f'{values[0]:,}-{values[-1]:,}'


def main() -> None:
    args = parse_args()
    try:
        cfg = Config.fromfile(args.config)
        merge_cfg_options(cfg, args.cfg_options)
        if args.amp:
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
        init_default_scope('mmaction')
        plan = make_plan(cfg, args.num_videos, args.gpus)
        runs = plan.runs()
        print(f'{args.config}\n{plan_text(plan, runs, args.all)}', flush=True)
        if args.out is not None:
            plot_schedule(runs, args.out, epoch_steps=[len(epoch) for epoch in plan.epochs()],
                          title=os.path.basename(args.config))
            print(f'picture: {args.out}')
        if cfg.get('model') is not None and not args.schedule_only:
            print('counting the memory of a step (--schedule-only leaves it out) …',
                  file=sys.stderr, flush=True)
            print('\n' + '\n'.join(memory_text(cfg, plan, args.memory)))
    except (OSError, ValueError) as error:
        sys.exit(f'plan: {error}')


if __name__ == '__main__':
    main()
