"""When stage 2 leaves its plateau, by what may delay it: how long a fidelity stays, order, rate.

Trains stage 2 on the procedural benchmark from the ACP encoder of each seed, with one thing changed
at a time, and prints after each training where its loss fell, and how far: the first update from
which the loss was under 0.8 of what it was in the first 60, a mean over the fidelities, and the
mean loss of the last 90; with `--scores` also the average mAP of a new head on its features, with
the true classes, as that table has it. Short and long, also from TSP, S, T and ST are rows of
`procedural_table.py`, which are trained where they are not there. Run again, it goes on where it
stopped.

  OMP_NUM_THREADS=1 python benchmarks/procedural_table.py --world both --rows acp short long
  OMP_NUM_THREADS=1 python benchmarks/cycle_settings.py --seeds 0 1 2
"""
from __future__ import annotations

import argparse
import re
import statistics
from collections import defaultdict
from pathlib import Path

import torch
from kept_frames import keep_frames
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from procedural_rows import ROWS
from procedural_table import HERE, WORLDS, Table, default_folder
from procedural_tools import CONFIGS, ROOT, SMOKE_DATA, SMOKE_LOCALIZE, checkpoint, run

from mmlofi.datasets.annotations import load_annotations
from mmlofi.detections.predictions import load_detections
from mmlofi.evaluation.detection_map import detection_map
from mmlofi.files import write_text
from mmlofi.report.runs import logged

FELL = 0.8                 # of the loss at the start
START, END = 60, 90        # updates
HOOK = "custom_hooks = [dict(type='LoFiCycleHook', by={by!r}, interval={interval}, cycle={cycle})]"
S, T, ST = (dict(name='S', spatial=2), dict(name='T', temporal=4),
            dict(name='ST', temporal=2, spatial=2**0.5))


def cycle(interval: int, *fidelities: dict) -> str:
    """A line of config: each fidelity for that many updates."""
    return HOOK.format(by='iter', interval=interval, cycle=list(fidelities or (S, T, ST)))


def after_s(by: str) -> str:
    """Three epochs of 30 updates at S, then the cycle."""
    return f"""custom_hooks = [dict(type='LoFiCycleHook', phases=[
    dict(epochs=3, cycle=[{S}]), dict(by={by!r}, interval=1, cycle={[S, T, ST]})])]"""


def rate(value: float) -> str:
    return f'optim_wrapper = dict(optimizer=dict(lr={value}))'


def betas(first: float, second: float) -> str:
    return f'optim_wrapper = dict(optimizer=dict(betas=({first}, {second})))'


WARM_UP = """param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end={end}),
    dict(type='CosineAnnealingLR', T_max=_base_.max_epochs, convert_to_iter_based=True)]"""


def hook(name: str) -> str:
    """The one below, beside the cycle."""
    return f"""custom_imports = dict(imports=['cycle_settings'])
custom_hooks = [*_base_.custom_hooks, dict(type={name!r})]"""


FROZEN = "model = dict(encoder=dict(norm='frozen'))"
SETTINGS = {   # a row of the table, or lines of config; an epoch has 30 updates
    'S': 's',
    'T': 't',
    'ST': 'st',
    'each update (short)': 'short',
    '3 updates': cycle(3),
    '10 updates': cycle(10),
    '30 updates (long)': 'long',
    '60 updates': cycle(60),
    '90 at S, then long': after_s('epoch'),
    '90 at S, then short': after_s('iter'),
    'short from TSP': 'tsp_short',
    'long from TSP': 'tsp_long',
    'long, T, ST, S': cycle(30, T, ST, S),
    'long, ST, S, T': cycle(30, ST, S, T),
    'long, rate 1e-3': rate(1e-3),
    'short, rate 1e-3': f'{cycle(1)}\n{rate(1e-3)}',
    'long, warm-up of 90 updates': WARM_UP.format(end=90),
    'long, no momentum': betas(0.0, 0.999),
    'short, no momentum': f'{cycle(1)}\n{betas(0.0, 0.999)}',
    'long, momentum dropped at each change': hook('DropMomentumHook'),
    'long, frozen norm': FROZEN,
    'long, frozen norm, rate 1e-3': f'{FROZEN}\n{rate(1e-3)}',
    'long, mean-only norm': "model = dict(encoder=dict(norm='mean_only'))",
}


@HOOKS.register_module(force=True)   # as a script, and where the config imports it
class DropMomentumHook(Hook):
    """Sets Adam's mean gradient to zero where the fidelity changes."""

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self._before = None

    def before_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None) -> None:
        fidelity = runner.train_loop.sampler.fidelity_at(batch_idx)
        if self._before not in (None, fidelity):
            for state in runner.optim_wrapper.optimizer.state.values():
                state['exp_avg'].zero_()
        self._before = fidelity


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--world', choices=WORLDS, default='both')
    parser.add_argument('--out', type=Path, default=None,
                        help='folder of procedural_table.py; default its own')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--settings', nargs='+', choices=SETTINGS, metavar='SETTING',
                        default=list(SETTINGS), help=f'of {"; ".join(SETTINGS)}; default all')
    parser.add_argument('--scores', action='store_true',
                        help='train a head on the features of each, too')
    parser.add_argument('--smoke', action='store_true', help='a few steps on a tiny benchmark')
    args = parser.parse_args()
    args.out = args.out or default_folder(args.world)
    return args


def losses(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """(update, loss) of each fidelity, as the log of a training has them."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for values in logged(folder):
        for name, value in values.items():
            if name.endswith('/loss'):
                found[name.removesuffix('/loss')][values['step']] = value
    return {name: sorted(values.items()) for name, values in found.items()}


def fell_at(points: list[tuple[int, float]]) -> float:
    """The first update from which all losses are lower; infinity where the last one is not."""
    first = points[0][0]
    start = statistics.mean(loss for step, loss in points if step <= max(START, first))
    high = [place for place, (_, loss) in enumerate(points) if loss >= FELL * start]
    after = high[-1] + 1 if high else 0
    return points[after][0] if after < len(points) else float('inf')


def describe(folder: Path) -> tuple[float, float]:
    """Where a training's loss fell, and what it was at the end."""
    of = losses(folder).values()
    last = max(points[-1][0] for points in of)
    ends = [statistics.mean([loss for step, loss in points if step > last - END] or
                            [points[-1][1]]) for points in of]
    return statistics.mean(map(fell_at, of)), statistics.mean(ends)


def score(trainings: Table, folder: Path, seed: int) -> float:
    """Average mAP of a new head on the features of a training, with the true classes."""
    detections = trainings.head(folder.with_name(f'{folder.name}_gtad'), seed,
                                [trainings.extract(folder)])
    records = load_annotations(str(trainings.data / 'annotations.json'), 'validation')
    return detection_map(records, load_detections(str(detections))).average_mAP


def table(found: dict[str, list[tuple[float, ...]]]) -> str:
    """Markdown, with the figures of all seeds: where the loss fell, its end, and scores if any."""
    columns = ['each fidelity stays', 'fell at update, by seed', 'loss at the end, by seed',
               'average mAP, by seed'][:1 + len(next(iter(found.values()))[0])]
    lines = [f'| {" | ".join(columns)} |', '|---' * len(columns) + '|']
    for name, runs in found.items():
        fell, ends, *scores = zip(*runs)
        cells = [', '.join(f'{value:.0f}' if value != float('inf') else 'never' for value in fell),
                 ', '.join(f'{value:.2f}' for value in ends),
                 *(', '.join(f'{100 * value:.1f}' for value in column) for column in scores)]
        lines.append(f'| {" | ".join([name, *cells])} |')
    return '\n'.join(lines) + '\n'


def main() -> None:
    args = parse_args()
    torch.set_num_threads(1)
    keep_frames()
    trainings = Table(args.out, world=args.world, smoke=args.smoke)
    run('make_procedural.py', trainings.data, *WORLDS[args.world],
        *(SMOKE_DATA if args.smoke else []))
    found: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for seed in args.seeds:
        for name in args.settings:
            folder = train(trainings, name, seed)
            found[name].append((*describe(folder), *([score(trainings, folder, seed)]
                                                     if args.scores else [])))
        print(table(found), flush=True)


def train(trainings: Table, name: str, seed: int) -> Path:
    """The folder of a setting's training."""
    if SETTINGS[name] in ROWS:
        trainings.encoder(SETTINGS[name], seed)
        return trainings.out / f'seed{seed}' / SETTINGS[name]
    trainings.encoder('acp', seed)
    start = checkpoint(trainings.out / f'seed{seed}/acp')
    folder = trainings.out / f'seed{seed}/settings' / re.sub(r'\W+', '_', name)
    config = folder.with_name(f'{folder.name}.py')
    write_text(config, f'_base_ = {str(ROOT / CONFIGS / "lofi_toy.py")!r}\n{SETTINGS[name]}\n')
    trainings.train(folder, config, seed, [*HERE, f'load_from={start}',
                                           *(SMOKE_LOCALIZE * trainings.smoke)])
    return folder


if __name__ == '__main__':
    main()
