"""Puts trained localizers side by side: mAP, gain over a baseline, seconds and peak memory.

  python tools/compare.py work_dirs/acp_gtad_tsm_anet work_dirs/gtad_tsm_anet
  python tools/compare.py ACP=work_dirs/acp_gtad LoFi=work_dirs/lofi+work_dirs/lofi_gtad \\
      --baseline ACP --out compare.md compare.png
  python tools/compare.py ACP=work_dirs/acp_gtad LoFi=work_dirs/lofi_gtad \\
      --bootstrap --ground-truth annotations.json --subset validation

A '+' joins the stages of one run: seconds add up, and mAP is that of the last. Runs of one method
that differ by seed are separated by ',', or named alike: a folder without NAME= is called by its
own name, so `seed*/lofi_gtad` is one method. They are shown as mean ± standard deviation. Seconds
and memory are those of the trainings named, without extraction and data-loader workers.

Each row says which checkpoint its mAP is of (the last one, or by `--checkpoint best` the one that
this very validation liked most, which is worth some tenths of a point in itself), the seeds, and
whether class scores came from outside.

`--bootstrap` says how sure each gain is: its interval over 95 % of resamples of videos and runs,
and how often the order turns. It wants the detections of that very checkpoint in each last work dir
(`--detections`): `tools/test.py CONFIG CHECKPOINT --dump WORK_DIR/detections.json`.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import statistics
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from mmlofi.report.runs import CHECKPOINTS, UNKNOWN, Run, in_words, read_run
from mmlofi.scoring_arguments import add_bootstrap, add_subset, read_ground_truth
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('methods', nargs='+', metavar='[NAME=]DIR[+DIR][,DIR[+DIR]]',
                        help='a method and the work dirs of its runs')
    parser.add_argument('--baseline', metavar='NAME',
                        help='the method that gains are over; default the first')
    parser.add_argument('--checkpoint', choices=CHECKPOINTS, default='last',
                        help='whose validation counts; default %(default)s')
    add_bootstrap(parser)
    parser.add_argument('--ground-truth', metavar='FILE',
                        help='annotations that the detections are held against, for --bootstrap')
    add_subset(parser)
    parser.add_argument('--tiou', default='0.5:0.95:0.05',
                        help='thresholds of the resampled mAP, as in eval_detections.py')
    parser.add_argument('--detections', default='detections.json', metavar='NAME',
                        help='their file in the work dir of each last stage; default %(default)s')
    parser.add_argument('--out', nargs='+', default=[], type=Path, metavar='FILE',
                        help='also write the table (md), all figures (json) and a picture (png, '
                             'pdf, svg)')
    args = parser.parse_args()
    if (args.bootstrap is None) != (args.ground_truth is None):
        parser.error('--bootstrap and --ground-truth need each other')
    return args


if __name__ == '__main__':
    start(parse_args, registers=False)

import numpy as np

from mmlofi.detections.predictions import load_detections
from mmlofi.evaluation.about import about
from mmlofi.evaluation.bootstrap import LEVEL, Difference, Resampler
from mmlofi.files import check_writable, write_json, write_text
from mmlofi.visualization.comparison_plot import plot_comparison

COSTS = ('seconds', 'peak MiB')
PICTURES = ('.png', '.pdf', '.svg')
MOST_TIOUS = 5   # columns of mAP at one tIoU
SAME_MAP = 0.1   # points: scores that differ in their last bits may change places


def read_methods(texts: Iterable[str], checkpoint: str) -> dict[str, list[Run]]:
    """The runs of each method, in the order of the command line."""
    methods = defaultdict(list)
    for text in texts:
        name, separator, runs = text.partition('=')
        if not separator:
            name, runs = Path(text.split(',')[0].split('+')[-1]).name, text
        if not name or not all(runs.split(',')):
            raise ValueError(f'{text!r} is no [NAME=]DIR; expected such as ACP=work_dirs/acp_gtad')
        methods[name] += [read_run(run, checkpoint=checkpoint) for run in runs.split(',')]
    for name, read in methods.items():
        folder, times = Counter(run.folder.resolve() for run in read).most_common(1)[0]
        if times > 1:
            raise ValueError(f'{name!r} has the run {folder} {times} times; expected each run of '
                             'a method once: leave it out')
    return dict(methods)


def resample(methods: Mapping[str, Sequence[Run]], baseline: str,
             args: argparse.Namespace) -> dict[str, Difference]:
    """How sure the gain of each method over the baseline is, the baseline left out.

    Raises:
        FileNotFoundError: When a run has no detections.
        ValueError: When there is nothing to compare, or detections are not what was validated.
    """
    for run in (run for runs in methods.values() for run in runs):
        if not (run.folder / args.detections).is_file():
            raise FileNotFoundError(
                f'{run.folder} has no {args.detections}; expected its detections: write them by '
                f'tools/test.py CONFIG CHECKPOINT --dump {run.folder / args.detections}')
    if len(methods) < 2:
        raise ValueError(f'--bootstrap is of gains, and {baseline!r} is the only method; expected '
                         'another: name it too, or ask tools/eval_detections.py --bootstrap for '
                         'the interval of one')
    resampler = Resampler(read_ground_truth(args), args.tiou, resamples=args.bootstrap)
    scored = {name: [score_run(run, resampler, args) for run in runs]
              for name, runs in methods.items()}
    return {name: resampler.difference(scored[baseline], scores)
            for name, scores in scored.items() if name != baseline}


def score_run(run: Run, resampler: Resampler, args: argparse.Namespace
              ) -> tuple[float, np.ndarray]:
    """The average mAP of a run's detections, and that of each resample.

    Raises:
        ValueError: When they cannot be scored, or have another mAP than the validation that
            counts: the interval would be of another gain than the row's.
    """
    path = run.folder / args.detections
    detections = load_detections(path)
    with about(path):
        value, resampled = resampler.score(detections)
    found, validated = 100 * value, run.figures['mAP']
    if abs(found - validated) > SAME_MAP:
        raise ValueError(
            f'{path} has an average mAP of {found:.2f} % at tIoU {args.tiou}, and the '
            f'{args.checkpoint} validation of its training {validated:.2f} %; expected the same: '
            'write the detections of that checkpoint, or give --ground-truth, --subset, --tiou and '
            '--ignore-classes as the validation has them')
    return value, resampled


def pick_tious(methods: Mapping[str, Sequence[Run]]) -> list[str]:
    """The mAPs at one tIoU that all runs have; of many the first, the middle and the last."""
    runs = [run.figures for runs in methods.values() for run in runs]
    common = sorted(name for name in runs[0] if name.startswith('mAP@')
                    and all(name in run for run in runs))
    if len(common) <= MOST_TIOUS:
        return common
    return [common[0], common[len(common) // 2], common[-1]]


def make_table(methods: Mapping[str, Sequence[Run]], baseline: str,
               sure: Mapping[str, Difference]) -> list[list[str]]:
    """The header's cells, then those of each method."""
    columns = [*pick_tious(methods), 'mAP', *COSTS]
    start = _mean(methods[baseline], 'mAP')
    header = ['method', 'seeds', 'checkpoint', 'classes', *columns, f'gain over {baseline}']
    rows = [header + [f'{LEVEL:.0%} interval', 'order turns'] * bool(sure)]
    for name, runs in methods.items():
        seeds = [run.seed for run in runs]
        seeds = f'{len(runs)} of {UNKNOWN}' if UNKNOWN in seeds else ', '.join(seeds)
        known = (in_words([getattr(run, fact) for run in runs])
                 for fact in ('checkpoint', 'class_scores'))
        cells = [name, seeds, *known, *(_cell(runs, column) for column in columns),
                 f'{_mean(runs, "mAP") - start:+.2f}']
        if name in sure:
            gain = sure[name]
            cells += [f'{100 * gain.low:+.2f} to {100 * gain.high:+.2f}', f'{gain.turns:.1%}']
        rows.append(cells + ['-'] * (len(rows[0]) - len(cells)))
    return rows


def _mean(runs: Sequence[Run], column: str) -> float:
    return statistics.mean(run.figures[column] for run in runs)


def _cell(runs: Sequence[Run], column: str) -> str:
    digits = 2 if column.startswith('mAP') else 0
    cell = f'{_mean(runs, column):.{digits}f}'
    if len(runs) > 1 and digits:
        cell += f' ± {statistics.stdev(run.figures[column] for run in runs):.{digits}f}'
    return cell


def for_json(methods: Mapping[str, Sequence[Run]], baseline: str,
             sure: Mapping[str, Difference], args: argparse.Namespace) -> dict:
    """Each method's runs and how sure its gain is, mAPs in percent, and how that was asked."""
    asked = args.bootstrap and dict(
        resamples=args.bootstrap, level=LEVEL, ground_truth=args.ground_truth, subset=args.subset,
        ignore_classes=args.ignore_classes, tiou=args.tiou)
    return dict(baseline=baseline, bootstrap=asked, methods={name: dict(
        runs=[asdict(run) | dict(folder=str(run.folder)) for run in runs],
        gain={key: value if key == 'turns' else 100 * value
              for key, value in asdict(sure[name]).items()} if name in sure else None)
        for name, runs in methods.items()})


def to_markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ['| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |'
             for row in rows]
    lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    return '\n'.join(lines) + '\n'


def main() -> None:
    args = parse_args()
    for path in args.out:
        if path.suffix not in ('.md', '.json', *PICTURES):
            raise SystemExit(f'--out {path} ends in {path.suffix!r}; expected .md for the table, '
                             f'.json for all figures or one of {", ".join(PICTURES)} for the '
                             'picture')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            for path in args.out:
                check_writable(path)
            methods = read_methods(args.methods, args.checkpoint)
            baseline = args.baseline or next(iter(methods))
            if baseline not in methods:
                raise ValueError(f'--baseline {baseline!r} is none of {list(methods)}; expected '
                                 'one of these names')
            sure = {} if args.bootstrap is None else resample(methods, baseline, args)
        except (OSError, ValueError) as error:
            raise SystemExit(f'compare: {error}') from error
    for warning in caught:
        print(f'warning: {warning.message}', file=sys.stderr)
    table = to_markdown(make_table(methods, baseline, sure))
    print(table, end='')
    for path in args.out:
        if path.suffix == '.md':
            write_text(path, table)
        elif path.suffix == '.json':
            write_json(path, for_json(methods, baseline, sure, args))
        else:
            plot_comparison({name: [run.figures for run in runs] for name, runs in methods.items()},
                            path, baseline=baseline, gains=sure)


if __name__ == '__main__':
    main()
