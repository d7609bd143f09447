"""Whether a file is whole, by the boxes of which its container says how long they are."""
from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

MOST = 100_000   # top-level boxes looked at: a second of a fragmented mp4 has two or so
MKV_HEADER, MKV_SEGMENT, MKV_CLUSTER = (
    b'\x1a\x45\xdf\xa3', b'\x18\x53\x80\x67', b'\x1f\x43\xb6\x75')
MP4_BOXES = (
    b'ftyp', b'styp', b'moov', b'mdat', b'moof', b'mfra', b'sidx', b'ssix', b'prft', b'emsg',
    b'meta', b'free', b'skip', b'wide', b'uuid', b'udta', b'pdin', b'pnot', b'junk')


def is_cut_off(filename: str | os.PathLike) -> bool:
    """Whether a file ends before the last of its top-level boxes does, as broken downloads do.

    Its header may be whole, so that opening it tells nothing: that of avi and mkv even gives the
    duration that the video should have. Other containers than these and mp4 do not say.
    """
    with open(filename, 'rb') as file:
        return ends_early(file)


def ends_early(file: BinaryIO) -> bool:
    """`is_cut_off` of an open file."""
    size, end = file.seek(0, os.SEEK_END), 0
    for _, end in boxes(file):
        if end is None:   # to the end of the file, whatever that is
            return False
    return end > size + 8   # some writers of avi count a chunk's head as part of it


def lacks_moov(file: BinaryIO) -> bool:
    """Whether an mp4 has no header, which recorders write last."""
    file.seek(4)
    return file.read(4) == b'ftyp' and all(name != b'moov' for name, _ in boxes(file))


def boxes(file: BinaryIO) -> Iterator[tuple[bytes, int | None]]:
    """Name and end of each top-level box; the last one's end is None where it does not say."""
    size, start = file.seek(0, os.SEEK_END), 0
    file.seek(0)
    head = file.read(8)
    length_of = _mp4_box if head[4:] == b'ftyp' else {
        b'RIFF': _avi_chunk, MKV_HEADER: _mkv_element}.get(head[:4])
    for _ in range(MOST if length_of else 0):
        if start >= size:
            return
        file.seek(start)
        head = file.read(16)
        length = length_of(head)
        yield head[4:8] if length_of is _mp4_box else head[:4], length and start + length
        if length is None:
            return
        start += length


def mp4_length(head: bytes) -> tuple[int, int]:
    """Of a box in mp4: the bytes before its content, and in all; 0 where it goes to the end."""
    length = int.from_bytes(head[:4], 'big')
    return (16, int.from_bytes(head[8:16], 'big')) if length == 1 else (8, length)   # a long box


def mkv_bytes(head: bytes) -> int:
    """Bytes that a name or a number in matroska takes, by its leading zeros: 1 to 8, or 9 where
    there is none."""
    return 9 - (head[0].bit_length() if head else 0)


def mkv_length(head: bytes) -> tuple[int, int | None]:
    """A length, or another number, in matroska: the bytes that it takes, and what it says.

    All ones say that the length is unknown, as does what is no length.
    """
    count = mkv_bytes(head)
    if not count <= min(8, len(head)):
        return count, None
    unknown = 2**(7 * count) - 1
    length = int.from_bytes(head[:count], 'big') & unknown
    return count, None if length == unknown else length


def _mp4_box(head: bytes) -> int | None:
    _, length = mp4_length(head)
    # Bytes after the last box are no box: players pass over them.
    return max(length, 8) if length and head[4:8] in MP4_BOXES else None


def _avi_chunk(head: bytes) -> int | None:
    length = int.from_bytes(head[4:8], 'little')
    return 8 + length if head[:4] == b'RIFF' and 0 < length < 2**32 - 1 else None


def _mkv_element(head: bytes) -> int | None:
    if head[:4] not in (MKV_HEADER, MKV_SEGMENT):
        return None
    count, length = mkv_length(head[4:])
    return None if length is None else 4 + count + length
