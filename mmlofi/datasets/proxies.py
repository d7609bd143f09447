"""Proxies: small copies of videos that training decodes in a fraction of the time.

MPEG-4 part 2 in mp4, without sound: of what was measured at such sizes it decodes fastest. A proxy
has a constant frame rate and says in its own comment how, and from how large a file, it was made.

Time: frame j of a proxy is the one that its source shows at the middle of [j/fps, (j+1)/fps), so
that a second of annotations is the same second of both.
"""
from __future__ import annotations

import json
import math
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.transforms.snippets import frame_at
from mmlofi.datasets.video_file import is_cut_off

MADE_BY = 'mmlofi proxy'


@dataclass(frozen=True, kw_only=True)
class ProxySettings:
    """How proxies are made.

    Args:
        side: Pixels of the frame's shorter side, at most: nothing is enlarged.
        fps: Frames a second, at most; None keeps the source's.
        gop: Frames from one key frame to the next. 16 is about where a jump costs what it saves.
        quality: Quantiser of MPEG-4, from 1 (largest files) to 31.

    Raises:
        ValueError: For values that no video can have.
    """

    side: int
    fps: float | None = None
    gop: int = 16
    quality: int = 3

    def __post_init__(self) -> None:
        if self.side < 16 or self.side % 2:
            raise ValueError(f'got side={self.side}; expected an even number of 16 or more, as '
                             '4:2:0 video has them: OpenVideo.short_side, divided by the '
                             "fidelity's spatial factor")
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise ValueError(f'got fps={self.fps}; expected frames a second above 0, or none to '
                             "keep each video's own")
        if self.gop < 1 or not 1 <= self.quality <= 31:
            raise ValueError(f'got gop={self.gop} and quality={self.quality}; expected a gop of 1 '
                             'frame or more, and a quality from 1 (best) to 31')


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What a training sees of a file."""

    frames: int
    duration_sec: float
    fps: float
    width: int
    height: int
    bytes: int


@dataclass(kw_only=True)
class ProxyReport:
    """What became of one video."""

    video: str
    proxy: str
    made: bool = False              # in this run; else it was there, or there is a problem
    source: Extent | None = None
    result: Extent | None = None
    problem: str | None = None


def plan_targets(videos: Iterable[str | os.PathLike], folder: str | os.PathLike
                 ) -> list[tuple[Path, Path]]:
    """Each video with its proxy's path: the same stem, as mp4.

    Raises:
        ValueError: When two videos would have the same proxy, or a video would be overwritten.
    """
    pairs = [(Path(video), Path(folder) / f'{Path(video).stem}.mp4') for video in videos]
    owners: dict[Path, Path] = {}
    for video, proxy in pairs:
        if video.parent.resolve() == proxy.parent.resolve():
            raise ValueError(f'proxies of {str(video.parent)!r} would lie among the videos; '
                             'expected another folder: give one that is new')
        if proxy in owners:
            raise ValueError(f'{str(owners[proxy])!r} and {str(video)!r} would both become '
                             f'{str(proxy)!r}; expected one file a video: move one away')
        owners[proxy] = video
    return pairs


def make_proxies(pairs: Sequence[tuple[Path, Path]], settings: ProxySettings, *, redo: bool = False,
                 workers: int = 1, progress: Callable[[int, int], None] = lambda done, total: None
                 ) -> list[ProxyReport]:
    """Makes the proxies that are not there yet; a video that fails stops no other.

    Args:
        pairs: Videos and where their proxies go, as of `plan_targets`.
        settings: Of all of them.
        redo: Whether proxies of other settings, or of a file of another size, are made again.
        workers: Processes.
        progress: Called with the videos that are done, and all of them.

    Returns:
        A report for each pair, in their order.

    Raises:
        ImportError: Without PyAV.
        ValueError: Before anything is written, when the folder holds proxies of other settings and
            `redo` is false, or files that are no proxies.
    """
    _import_av()
    _refuse_others(pairs, settings, redo)
    reports: dict[Path, ProxyReport] = {}
    methods = multiprocessing.get_all_start_methods()   # a spawned worker imports torch for seconds
    context = multiprocessing.get_context('fork' if 'fork' in methods else 'spawn')
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        pending = {pool.submit(make_proxy, *pair, settings): pair for pair in pairs}
        for done, future in enumerate(as_completed(pending), start=1):
            video, proxy = pending[future]
            try:
                reports[proxy] = future.result()
            except BrokenProcessPool:
                reports[proxy] = ProxyReport(
                    video=str(video), proxy=str(proxy), problem='a worker died (out of memory?); '
                    'run it again, with fewer workers')
            progress(done, len(pairs))
    return [reports[proxy] for _, proxy in pairs]


def make_proxy(video: Path, proxy: Path, settings: ProxySettings) -> ProxyReport:
    """Makes one proxy, whole or not at all, unless one of these settings is there.

    What goes wrong is in the report's `problem`. A proxy whose frames or duration are not those
    that its source has is a problem, and is not kept.
    """
    report = ProxyReport(video=str(video), proxy=str(proxy))
    try:
        if is_cut_off(str(video)):
            raise ValueError(f'{str(video)!r} is cut off; download it again')
        report.source, axis = measure(video)
        taken, rate = _frames_taken(axis, settings.fps)
        if read_settings(proxy) != _label(video, settings):
            unfinished = proxy.with_name(f'.{proxy.stem}.{os.getpid()}.partial')
            try:
                _encode(video, unfinished, taken, rate, settings)
                report.result = _check(unfinished, len(taken), report.source.duration_sec)
                os.replace(unfinished, proxy)
            finally:
                unfinished.unlink(missing_ok=True)
            report.made = True
        report.result = _check(proxy, len(taken), report.source.duration_sec)
    except MemoryError:
        raise
    except Exception as error:   # decord and FFmpeg raise many kinds; none may stop the others
        report.problem = f'{type(error).__name__}: {error}'
    return report


def measure(path: Path) -> tuple[Extent, dict]:
    """What training sees of a file, and its time axis as `OpenVideo` gives it.

    Raises:
        FileNotFoundError, ValueError: As `OpenVideo`.
    """
    axis = OpenVideo()(dict(filename=str(path)))
    height, width = axis['video_reader'][0].shape[:2]
    axis['video_reader'] = None
    return Extent(frames=axis['total_frames'], duration_sec=axis['duration_sec'],
                  fps=axis['avg_fps'], width=width, height=height,
                  bytes=os.path.getsize(path)), axis


def read_settings(proxy: Path) -> dict | None:
    """What a file says of how it was made: empty where it is no proxy, None where there is none."""
    if not proxy.exists():
        return None
    try:
        with _import_av().open(str(proxy)) as container:
            label = json.loads(container.metadata.get('comment', ''))
    except (OSError, ValueError):
        return {}
    return label if isinstance(label, dict) and label.get('made_by') == MADE_BY else {}


def _label(video: Path, settings: ProxySettings) -> dict:
    return dict(made_by=MADE_BY, **asdict(settings), source_bytes=os.path.getsize(video))


def _refuse_others(pairs: Sequence[tuple[Path, Path]], settings: ProxySettings,
                   redo: bool) -> None:
    foreign, other = [], []
    for video, proxy in pairs:
        found = read_settings(proxy)
        if found == {}:
            foreign.append(proxy.name)
        elif found is not None and found != (label := _label(video, settings)):
            changed = [f'{key}={found.get(key)} in place of {label[key]}' for key in label
                       if found.get(key) != label[key]]
            other.append(f'{proxy.name} ({", ".join(changed)})')
    if foreign:
        raise ValueError(f'{len(foreign)} files are in the way that are no proxies, such as '
                         f'{foreign[:3]}; expected a new folder, or one with proxies: give another')
    if other and not redo:
        raise ValueError(f'{len(other)} proxies are there that were made otherwise, such as '
                         f'{"; ".join(other[:3])}; expected none, or ones of these settings and '
                         'of these videos: give another folder, or --redo to make them again')


def _frames_taken(axis: dict, fps: float | None) -> tuple[np.ndarray, Fraction]:
    """Which frames of the source follow each other in the proxy, and the proxy's frame rate."""
    total, duration = axis['total_frames'], axis['duration_sec']
    constant = axis['frame_times_sec'] is None and \
        abs(total - axis['avg_fps'] * duration) <= 1
    own = axis['avg_fps'] if constant else total / duration
    if fps is None or fps >= own:
        if constant:
            return np.arange(total), _fraction(own)
        fps, count = own, total
    else:
        count = max(1, round(duration * fps))
    middles = np.minimum((np.arange(count) + 0.5) / fps / duration, 1.0)
    frames = np.floor(frame_at(middles, axis) + 1e-6).astype(np.int64)
    return np.clip(frames, 0, total - 1), _fraction(fps)


def _fraction(fps: float) -> Fraction:
    """As MPEG-4 can say it: both parts below 65536, such as 30000/1001."""
    return Fraction(fps).limit_denominator(min(1001, max(1, int(65535 / max(fps, 1)))))


def _encode(video: Path, target: Path, taken: np.ndarray, rate: Fraction,
            settings: ProxySettings) -> None:
    av = _import_av()
    with av.open(str(video)) as source, av.open(str(target), 'w', format='mp4') as proxy:
        stream = source.streams.best('video')
        stream.thread_count = 1                 # there are as many workers as there is to do
        out = None
        for number, frame in enumerate(_repeat(source.decode(stream), taken)):
            if out is None:
                proxy.metadata['comment'] = json.dumps(_label(video, settings))
                out = proxy.add_stream('mpeg4', rate=rate, options=_options(settings))
                out.width, out.height = _even_size(frame.width, frame.height, settings.side)
                out.pix_fmt, out.gop_size, out.thread_count = 'yuv420p', settings.gop, 1
                out.codec_context.max_b_frames = 0
            small = frame.reformat(out.width, out.height, 'yuv420p', interpolation='AREA')
            small.pts, small.time_base = number, 1 / rate
            small.pict_type = 0                          # the source's key frames are not kept
            proxy.mux(out.encode(small))
        proxy.mux(out.encode())


def _options(settings: ProxySettings) -> dict[str, str]:
    """A constant quantiser: the rate control that MPEG-4 has otherwise blurs motion."""
    return dict(qmin=str(settings.quality), qmax=str(settings.quality), b='100M', bt='100M',
                flags='+bitexact')


def _repeat(frames: Iterator, taken: np.ndarray) -> Iterator:
    """The decoded frames as often as they are taken.

    Raises:
        ValueError: When the last of them does not come.
    """
    times = np.bincount(taken)
    for number, frame in enumerate(frames):
        if number == len(times):
            return
        for _ in range(times[number]):
            yield frame
    if number + 1 < len(times):
        raise ValueError(f'it ends after {number + 1} of {len(times)} frames; expected a file of '
                         'which every frame can be decoded: download it again')


def _even_size(width: int, height: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / min(width, height))
    return tuple(max(2, 2 * math.floor(length * scale / 2 + 0.5 - (scale == 1.0) / 2))
                 for length in (width, height))


def _check(proxy: Path, frames: int, duration_sec: float) -> Extent:
    found, _ = measure(proxy)
    if found.frames != frames or abs(found.duration_sec - duration_sec) > 1.5 / found.fps:
        raise ValueError(f'the proxy has {found.frames} frames in {found.duration_sec:.3f} s; '
                         f'expected {frames} in {duration_sec:.3f} s, as its source has: use the '
                         'original of this video')
    return found


def _import_av():
    try:
        import av
    except ImportError as error:
        raise ImportError('proxies are made with PyAV, which is not installed; expected it: pip '
                          'install "mmlofi[proxies]", or pip install av') from error
    return av
