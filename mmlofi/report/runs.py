"""What the work dirs of a run say: scores, costs, and what has to be known to compare them."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmlofi.compat.literals import NotData, read_values

CHECKPOINTS = ('last', 'best')
UNKNOWN = '?'


@dataclass(frozen=True)
class Run:
    """One training to its end, all stages of it."""

    figures: dict[str, float]   # mAP in percent, average and at each tIoU; `seconds`, `peak MiB`
    checkpoint: str             # 'last', or of which epoch the best is, by the validation itself
    seed: str
    class_scores: str           # 'outside' for those of a file, 'head' or the name of a classifier
    folder: Path                # of the last stage


def read_run(run: str, *, checkpoint: str = 'last') -> Run:
    """A run whose stages' work dirs are joined by '+'; scores are those of the last.

    Args:
        checkpoint: Whether the last validation counts, or the best one.

    Raises:
        FileNotFoundError: Where a training has not come to its end, or was not validated.
        ValueError: Where what it left cannot be read.
    """
    folders = [Path(folder) for folder in run.split('+')]
    costs = [_read_cost(folder) for folder in folders]
    scores, chosen = _read_map(folders[-1], checkpoint)
    seed, class_scores = _read_config(folders[-1])
    figures = dict(scores, seconds=sum(cost['seconds'] for cost in costs),
                   **{'peak MiB': max(cost['peak_memory_mib'] for cost in costs)})
    return Run(figures, chosen, seed, class_scores, folders[-1])


def in_words(texts: Sequence[str]) -> str:
    """What the runs of a method have in common, or all that they have."""
    return ', '.join(dict.fromkeys(texts))


def logged(folder: Path) -> Iterator[dict[str, float]]:
    """Each line of MMEngine's log in a work dir, over restarts; one that a kill cut off is left
    out."""
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            try:
                scalars = json.loads(line)
            except json.JSONDecodeError:
                continue
            yield scalars


def _read_cost(folder: Path) -> dict[str, float]:
    if not (folder / 'cost.json').is_file():
        raise FileNotFoundError(f'{folder} has no cost.json; expected the work dir of a finished '
                                'training: let tools/train.py run to its end')
    path = folder / 'cost.json'
    try:
        cost = json.loads(path.read_text())
        return {name: cost[name] for name in ('seconds', 'peak_memory_mib')}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} cannot be read ({type(error).__name__}: {error}); expected what '
                         'a finished training wrote: run it again to its end, by tools/train.py '
                         '--resume') from error


def _read_map(folder: Path, checkpoint: str) -> tuple[dict[str, float], str]:
    """mAP in percent of a validation in MMEngine's log, and which one it is."""
    validations = [scalars for scalars in logged(folder) if 'mAP' in scalars]
    if not validations:
        raise FileNotFoundError(f'{folder} has no mAP in its logs; expected a training with '
                                'validation by TALMetric: train it without --no-validate')
    found = validations[-1] if checkpoint == 'last' else max(
        validations, key=lambda scalars: scalars['mAP'])
    chosen = checkpoint if checkpoint == 'last' else f'best of {len(validations)}'
    return {name: 100 * value for name, value in found.items()
            if name == 'mAP' or name.startswith('mAP@')}, chosen


def _read_config(folder: Path) -> tuple[str, str]:
    """The seed, and where classes come from, of the config that MMEngine wrote there."""
    written = sorted(folder.glob('*.py'), key=lambda path: path.stat().st_mtime)
    try:
        cfg = read_values(written[-1].read_text()) if written else {}
    except NotData:
        return UNKNOWN, UNKNOWN
    seed = (cfg.get('randomness') or {}).get('seed')
    return UNKNOWN if seed is None else str(seed), _classes_of(cfg.get('model') or {})


def _classes_of(model: dict) -> str:
    source = (model.get('class_scores') or {}).get('type')
    if source is None:
        return 'head' if model else UNKNOWN
    return 'outside' if source == 'ClassScoreFile' else source
