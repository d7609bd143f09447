"""The paper's table with its rivals, on the procedural benchmark: what the encoder learned from.

Trains every row with every seed, one after the other, and prints the table after each seed: mean ±
std over seeds, and the gain over ACP with a paired bootstrap over videos and seeds. As in the
paper, all rows are scored with the same classes of videos from outside, here the true ones; "own
classes" is the mAP with those that a classifier finds in a row's features. All runs in one process,
which decodes each video once. Run again, it goes on where it stopped, with more seeds or rows too;
seeds can be trained side by side, by a call each. Of each seed a small json stays in `--results`,
from which the table is printed without the trainings. What a row costs:
docs/procedural_results.md.

  OMP_NUM_THREADS=1 python benchmarks/procedural_table.py --seeds 0 1 2
  OMP_NUM_THREADS=1 python benchmarks/procedural_table.py --world scenes_brief --seeds 0 1 2 3 4
  OMP_NUM_THREADS=1 python benchmarks/procedural_table.py --world both --seeds 0 1 2 3 4
  python benchmarks/procedural_table.py --from-results work_dirs/procedural_table_both/results
"""
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from kept_frames import keep_frames
from procedural_results import Results, read_results, table
from procedural_rows import ROWS, STAGE_2
from procedural_tools import (
    CONFIGS,
    ROOT,
    SMOKE_CLASSIFY,
    SMOKE_DATA,
    SMOKE_HEAD,
    SMOKE_LOCALIZE,
    Trainings,
    call,
    checkpoint,
    run,
)

from mmlofi.datasets.annotations import load_annotations, load_class_names
from mmlofi.files import write_text
from mmlofi.report.runs import read_run

WORLDS = {'scenes': [], 'scenes_brief': [],
          'both': ['--scene-and-motion', '--difficulty', '0', '--classes', '6', '--side', '64',
                  '--train-videos', '120', '--clips-per-class', '80']}
# Frames are kept by the process that decodes them.
HERE = ['train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--world', choices=WORLDS, default='scenes',
                        help='classes told by the scene, at the default budget or at a brief one, '
                             'or by the scene and the motion; default %(default)s')
    parser.add_argument('--out', type=Path, default=None,
                        help='where everything goes; default work_dirs/procedural_table, and '
                             '_WORLD after it where it is another one')
    parser.add_argument('--results', type=Path, default=None, metavar='DIR',
                        help='where a seed*.json each stays, and which rows are done; default '
                             'OUT/results')
    parser.add_argument('--from-results', type=Path, default=None, metavar='DIR',
                        help='print the table of these results, and train nothing')
    parser.add_argument('--baseline', choices=ROWS, metavar='ROW', default='acp',
                        help='over which gains are; default %(default)s')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2],
                        help='of the trainings; the videos stay the same. Default 0 1 2')
    parser.add_argument('--rows', nargs='+', choices=ROWS, metavar='ROW', default=list(ROWS),
                        help=f'of {", ".join(ROWS)}; default all, of which full has four times '
                             'the pixels')
    parser.add_argument('--smoke', action='store_true',
                        help='a few steps of everything on a tiny benchmark: does it run?')
    args = parser.parse_args()
    args.out = args.out or default_folder(args.world)
    return args


def default_folder(world: str) -> Path:
    return Path('work_dirs/procedural_table' + f'_{world}' * (world != 'scenes'))


class Table(Trainings):
    """The rows' trainings, in this process."""

    start_tool = staticmethod(call)

    def __init__(self, out: Path, *, world: str = 'scenes', smoke: bool) -> None:
        super().__init__(out, smoke=smoke)
        self.world['TOY_WORLD'] = world

    def row(self, name: str, seed: int, results: Results) -> None:
        """Trains the encoder of a row, its start first, and a head on its features."""
        if name in results:
            return
        row = ROWS[name]
        parts = row.beside or (name,)
        for needed in filter(None, (*(ROWS[part].start for part in parts), *(row.beside or ()))):
            self.encoder(needed, seed)
        began = time.process_time()
        folder = self._folder(f'{name}_gtad', seed)
        detections = self.head(folder, seed, [self.features(part, seed) for part in parts])
        results.add(name, read_run(str(folder)).figures['mAP'] / 100, time.process_time() - began,
                    self.data / 'annotations.json', detections)

    def head(self, folder: Path, seed: int, features: Sequence[Path]) -> Path:
        """Trains a head on features, side by side; gives what it detects, with the true classes."""
        config = 'gtad_toy.py' if len(features) == 1 else 'gtad_two_toy.py'
        folders = dict(TOY_FEATURES=features[0], TOY_SECOND_FEATURES=features[-1])
        self.train(folder, config, seed, [f'experiment_name={folder.name}',
                                          *(SMOKE_HEAD * self.smoke)], **folders)
        detections = folder / 'detections.json'
        call('test.py', ROOT / CONFIGS / config, checkpoint(folder), '--work-dir', folder / 'test',
             '--dump', detections, log=folder / 'test.log', **self.world, **folders,
             TOY_SCORES=self.true_classes())
        return detections

    def true_classes(self) -> Path:
        """A file of class scores that knows the class of each video."""
        path = self.data / 'class_scores.json'
        if not path.exists():
            ann_file = str(self.data / 'annotations.json')
            classes = load_class_names(ann_file)
            scores = {record.name: [float(name in record.labels) for name in classes]
                      for subset in ('training', 'validation')
                      for record in load_annotations(ann_file, subset)}
            write_text(path, json.dumps({'class': classes, 'results': scores}))
        return path

    def features(self, name: str, seed: int) -> Path:
        """Trains the encoder of a row, and extracts its features."""
        self.encoder(name, seed)
        return self.extract(self._folder(name, seed))

    def extract(self, encoder: Path) -> Path:
        """The features of a training's encoder, in a folder beside it."""
        folder = encoder.with_name(f'{encoder.name}_features')
        done = folder.with_name(f'{folder.name}.done')
        if not done.exists():
            call('extract_features.py', ROOT / CONFIGS / 'lofi_toy.py', checkpoint(encoder),
                 '--out', folder, '--cfg-options', 'test_dataloader.num_workers=0',
                 log=folder.with_name(f'{folder.name}.log'), **self.world)
            done.touch()
        return folder

    def encoder(self, name: str, seed: int) -> None:
        """Trains the encoder of a row, and what it needs."""
        row, folder = ROWS[name], self._folder(name, seed)
        if (folder / 'cost.json').exists():
            return
        options, variables = [*HERE, f'experiment_name={name}'], {}
        if name not in STAGE_2:
            options += ['val_dataloader.num_workers=0', *(SMOKE_CLASSIFY * self.smoke)]
        elif self.smoke:
            options += SMOKE_LOCALIZE
        if row.start is not None:
            self.encoder(row.start, seed)
            options.append(f'load_from={checkpoint(self._folder(row.start, seed))}')
        if row.config in ('tsp_toy.py', 'tsp_adamw_toy.py'):
            variables['TOY_GVF'] = self.global_features(seed)
        self.train(folder, row.config, seed, options, **variables)

    def global_features(self, seed: int) -> Path:
        """TSP's vector of each video, of ACP's features."""
        path = self.out / f'seed{seed}' / 'gvf.npz'
        if not path.exists():
            call('make_gvf.py', self.features('acp', seed), '--out', path,
                 log=path.with_suffix('.log'))
        return path

    def _folder(self, name: str, seed: int) -> Path:
        return self.out / f'seed{seed}' / name


def trained_on(data: Path, world: str) -> dict:
    """The benchmark that results are of; two worlds have the same videos at different budgets."""
    benchmark = json.loads((data / 'benchmark.json').read_text())
    return benchmark | (dict(world=world) if world == 'scenes_brief' else {})


def show(results: Path, baseline: str, out: Path | None = None) -> None:
    """Prints the table of results, and writes it."""
    text = table(read_results(results), baseline)
    print(text, flush=True)
    if out is not None:
        write_text(out / 'table.md', text)


def main() -> None:
    args = parse_args()
    if args.from_results is not None:
        try:
            show(args.from_results, args.baseline)
        except (OSError, ValueError) as error:
            raise SystemExit(f'procedural_table: {error}') from error
        return
    torch.set_num_threads(1)
    keep_frames()
    trainings = Table(args.out, world=args.world, smoke=args.smoke)
    results = args.results or trainings.out / 'results'
    run('make_procedural.py', trainings.data, *WORLDS[args.world],
        *(SMOKE_DATA if args.smoke else []))
    for seed in args.seeds:
        of_seed = Results(results, seed, trained_on(trainings.data, args.world))
        for name in args.rows:
            trainings.row(name, seed, of_seed)
        show(results, args.baseline, trainings.out)


if __name__ == '__main__':
    main()
