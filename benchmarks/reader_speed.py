"""How fast each reader loads a video's snippets, as shares of decoding the file once.

    python benchmarks/reader_speed.py                          # a minute of moving textures, h264
    python benchmarks/reader_speed.py --codec libsvtav1 --threads 1 2 4
    python benchmarks/reader_speed.py --videos VIDEO …

The floor is PyAV's decoding of all frames from start to end, in one thread, without making pictures
of them. MMAction2's pipeline (DecordInit, DecordDecode, Resize) and ours with each reader, and with
what the index of files knows, load the same snippets; they take turns, and the least CPU time of
the rounds counts, decoder threads included. Beside it stand our seconds by the clock.
"""
from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import av
import numpy as np
from decode_speed import SAMPLINGS, SIDES, load, pipelines, write_textures
from mmengine.registry import init_default_scope

from mmlofi.datasets.videos.readers import READER_NAMES
from mmlofi.datasets.videos.video_file import find_facts


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--videos', nargs='+', help='video files; default: one is made')
    parser.add_argument('--codec', default='libx264', help='of the video that is made')
    parser.add_argument('--size', nargs=2, type=int, default=(340, 256),
                        metavar=('WIDTH', 'HEIGHT'), help='of the video that is made')
    parser.add_argument('--seconds', type=int, default=60, help='of the video that is made')
    parser.add_argument('--rounds', type=int, default=2, help='of which the fastest counts')
    parser.add_argument('--threads', nargs='+', type=int, default=[1],
                        help="decoders of ours, threads of MMAction2's decoder")
    return parser.parse_args()


def floor(video: str) -> None:
    """Decodes all frames."""
    with av.open(video) as container:
        stream = container.streams.best('video')
        stream.thread_count = 1
        for _ in container.decode(stream):
            pass


def seconds_of(work: Callable[[], object]) -> np.ndarray:
    """(2,) of CPU and of the clock; infinite where the video is refused."""
    cpu, clock = time.process_time(), time.perf_counter()
    try:
        work()
    except Exception:   # decord's errors are of several kinds
        return np.full(2, np.inf)
    return np.array([time.process_time() - cpu, time.perf_counter() - clock])


def compare(video: str, side: int, sampling: tuple, threads: int, rounds: int) -> str:
    """A line of the table."""
    work = dict(floor=partial(floor, video),
                MMAction2=partial(load, pipelines(side, sampling, threads)[0], video))
    for reader in READER_NAMES:
        with suppress(ValueError):   # decord does not read all
            work[reader] = partial(load, pipelines(side, sampling, threads, reader)[1], video,
                                   facts=find_facts(video, reader=reader))
    best = {name: np.full(2, np.inf) for name in ('floor', 'MMAction2', *READER_NAMES)}
    for _ in range(rounds):
        for name, one in work.items():
            best[name] = np.minimum(best[name], seconds_of(one))
    shares = [f'{best[name][0] / best["floor"][0]:.2f}' if np.isfinite(best[name][0]) else '—'
              for name in ('MMAction2', *READER_NAMES)]
    clock = ' | '.join(f'{best[name][1]:.2f}' for name in READER_NAMES)
    return (f'| {sampling[0]} x {sampling[1]} / {sampling[2]} | {side} | {threads} | '
            f'{" | ".join(shares)} | {clock} |')


def main() -> None:
    args = parse_args()
    init_default_scope('mmaction')
    with tempfile.TemporaryDirectory() as folder:
        for video in args.videos or [write_textures(folder, args.seconds, args.size, args.codec)]:
            print(f'\n{Path(video).name}\n\n| snippets x frames / every | side | threads | '
                  f'MMAction2 | {" | ".join(READER_NAMES)} | {", s | ".join(READER_NAMES)}, s |\n'
                  f'|{"---|" * (4 + 2 * len(READER_NAMES))}')
            for sampling in SAMPLINGS:
                for side in (SIDES[112], SIDES[224]):
                    for threads in args.threads:
                        print(compare(video, side, sampling, threads, args.rounds), flush=True)


if __name__ == '__main__':
    main()
