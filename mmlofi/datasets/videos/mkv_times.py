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

from mmlofi.datasets.videos.boxes import MKV_CLUSTER, MKV_SEGMENT, mkv_bytes, mkv_length

INFO, SCALE = b'\x15\x49\xa9\x66', b'\x2a\xd7\xb1'
TRACKS, TRACK, NUMBER, KIND = b'\x16\x54\xae\x6b', b'\xae', b'\xd7', b'\x83'
TIME, SIMPLE_BLOCK, GROUP, BLOCK = b'\xe7', b'\xa3', b'\xa0', b'\xa1'
# Whose content is read element by element.
OPENED = (MKV_SEGMENT, INFO, TRACKS, TRACK, MKV_CLUSTER, GROUP)
# Elements, at most: more than the sound of a minute; where the pictures began, sound is near.
LOOKED_AT, AFTER_PICTURES = 10_000, 500


def first_stamps(file: BinaryIO) -> dict[int, float]:
    """Seconds at which the first track of each kind (1 video, 2 audio) begins, if it is found."""
    unit, cluster, number = 1e-3, 0, 0
    kinds: dict[int, int] = {}
    stamps: dict[int, float] = {}
    for place, (name, content) in enumerate(elements(file)):
        if name == SCALE:
            unit = int.from_bytes(content, 'big') * 1e-9
        elif name == NUMBER:
            number = int.from_bytes(content, 'big')
        elif name == KIND:
            kinds[number] = int.from_bytes(content, 'big')
        elif name == TIME:
            cluster = int.from_bytes(content, 'big')
        elif name in (SIMPLE_BLOCK, BLOCK):
            size, track = mkv_length(content)
            kind = kinds.get(track)
            if kind in (1, 2):
                after = int.from_bytes(content[size:size + 2], 'big', signed=True)
                stamps.setdefault(kind, (cluster + after) * unit)
            if set(stamps) == {1, 2}.intersection(kinds.values()):
                break
        if place >= (AFTER_PICTURES if 1 in stamps else LOOKED_AT):
            break
    return stamps


def elements(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Names and the first bytes of contents; of elements in `OPENED` the inner ones follow."""
    place, size = 0, file.seek(0, 2)
    while place < size:   # a damaged length may lead anywhere
        file.seek(place)
        head = file.read(24)
        named = mkv_bytes(head)
        if named > 8:
            return
        taken, length = mkv_length(head[named:])
        place += named + taken
        if head[:named] in OPENED:
            continue
        yield head[:named], head[named + taken:][:length]
        if length is None:
            return
        place += length
