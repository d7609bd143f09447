"""What training steps of VideoMAE S, B, L, H and g hold, planned as tools/plan.py does.

All weights, adapters, the ladder and low rank; full fidelity of 768 x 160 x 160 and S, T, ST; each
option that saves memory. Nothing is run, and no memory is taken but that of the weights.

  python benchmarks/memory_table.py --out work_dirs/memory_table          (20 minutes of CPU)
"""
from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from itertools import product
from pathlib import Path

from mmengine.registry import init_default_scope
from videomae import FRAMES, OPTIONS, SIZES, TRAINED, config, source

from mmlofi.fidelity import FULL, PAPER_CYCLE
from mmlofi.planning.budget import MemoryPlan
from mmlofi.planning.step_memory import StepCounter
from mmlofi.planning.tables import gib

TERA = 10**12
FIDELITIES = (FULL, *PAPER_CYCLE)


def rows(args: argparse.Namespace) -> Iterator[dict]:
    """A step of one video each: its memory by part, in bytes; of a plain one the operations."""
    for size, trained, option in product(args.sizes, args.trained, args.options):
        counter = StepCounter(config(size, trained, option, fused=not args.map), clip_len=FRAMES,
                              like=with_head(size, 'bf16' in option))
        plan = MemoryPlan(counter, source(size))
        for fidelity in FIDELITIES:
            row = dict(size=size, trained=trained, option=option, fidelity=fidelity.name)
            if option == 'plain':
                row['operations'] = plan.work(fidelity, 1).operations
            yield row | asdict(plan.count(fidelity, 1))


@cache
def with_head(size: str, half: bool) -> StepCounter:
    """A small encoder under the head of that size, which takes a real step for each length once."""
    return StepCounter(config(size, 'adapters', 'bf16' if half else 'plain', depth=1),
                       clip_len=FRAMES)


def table(found: Sequence[dict], options: Sequence[str], fidelities: Sequence[str]) -> str:
    """Markdown: peaks in GiB, of full fidelity / the dearest of the other ones."""
    peaks = {(row['size'], row['trained'], row['option'], row['fidelity']): row['peak']
             for row in found}
    lines = [f'| size | trains | {" | ".join(options)} |', '|---' * (2 + len(options)) + '|']
    for size, trained in dict.fromkeys((row['size'], row['trained']) for row in found):
        cells = [' / '.join(_peak(peaks, (size, trained, option), names)
                            for names in (('full',), fidelities)) for option in options]
        lines.append(f'| {size} | {trained} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def operations_table(found: Sequence[dict]) -> str:
    """Markdown: tera-operations of a plain step at each fidelity."""
    lines = ['| size | trains | full | S | T | ST |', '|---' * 6 + '|']
    plain = [row for row in found if row['option'] == 'plain']
    for size, trained in dict.fromkeys((row['size'], row['trained']) for row in plain):
        cells = [f'{row["operations"] / TERA:.3g}' for row in plain
                 if (row['size'], row['trained']) == (size, trained)]
        lines.append(f'| {size} | {trained} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def _peak(peaks: dict[tuple, int], key: tuple, fidelities: Sequence[str]) -> str:
    return gib(max(peaks[(*key, name)] for name in fidelities))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, choices in (('sizes', SIZES), ('trained', TRAINED), ('options', OPTIONS)):
        parser.add_argument(f'--{name}', nargs='+', choices=choices, default=list(choices))
    parser.add_argument('--map', action='store_true',
                        help="MMAction2's own attention, with its map of all pairs")
    parser.add_argument('--out', type=Path, help='also write FOLDER/memory_table.json and .md')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    logging.disable(logging.WARNING)
    init_default_scope('mmaction')
    found = []
    for row in rows(args):
        found.append(row)
        print(*(row[name] for name in ('size', 'trained', 'option', 'fidelity')),
              f'{gib(row["peak"])} GiB', sep='  ', flush=True)
    text = table(found, args.options, [one.name for one in PAPER_CYCLE])
    if 'plain' in args.options:
        text += '\n\n' + operations_table(found)
    print('\n' + text)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / 'memory_table.json').write_text(json.dumps(found, indent=1) + '\n')
        (args.out / 'memory_table.md').write_text(text + '\n')


if __name__ == '__main__':
    main()
