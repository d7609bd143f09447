"""When the tracks of an mp4 or mov begin, and what its edit lists hide.

An edit list says which part of a track is shown: `ffmpeg -ss … -c copy` keeps the packets from the
key frame before the cut, and hides those before the cut; phones hide what was trimmed off the end.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from mmlofi.datasets.videos.boxes import mp4_length

Span = tuple[int, int]   # from the first byte of a box's content to its end


class Track(NamedTuple):
    """One that has samples in the header's tables, as those of fragmented files have not."""

    kind: bytes                # b'vide', b'soun', …
    samples: int
    start_sec: float           # on the movie's time line
    parts: int                 # that the edit list joins
    until_sec: float | None    # after the first shown sample: from here on samples are hidden


def read_tracks(file: BinaryIO) -> list[Track]:
    """The tracks of an mp4, in their order.

    Raises:
        ValueError: When its boxes do not fit together.
    """
    movie = _find(file, (0, file.seek(0, 2)), b'moov')
    head = movie and _find(file, movie, b'mvhd')
    if not head:
        return []
    timescale, _ = _clock(file, head)
    found = [_track(file, span, timescale) for kind, span in _boxes(file, movie) if kind == b'trak']
    return [track for track in found if track is not None]


def video_tag(file: BinaryIO) -> str | None:
    """The four letters by which an mp4 calls the codec of its video, None where it has none."""
    movie = _find(file, (0, file.seek(0, 2)), b'moov')
    for kind, track in _boxes(file, movie) if movie else ():
        media = _find(file, track, b'mdia') if kind == b'trak' else None
        handler = media and _find(file, media, b'hdlr')
        entries = media and _find(file, media, b'minf', b'stbl', b'stsd')
        if handler and entries and _read(file, handler, 8, 4) == b'vide':
            return _read(file, entries, 12, 4).decode('latin-1')
    return None


def _track(file: BinaryIO, span: Span, movie_timescale: int) -> Track | None:
    media, edits = _find(file, span, b'mdia'), _find(file, span, b'edts', b'elst')
    handler, clock = (media and _find(file, media, kind) for kind in (b'hdlr', b'mdhd'))
    table = media and _find(file, media, b'minf', b'stbl')
    sizes = table and _find(file, table, b'stsz')
    if not (handler and clock and sizes):
        return None
    samples = int.from_bytes(_read(file, sizes, 8, 4), 'big')
    if samples == 0:
        return None
    kind, (timescale, length) = _read(file, handler, 8, 4), _clock(file, clock)
    edits = _edits(file, edits) if edits else []
    shown = [edit for edit in edits if edit[1] >= 0]
    shown = [edit for edit in shown if edit[0]] or shown[:1]
    if not shown:
        first = _offsets(file, table)[:1, 1]
        return Track(kind, samples, float(first.sum()) / timescale, 1, None)
    start_sec = sum(duration for duration, start in edits[:1] if start < 0) / movie_timescale
    duration, start = shown[0]
    end = start + duration * timescale / movie_timescale
    until = None
    if len(shown) == 1 and end < length:
        times = _presentation_times(file, table, samples)
        times = np.sort(times[times >= start])
        # FFmpeg, too, shows the whole where no time is left of an edit, as by a damaged clock.
        until = (end - times[0]) / timescale if len(times) > 1 and end >= times[1] else None
    return Track(kind, samples, start_sec, len(shown), until)


def _presentation_times(file: BinaryIO, table: Span, samples: int) -> np.ndarray:
    """(samples,) in units of the media's clock."""
    spans = _pairs(file, _find(file, table, b'stts'), '>u4')
    offsets = _offsets(file, table)
    for name, runs in (('stts', spans), ('ctts', offsets)):
        if runs[:, 0].sum() != samples and (name == 'stts' or len(runs)):
            raise ValueError(f'its table {name} is of {runs[:, 0].sum()} samples; expected '
                             f'{samples}, as many as it has: download it again')
    decoded = np.cumsum(np.repeat(spans[:, 1], spans[:, 0])) - np.repeat(spans[:, 1], spans[:, 0])
    return decoded + (np.repeat(offsets[:, 1], offsets[:, 0]) if len(offsets) else 0)


def _offsets(file: BinaryIO, table: Span) -> np.ndarray:
    """Runs (n, 2) of a number of samples and by how much they are shown later than decoded."""
    return _pairs(file, _find(file, table, b'ctts'), '>i4')


def _pairs(file: BinaryIO, span: Span | None, dtype: str) -> np.ndarray:
    if span is None:
        return np.zeros((0, 2), np.int64)
    count = int.from_bytes(_read(file, span, 4, 4), 'big')
    return np.frombuffer(_read(file, span, 8, 8 * count), dtype).reshape(-1, 2).astype(np.int64)


def _edits(file: BinaryIO, span: Span) -> list[tuple[int, int]]:
    """Durations on the movie's clock and starts on the media's, -1 for a pause."""
    size = 8 if _read(file, span, 0, 1) == b'\1' else 4
    step = 2 * size + 4                                              # with the rate, which is 1
    data = _read(file, span, 8, step * int.from_bytes(_read(file, span, 4, 4), 'big'))
    edits = [data[place:place + step] for place in range(0, len(data), step)]
    return [(int.from_bytes(edit[:size], 'big'),
             int.from_bytes(edit[size:2 * size], 'big', signed=True)) for edit in edits]


def _clock(file: BinaryIO, span: Span) -> tuple[int, int]:
    """Units a second, and the length, of a movie or a track."""
    wide = _read(file, span, 0, 1) == b'\1'
    data = _read(file, span, 20 if wide else 12, 12 if wide else 8)
    return int.from_bytes(data[:4], 'big') or 1, int.from_bytes(data[4:], 'big')


def _find(file: BinaryIO, span: Span, *path: bytes) -> Span | None:
    for name in path:
        span = next((inner for kind, inner in _boxes(file, span) if kind == name), None)
        if span is None:
            return None
    return span


def _boxes(file: BinaryIO, span: Span) -> Iterator[tuple[bytes, Span]]:
    start, end = span
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        before, length = mp4_length(head)
        length = length or end - start
        if length < before:
            return
        yield head[4:8], (start + before, min(start + length, end))
        start += length


def _read(file: BinaryIO, span: Span, offset: int, length: int) -> bytes:
    start, end = span
    file.seek(start + offset)
    data = file.read(length) if start + offset + length <= end else b''
    if len(data) < length:
        raise ValueError('a table of its header ends too early; expected a whole file: download it '
                         'again')
    return data
