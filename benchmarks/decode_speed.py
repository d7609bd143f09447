"""How long the frames of a video's snippets take to decode, beside MMAction2's DecordDecode.

    python benchmarks/decode_speed.py VIDEO [VIDEO …]

Both read the same frames of the same file in turn; CPU time, decoder threads included, the least of
several rounds.
"""
from __future__ import annotations

import argparse
import time

import numpy as np
from mmaction.registry import TRANSFORMS
from mmengine.registry import init_default_scope

import mmlofi  # noqa: F401  (registers the transforms)

SAMPLINGS = ((32, 4, 2), (100, 8, 8), (25, 8, 8))   # snippets, frames each, every so many


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('videos', nargs='+', help='video files')
    parser.add_argument('--rounds', type=int, default=3, help='of which the fastest counts')
    return parser.parse_args()


def decode_ms(video: str, sampling: tuple[int, int, int], decoder: str) -> tuple[float, list]:
    """CPU milliseconds from opening the video to its frames, and the frames."""
    snippets, clip_len, interval = sampling
    start = time.process_time()
    results = dict(filename=video)
    for cfg in (dict(type='OpenVideo'),
                dict(type='SampleSnippets', num_snippets=snippets, clip_len=clip_len,
                     frame_interval=interval), dict(type=decoder)):
        results = TRANSFORMS.build(cfg)(results)
    return 1000 * (time.process_time() - start), results['imgs']


def main() -> None:
    args = parse_args()
    init_default_scope('mmaction')
    print('| video | frames, size | snippets x frames / every | DecordDecode ms '
          '| DecodeSnippets ms | times faster |\n|---|---|---|---|---|---|')
    for video in args.videos:
        size = TRANSFORMS.build(dict(type='OpenVideo'))(dict(filename=video))
        for sampling in SAMPLINGS:
            theirs, ours = [], []
            for _ in range(args.rounds):   # in turn, since the machine's speed drifts
                ms, expected = decode_ms(video, sampling, 'DecordDecode')
                theirs.append(ms)
                ms, frames = decode_ms(video, sampling, 'DecodeSnippets')
                ours.append(ms)
                if not all(map(np.array_equal, frames, expected)):
                    raise SystemExit(f'{video}: the two decoders gave different frames')
            height, width = frames[0].shape[:2]
            print(f'| {video.rsplit("/", 1)[-1]} | {size["total_frames"]}, {width}x{height} '
                  f'| {sampling[0]} x {sampling[1]} / {sampling[2]} | {min(theirs):.0f} '
                  f'| {min(ours):.0f} | {min(theirs) / min(ours):.1f} |')


if __name__ == '__main__':
    main()
