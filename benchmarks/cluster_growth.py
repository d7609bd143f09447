"""How the start of a training grows with its videos, and what opening costs at 8 hours.

    python benchmarks/cluster_growth.py starts --videos 2000 20000 200000
    python benchmarks/cluster_growth.py ranks --videos 2000 --ranks 2 --latency-ms 50
    python benchmarks/cluster_growth.py hours --hours 0.25 1 8

`starts`: one small video under many names. What a first start costs is measured on the first
2,000 of them; the index of all is then filled with what was found, as a check beforehand leaves it,
and the starts after it are measured whole. `ranks`: ranks joined by gloo make an index together, of
files that take so long to look at, as on a far disk. `hours`: a video made on the spot of one clip
again and again. Processor seconds, as the machine may be busy; the tables are in docs/clusters.md.
"""
from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch.distributed
from mmengine.registry import init_default_scope

from mmlofi.datasets import UntrimmedVideoDataset
from mmlofi.datasets.videos import look
from mmlofi.datasets.videos.index import FileIndex, index_folder
from mmlofi.datasets.videos.video_file import find_facts

LOOKED_AT = 2_000   # files of which a first start is measured
PIPELINE = [dict(type='OpenVideo', short_side=128),
            dict(type='SampleSnippets', num_snippets=100, clip_len=8, snippet_interval=8),
            dict(type='DecodeSnippets')]
ROW = '{:>10} {:>14} {:>15} {:>16} {:>14}'


def write_clip(path: Path, frames: int, side: int = 128) -> Path:
    """Noise that drifts, a key frame every 50 frames, at 25 a second."""
    ground = np.random.default_rng(0).integers(0, 256, (side, 2 * side + frames, 3), np.uint8)
    with av.open(str(path), 'w') as out:
        stream = out.add_stream('libx264', rate=25, options=dict(crf='30', preset='ultrafast'))
        stream.width, stream.height, stream.pix_fmt = 2 * side, side, 'yuv420p'
        stream.gop_size = 50
        for number in range(frames):
            picture = np.ascontiguousarray(ground[:, number:number + 2 * side])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
        out.mux(stream.encode())
    return path


def repeat_clip(clip: Path, path: Path, hours: float) -> Path:
    """The clip's packets again and again, until the video lasts so long."""
    with av.open(str(clip)) as source, av.open(str(path), 'w') as out:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        span = round(Fraction(len(packets), 25) / stream.time_base)
        target = out.add_stream_from_template(stream)
        for turn in range(max(1, round(hours * 3600 * 25 / len(packets)))):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts = packet.pts + turn * span, packet.dts + turn * span
                copy.time_base, copy.stream = stream.time_base, target
                copy.is_keyframe, copy.duration = packet.is_keyframe, packet.duration
                out.mux(copy)
    return path


def data_set(folder: Path, videos: int) -> list[str]:
    """Annotations of one file under many names; their paths."""
    (folder / 'videos').mkdir()
    clip, paths = write_clip(folder / 'clip.mp4', 60, 32), []
    for number in range(videos):
        if number % 50_000 == 0:   # a file has so many names at most
            source = folder / f'clip_{number}.mp4'
            source.write_bytes(clip.read_bytes())
        paths.append(str(folder / 'videos' / f'{number:06}.mp4'))
        os.link(source, paths[-1])
    entry = dict(subset='training', duration=2.4,
                 annotations=[dict(segment=[0.5, 2.0], label='move')])
    (folder / 'gt.json').write_text(json.dumps(dict(database={
        Path(path).stem: entry for path in paths})))
    return paths


def build(folder: Path, **settings) -> UntrimmedVideoDataset:
    return UntrimmedVideoDataset(
        str(folder / 'gt.json'), subset='training', data_prefix=dict(video=str(folder / 'videos')),
        pipeline=PIPELINE, **settings)


def cpu_of(run, *args, **settings) -> float:
    before = time.process_time()
    run(*args, **settings)
    return time.process_time() - before


def starts(args: argparse.Namespace) -> None:
    print(ROW.format('videos', 'first start', 'second start', "with 'index'", 'memory'))
    for videos in args.videos:
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            folder = Path(name)
            paths = data_set(folder, videos)
            index = FileIndex(index_folder(str(folder / 'gt.json')))
            first = cpu_of(list, map(find_facts, paths[:LOOKED_AT])) * max(
                1, videos / LOOKED_AT)
            facts = find_facts(paths[0])
            for path in paths:
                index.add(path, facts._replace(stamp=look.stamp_of(path)))
            index.flush()
            second, memory = run_start(name, 'first')
            believed, _ = run_start(name, 'index')
        print(ROW.format(f'{videos:,}', f'{first:.1f} s', f'{second:.1f} s', f'{believed:.1f} s',
                         f'{memory:.0f} MiB'), flush=True)


def run_start(folder: str, check_files: str) -> tuple[float, float]:
    found = subprocess.run([sys.executable, __file__, 'start', '--folder', folder, '--check-files',
                            check_files], check=True, capture_output=True, text=True)
    return tuple(map(float, found.stdout.split()[-2:]))


def start(args: argparse.Namespace) -> None:
    """One start, in a process of its own: its processor seconds, and by how much it grew."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = cpu_of(build, Path(args.folder), check_files=args.check_files)
    print(spent, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024)


def ranks(args: argparse.Namespace) -> None:
    for videos in args.videos:
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            data_set(Path(name), videos)
            alone = videos * args.latency_ms / 1000 / args.readers
            environment = dict(os.environ, MASTER_ADDR='127.0.0.1', MASTER_PORT=str(args.port),
                               WORLD_SIZE=str(args.ranks))
            children = [subprocess.Popen(
                [sys.executable, __file__, 'rank', '--folder', name, '--latency-ms',
                 str(args.latency_ms), '--readers', str(args.readers)],
                env=dict(environment, RANK=str(rank), LOCAL_RANK=str(rank)),
                stdout=subprocess.PIPE, text=True) for rank in range(args.ranks)]
            for rank, child in enumerate(children):
                print(f'{videos:,} videos, rank {rank}:', child.communicate()[0].splitlines()[-1])
            print(f'(one rank alone would wait {alone:.1f} s for the disk)', flush=True)


def rank(args: argparse.Namespace) -> None:
    """One of the ranks: looks take long, and a collective waits 30 s at the most."""
    torch.distributed.init_process_group('gloo', timeout=timedelta(seconds=30))
    real, looked = look.look_at_file, []

    def slow(path: str, **how: object) -> look.Facts:
        time.sleep(args.latency_ms / 1000)
        looked.append(path)
        return real(path, **how)
    look.look_at_file = slow
    began, spent = time.monotonic(), cpu_of(build, Path(args.folder), readers=args.readers)
    took, began = time.monotonic() - began, time.monotonic()
    torch.distributed.barrier()
    print(f'looked at {len(looked):,}, {spent:.1f} processor seconds, ready after {took:.1f} s, '
          f'in the first collective for {time.monotonic() - began:.1f} s')
    torch.distributed.destroy_process_group()


def hours(args: argparse.Namespace) -> None:
    print(ROW.format('hours', 'found out in', 'open, before', 'open, by index', 'window'))
    for long in args.hours:
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            folder = Path(name)
            (folder / 'videos').mkdir()
            repeat_clip(write_clip(folder / 'clip.mp4', 500), folder / 'videos' / 'v.mp4', long)
            (folder / 'gt.json').write_text(json.dumps(dict(database=dict(v=dict(
                subset='training', duration=long * 3600, annotations=[
                    dict(segment=[long * 1800, long * 1800 + 5], label='move')])))))
            found = cpu_of(build, folder, window=dict(stride=50))
            videos = build(folder, window=dict(stride=50))
            by_index = [cost_of(videos, videos.sample_info(0)) for _ in range(3)][1:]
            info = videos.sample_info(0)
            del info['facts']
            before = cost_of(videos, info)
        opening, window = (min(one) for one in zip(*by_index))
        print(ROW.format(f'{long:g}', f'{found:.1f} s', f'{before[0]:.2f} s', f'{opening:.4f} s',
                         f'{window:.2f} s'),
              f'  opening: {before[0] / sum(before):.0%} of a sample before, '
              f'{opening / (opening + window):.1%} by the index', flush=True)


def cost_of(videos: UntrimmedVideoDataset, info: dict) -> tuple[float, float]:
    """Processor seconds of opening a video, and of choosing and decoding a window."""
    opener, *others = videos.pipeline.transforms
    results = {}
    opening = cpu_of(lambda: results.update(opener(dict(info))))

    def decode() -> None:
        one = results
        for transform in others:
            one = transform(one)
    return opening, cpu_of(decode)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    for run in (starts, ranks, hours, start, rank):
        command = commands.add_parser(run.__name__)
        command.set_defaults(run=run)
        command.add_argument('--folder', help='for the files that are made; default that for '
                                              'temporary ones')
        if run in (starts, ranks):
            command.add_argument('--videos', type=int, nargs='+', default=[2_000])
        if run in (ranks, rank):
            command.add_argument('--latency-ms', type=float, default=50)
            command.add_argument('--readers', type=int, default=8)
    commands.choices['hours'].add_argument('--hours', type=float, nargs='+', default=[8])
    commands.choices['ranks'].add_argument('--ranks', type=int, default=2)
    commands.choices['ranks'].add_argument('--port', type=int, default=29531)
    commands.choices['start'].add_argument('--check-files', default='first')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    init_default_scope('mmaction')
    args.run(args)


if __name__ == '__main__':
    main()
