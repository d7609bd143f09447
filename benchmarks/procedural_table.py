"""The paper's table on the procedural benchmark: what the encoder learned from, beside mAP.

Trains every row with every seed, one after the other, and prints the table, mean ± std
over seeds, after each. Run again, it goes on where it stopped, with more seeds or rows too. A
row takes 3 to 10 minutes on one CPU core, so 3 seeds of all take 4 hours.

  OMP_NUM_THREADS=1 python benchmarks/procedural_table.py --seeds 0 1 2
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CONFIGS = 'configs/toy'


class Row(NamedTuple):
    """How a row's encoder is trained; stage 3 is the same for all."""

    title: str
    config: str
    start: str | None = None   # the row whose encoder it starts from


ROWS = {
    'icp': Row('ICP', 'icp_toy.py'),
    'acp': Row('ACP', 'acp_toy.py'),
    'acp_plus': Row('ACP+', 'acp_plus_toy.py', 'acp'),
    's': Row('S-LoFi', 's_lofi_toy.py', 'acp'),
    't': Row('T-LoFi', 't_lofi_toy.py', 'acp'),
    'st': Row('ST-LoFi', 'st_lofi_toy.py', 'acp'),
    'short': Row('Short C-LoFi', 'lofi_short_toy.py', 'acp'),
    'long': Row('Long C-LoFi', 'lofi_toy.py', 'acp'),
    'full': Row('full fidelity', 'full_toy.py', 'acp'),
}
# At smoke size: a few steps of everything.
SMOKE_DATA = ['--train-videos', '8', '--val-videos', '5', '--clips-per-class', '8']
SMOKE_CLASSIFY = ['train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
                  'train_dataloader.batch_size=8']
SMOKE_LOCALIZE = ['train_cfg.max_epochs=1']
SMOKE_HEAD = ['train_cfg.max_epochs=1', 'train_cfg.val_interval=1']


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/procedural_table'),
                        help='where everything goes; default %(default)s')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2],
                        help='of the trainings; the videos stay the same. Default 0 1 2')
    parser.add_argument('--rows', nargs='+', choices=ROWS, metavar='ROW',
                        default=[row for row in ROWS if row != 'full'],
                        help=f'of {", ".join(ROWS)}; default all but full, which has four times '
                             'the pixels')
    parser.add_argument('--smoke', action='store_true',
                        help='a few steps of everything on a tiny benchmark: does it run?')
    return parser.parse_args()


def run(tool: str, *arguments: object, log: Path | None = None, **variables: object) -> None:
    """Runs a tool of the repository; its output goes to `log`, whose end is shown if it fails."""
    command = [sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)]
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    environment['PYTHONPATH'] = os.pathsep.join(
        filter(None, (str(ROOT), str(ROOT / 'benchmarks'), environment.get('PYTHONPATH'))))
    if log is None:
        subprocess.run(command, env=environment, check=True)
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, 'a', encoding='utf-8') as file:
        done = subprocess.run(command, env=environment, stdout=file, stderr=file)
    if done.returncode:
        print(''.join(log.read_text().splitlines(keepends=True)[-20:]), file=sys.stderr)
        raise SystemExit(f'{" ".join(command)} failed; its output is in {log}')


class Table:
    """The trainings of a table, each in a work dir of its own below `out`."""

    def __init__(self, out: Path, *, smoke: bool) -> None:
        self.out, self.smoke = out.resolve(), smoke
        self.data = self.out / 'data'
        self.world: dict[str, object] = dict(TOY_DATA=self.data)   # for the configs
        self.start = time.monotonic()

    def train(self, folder: Path, config: str, seed: int, options: list[str],
              **variables: object) -> None:
        """Starts, continues, or leaves alone what has its cost.json."""
        if (folder / 'cost.json').exists():
            return
        print(f'{folder.relative_to(self.out)}: {config} '
              f'(after {time.monotonic() - self.start:.0f} s)', flush=True)
        run('train.py', ROOT / CONFIGS / config, '--work-dir', folder, '--seed', seed, '--resume',
            *(['--cfg-options', *options] if options else []), log=folder / 'train.log',
            **self.world, **variables)

    def row(self, name: str, seed: int) -> None:
        """Trains the encoder of a row, its start first, and a head on its features."""
        folder, features = self.out / f'seed{seed}' / name, self.out / f'seed{seed}/{name}_features'
        self.encoder(name, seed)
        if not (folder.with_name(f'{name}_gtad') / 'cost.json').exists():
            run('extract_features.py', ROOT / CONFIGS / 'lofi_toy.py', _checkpoint(folder),
                '--out', features, log=folder / 'features.log', **self.world)
        self.train(folder.with_name(f'{name}_gtad'), 'gtad_toy.py', seed,
                   SMOKE_HEAD if self.smoke else [], TOY_FEATURES=features)

    def encoder(self, name: str, seed: int) -> None:
        """Trains the encoder of a row."""
        row, options = ROWS[name], []
        if self.smoke:
            options += SMOKE_LOCALIZE if 'lofi' in row.config or name == 'full' else SMOKE_CLASSIFY
        if row.start is not None:
            self.encoder(row.start, seed)
            start = _checkpoint(self.out / f'seed{seed}' / row.start)
            options.append(f'load_from={start}')
        self.train(self.out / f'seed{seed}' / name, row.config, seed, options)

    def show(self) -> None:
        """Prints the rows that are complete for some seeds, ACP as the baseline."""
        arguments = []
        for name, row in ROWS.items():
            runs = [f'{head.with_name(name)}+{head}'
                    for head in sorted(self.out.glob(f'seed*/{name}_gtad'))
                    if (head / 'cost.json').exists()]
            arguments += [f'{row.title}={",".join(runs)}'] if runs else []
        baseline = ['--baseline', 'ACP'] if any(a.startswith('ACP=') for a in arguments) else []
        run('compare.py', *arguments, *baseline, '--out', self.out / 'table.md')


def _checkpoint(work_dir: Path) -> str:
    return (work_dir / 'last_checkpoint').read_text()


def main() -> None:
    args = parse_args()
    table = Table(args.out, smoke=args.smoke)
    run('make_procedural.py', table.data, *(SMOKE_DATA if args.smoke else []))
    for seed in args.seeds:
        for name in args.rows:
            table.row(name, seed)
        table.show()


if __name__ == '__main__':
    main()
