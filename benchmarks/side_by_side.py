"""How much faster several decoders stream one long video, beside as many processes.

    python benchmarks/side_by_side.py                     # 2 and 20 minutes of moving textures
    python benchmarks/side_by_side.py --decoders 1 2 4 8 --videos VIDEO …

Snippets of 16 frames are streamed as to localize, a chunk of 32 at a time, without a model: all
frames of the video, and 100 snippets (every 8th frame of 8), as the configs take them. By the
clock, the fastest of the rounds; what as many processes that each stream all of it, with a decoder,
gain at once is the machine's own limit.
"""
from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from decode_speed import write_textures
from mmaction.registry import TRANSFORMS
from mmengine.registry import init_default_scope

from mmlofi.datasets.streaming import stream_snippets
from mmlofi.datasets.videos.readers import READER_NAMES

SAMPLINGS = {'all frames': dict(clip_len=16, frame_interval=1, snippet_interval=16),
             '100 x 8 / 8': dict(num_snippets=100, clip_len=8, frame_interval=8)}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--videos', nargs='+', help='video files; default: two are made')
    parser.add_argument('--size', nargs=2, type=int, default=(340, 256),
                        metavar=('WIDTH', 'HEIGHT'), help='of the videos that are made')
    parser.add_argument('--side', type=int, default=128, help='that frames are reduced to')
    parser.add_argument('--readers', nargs='+', default=READER_NAMES, choices=READER_NAMES)
    parser.add_argument('--decoders', nargs='+', type=int, default=[2], help='beside one')
    parser.add_argument('--rounds', type=int, default=3, help='of which the fastest counts')
    return parser.parse_args()


def repeat(video: str, times: int, target: str) -> str:
    """A file of the video again and again."""
    with av.open(target, 'w') as out:
        stream, begin = None, 0
        for _ in range(times):
            with av.open(video) as source:
                own = source.streams.video[0]
                stream = stream or out.add_stream_from_template(own)
                for packet in source.demux(own):
                    if packet.size:
                        packet.pts, packet.dts = packet.pts + begin, packet.dts + begin
                        packet.stream = stream
                        out.mux(packet)
                begin += own.duration
    return target


def stream(video: str, reader: str, decoders: int, sampling: dict, side: int) -> None:
    """All chunks of a video."""
    transforms = [TRANSFORMS.build(one) for one in (
        dict(type='OpenVideo', short_side=side, num_threads=decoders, reader=reader),
        dict(type='SampleSnippets', **sampling), dict(type='DecodeSnippets'),
        dict(type='FormatShape', input_format='NCTHW'), dict(type='PackTALInputs'))]
    info = dict(video_name='video', filename=video, duration_sec=None, test_mode=True,
                segments_sec=np.zeros((0, 2)), gt_labels=np.zeros(0, np.int64))
    for _ in stream_snippets(transforms, info):
        pass


def seconds(video: str, reader: str, decoders: int, *settings: object, processes: int = 1
            ) -> tuple[float, float]:
    """By the clock and of this process, of one stream or of as many at once."""
    clock, cpu = time.perf_counter(), time.process_time()
    if processes == 1:
        stream(video, reader, decoders, *settings)
    else:
        fork = multiprocessing.get_context('fork')
        others = [fork.Process(target=stream, args=(video, reader, decoders, *settings))
                  for _ in range(processes)]
        for one in others:
            one.start()
        for one in others:
            one.join()
    return time.perf_counter() - clock, time.process_time() - cpu


def compare(video: str, reader: str, name: str, args: argparse.Namespace) -> Sequence[str]:
    """Lines of the table."""
    settings = (SAMPLINGS[name], args.side)
    one, several, limit = (np.full((len(args.decoders), 2), np.inf) for _ in range(3))
    for _ in range(args.rounds):
        for row, decoders in enumerate(args.decoders):
            for best, run in ((one, dict(decoders=1)), (several, dict(decoders=decoders)),
                              (limit, dict(decoders=1, processes=decoders))):
                count = run.pop('decoders')
                best[row] = np.minimum(best[row], seconds(video, reader, count, *settings, **run))
    for decoders, alone, shared, all_at_once in zip(args.decoders, one, several, limit):
        yield (f'| {Path(video).stem} | {name} | {reader} | {decoders} | {alone[0]:.2f} | '
               f'{shared[0]:.2f} | {alone[0] / shared[0]:.2f} | '
               f'{decoders * alone[0] / all_at_once[0]:.2f} | {shared[1] / alone[1]:.2f} |')


def main() -> None:
    args = parse_args()
    init_default_scope('mmaction')
    with tempfile.TemporaryDirectory() as folder:
        videos = args.videos
        if videos is None:
            short = write_textures(folder, 120, args.size)
            videos = [short, repeat(short, 10, f'{folder}/ten_times.mp4')]
        print('| video | snippets | reader | decoders | one, s | several, s | times faster | '
              f'processes, times faster | CPU, times of one |\n|{"---|" * 9}')
        for video in videos:
            for name in SAMPLINGS:
                for reader in args.readers:
                    for line in compare(video, reader, name, args):
                        print(line, flush=True)


if __name__ == '__main__':
    main()
