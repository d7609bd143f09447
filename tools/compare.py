"""Puts trained localizers side by side: mAP, gain over the first, seconds and peak memory.

  python tools/compare.py ACP=work_dirs/acp_gtad LoFi=work_dirs/lofi+work_dirs/lofi_gtad

A '+' joins the stages of one method: seconds add up, and mAP is that of the last. A ',' separates
runs of one method that differ by seed: their mean ± standard deviation is shown. Seconds and memory
are those of the trainings named, without extraction and data-loader workers.
"""
from __future__ import annotations

import argparse
import json
import statistics
from glob import glob
from pathlib import Path

COLUMNS = ('mAP@0.50', 'mAP@0.75', 'mAP@0.95', 'mAP', 'seconds', 'peak MiB')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('methods', nargs='+', metavar='NAME=DIR[+DIR][,DIR[+DIR]]',
                        help='a method and the work dirs of its runs')
    parser.add_argument('--baseline', metavar='NAME',
                        help='the method that gains are over; default the first')
    parser.add_argument('--out', help='also write the table, as Markdown, to this file')
    return parser.parse_args()


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
    """The last validation's mAP in percent, from MMEngine's log of scalars."""
    found = None
    for path in sorted(glob(str(folder / '*' / 'vis_data' / 'scalars.json'))):
        for line in Path(path).read_text().splitlines():
            scalars = json.loads(line)
            found = scalars if 'mAP' in scalars else found
    if found is None:
        raise SystemExit(f'{folder} has no mAP in its logs; expected a training with validation by '
                         'TALMetric: train it without --no-validate')
    return {name: 100 * found[name] for name in COLUMNS if name in found}


def row_of(name: str, runs: list[dict[str, float]], baseline: float) -> list[str]:
    """The cells of one method."""
    cells = [name]
    for column in COLUMNS:
        values = [run[column] for run in runs if column in run]
        digits = 2 if column.startswith('mAP') else 0
        cell = f'{statistics.mean(values):.{digits}f}' if values else '-'
        if len(values) > 1 and digits:
            cell += f' ± {statistics.stdev(values):.{digits}f}'
        cells.append(cell)
    gain = statistics.mean(run['mAP'] for run in runs) - baseline
    return [*cells, f'{gain:+.2f}']


def main() -> None:
    args = parse_args()
    methods = {}
    for text in args.methods:
        name, separator, runs = text.partition('=')
        if not separator or not runs:
            raise SystemExit(f'{text!r} is no NAME=DIR; expected such as ACP=work_dirs/acp_gtad')
        methods[name] = [read_run(run) for run in runs.split(',')]
    name = args.baseline or next(iter(methods))
    if name not in methods:
        raise SystemExit(f'--baseline {name!r} is none of {list(methods)}; expected the '
                         'name of one of these methods')
    baseline = statistics.mean(run['mAP'] for run in methods[name])
    header = ['method', *COLUMNS, f'gain over {name}']
    rows = [header, *(row_of(name, runs, baseline) for name, runs in methods.items())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = ['| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |'
             for row in rows]
    lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    print('\n'.join(lines))
    if args.out is not None:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        Path(args.out).write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
