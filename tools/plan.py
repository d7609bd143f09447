"""Shows the schedule of a training and what it costs, before anything runs.

It reads the config and the number of videos; it opens no video and builds neither data set nor
model. A cost is counted in pixels: 1 is a video at full fidelity (of features: in snippets).
"""
from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mmaction.registry import HOOKS, TRANSFORMS
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope

from mmlofi.datasets import FidelityBatchSampler, load_annotations
from mmlofi.datasets.sampler import Batch
from mmlofi.fidelity import Fidelity
from mmlofi.visualization.schedule_plot import Run, plot_schedule

MAX_ROWS = 20   # of a phase; a longer one is shown for one round of its cycle
PIXEL_ARGUMENTS = ('size', 'crop_size', 'scale', 'input_size')   # of MMAction2's transforms


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--num-videos', type=positive, metavar='N',
                        help='videos of an epoch; default: counted in the annotation file')
    parser.add_argument('--gpus', type=positive, default=1, help='GPUs (ranks) in all; default 1')
    parser.add_argument('--all', action='store_true', help='print every row of a long table')
    parser.add_argument('--out', help='also draw the schedule into this file (png, pdf, svg)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='override settings of the config, such as train_cfg.max_epochs=30')
    return parser.parse_args()


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'got {text!r}; expected a whole number of 1 or more')
    return int(text)


@dataclass(frozen=True)
class Source:
    """What the training pipeline gives at full fidelity, and how its side follows a fidelity."""

    num_snippets: int
    side: int | None = None      # None: of features, or as the files have it
    divisor: int | None = None   # None: the side is the same at every fidelity

    def side_at(self, fidelity: Fidelity) -> int | None:
        if self.side is None or self.divisor is None:
            return self.side
        return fidelity.reduce_side(self.side, self.divisor)

    def share_at(self, fidelity: Fidelity) -> float:
        """Pixels (of features, snippets) of a video relative to full fidelity, as rounded."""
        snippets = fidelity.reduce_snippets(self.num_snippets) / self.num_snippets
        return snippets if self.side is None else snippets * (
            self.side_at(fidelity) / self.side)**2


def leaves(dataset: dict) -> Iterator[tuple[int, dict]]:
    """The data sets that a config's wrappers hold, each with how often an epoch repeats it."""
    if dataset['type'] == 'RepeatDataset':
        yield from ((dataset['times'] * times, leaf) for times, leaf in leaves(dataset['dataset']))
    elif dataset['type'] == 'ConcatDataset':
        for part in dataset['datasets']:
            yield from leaves(part)
    elif 'pipeline' in dataset:
        yield 1, dataset
    else:
        raise ValueError(f'the training data set is in a {dataset["type"]}; expected '
                         'UntrimmedVideoDataset, alone or in RepeatDataset or ConcatDataset')


def read_source(pipeline: Sequence[dict]) -> Source:
    """Snippets, and the side after the last transform with a size in pixels."""
    kinds = ('SampleSnippets', 'LoadSnippetFeatures')
    samplers = [step for step in pipeline if step['type'] in kinds]
    if not samplers:
        raise ValueError('the training pipeline has no SampleSnippets or LoadSnippetFeatures in '
                         f'{[step["type"] for step in pipeline]}; expected one, which says how '
                         'many snippets a video has: give a config of stage 2 or 3')
    num_snippets = TRANSFORMS.build(samplers[-1]).num_snippets
    for step in reversed(pipeline):
        side, divisor = side_of(step)
        if side is not None:
            return Source(num_snippets, side, divisor)
    return Source(num_snippets)


def side_of(step: dict) -> tuple[int | None, int | None]:
    """A transform's side at full fidelity, and its divisor if the side follows the fidelity."""
    if step['type'] == 'OpenVideo':
        opener = TRANSFORMS.build(step)
        return opener.short_side, opener.divisor
    wrapper = TRANSFORMS.build(step) if step['type'] == 'AtFidelity' else None
    arguments = wrapper.transform_cfg if wrapper else step
    for name in wrapper.sizes if wrapper else PIXEL_ARGUMENTS:
        size = arguments.get(name)
        pixels = [item for item in (size if isinstance(size, (tuple, list)) else [size])
                  if isinstance(item, int) and item > 0]
        if pixels:
            return min(pixels), wrapper and wrapper.divisor
    return None, None


def count_videos(leaf: dict) -> int:
    """Videos of a data set by its annotation file."""
    path = os.path.join(leaf.get('data_root') or '', leaf['ann_file'])
    if not os.path.isfile(path):
        raise FileNotFoundError(f'no annotation file at {path!r} to count the videos in; expected '
                                'one, or their number: give --num-videos N')
    videos, chosen = len(load_annotations(path, leaf['subset'])), leaf.get('indices')
    if chosen is None:
        return videos
    return min(videos, abs(chosen)) if isinstance(chosen, int) else len(chosen)   # as MMEngine does


def build_sampler(cfg: Config, num_videos: int, gpus: int) -> FidelityBatchSampler:
    """The batch sampler of a rank, with the schedule that `LoFiCycleHook` would give it."""
    loader = cfg.train_dataloader
    kind = loader.get('sampler', {}).get('type')
    if kind != 'DefaultSampler':
        raise ValueError(f'train_dataloader.sampler is {kind!r}; expected DefaultSampler, whose '
                         'share of the videos for each GPU is known here')
    hooks = [HOOKS.build({key: value for key, value in hook.items() if key != 'priority'})
             for hook in cfg.get('custom_hooks') or [] if hook['type'] == 'LoFiCycleHook']
    without = {} if hooks else dict(type='FidelityBatchSampler',   # equals MMEngine's own then
                                    drop_last=loader.get('drop_last', False))
    settings = dict(loader.get('batch_sampler') or without)
    kind = settings.pop('type', None)
    if kind != 'FidelityBatchSampler':
        raise ValueError(f'train_dataloader.batch_sampler is {kind!r}; expected a '
                         "FidelityBatchSampler: set it to dict(type='FidelityBatchSampler')")
    share = range(math.ceil(num_videos / gpus))   # DefaultSampler rounds up
    sampler = FidelityBatchSampler(share, loader.batch_size, **settings)
    for hook in hooks:
        counts = cfg.optim_wrapper.get('accumulative_counts', 1)
        sampler.set_schedule(hook.schedule, counts if hook.share_update else 1)
    return sampler


@dataclass(frozen=True)
class Plan:
    """A training by epochs."""

    sampler: FidelityBatchSampler
    source: Source
    num_videos: int
    gpus: int
    max_epochs: int

    def epochs(self) -> list[list[Batch]]:
        return [self.sampler.batches(epoch) for epoch in range(self.max_epochs)]

    def left_out(self) -> list[int]:
        """Videos that each epoch drops, at the least: ranks may share some, as padding."""
        return [max(0, self.num_videos - self.gpus * sum(batch.videos for batch in epoch))
                for epoch in self.epochs()]

    def runs(self) -> list[Run]:
        """The training, cut where the fidelity or the phase changes."""
        steps = [(self.sampler.schedule.cycle_of(number)[1], number + 1, batch)
                 for number, epoch in enumerate(self.epochs()) for batch in epoch]
        runs, done = [], 0
        for (phase, fidelity), group in groupby(steps, lambda step: (step[0], step[2].fidelity)):
            _, epochs, batches = zip(*group)
            runs.append(Run(
                fidelity, phase, (epochs[0], epochs[-1]), (done + 1, done + len(batches)),
                tuple(self.gpus * batch.videos for batch in batches),
                fidelity.reduce_snippets(self.source.num_snippets), self.source.side_at(fidelity),
                self.source.share_at(fidelity)))
            done += len(batches)
        return runs


def make_plan(cfg: Config, num_videos: int | None, gpus: int) -> Plan:
    """Reads the config; `num_videos` replaces those of its annotation files."""
    max_epochs = (cfg.get('train_cfg') or {}).get('max_epochs')
    if cfg.get('train_dataloader') is None or max_epochs is None:
        raise ValueError(f'{cfg.filename} has no train_dataloader or no train_cfg.max_epochs; '
                         'expected a training by epochs: give a config of stage 2 or 3')
    parts = list(leaves(cfg.train_dataloader.dataset))
    sources = {read_source(leaf['pipeline']) for _, leaf in parts}
    if len(sources) > 1:
        raise ValueError(f'parts of the training data set differ: {sorted(map(str, sources))}; '
                         'expected one cost of a video: give them the same snippets and side')
    num_videos = num_videos or sum(times * count_videos(leaf) for times, leaf in parts)
    return Plan(build_sampler(cfg, num_videos, gpus), sources.pop(), num_videos, gpus, max_epochs)


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


def aligned(table: Sequence[list[str] | str]) -> list[str]:
    """Columns of equal width, numbers to the right; lines of text stay as they are."""
    rows = [row for row in table if not isinstance(row, str)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    left = rows[0].index('fidelity')
    return [row if isinstance(row, str) else '  '.join(
        cell.ljust(width) if place == left else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths))) for row in table]


def span(values: Iterable[int]) -> str:
    """The value, or the smallest and largest of several."""
    values = sorted(set(values))
    return f'{values[0]:,}' if len(values) == 1 else f'{values[0]:,}-{values[-1]:,}'


def main() -> None:
    args = parse_args()
    try:
        cfg = Config.fromfile(args.config)
        cfg.merge_from_dict(args.cfg_options or {})
        init_default_scope('mmaction')
        plan = make_plan(cfg, args.num_videos, args.gpus)
        runs = plan.runs()
        if args.out is not None:
            plot_schedule(runs, args.out, epoch_steps=[len(epoch) for epoch in plan.epochs()],
                          title=os.path.basename(args.config))
    except (OSError, ValueError) as error:
        sys.exit(f'plan: {error}')
    print(f'{args.config}\n{plan_text(plan, runs, args.all)}')
    if args.out is not None:
        print(f'picture: {args.out}')


if __name__ == '__main__':
    main()
