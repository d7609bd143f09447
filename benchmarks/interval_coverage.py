"""How often a 95 % interval over few seeds holds the true difference of two equally good methods.

Simulated: mAPs of runs are normal, the same on all videos, so that seeds alone differ. `share` is
how much of their variance two runs of one seed share, as with one stage 1 for both. "Drawn each" is
what `Resampler.difference` does; "in pairs" draws the differences within each seed in its place.
The width is in standard deviations of a run.

  python benchmarks/interval_coverage.py
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from mmlofi.evaluation.bootstrap import Resampler, Spread

Runs = Sequence[tuple[float, np.ndarray]]


def as_runs(values: np.ndarray, resamples: int) -> Runs:
    """Of (R,) mAPs that no choice of videos changes, as `Resampler.score` gives them."""
    return [(value, np.full(resamples, value)) for value in values]


def simulate(seeds: int, share: float, trial: int, resamples: int) -> tuple[Spread, Spread]:
    """The intervals of one experiment, drawn each and in pairs."""
    rng = np.random.default_rng((seeds, trial))
    common, own = rng.normal(size=seeds), rng.normal(size=(2, seeds))
    before, after = share**0.5 * common + (1 - share)**0.5 * own                # (R,) each
    resampler = Resampler([], resamples=resamples, seed=trial)
    return (resampler.difference(as_runs(before, resamples), as_runs(after, resamples)),
            resampler.spread(as_runs(after - before, resamples)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seeds', type=int, nargs='+', default=[2, 3, 5, 10])
    parser.add_argument('--share', type=float, nargs='+', default=[0.0, 0.7])
    parser.add_argument('--trials', type=int, default=3000, help='experiments of each')
    parser.add_argument('--resamples', type=int, default=400)
    args = parser.parse_args()
    print('| seeds | share | drawn each: holds | width | in pairs: holds | width |')
    print('|---|---|---|---|---|---|')
    for seeds in args.seeds:
        for share in args.share:
            trials = [simulate(seeds, share, trial, args.resamples) for trial in range(args.trials)]
            cells = [text for spreads in zip(*trials) for text in (
                f'{np.mean([one.low <= 0 <= one.high for one in spreads]):.0%}',
                f'{np.mean([one.high - one.low for one in spreads]):.2f}')]
            print(f'| {seeds} | {share:g} | ' + ' | '.join(cells) + ' |', flush=True)


if __name__ == '__main__':
    main()
