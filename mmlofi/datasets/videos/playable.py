"""What a browser plays, and a copy of a video that it plays where it does not.

Chromium and Firefox play H.264 of 8 bits, VP8, VP9 and AV1, in mp4, QuickTime and WebM: of other
codecs and containers it depends on the machine.
"""
from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

from mmlofi.datasets.videos.proxy_file import even_size, upright
from mmlofi.files import whole_file

CONTAINERS = ('.mp4', '.m4v', '.mov', '.webm')
CODECS = ('vp8', 'vp9', 'av1')
H264_PIXELS = ('yuv420p', 'yuvj420p')
SIDE = 720        # of the copy's shorter side, at most
TICKS = 90_000    # of the copy's clock, a second


def plays_in_browsers(video: Path, *, name: str | None = None) -> bool:
    """Whether every browser can be expected to play a file, by its container and codec.

    Args:
        video: The file.
        name: That it is known by, where its path does not say what it is.

    Raises:
        OSError: When it cannot be read.
    """
    if Path(video if name is None else name).suffix.lower() not in CONTAINERS:
        return False
    with av.open(str(video)) as container:
        if not container.streams.video:
            return False
        context = container.streams.best('video').codec_context
        codec = context.codec.canonical_name   # not its decoder's: AV1's is libdav1d
        return codec in CODECS or codec == 'h264' and context.pix_fmt in H264_PIXELS


def playable_file(video: Path, copy: Path, *, tell: Callable[[Path], object]) -> Path:
    """The video where browsers play it, else a copy at `copy`, which is made once.

    Args:
        video: The file.
        copy: Where a copy goes; one that is younger than the video is left as it is.
        tell: Called before one is made, which takes a while.

    Raises:
        OSError, ValueError: As `write_playable`.
    """
    if plays_in_browsers(video):
        return video
    if not (copy.exists() and copy.stat().st_mtime > Path(video).stat().st_mtime):
        tell(copy)
        write_playable(video, copy)
    return copy


def write_playable(video: Path, target: Path, *,
                   progress: Callable[[float], object] = lambda share: None) -> None:
    """Writes a copy that browsers play: H.264 and AAC in mp4, upright, at the same seconds.

    Args:
        video: The file.
        target: The copy.
        progress: Called again and again with the share of the video that is written.

    Raises:
        OSError: When the video cannot be read, or the copy not be written.
        ValueError: When it has no frame.
    """
    first = _first_picture(video)
    with whole_file(target, suffix='.mp4') as partial, av.open(str(video)) as source, \
            av.open(str(partial), 'w', format='mp4', options=dict(movflags='faststart')) as copy:
        start_sec = (source.start_time or 0) / av.time_base
        pictures = source.streams.best('video')
        # The header has to know all streams, and the first packet writes it.
        writers = {pictures.index: _Pictures(copy, pictures, first, start_sec)}
        for sound in source.streams.audio[:1]:
            writers[sound.index] = _Sound(copy, sound, start_sec)
        for packet in source.demux([source.streams[index] for index in writers]):
            if packet.pts is not None and source.duration:
                passed_sec = float(packet.pts * packet.time_base) - start_sec
                progress(min(max(passed_sec * av.time_base / source.duration, 0.0), 1.0))
            for frame in _decoded(packet):
                writers[packet.stream.index].write(frame)
        for writer in writers.values():
            writer.write(None)


def _first_picture(video: Path) -> av.VideoFrame:
    with av.open(str(video)) as source:
        pictures = source.streams.best('video')
        for frame in source.decode(pictures) if pictures else ():
            return _upright(frame)
    raise ValueError(f'{str(video)!r} has no frame that can be decoded; expected a video')


def _decoded(packet: av.Packet) -> list:
    """A packet's frames; a damaged one has none, as in players."""
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        return []


class _Pictures:
    """Frames of any codec and clock, into H.264."""

    def __init__(self, copy: av.container.OutputContainer, stream: av.VideoStream,
                 first: av.VideoFrame, start_sec: float) -> None:
        self.copy, self.start_sec, self.last = copy, start_sec, -1
        rate = stream.average_rate or 25
        self.due, self.step = 0.0, TICKS / rate    # of frames without a stamp, as in raw H.264
        self.out = copy.add_stream('libx264', rate=rate, options=dict(preset='veryfast', crf='23'))
        self.out.width, self.out.height = first.width, first.height
        self.out.pix_fmt, self.out.codec_context.time_base = 'yuv420p', Fraction(1, TICKS)

    def write(self, frame: av.VideoFrame | None) -> None:
        """None: the last were written."""
        small = None
        if frame is not None:
            small = _upright(frame)
            ticks = self.due if frame.time is None else (frame.time - self.start_sec) * TICKS
            self.due = ticks + self.step
            # AVI has no time of showing: a frame may come with that of the one after it.
            small.pts = self.last = max(self.last + 1, round(ticks))
            small.time_base = Fraction(1, TICKS)
            small.pict_type = 0     # the source's key frames are not kept
        self.copy.mux(self.out.encode(small))


class _Sound:
    """Samples into AAC, counted from the first: their stamps are rounded in some containers."""

    def __init__(self, copy: av.container.OutputContainer, stream: av.AudioStream,
                 start_sec: float) -> None:
        self.copy, self.rate, self.start_sec = copy, stream.rate, start_sec
        self.out = copy.add_stream('aac', rate=stream.rate)
        self.resampler = av.AudioResampler('fltp', stream.codec_context.layout.name, stream.rate,
                                           frame_size=1024)
        self.samples: int | None = None

    def write(self, frame: av.AudioFrame | None) -> None:
        """None: the last were written."""
        if frame is not None:
            if self.samples is None:
                self.samples = max(0, round(((frame.time or 0) - self.start_sec) * self.rate))
            frame.pts, frame.time_base = self.samples, Fraction(1, self.rate)
            self.samples += frame.samples
        elif self.samples is None:
            return
        for part in self.resampler.resample(frame):
            self.copy.mux(self.out.encode(part))
        if frame is None:
            self.copy.mux(self.out.encode(None))


def _upright(frame: av.VideoFrame) -> av.VideoFrame:
    return upright(frame, even_size(frame.width, frame.height, SIDE))
