"""Make the procedural benchmark: untrimmed videos, their annotations, trimmed clips."""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import sys
import time
from pathlib import Path

from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('out_dir', type=Path, help='folder of the benchmark')
    parser.add_argument('--seed', type=int, default=0, help='another seed, another benchmark')
    parser.add_argument(
        '--difficulty', type=float, default=0.3,
        help='0: single frames show the action; 1: only motion does')
    parser.add_argument('--train-videos', type=int, default=80, help='untrimmed, 20 to 60 s each')
    parser.add_argument('--val-videos', type=int, default=40, help='untrimmed')
    parser.add_argument(
        '--classes', type=int, default=5,
        help='scenes; with --classes-per-video, kinds of motion; with --scene-and-motion, both')
    parser.add_argument(
        '--classes-per-video', type=int, metavar='N', default=None,
        help='the motion tells the class, and a video has N of them; without, the scene tells it')
    parser.add_argument(
        '--overlap', type=float, default=0.0,
        help='with --classes-per-video, share of actions that overlap one of another class')
    parser.add_argument(
        '--scene-and-motion', action='store_true',
        help='a class is a scene and a kind of motion, and the clips are of another source; '
             'wants 6 or 12 --classes')
    parser.add_argument(
        '--clips-per-class', type=int, default=40,
        help='trimmed training clips; a quarter as many for validation')
    parser.add_argument('--side', type=int, default=80, help='pixels')
    parser.add_argument('--fps', type=int, default=10, help='frames a second')
    parser.add_argument('--workers', type=int, default=2, help='processes')
    parser.add_argument(
        '--oracle-features', type=Path, metavar='DIR', default=None,
        help='also write features that know the truth, one (C, L) npy a video')
    parser.add_argument(
        '--num-snippets', type=int, default=64, help='positions L of the oracle features')
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args, registers=False)

import numpy as np

from mmlofi.files import whole_file
from mmlofi.procedural import Benchmark, generate, oracle_features, untrimmed_videos


def main() -> None:
    args = parse_args()
    parameters = Benchmark.__dataclass_fields__
    start = time.time()
    try:
        benchmark = Benchmark(**{k: v for k, v in vars(args).items() if k in parameters})
        drawn = generate(args.out_dir, benchmark, workers=args.workers)
        if args.oracle_features:
            write_oracle_features(args.oracle_features, benchmark, args.num_snippets)
    except ValueError as error:  # what was asked for cannot be had; a traceback would hide why
        sys.exit(f'make_procedural.py: {error}')
    print(f'{args.out_dir}: complete, {drawn} videos drawn in {time.time() - start:.0f} s')


def write_oracle_features(folder: Path, benchmark: Benchmark, num_snippets: int) -> None:
    for video in untrimmed_videos(benchmark):
        with whole_file(folder / f'{video.name}.npy') as partial, open(partial, 'wb') as file:
            np.save(file, oracle_features(video, num_snippets))


if __name__ == '__main__':
    main()
