"""When the tracks of a mkv or webm begin: the time stamps of their first blocks.

Every element is a name, a length and its content, the first two of 1 to 8 bytes whose leading zeros
say how many::

    Segment
        Info     TimestampScale (nanoseconds a unit)
        Tracks   TrackEntry: TrackNumber, TrackType (1 video, 2 audio)
        Cluster  Timestamp, blocks: track number, stamp after the cluster's, …
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

SEGMENT, INFO, SCALE = 0x18538067, 0x1549A966, 0x2AD7B1
TRACKS, TRACK, NUMBER, KIND = 0x1654AE6B, 0xAE, 0xD7, 0x83
CLUSTER, TIME, SIMPLE_BLOCK, GROUP, BLOCK = 0x1F43B675, 0xE7, 0xA3, 0xA0, 0xA1
OPENED = (SEGMENT, INFO, TRACKS, TRACK, CLUSTER, GROUP)   # whose content is read element by element
# Elements, at most: more than the sound of a minute; where the pictures began, sound is near.
LOOKED_AT, AFTER_PICTURES = 10_000, 500


def first_stamps(file: BinaryIO) -> dict[int, float]:
    """Seconds at which the first track of each kind (1 video, 2 audio) begins, if it is found."""
    unit, cluster, number = 1e-3, 0, 0
    kinds: dict[int, int] = {}
    stamps: dict[int, float] = {}
    for place, (name, content) in enumerate(_elements(file)):
        if name == SCALE:
            unit = int.from_bytes(content, 'big') * 1e-9
        elif name == NUMBER:
            number = int.from_bytes(content, 'big')
        elif name == KIND:
            kinds[number] = int.from_bytes(content, 'big')
        elif name == TIME:
            cluster = int.from_bytes(content, 'big')
        elif name in (SIMPLE_BLOCK, BLOCK):
            track, size = _number(content, keep_marker=False)
            kind = kinds.get(track)
            if kind in (1, 2):
                after = int.from_bytes(content[size:size + 2], 'big', signed=True)
                stamps.setdefault(kind, (cluster + after) * unit)
            if set(stamps) == {1, 2}.intersection(kinds.values()):
                break
        if place >= (AFTER_PICTURES if 1 in stamps else LOOKED_AT):
            break
    return stamps


def _elements(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Names and the first bytes of contents; of elements in `OPENED` the inner ones follow."""
    place, size = 0, file.seek(0, 2)
    while place < size:   # a damaged length may lead anywhere
        file.seek(place)
        head = file.read(24)
        if len(head) < 2 or not head[0]:
            return
        name, name_size = _number(head, keep_marker=True)
        length, length_size = _number(head[name_size:], keep_marker=False)
        place += name_size + length_size
        if name not in OPENED:
            content = head[name_size + length_size:]
            yield name, content[:length]
            place += length


def _number(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """A number and its bytes; of nothing, or of a first byte that no file has, 0."""
    if not data[:1].strip(b'\0'):
        return 0, 1
    size = 9 - data[0].bit_length()
    value = int.from_bytes(data[:size], 'big')
    return value if keep_marker else value & (1 << 7 * size) - 1, size
