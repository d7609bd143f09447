"""The file of a proxy: how it is made of a video, and what it says of itself.

MPEG-4 part 2 in mp4, without sound: of what was measured at such sizes it decodes fastest.

Time: frame j of a proxy is the one that its source shows at the middle of [j/fps, (j+1)/fps), so
that a second of annotations is the same second of both.
"""
from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mmlofi.datasets.videos.time_axis import frame_at

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


def read_settings(proxy: Path) -> dict | None:
    """What a file says of how it was made: empty where it is no proxy, None where there is none."""
    if not proxy.exists():
        return None
    try:
        with av.open(str(proxy)) as container:
            found = json.loads(container.metadata.get('comment', ''))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get('made_by') == MADE_BY else {}


def label(video: Path, settings: ProxySettings) -> dict:
    """What the proxy of a video says of itself."""
    return dict(made_by=MADE_BY, **asdict(settings), source_bytes=os.path.getsize(video))


def frames_taken(axis: dict, fps: float | None) -> tuple[np.ndarray, Fraction]:
    """Which frames of the source follow each other in the proxy, and the proxy's frame rate."""
    total, duration = axis['total_frames'], axis['duration_sec']
    constant = axis['frame_times_sec'] is None and \
        abs(total - axis['avg_fps'] * duration) <= 1
    own = axis['avg_fps'] if constant else total / duration
    if fps is None or fps >= own:
        if constant:
            return np.arange(total), as_fraction(own)
        fps, count = own, total
    else:
        count = max(1, round(duration * fps))
    middles = np.minimum((np.arange(count) + 0.5) / fps / duration, 1.0)
    frames = np.floor(frame_at(middles, axis) + 1e-6).astype(np.int64)
    return np.clip(frames, 0, total - 1), as_fraction(fps)


def as_fraction(fps: float) -> Fraction:
    """As MPEG-4 can say it: both parts below 65536, such as 30000/1001."""
    return Fraction(fps).limit_denominator(min(1001, max(1, int(65535 / max(fps, 1)))))


def encode(video: Path, target: Path, taken: np.ndarray, rate: Fraction,
           settings: ProxySettings) -> None:
    """Writes the frames `taken` of a video, ascending, at a constant rate.

    Raises:
        ValueError: When the video ends before the last of them.
        OSError: When it cannot be read, or the proxy not be written.
    """
    with av.open(str(video)) as source, av.open(str(target), 'w', format='mp4') as proxy:
        stream = source.streams.best('video')
        stream.thread_count = 1                 # there are as many workers as there is to do
        out = None
        for number, frame in enumerate(repeat_frames(source.decode(stream), taken)):
            if out is None:
                proxy.metadata['comment'] = json.dumps(label(video, settings))
                out = proxy.add_stream('mpeg4', rate=rate, options=_options(settings))
                size = even_size(frame.width, frame.height, settings.side)
                out.width, out.height = size[::-1] if frame.rotation % 180 else size
                out.pix_fmt, out.gop_size, out.thread_count = 'yuv420p', settings.gop, 1
                out.codec_context.max_b_frames = 0
            small = upright(frame, size)
            small.pts, small.time_base = number, 1 / rate
            small.pict_type = 0                          # the source's key frames are not kept
            proxy.mux(out.encode(small))
        proxy.mux(out.encode())


def upright(frame, size: tuple[int, int]):
    """A frame at width and height `size`, turned as a phone's film says, which decord does too."""
    if not frame.rotation % 360:
        return frame.reformat(*size, 'yuv420p', interpolation='AREA')
    small = frame.reformat(*size, 'rgb24', interpolation='AREA').to_ndarray()
    turned = np.ascontiguousarray(np.rot90(small, round(frame.rotation / 90)))
    return type(frame).from_ndarray(turned, format='rgb24').reformat(format='yuv420p')


def _options(settings: ProxySettings) -> dict[str, str]:
    """A constant quantiser: the rate control that MPEG-4 has otherwise blurs motion."""
    return dict(qmin=str(settings.quality), qmax=str(settings.quality), b='100M', bt='100M',
                flags='+bitexact')


def repeat_frames(frames: Iterator, taken: np.ndarray) -> Iterator:
    """The decoded frames as often as they are taken.

    Raises:
        ValueError: When the last of them does not come.
    """
    times, number = np.bincount(taken), -1
    for number, frame in enumerate(frames):
        if number == len(times):
            return
        for _ in range(times[number]):
            yield frame
    if number + 1 < len(times):
        raise ValueError(f'it ends after {number + 1} of {len(times)} frames; expected a file of '
                         'which every frame can be decoded: download it again')


def even_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height of the proxy: 4:2:0 video has even ones."""
    scale = min(1.0, side / min(width, height))
    return tuple(max(2, 2 * math.floor(length * scale / 2 + 0.5 - (scale == 1.0) / 2))
                 for length in (width, height))
