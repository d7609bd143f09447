"""Small video files of many kinds, and ways to spoil them, each by one seed."""
from __future__ import annotations

import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from clips import silence

W, H, FPS = 32, 24, 10
# container, codec, and what else of `write_video`
FILES = [
    ('mp4', 'libx264', {}), ('mp4', 'mpeg4', {}), ('mp4', 'libx264', dict(sound='aac')),
    ('mp4', 'libx264', dict(flags='frag_keyframe+empty_moov')), ('mov', 'mjpeg', {}),
    ('mkv', 'libx264', {}), ('mkv', 'mpeg4', dict(sound='aac')), ('webm', 'libvpx-vp9', {}),
    ('webm', 'libvpx', dict(sound='libopus')), ('avi', 'mpeg4', {}), ('avi', 'mjpeg', {}),
    ('ts', 'libx264', {}), ('mkv', 'libx264', dict(uneven=True)),
    ('mp4', 'mpeg4', dict(uneven=True)),
    ('webm', 'libvpx-vp9', dict(size=(35, 27))), ('mp4', 'mpeg4', dict(size=(26, 50))),
    ('mp4', 'libx264', dict(turned=True))]


def write_video(path: Path, codec: str, *, frames: int = 20, size: tuple[int, int] = (W, H),
                sound: str | None = None, uneven: bool = False, turned: bool = False,
                flags: str = '', seed: int = 0) -> None:
    """A bright bar that moves over a gray that brightens; 10 frames a second, or uneven ones."""
    rng = random.Random(seed)
    with av.open(str(path), 'w', options=dict(movflags=flags) if flags else {}) as file:
        stream = file.add_stream(codec, rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
        stream.gop_size, stream.thread_count = 8, 1
        audio = file.add_stream(sound, rate=48000) if sound else None
        tick = 0
        for number in range(frames):
            picture = np.full((size[1], size[0], 3), 40 + 6 * number, np.uint8)
            picture[:, number % size[0]:number % size[0] + 8] = 230
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24').reformat(
                format=stream.pix_fmt)
            frame.pts, frame.time_base = tick, Fraction(1, FPS)
            tick += rng.choice([1, 1, 2, 5]) if uneven else 1
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        if audio is not None:
            file.mux(silence(audio, tick / FPS))
    if turned:
        turn(path)


def write_sound(path: Path, codec: str = 'aac') -> None:
    with av.open(str(path), 'w') as file:
        file.mux(silence(file.add_stream(codec, rate=48000), 2))


def turn(path: Path) -> None:
    """Says in an mp4's track header that pictures are turned by 90 degrees, as a phone does."""
    content = bytearray(path.read_bytes())
    place = content.index(b'tkhd') + 4 + 40
    content[place:place + 36] = struct.pack('>9i', 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


# ---- mutations: of bytes, by a generator

def flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 3, 20])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def flip_in_header(data: bytearray, rng: random.Random) -> None:
    place = max(data.find(b'moov'), 0)
    for _ in range(rng.choice([1, 3, 8])):
        data[place + rng.randrange(min(700, len(data) - place))] = rng.randrange(256)


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)):]


def drop(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    del data[place:place + rng.choice([1, 7, 200])]


def hole(data: bytearray, rng: random.Random) -> None:
    place, length = rng.randrange(len(data)), rng.choice([8, 100, 800])
    length = len(data[place:place + length])
    data[place:place + length] = rng.choice([bytes(length), rng.randbytes(length)])


def repeat(data: bytearray, rng: random.Random) -> None:
    place, length = rng.randrange(len(data)), rng.choice([4, 100, 800])
    data[place:place] = data[place:place + length]


def extreme_number(data: bytearray, rng: random.Random) -> None:
    """In a header's box: a count, a length, a size, a rate."""
    names = [name for name in HEADERS if name in data]
    place = data.find(rng.choice(names)) if names else rng.randrange(len(data))
    place += rng.randrange(-4, 40)
    value = rng.choice([0, 1, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fff0000])
    data[place:place + 4] = struct.pack(rng.choice('<>') + 'I', value)


HEADERS = (   # of mp4, avi, matroska
    b'tkhd', b'mvhd', b'mdhd', b'stts', b'ctts', b'stsz', b'stsc', b'stco', b'avc1', b'mp4v',
    b'elst', b'avih', b'strh', b'strf', b'idx1', b'movi',
    b'\x16\x54\xae\x6b', b'\x15\x49\xa9\x66', b'\x1f\x43\xb6\x75')


def append(data: bytearray, rng: random.Random) -> None:
    data += rng.randbytes(rng.choice([3, 500]))


def nothing(data: bytearray, rng: random.Random) -> None:
    pass


MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [
    flip, flip, flip_in_header, flip_in_header, cut, drop, hole, hole, repeat, extreme_number,
    extreme_number, append, nothing]
WITHOUT_VIDEO = {
    'sound.mp4': write_sound, 'sound.mkv': write_sound,
    'empty.mp4': lambda path: path.write_bytes(b''),
    'text.mp4': lambda path: path.write_text('this is no video\n' * 9),
    'page.webm': lambda path: path.write_text('<!doctype html><title>403</title>'),
    'zeros.mkv': lambda path: path.write_bytes(bytes(3000)),
    'noise.avi': lambda path: path.write_bytes(random.Random(0).randbytes(3000))}


def write_case(folder: Path, seed: int, originals: Path) -> Path:
    """The file of a seed: one of `FILES`, spoilt."""
    rng = random.Random(seed)
    number = rng.randrange(len(FILES))
    data = bytearray(original(originals, number).read_bytes())
    mutate = rng.choice(MUTATIONS)
    mutate(data, rng)
    path = folder / f'{seed}_{mutate.__name__}.{FILES[number][0]}'
    path.write_bytes(data)
    return path


def original(folder: Path, number: int) -> Path:
    """One of `FILES`, written once."""
    ending, codec, settings = FILES[number]
    path = folder / f'original_{number}.{ending}'
    if not path.exists():
        write_video(path, codec, **settings)
    return path
