"""What trains of a video transformer, beside which fidelities: mAP, seconds and memory of each.

On the procedural benchmark at its easy end, from one encoder of stage 1
(configs/toy/acp_vit_toy.py, then tsp_vit_toy.py), each cell trains configs/toy/lofi_vit_toy.py for
as many updates, and is scored at full fidelity, as it is and by a new head on its frozen features
(gtad_vit_toy.py, stage 3):

- frozen: nothing of the encoder trains; at full fidelity alone, since only the head would differ,
- low rank, temporal adapters, a ladder: docs/adapters.md,
- all weights,

each at full fidelity throughout, by the long cycle (another fidelity each epoch) and by the short
one (at each update), which have a quarter of the pixels.

All runs in one process, which decodes each video once and keeps its frames: seconds are of the
processor, and memory is that of the largest step as tools/plan.py counts it. Prints a table after
each seed, mean ± std. Run again, it goes on with the next cell, with more seeds or rows too.

  OMP_NUM_THREADS=1 python benchmarks/adapters_table.py --seeds 0 1 2
"""
from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from kept_frames import OpenVideoOnce
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from procedural_tools import ROOT, SMOKE_DATA, run

from mmlofi import FidelityCycle
from mmlofi.datasets.features.feature_files import save_features
from mmlofi.fidelity import Fidelity
from mmlofi.files import write_json
from mmlofi.planning.step_memory import StepCounter

KINDS = {
    'frozen': ('frozen', None),
    'lora': ('low rank', dict(type='lora', rank=8, targets=['qkv', 'attn.proj'])),
    'temporal': ('temporal adapters', dict(type='temporal', blocks='all')),
    'ladder': ('ladder', dict(type='ladder', blocks='all')),
    'all': ('all weights', None),
}
CYCLES = ('full', 'long', 'short')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/adapters_table'),
                        help='where everything goes; default %(default)s')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2],
                        help='of the trainings; the videos stay the same. Default 0 1 2')
    parser.add_argument('--kinds', nargs='+', choices=KINDS, metavar='KIND', default=list(KINDS),
                        help=f'of {", ".join(KINDS)}; default all of them')
    parser.add_argument('--cycles', nargs='+', choices=CYCLES, metavar='CYCLE',
                        default=list(CYCLES), help=f'of {", ".join(CYCLES)}; default all of them')
    parser.add_argument('--smoke', action='store_true',
                        help='a few steps of everything on a tiny benchmark: does it run?')
    return parser.parse_args()


def encoder(out: Path, smoke: bool) -> str:
    """The checkpoint of stage 1, which all seeds start from: ACP, then TSP."""
    start = None
    for stage in ('acp', 'tsp'):
        folder = out / stage
        if not (folder / 'cost.json').exists():
            cfg = load(f'{stage}_vit_toy.py', folder, seed=0)
            cfg.load_from = start
            if smoke:
                cfg.merge_from_dict({'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1,
                                     'train_dataloader.batch_size': 8})
            if stage == 'tsp':
                decode_once(cfg.train_dataloader, cfg.val_dataloader)
            print(f'{stage} (after {time.process_time():.0f} s)', flush=True)
            Runner.from_cfg(cfg).train()
        start = (folder / 'last_checkpoint').read_text()
    return start


def decode_once(*loaders: dict) -> None:
    """Has loaders work in this process, and keep what they decode."""
    for loader in loaders:
        loader.dataset.pipeline[0].type = 'OpenVideoOnce'
        loader.update(num_workers=0, persistent_workers=False)


def cell(out: Path, seed: int, kind: str, cycle: str, smoke: bool) -> None:
    """Trains and scores a cell, and leaves its result.json."""
    folder = out / f'seed{seed}/{kind}_{cycle}'
    if (folder / 'result.json').exists():
        return
    start = encoder(out, smoke)
    print(f'{folder.relative_to(out)} (after {time.process_time():.0f} s)', flush=True)
    cfg = configure(folder, seed, kind, cycle)
    cfg.load_from = start
    if smoke:
        cfg.train_cfg.max_epochs = 1
    runner = Runner.from_cfg(cfg)
    if kind == 'frozen':
        runner.model.backbone.requires_grad_(False)
    fidelities = FidelityCycle.from_config(cfg.custom_hooks[0].cycle).fidelities
    decode_all(cfg, fidelities)
    began = time.process_time()
    runner.train()
    seconds = time.process_time() - began
    trained = sum(weight.numel() for weight in runner.model.backbone.parameters()
                  if weight.requires_grad)
    result = {name: float(score) for name, score in runner.test().items()}
    write_json(folder / 'result.json', dict(
        result, seconds=seconds, trained=trained,
        mib=planned_mib(cfg, fidelities, frozen=kind == 'frozen')))


def new_head(out: Path, seed: int, kind: str, cycle: str, smoke: bool) -> None:
    """Trains and scores a head on the features of a cell's encoder, and leaves stage_3.json."""
    folder = out / f'seed{seed}/{kind}_{cycle}'
    if (folder / 'stage_3.json').exists():
        return
    print(f'{folder.relative_to(out)}: new head (after {time.process_time():.0f} s)', flush=True)
    extract(configure(folder, seed, kind, cycle), folder)
    os.environ['TOY_FEATURES'] = str(folder / 'features')
    cfg = load('gtad_vit_toy.py', folder / 'stage_3', seed)
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    if smoke:
        cfg.train_cfg.max_epochs = 1
    runner = Runner.from_cfg(cfg)
    runner.train()
    write_json(folder / 'stage_3.json', {name: float(score)
                                         for name, score in runner.test().items()})


@torch.no_grad()
def extract(cfg: Config, folder: Path) -> None:
    """Stores the features of all videos at full fidelity, as tools/extract_features.py does."""
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, (folder / 'last_checkpoint').read_text(), map_location='cpu')
    videos = DATASETS.build(dict(cfg.test_dataloader.dataset, check_files=False,
                                 subset=['training', 'validation']))
    for number in range(len(videos)):
        packed = videos[number]
        frames = model.data_preprocessor(dict(
            inputs=[packed['inputs']], data_samples=[packed['data_samples']]))['inputs']
        save_features(folder / 'features' / f'{videos.get_data_info(number)["video_name"]}.npz',
                      model.extract_feat(frames)[0].numpy(),
                      videos.get_data_info(number)['duration_sec'])


def configure(folder: Path, seed: int, kind: str, cycle: str) -> Config:
    """The config of a cell."""
    cfg = load('lofi_vit_toy.py', folder, seed)
    decode_once(cfg.train_dataloader, cfg.test_dataloader)
    cfg.model.encoder.adapters = KINDS[kind][1]
    if cycle == 'full':
        cfg.custom_hooks[0].cycle = [dict(name='full')]
    cfg.custom_hooks[0].by = 'iter' if cycle == 'short' else 'epoch'
    return cfg


def load(name: str, folder: Path, seed: int) -> Config:
    """A toy config, which writes to the folder, and its log but once an epoch."""
    cfg = Config.fromfile(ROOT / 'configs/toy' / name)
    cfg.merge_from_dict({'work_dir': str(folder), 'randomness': dict(seed=seed),
                         'default_hooks.checkpoint.interval': 1000, 'log_level': 'WARNING'})
    return cfg


def decode_all(cfg: Config, fidelities: Sequence[Fidelity]) -> None:
    """Keeps the frames of all training videos at the sides of a cycle, so that no cell waits."""
    open_video = OpenVideoOnce(short_side=cfg.side)
    dataset = DATASETS.build(dict(cfg.train_dataloader.dataset, check_files=False))
    for number in range(len(dataset)):
        for fidelity in fidelities:
            open_video(dict(filename=dataset.get_data_info(number)['filename'],
                            fidelity=fidelity))


def planned_mib(cfg: Config, fidelities: Sequence[Fidelity], *, frozen: bool) -> float:
    """Of the largest step of the cycle; a frozen encoder keeps its weights alone."""
    cfg, weights = copy.deepcopy(cfg), 0
    if frozen:
        backbone = MODELS.build(cfg.model.backbone)
        weights = sum(weight.nbytes for weight in backbone.parameters())
        cfg.model.backbone = cfg.model.encoder = None
    counter = StepCounter(cfg, clip_len=cfg.clip_len)
    return (weights + max(counter.count(
        cfg.train_dataloader.batch_size, one.reduce_snippets(cfg.num_snippets),
        one.reduce_side(cfg.side)).peak for one in fidelities)) / 2**20


def table(out: Path) -> str:
    """Markdown, of what is complete."""
    lines = ['| what trains | its weights | fidelity | runs | mAP@0.5 | mAP | of a new head '
             '| seconds | MiB |', '|---' * 9 + '|']
    for kind, (title, _) in KINDS.items():
        for cycle in CYCLES:
            runs, heads = (
                [json.loads(path.read_text())
                 for path in sorted(out.glob(f'seed*/{kind}_{cycle}/{name}.json'))]
                for name in ('result', 'stage_3'))
            if runs:
                cells = [f'{runs[0]["trained"]:,}', cycle, str(len(runs)), *(
                    mean_and_std([run[key] for run in of], factor) for of, key, factor in (
                        (runs, 'mAP@0.50', 100), (runs, 'mAP', 100), (heads, 'mAP', 100),
                        (runs, 'seconds', 1), (runs, 'mib', 1)))]
                lines.append(f'| {title} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def mean_and_std(values: list[float], factor: float) -> str:
    """A single value, and equal ones, have no deviation."""
    if not values:
        return '-'
    digits = 2 if factor > 1 else 0
    text = f'{factor * statistics.mean(values):.{digits}f}'
    if len(set(values)) == 1:
        return text
    return f'{text} ± {factor * statistics.stdev(values):.{digits}f}'


def main() -> None:
    args = parse_args()
    out = args.out.resolve()
    os.environ['TOY_DATA'] = str(out / 'data')
    run('make_procedural.py', out / 'data', '--difficulty', '0',
        *(SMOKE_DATA if args.smoke else []))
    init_default_scope('mmaction')
    torch.set_num_threads(1)
    for seed in args.seeds:
        for cycle in args.cycles:
            for kind in args.kinds:
                if kind != 'frozen' or cycle == 'full':
                    cell(out, seed, kind, cycle, args.smoke)
                    new_head(out, seed, kind, cycle, args.smoke)
        text = table(out)
        (out / 'table.md').write_text(text)
        print(text, flush=True)


if __name__ == '__main__':
    main()
