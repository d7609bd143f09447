"""Puts trained localizers side by side: mAP, gain over a baseline, seconds and peak memory.

  python tools/compare.py work_dirs/acp_gtad_tsm_anet work_dirs/gtad_tsm_anet
  python tools/compare.py ACP=work_dirs/acp_gtad LoFi=work_dirs/lofi+work_dirs/lofi_gtad \\
      --baseline ACP --out compare.md compare.png

A '+' joins the stages of one run: seconds add up, and mAP is that of the last. Runs of one method
that differ by seed are separated by ',', or named alike: a folder without NAME= is called by its
own name, so `seed*/lofi_gtad` is one method. They are shown as mean ± standard deviation. Seconds
and memory are those of the trainings named, without extraction and data-loader workers.
"""
from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from glob import glob
from pathlib import Path

from mmlofi.files import write_text
from mmlofi.visualization.comparison_plot import plot_comparison

COSTS = ('seconds', 'peak MiB')
PICTURES = ('.png', '.pdf', '.svg')
MOST_TIOUS = 5   # columns of mAP at one tIoU


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('methods', nargs='+', metavar='[NAME=]DIR[+DIR][,DIR[+DIR]]',
                        help='a method and the work dirs of its runs')
    parser.add_argument('--baseline', metavar='NAME',
                        help='the method that gains are over; default the first')
    parser.add_argument('--out', nargs='+', default=[], type=Path, metavar='FILE',
                        help='also write the table (md) and a picture of it (png, pdf, svg)')
    return parser.parse_args()


def read_methods(texts: Iterable[str]) -> dict[str, list[dict[str, float]]]:
    """The runs of each method, in the order of the command line."""
    methods = defaultdict(list)
    for text in texts:
        name, separator, runs = text.partition('=')
        if not separator:
            name, runs = Path(text.split(',')[0].split('+')[-1]).name, text
        if not name or not runs:
            raise SystemExit(f'{text!r} is no [NAME=]DIR; expected such as ACP=work_dirs/acp_gtad')
        methods[name] += [read_run(run) for run in runs.split(',')]
    return dict(methods)


def read_run(run: str) -> dict[str, float]:
    """The figures of one run, whose stages' work dirs are joined by '+'."""
    folders = [Path(folder) for folder in run.split('+')]
    costs = []
    for folder in folders:
        if not (folder / 'cost.json').is_file():
            raise SystemExit(f'{folder} has no cost.json; expected the work dir of a finished '
                             'training: let tools/train.py run to its end')
        costs.append(json.loads((folder / 'cost.json').read_text()))
    return dict(read_map(folders[-1]), seconds=sum(cost['seconds'] for cost in costs),
                **{'peak MiB': max(cost['peak_memory_mib'] for cost in costs)})


def read_map(folder: Path) -> dict[str, float]:
    """The last validation's mAP in percent, average and at each tIoU, from MMEngine's log."""
    found = None
    for path in sorted(glob(str(folder / '*' / 'vis_data' / 'scalars.json'))):
        for line in Path(path).read_text().splitlines():
            scalars = json.loads(line)
            found = scalars if 'mAP' in scalars else found
    if found is None:
        raise SystemExit(f'{folder} has no mAP in its logs; expected a training with validation by '
                         'TALMetric: train it without --no-validate')
    return {name: 100 * value for name, value in found.items()
            if name == 'mAP' or name.startswith('mAP@')}


def pick_tious(methods: Mapping[str, Sequence[dict]]) -> list[str]:
    """The mAPs at one tIoU that all runs have; of many the first, the middle and the last."""
    runs = [run for runs in methods.values() for run in runs]
    common = sorted(name for name in runs[0] if name.startswith('mAP@')
                    and all(name in run for run in runs))
    if len(common) <= MOST_TIOUS:
        return common
    return [common[0], common[len(common) // 2], common[-1]]


def make_table(methods: Mapping[str, Sequence[dict]], baseline: str) -> list[list[str]]:
    """The header's cells, then those of each method."""
    columns = [*pick_tious(methods), 'mAP', *COSTS]
    several = any(len(runs) > 1 for runs in methods.values())
    start = _mean(methods[baseline], 'mAP')
    rows = [['method', *['runs'] * several, *columns, f'gain over {baseline}']]
    for name, runs in methods.items():
        cells = [str(len(runs))] * several + [_cell(runs, column) for column in columns]
        rows.append([name, *cells, f'{_mean(runs, "mAP") - start:+.2f}'])
    return rows


def _mean(runs: Sequence[dict], column: str) -> float:
    return statistics.mean(run[column] for run in runs)


def _cell(runs: Sequence[dict], column: str) -> str:
    digits = 2 if column.startswith('mAP') else 0
    cell = f'{_mean(runs, column):.{digits}f}'
    if len(runs) > 1 and digits:
        cell += f' ± {statistics.stdev(run[column] for run in runs):.{digits}f}'
    return cell


def to_markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ['| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |'
             for row in rows]
    lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    return '\n'.join(lines) + '\n'


def main() -> None:
    args = parse_args()
    for path in args.out:
        if path.suffix not in ('.md', *PICTURES):
            raise SystemExit(f'--out {path} ends in {path.suffix!r}; expected .md for the table or '
                             f'one of {", ".join(PICTURES)} for the picture')
    methods = read_methods(args.methods)
    baseline = args.baseline or next(iter(methods))
    if baseline not in methods:
        raise SystemExit(f'--baseline {baseline!r} is none of {list(methods)}; expected one of '
                         'these names')
    table = to_markdown(make_table(methods, baseline))
    print(table, end='')
    for path in args.out:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == '.md':
            write_text(path, table)
        else:
            plot_comparison(methods, path, baseline=baseline)


if __name__ == '__main__':
    main()
