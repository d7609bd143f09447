"""Heads beside each other on the procedural benchmark: what each makes of the same features.

Each head, and for heads that only find when each classifier, is trained with every seed

- on frozen features of the ACP encoder of that seed,
- on frozen features of the LoFi encoder (long cycle, learned from G-TAD),
- end to end through the same cycle, from the ACP encoder, and scored as it is, at full fidelity.

Prints a table after each seed, mean ± std of mAP@0.5 and of the average mAP, and of how many seeds.
Run again, it goes on where it stopped, with more seeds or rows too. On one CPU core a seed of all
rows takes an hour.

  OMP_NUM_THREADS=1 python benchmarks/heads_table.py --seeds 0 1 2             # one class a video
  OMP_NUM_THREADS=1 python benchmarks/heads_table.py --seeds 0 1 2 --several   # three, by motion
"""
from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import NamedTuple

from procedural_table import CONFIGS, ROOT, SMOKE_DATA, SMOKE_HEAD, Table, run

SEVERAL = ['--classes-per-video', '3', '--train-videos', '160', '--clips-per-class', '400']
SOURCES = ('acp', 'lofi', 'end_to_end')


class Head(NamedTuple):
    """A row: how it is trained on features and end to end, and what classifies its segments."""

    title: str
    config: str
    classes: str | None = None   # a type of class scores; the head labels its segments without

    def options(self) -> list[str]:
        """Of its class scores, which stage 2 goes without where its head is thrown away."""
        if self.classes is None:
            return []
        return [f'model.class_scores.type={self.classes}', 'model.class_scores.in_channels=128',
                'model.class_scores.num_classes=5']


HEADS = {
    'gtad_video': Head('G-TAD, classes of the video', 'gtad_toy.py', 'VideoClassifier'),
    'gtad_segment': Head('G-TAD, classes of segments', 'gtad_toy.py', 'SegmentClassifier'),
    'bmn_video': Head('BMN, classes of the video', 'bmn_toy.py', 'VideoClassifier'),
    'bmn_segment': Head('BMN, classes of segments', 'bmn_toy.py', 'SegmentClassifier'),
    'actionformer': Head('ActionFormer', 'actionformer_toy.py'),
    'tridet': Head('TriDet', 'tridet_toy.py'),
}
STAGE_2 = {'gtad_toy.py': 'lofi_toy.py'}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/heads_table'),
                        help='where everything goes; default %(default)s, and _several after it')
    parser.add_argument('--several', action='store_true',
                        help='videos of three classes, told by the motion (' + ' '.join(SEVERAL)
                             + '), in place of one, told by the scene')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2],
                        help='of the trainings; the videos stay the same. Default 0 1 2')
    parser.add_argument('--rows', nargs='+', choices=HEADS, metavar='ROW', default=list(HEADS),
                        help=f'of {", ".join(HEADS)}; default all')
    parser.add_argument('--sources', nargs='+', choices=SOURCES, metavar='SOURCE',
                        default=list(SOURCES), help=f'of {", ".join(SOURCES)}; default all')
    parser.add_argument('--smoke', action='store_true',
                        help='a few steps of everything on a tiny benchmark: does it run?')
    return parser.parse_args()


class HeadsTable(Table):
    """The trainings, each in a work dir of its own below `out`."""

    def features(self, encoder: str, seed: int) -> Path:
        """Trains an encoder, its start first, and extracts its features."""
        folder = self.out / f'seed{seed}'
        if encoder == 'acp':
            self.encoder('acp', seed)
            trained = folder / 'acp'
        else:   # the classifier gives no gradient to it, so that lofi_toy.py trains the same one
            self.cell('end_to_end', 'gtad_video', seed)
            trained = folder / 'end_to_end_gtad_video'
        features, done = folder / f'{encoder}_features', folder / f'{encoder}_features.done'
        if not done.exists():
            run('extract_features.py', ROOT / CONFIGS / 'lofi_toy.py', checkpoint(trained),
                '--out', features, log=folder / f'{encoder}_features.log', **self.world)
            done.touch()
        return features

    def cell(self, source: str, name: str, seed: int) -> None:
        """Trains a row of the table with a seed."""
        folder, head = self.out / f'seed{seed}' / f'{source}_{name}', HEADS[name]
        if source != 'end_to_end':
            features = self.features(source, seed)
            self.train(folder, head.config, seed, head.options() + SMOKE_HEAD * self.smoke,
                       TOY_FEATURES=features)
            return
        self.encoder('acp', seed)
        start = checkpoint(self.out / f'seed{seed}' / 'acp')
        config = STAGE_2.get(head.config, f'lofi_{head.config}')
        smoke = ['train_cfg.max_epochs=1'] if self.smoke else []
        self.train(folder, config, seed, [f'load_from={start}', *head.options(), *smoke])
        if not (folder / 'tested').exists():
            run('test.py', ROOT / CONFIGS / config, checkpoint(folder), '--work-dir',
                folder / 'test', *(['--cfg-options', *head.options()] if head.options() else []),
                log=folder / 'test.log', **self.world)
            (folder / 'tested').touch()

    def table(self) -> str:
        """Markdown, of what is complete."""
        lines = ['| head | ' + ' | '.join(f'{source}, mAP@0.5 | average' for source in SOURCES)
                 + ' |', '|---' * (1 + 2 * len(SOURCES)) + '|']
        for name, head in HEADS.items():
            cells = [cell for source in SOURCES for cell in self._cells(source, name)]
            if any(cell != '-' for cell in cells):
                lines.append(f'| {head.title} | ' + ' | '.join(cells) + ' |')
        return '\n'.join(lines) + '\n'

    def _cells(self, source: str, name: str) -> tuple[str, str]:
        done = 'tested' if source == 'end_to_end' else 'cost.json'
        runs = [last_scores(folder) for folder in sorted(self.out.glob(f'seed*/{source}_{name}'))
                if (folder / done).exists()]
        half, average = (mean_and_std([scores[key] for scores in runs])
                         for key in ('mAP@0.50', 'mAP'))
        return f'{half} ({len(runs)})' if runs else half, average


def checkpoint(work_dir: Path) -> str:
    return (work_dir / 'last_checkpoint').read_text()


def last_scores(folder: Path) -> dict[str, float]:
    """Of the last validation or test, from MMEngine's logs."""
    found = {}
    for path in sorted([*folder.glob('*/vis_data/scalars.json'), *folder.glob('test/*/*.json')]):
        for line in path.read_text().splitlines():
            scalars = json.loads(line)
            found = scalars if 'mAP' in scalars else found
    return found


def mean_and_std(values: list[float]) -> str:
    """In percent; a single value has no deviation."""
    if not values:
        return '-'
    text = f'{100 * statistics.mean(values):.2f}'
    return text if len(values) == 1 else f'{text} ± {100 * statistics.stdev(values):.2f}'


def main() -> None:
    args = parse_args()
    out = args.out.with_name(args.out.name + '_several' * args.several)
    table = HeadsTable(out, smoke=args.smoke)
    table.world['TOY_WORLD'] = 'motions' if args.several else 'scenes'
    run('make_procedural.py', table.data, *(SEVERAL if args.several else []),
        *(SMOKE_DATA if args.smoke else []))
    for seed in args.seeds:
        for source in args.sources:
            for name in args.rows:
                table.cell(source, name, seed)
        text = table.table()
        (table.out / 'table.md').write_text(text)
        print(text, flush=True)


if __name__ == '__main__':
    main()
