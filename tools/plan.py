"""Shows the schedule of a training, what it costs and what memory it takes, before anything runs.

It reads the config and the number of videos; it opens no video and needs no GPU. A cost is counted
in pixels: 1 is a video at full fidelity (of features: in snippets). Memory is that of tensors,
counted by their shapes; what the allocator loses, workspaces of convolutions and CUDA's own come
on top.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import os
import re
import sys
from itertools import groupby

from mmlofi.arguments import add_cfg_options, merge_cfg_options
from mmlofi.planning.tables import GIB, aligned, span
from mmlofi.starting import start


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


if __name__ == '__main__':
    start(parse_args)

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmlofi.planning.memory_text import memory_text
from mmlofi.planning.training_plan import Plan, make_plan
from mmlofi.planning.waiting import waiting_text
from mmlofi.visualization.schedule_plot import Run, plot_schedule

MAX_ROWS = 20   # of a phase; a longer one is shown for one round of its cycle


def plan_text(plan: Plan, runs: list[Run], show_all: bool, notes: list[str]) -> str:
    """Summary and notes, schedule, totals of each fidelity, cost."""
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
        *lines, *notes, '', *aligned(run_table(plan, runs, show_all)),
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
        print(args.config, plan_text(plan, runs, args.all, waiting_text(cfg, plan)), sep='\n',
              flush=True)
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
