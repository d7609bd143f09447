"""How long soft-NMS takes a video, beside MMAction2's own, in one run.

    python benchmarks/soft_nms_speed.py
"""
from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from mmlofi.detections.soft_nms import soft_nms, soft_nms_batch

# The package must come first: it makes mmaction importable.
from mmaction.models.localizers.utils import soft_nms as mmaction_soft_nms  # isort: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sizes', type=int, nargs='+', default=[100, 1000, 5000],
                        help='segments a video')
    parser.add_argument('--videos', type=int, default=16, help='videos in a batch')
    parser.add_argument('--top-k', type=int, default=100)
    args = parser.parse_args()

    print(f'top {args.top_k}, sigma 0.84; milliseconds a video')
    print(f'{"segments":>8}{"MMAction2":>12}{"one video":>12}{"ratio":>8}'
          f'{f"batch of {args.videos}":>14}{"ratio":>8}')
    for size in args.sizes:
        slow, single, batch = (1e3 * seconds for seconds in measure(args.videos, size, args.top_k))
        print(f'{size:8}{slow:12.2f}{single:12.2f}{single / slow:8.3f}'
              f'{batch:14.2f}{batch / slow:8.3f}')


def measure(videos: int, size: int, top_k: int) -> tuple[float, float, float]:
    """Seconds a video of MMAction2, of one video alone, and of a video in a batch."""
    rng = np.random.default_rng(0)
    segments = np.sort(rng.random((videos, size, 2), np.float32))
    scores = rng.random((videos, size), np.float32)
    one, its_scores = segments[0].astype(float), scores[0].astype(float)
    rows = np.concatenate([one, its_scores[:, None]], 1)
    options = dict(sigma=0.84, top_k=top_k)
    # With both thresholds at 0 theirs is the same plain decay; it keeps one pick more than asked.
    theirs, slow = best_of(lambda: mmaction_soft_nms(rows, 0.84, 0, 0, top_k - 1))
    ours, single = best_of(lambda: soft_nms(one, its_scores, **options))
    _, batch = best_of(lambda: soft_nms_batch(list(segments), list(scores), **options))
    if not np.allclose(theirs[:, 2], ours[1], rtol=1e-9):
        raise RuntimeError('the two disagree on the scores: they are not comparable')
    return slow, single, batch / videos


def best_of(function: Callable, repeats: int = 5) -> tuple:
    """The result and the least seconds of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return result, min(times)


if __name__ == '__main__':
    main()
