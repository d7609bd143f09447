"""Heads beside each other on the procedural benchmark: what each makes of the same features.

Each head, and for heads that only find when each classifier, is trained with every seed

- on frozen features of the ACP encoder of that seed, or of seed 0 for all (`--one-start`),
- on frozen features of the LoFi encoder (learned from G-TAD),
- end to end through the same cycle, from the ACP encoder, and scored as it is, at full fidelity.

Both classifiers of a head are trained at once, since neither changes it (both_classifiers.py).
Prints a table after each seed, mean ± std of mAP@0.5 and of the average mAP, and of how many seeds.
Run again, it goes on where it stopped, with more seeds or rows too. A seed of all rows takes an
hour of CPU, with --several a quarter.

  OMP_NUM_THREADS=1 python benchmarks/heads_table.py --seeds 0 1 2              # one class a video
  OMP_NUM_THREADS=1 python benchmarks/heads_table.py --several --one-start     # three, by motion
"""
from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import NamedTuple

from procedural_tools import (
    CONFIGS,
    ROOT,
    SMOKE_CLASSIFY,
    SMOKE_DATA,
    SMOKE_HEAD,
    Trainings,
    checkpoint,
    run,
)

SEVERAL = ['--classes-per-video', '3', '--train-videos', '160', '--clips-per-class', '400']
SOURCES = ('acp', 'lofi', 'end_to_end')


class Row(NamedTuple):
    """A head and, where it only finds when, what classifies its segments."""

    title: str
    head: str
    predicts: str | None = None   # of `BothClassifiers`, which are trained at once
    end_to_end: tuple[str, ...] = ()   # options of a training that has no features to share


ROWS = {
    'gtad_video': Row('G-TAD, classes of the video', 'gtad', 'video'),
    'gtad_segment': Row('G-TAD, classes of segments', 'gtad', 'segment'),
    'bmn_video': Row('BMN, classes of the video', 'bmn', 'video'),
    'bmn_segment': Row('BMN, classes of segments', 'bmn', 'segment'),
    'actionformer': Row('ActionFormer', 'actionformer'),
    # On features, where all 32 positions are there, it is the row above.
    'actionformer_stretched': Row('ActionFormer, ranges stretched', 'actionformer',
                                  end_to_end=('model.head.targets.ranges_length=32',)),
    'tridet': Row('TriDet', 'tridet'),
}
STAGE_2 = {'gtad': 'lofi_toy.py'}
CLASSIFIED = """_base_ = '{config}'
custom_imports = dict(imports=['mmlofi', 'both_classifiers'], allow_failed_imports=False)
model = dict(class_scores=dict(type='BothClassifiers', in_channels=128, num_classes=5))
"""


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
    parser.add_argument('--one-start', action='store_true',
                        help='start all seeds from the ACP encoder of seed 0, as all trainings of '
                             "the paper start from one of Kinetics'; default each has its own")
    parser.add_argument('--rows', nargs='+', choices=ROWS, metavar='ROW', default=list(ROWS),
                        help=f'of {", ".join(ROWS)}; default all')
    parser.add_argument('--sources', nargs='+', choices=SOURCES, metavar='SOURCE',
                        default=list(SOURCES), help=f'of {", ".join(SOURCES)}; default all')
    parser.add_argument('--smoke', action='store_true',
                        help='a few steps of everything on a tiny benchmark: does it run?')
    return parser.parse_args()


class HeadsTable(Trainings):
    """The trainings, each in a work dir of its own below `out`."""

    def __init__(self, out: Path, *, several: bool = False, one_start: bool = False,
                 smoke: bool = False) -> None:
        super().__init__(out, smoke=smoke)
        self.one_start = one_start
        self.world['TOY_WORLD'] = 'motions' if several else 'scenes'

    def features(self, encoder: str, seed: int) -> Path:
        """Trains an encoder, its start first, and extracts its features."""
        seed = 0 if self.one_start and encoder == 'acp' else seed
        folder = self.out / f'seed{seed}'
        # Classifiers give no gradient to the LoFi encoder: lofi_toy.py trains the same one.
        trained = (self.acp(seed) if encoder == 'acp'
                   else self.head('end_to_end', ROWS['gtad_video'], seed)[1])
        features, done = folder / f'{encoder}_features', folder / f'{encoder}_features.done'
        if not done.exists():
            run('extract_features.py', ROOT / CONFIGS / 'lofi_toy.py', checkpoint(trained),
                '--out', features, log=folder / f'{encoder}_features.log', **self.world)
            done.touch()
        return features

    def acp(self, seed: int) -> Path:
        """Trains the encoder that a seed starts from; its work dir."""
        seed = 0 if self.one_start else seed
        folder = self.out / f'seed{seed}' / 'acp'
        self.train(folder, 'acp_toy.py', seed, SMOKE_CLASSIFY * self.smoke)
        return folder

    def head(self, source: str, row: Row, seed: int) -> tuple[Path, Path, dict[str, Path]]:
        """Trains the head of a row with a seed; its config, its work dir, what the config needs."""
        name, folder = row.head, self.work_dir(source, row, seed)
        if source == 'end_to_end':
            config, variables = self.config(name, STAGE_2.get(name, f'lofi_{name}_toy.py')), {}
            options = [f'load_from={checkpoint(self.acp(seed))}', *row.end_to_end,
                       *(['train_cfg.max_epochs=1'] if self.smoke else [])]
        else:
            config, options = self.config(name, f'{name}_toy.py'), SMOKE_HEAD * self.smoke
            variables = dict(TOY_FEATURES=self.features(source, seed))
        self.train(folder, config, seed, options, **variables)
        return config, folder, variables

    def config(self, name: str, config: str) -> Path:
        """The toy config of a head, with both classifiers if it says no classes."""
        path = ROOT / CONFIGS / config
        if all(row.predicts is None for row in ROWS.values() if row.head == name):
            return path
        classified = self.out / f'classified_{config}'
        classified.write_text(CLASSIFIED.format(config=path))
        return classified

    def cell(self, source: str, name: str, seed: int) -> None:
        """Trains the head of a row with a seed, if another row did not, and scores the row."""
        row, tested = ROWS[name], self.tested(source, name, seed)
        if row.end_to_end and source != 'end_to_end':
            return
        config, folder, variables = self.head(source, row, seed)
        if (tested / 'done').exists():
            return
        options = [f'model.class_scores.predicts={row.predicts}'] * bool(row.predicts)
        options += row.end_to_end
        options = ['--cfg-options', *options] if options else []
        run('test.py', config, checkpoint(folder), '--work-dir', tested, *options,
            log=folder / f'test_{name}.log', **self.world, **variables)
        (tested / 'done').touch()

    def tested(self, source: str, name: str, seed: int | str) -> Path:
        """The work dir of a row's test."""
        return self.work_dir(source, ROWS[name], seed) / f'test_{name}'

    def work_dir(self, source: str, row: Row, seed: int | str) -> Path:
        """Of a row's training, which rows of one head share unless they have options."""
        options = ''.join(f'_{option}' for option in row.end_to_end)
        return self.out / f'seed{seed}' / f'{source}_{row.head}{options}'

    def table(self) -> str:
        """Markdown, of what is complete."""
        lines = ['| head | ' + ' | '.join(f'{source}, mAP@0.5 | average' for source in SOURCES)
                 + ' |', '|---' * (1 + 2 * len(SOURCES)) + '|']
        for name, row in ROWS.items():
            cells = [cell for source in SOURCES for cell in self._cells(source, name)]
            if any(cell != '-' for cell in cells):
                lines.append(f'| {row.title} | ' + ' | '.join(cells) + ' |')
        return '\n'.join(lines) + '\n'

    def _cells(self, source: str, name: str) -> tuple[str, str]:
        pattern = self.tested(source, name, '*').relative_to(self.out) / 'done'
        runs = [scores(done.parent) for done in sorted(self.out.glob(str(pattern)))]
        half, average = (mean_and_std([score[key] for score in runs])
                         for key in ('mAP@0.50', 'mAP'))
        return f'{half} ({len(runs)})' if runs else half, average


def scores(folder: Path) -> dict[str, float]:
    """Of the last test in a work dir, from MMEngine's log."""
    return json.loads(max(folder.glob('*/*.json')).read_text())


def mean_and_std(values: list[float]) -> str:
    """In percent; a single value has no deviation."""
    if not values:
        return '-'
    text = f'{100 * statistics.mean(values):.2f}'
    return text if len(values) == 1 else f'{text} ± {100 * statistics.stdev(values):.2f}'


def main() -> None:
    args = parse_args()
    out = args.out.with_name(args.out.name + '_several' * args.several)
    table = HeadsTable(out, several=args.several, one_start=args.one_start, smoke=args.smoke)
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
