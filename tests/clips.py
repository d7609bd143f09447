"""Video files as players, recorders and `ffmpeg -c copy` leave them, and what PyAV decodes of them.

PyAV's libraries are of another version of FFmpeg than decord's, and are read from the start alone.
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

AV1 = 'libsvtav1' if 'libsvtav1' in av.codecs_available else 'libaom-av1'
FAST = {   # options of encoders that are slow without
    'libsvtav1': {'preset': '12'}, 'libaom-av1': {'cpu-used': '8', 'usage': 'realtime'},
    'libvpx-vp9': {'deadline': 'realtime', 'cpu-used': '8'},
    'libx265': {'preset': 'ultrafast', 'x265-params': 'log-level=error'}}


def gray(values: Iterable[float], side: int = 64) -> Iterator[np.ndarray]:
    """Pictures of one brightness each."""
    return (np.full((side, side, 3), round(value), np.uint8) for value in values)


def write_clip(path: Path, pictures: Iterable[np.ndarray], *, codec: str = 'mpeg4',
               fps: float = 30, gop: int = 12, b_frames: int = 0, options: dict | None = None,
               stamps: Callable[[int], int] | None = None, late_sec: float = 0.0,
               sound_sec: float = 0.0, pixels: str = 'yuv420p') -> Path:
    """A file of pictures (H, W, 3) uint8, and of silence where `sound_sec` says how much.

    Args:
        pixels: Their format in the file.
        stamps: Of picture i, in units of 1 / 1000 s; i / fps without.
    """
    rate = Fraction(fps)
    with av.open(str(path), 'w') as out:
        stream = out.add_stream(codec, rate=rate, options=FAST.get(codec, {}) | (options or {}))
        pictures = list(pictures)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = pixels, 8_000_000
        context = stream.codec_context
        context.gop_size, context.max_b_frames, context.thread_count = gop, b_frames, 1
        context.time_base = 1 / rate
        sound = out.add_stream('aac', rate=8000, layout='mono') if sound_sec else None
        packets = []
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
            frame.pts, frame.time_base = number, 1 / rate
            packets += stream.encode(frame)
        packets += stream.encode()
        for packet in packets:
            number = packet.pts
            if stamps is not None:
                packet.time_base = Fraction(1, 1000)
                packet.pts = packet.dts = stamps(number)
            shift = round(late_sec / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        if sound is not None:
            packets += silence(sound, sound_sec)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            out.mux(packet)
    return path


def silence(stream: av.AudioStream, seconds: float) -> list[av.Packet]:
    """All packets of a stream of so much silence."""
    packets, layout = [], stream.layout
    nothing = np.zeros((layout.nb_channels, 1024), np.float32)
    for start in range(0, int(stream.rate * seconds), 1024):
        frame = av.AudioFrame.from_ndarray(nothing, 'fltp', layout.name)
        frame.sample_rate, frame.pts, frame.time_base = stream.rate, start, Fraction(1, stream.rate)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def copy_from(source: Path, path: Path, start_sec: float = 0.0) -> Path:
    """What `ffmpeg -ss START -i source -c copy path` does: packets from the key frame before."""
    with av.open(str(source)) as cut, av.open(str(path), 'w') as out:
        stream = cut.streams.video[0]
        target = out.add_stream_from_template(stream, opaque=True)
        start = round(start_sec / stream.time_base)
        cut.seek(start, stream=stream)
        for packet in cut.demux(stream):
            if packet.dts is not None:
                packet.pts, packet.dts = packet.pts - start, packet.dts - start
                packet.stream = target
                out.mux(packet)
    return path


def with_edits(path: Path, target: Path, edits: Sequence[tuple[int, int]]) -> Path:
    """An mp4 whose edit list is of these durations in ms and starts in the media's clock."""
    def changed(data: bytes) -> bytes:
        boxes = b''
        while data:
            size, kind = struct.unpack('>I4s', data[:8])
            content, data = data[8:size], data[size:]
            if kind in (b'moov', b'trak', b'edts'):
                content = changed(content)
            elif kind == b'elst':
                content = struct.pack('>II', 0, len(edits)) + b''.join(
                    struct.pack('>IiI', *edit, 65536) for edit in edits)
            boxes += struct.pack('>I4s', len(content) + 8, kind) + content
        return boxes
    target.write_bytes(changed(path.read_bytes()))
    return target


def decoded_by_pyav(path: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """All frames (H, W, 3), and when each is shown, in seconds from the presentation's start."""
    with av.open(str(path)) as container:
        frames = list(container.decode(container.streams.video[0]))
        start = max(0.0, (container.start_time or 0) / av.time_base)
        return ([frame.to_ndarray(format='rgb24') for frame in frames],
                np.array([frame.time for frame in frames]) - start)


def film_of_phone(path: Path, seconds: float = 3.0, codec: str = AV1) -> Path:
    """Stored lying, shown standing, with sound, at a rate that varies: a bar goes across."""
    def picture(number: int) -> np.ndarray:
        values = np.full((64, 96, 3), 60, np.uint8)
        values[:, number % 80:number % 80 + 16] = 200
        return values
    write_clip(path, map(picture, range(round(30 * seconds))), codec=codec, gop=30,
               stamps=lambda number: 33 * number + 8 * (number % 2), sound_sec=seconds)
    return turned(path, 90)


def turned(path: Path, degrees: int) -> Path:
    """An mp4 whose header has players turn it."""
    content = bytearray(path.read_bytes())
    place = content.index(b'tkhd') + 44   # the matrix, of 16.16 and 2.30
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    content[place:place + 36] = struct.pack('>9i', cos << 16, sin << 16, 0, -sin << 16, cos << 16,
                                            0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path
