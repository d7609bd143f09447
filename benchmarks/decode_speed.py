"""How fast a video's snippets are loaded: MMAction2's pipeline, ours, and ours on a proxy.

    python benchmarks/decode_speed.py                       # two minutes of moving textures, h264
    python benchmarks/decode_speed.py --size 1280 720
    python benchmarks/decode_speed.py --videos VIDEO …

All three give the same 100 snippets of 8 frames, every 8th, of the whole video, at the shorter side
that the configs crop full fidelity (224 of 256), ST (158 of 182) and S (112 of 128) from; and 32
snippets of 4, every 2nd, which do not overlap. MMAction2's is DecordInit, DecordDecode and Resize
with the same frame numbers. They take turns; frames asked for per second, repeated ones counted, of
CPU time (decoder threads included) and, in brackets, of the clock; the best of the rounds.
"""
from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from mmaction.registry import TRANSFORMS
from mmengine.registry import init_default_scope

from mmlofi.datasets.videos.proxies import make_proxy
from mmlofi.datasets.videos.proxy_file import ProxySettings

SIDES = {224: 256, 158: 182, 112: 128}            # of the crop: the shorter side before it
SAMPLINGS = ((100, 8, 8), (32, 4, 2))             # snippets, frames each, every so many
FPS = 30
PRESETS = {'libx264': dict(preset='veryfast'), 'libsvtav1': dict(preset='11')}
OUTLINE = (32, 24)                                # on which other ways to shrink leave no trace
MOST_DIFFERENT = 4                                # of 255, on average


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--videos', nargs='+', help='video files; default: one is made')
    parser.add_argument('--size', nargs=2, type=int, default=(340, 256),
                        metavar=('WIDTH', 'HEIGHT'), help='of the video that is made')
    parser.add_argument('--seconds', type=int, default=120, help='of the video that is made')
    parser.add_argument('--rounds', type=int, default=3, help='of which the fastest counts')
    parser.add_argument('--threads', type=int, default=1,
                        help="decoders of ours, threads of MMAction2's decoder")
    return parser.parse_args()


def moving_textures(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A camera over a landscape of noise, a square of other noise crossing before it."""
    rng = np.random.default_rng(0)
    scene, actor = noise(2 * width, rng), noise(height, rng)[:height // 3, :height // 3]
    for time_sec in np.arange(frames) / FPS:
        centre = (width * (1 + np.sin(time_sec / 3) / 2), width * (1 + np.cos(time_sec / 5) / 2))
        frame = cv2.getRectSubPix(scene, (width, height), centre)
        left = int((width - height // 3) * (1 + np.sin(2 * time_sec)) / 2)
        top = int((height - height // 3) * (1 + np.cos(3 * time_sec)) / 2)
        frame[top:top + height // 3, left:left + height // 3] = actor
        yield frame


def noise(side: int, rng: np.random.Generator) -> np.ndarray:
    """(side, side, 3) with details of several sizes."""
    layers = [cv2.resize(rng.standard_normal((cells, cells, 3)), (side, side),
                         interpolation=cv2.INTER_CUBIC) for cells in (8, 32, 128, 512)]
    return np.clip(128 + 30 * np.sum(layers, axis=0), 0, 255).astype(np.uint8)


def write_video(path: str, frames: Iterator[np.ndarray], width: int, height: int,
                codec: str = 'libx264') -> None:
    """As videos are mostly downloaded: x264's own group of 250 frames."""
    with av.open(path, 'w') as container:
        stream = container.add_stream(codec, rate=FPS, options=PRESETS.get(codec, {}))
        stream.width, stream.height, stream.pix_fmt = width, height, 'yuv420p'
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format='bgr24')))
        container.mux(stream.encode())


def write_textures(folder: str, seconds: int, size: Sequence[int], codec: str = 'libx264') -> str:
    """A video of them; returns its path."""
    path = f'{folder}/textures.mp4'
    write_video(path, moving_textures(seconds * FPS, *size), *size, codec=codec)
    return path


def pipelines(short_side: int, sampling: Sequence[int], threads: int, reader: str = 'auto'
              ) -> tuple[list, list]:
    """Configs of MMAction2's and of our loading."""
    snippets, clip_len, interval = sampling
    sample = dict(type='SampleSnippets', num_snippets=snippets, clip_len=clip_len,
                  frame_interval=interval)
    resize = dict(type='Resize', scale=(-1, short_side))
    return ([dict(type='DecordInit', num_threads=threads), sample, dict(type='DecordDecode'),
             resize],
            [dict(type='OpenVideo', short_side=short_side, num_threads=threads, reader=reader),
             sample, dict(type='DecodeSnippets'), resize])


def load(pipeline: list, video: str, **known: object) -> tuple[float, float, list[np.ndarray]]:
    """CPU seconds, seconds of the clock, and the frames.

    Args:
        known: What a data set knows of the video.
    """
    transforms = [TRANSFORMS.build(cfg) for cfg in pipeline]
    results, cpu, clock = dict(known, filename=video), time.process_time(), time.perf_counter()
    for transform in transforms:
        results = transform(results)
    return time.process_time() - cpu, time.perf_counter() - clock, results['imgs']


def compare(video: str, folder: str, crop: int, sampling: Sequence[int],
            args: argparse.Namespace) -> str:
    """A line of the table."""
    short_side = SIDES[crop]
    report = make_proxy(Path(video), Path(folder) / f'{short_side}.mp4',
                        ProxySettings(side=short_side))
    if report.problem:
        raise SystemExit(report.problem)
    theirs, ours = pipelines(short_side, sampling, args.threads)
    runs = [(theirs, video), (ours, video), (ours, report.proxy)]
    best = np.full((3, 2), np.inf)
    for _ in range(args.rounds):
        frames = []
        for row, (pipeline, file) in enumerate(runs):
            *seconds, images = load(pipeline, file)
            best[row] = np.minimum(best[row], seconds)
            frames.append(images)
        refuse_others(frames)
    count = sampling[0] * sampling[1]
    speeds = ' | '.join(f'{count / cpu:.0f} ({count / clock:.0f})' for cpu, clock in best)
    gains = ' | '.join(f'{a:.1f} ({b:.1f})' for a, b in (best[0] / best[1], best[0] / best[2]))
    return (f'| {sampling[0]} x {sampling[1]} / {sampling[2]} | {crop} | {speeds} | {gains} '
            f'| {report.source.bytes / 1e6:.1f} → {report.result.bytes / 1e6:.1f} |')


def refuse_others(frames: list[list[np.ndarray]]) -> None:
    """Whether all show the same moments: in outline, since each shrinks frames in its own way."""
    theirs, *others = [np.array([cv2.resize(image, OUTLINE, interpolation=cv2.INTER_AREA)
                                 for image in images], np.int16) for images in frames]
    for other in others:
        different = np.abs(theirs - other).mean(axis=(1, 2, 3)).max()
        if different > MOST_DIFFERENT:
            raise SystemExit(f'the pipelines gave other frames: they differ by {different:.1f}')


def main() -> None:
    args = parse_args()
    init_default_scope('mmaction')
    with tempfile.TemporaryDirectory() as folder:
        videos = args.videos or [write_textures(folder, args.seconds, args.size)]
        for number, video in enumerate(videos):
            results = TRANSFORMS.build(dict(type='OpenVideo'))(dict(filename=video))
            height, width = results['video_reader'][0].shape[:2]
            print(f'\n{Path(video).name}: {results["total_frames"]} frames, {width} x {height}, '
                  f'{args.threads} decoder threads\n\n'
                  '| snippets x frames / every | side | MMAction2 | ours | ours, proxy '
                  '| times faster | times faster, proxy | MB |\n|---|---|---|---|---|---|---|---|')
            proxies = Path(folder) / str(number)
            proxies.mkdir()
            for sampling in SAMPLINGS:
                for crop in SIDES:
                    print(compare(video, str(proxies), crop, sampling, args), flush=True)


if __name__ == '__main__':
    main()
