"""What stays of the procedural benchmark's trainings: scores by row and seed, and their resamples.

A file a seed, small enough for a repository: enough to print the table and its bootstrap again.
"""
from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from procedural_rows import ROWS

from mmlofi.datasets.annotations import load_annotations
from mmlofi.detections.predictions import load_detections
from mmlofi.evaluation.bootstrap import LEVEL, Resampler
from mmlofi.evaluation.detection_map import detection_map
from mmlofi.files import write_text

RESAMPLES = 1000
TIOUS = (0.5, 0.75, 0.95)
COLUMNS = {'mAP@0.50': 'mAP@0.50', 'mAP@0.75': 'mAP@0.75', 'mAP@0.95': 'mAP@0.95', 'mAP': 'mAP',
           'own': 'own classes'}
_UNIT = 1e-4   # of a resampled mAP: a hundredth of a percent


class Results:
    """The results of one seed, in `DIR/seedN.json`.

    Raises:
        ValueError: For results of another benchmark.
    """

    def __init__(self, folder: Path, seed: int, benchmark: dict) -> None:
        self.path = folder / f'seed{seed}.json'
        self.content = dict(seed=seed, benchmark=benchmark, rows={})
        if self.path.exists():
            self.content = json.loads(self.path.read_text())
            if self.content['benchmark'] != benchmark:
                raise ValueError(f'{self.path} has results of the benchmark '
                                 f'{self.content["benchmark"]}, expected {benchmark}; give '
                                 'another --results, or remove the file')

    def __contains__(self, row: str) -> bool:
        return row in self.content['rows']

    def add(self, row: str, own_classes: float, seconds: float, ann_file: Path,
            detections: Path) -> None:
        """Adds a row: the scores of its detections, also on resampled videos, and its mAP with
        classes of its own."""
        records = load_annotations(str(ann_file), 'validation')
        found = load_detections(str(detections))
        at = dict(zip(TIOUS, detection_map(records, found, TIOUS).mAP.tolist()))
        average, resampled = Resampler(records, resamples=RESAMPLES).score(found)
        self.content['rows'][row] = dict(
            {f'mAP@{tiou:.2f}': round(value, 6) for tiou, value in at.items()},
            mAP=round(average, 6), own=round(own_classes, 6), seconds=round(seconds),
            resampled=np.rint(resampled / _UNIT).astype(int).tolist())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.path, self._text())

    def _text(self) -> str:
        """Json with a line a row."""
        rows = ',\n'.join(f'{json.dumps(row)}: {json.dumps(values, separators=(",", ":"))}'
                          for row, values in self.content['rows'].items())
        about = {name: value for name, value in self.content.items() if name != 'rows'}
        return f'{json.dumps(about)[:-1]}, "rows": {{\n{rows}\n}}}}\n'


def read_results(folder: Path) -> dict[str, dict[int, dict]]:
    """What each row has of each seed.

    Raises:
        FileNotFoundError: For a folder without results.
        ValueError: Where they are of different benchmarks.
    """
    files = [json.loads(path.read_text()) for path in sorted(folder.glob('seed*.json'))]
    if not files:
        raise FileNotFoundError(f'{folder} has no seed*.json; expected results that '
                                'procedural_table.py wrote: give --results, or train first')
    if any(one['benchmark'] != files[0]['benchmark'] for one in files):
        raise ValueError(f'{folder} has results of different benchmarks; expected those of one, '
                         'as only they have the same videos: move the others elsewhere')
    return {row: {one['seed']: one['rows'][row] for one in files if row in one['rows']}
            for row in ROWS if any(row in one['rows'] for one in files)}


def table(results: Mapping[str, Mapping[int, dict]], baseline: str = 'acp') -> str:
    """Markdown: mean ± std over seeds, and how sure the gain over the baseline is.

    A gain is of the seeds that both have, drawn again with the videos.
    """
    lines = ['| row | seeds | ' + ' | '.join(COLUMNS.values()) + ' | CPU seconds | gain over '
             f'{ROWS[baseline].title} | {LEVEL:.0%} interval | order turns |']
    lines.append('|---' * (lines[0].count('|') - 1) + '|')
    for name, seeds in results.items():
        runs = list(seeds.values())
        cells = [ROWS[name].title, str(len(seeds)),
                 *(_mean_and_std([run[column] for run in runs]) for column in COLUMNS),
                 f'{statistics.mean(run["seconds"] for run in runs):.0f}',
                 *_gain(results.get(baseline, {}), seeds if name != baseline else {})]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def _gain(before: Mapping[int, dict], after: Mapping[int, dict]) -> list[str]:
    common = sorted(before.keys() & after.keys())
    if not common:
        return ['-'] * 3
    gain = Resampler([], resamples=RESAMPLES).difference(
        *([(runs[seed]['mAP'], np.array(runs[seed]['resampled']) * _UNIT) for seed in common]
          for runs in (before, after)))
    return [f'{100 * gain.value:+.2f}', f'{100 * gain.low:+.2f} to {100 * gain.high:+.2f}',
            f'{gain.turns:.1%}']


def _mean_and_std(values: Sequence[float]) -> str:
    cell = f'{100 * statistics.mean(values):.2f}'
    return cell + (f' ± {100 * statistics.stdev(values):.2f}' if len(values) > 1 else '')
