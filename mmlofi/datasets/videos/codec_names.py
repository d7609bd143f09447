"""What a file calls the codec of its video, which PyAV does not tell where it has no decoder.

In mp4 and avi it is four letters, in matroska a word, in a transport stream a number::

    PAT   …  program, packets of its PMT
    PMT   …  length, what the program is, type, packets of a stream, length, what it is, type, …
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from mmlofi.datasets.videos.boxes import MKV_HEADER
from mmlofi.datasets.videos.mkv_times import KIND as TRACK_KIND
from mmlofi.datasets.videos.mkv_times import NUMBER, TIME, elements
from mmlofi.datasets.videos.mp4_times import video_tag

LOOKED_AT = 2**20   # bytes, in which a transport stream says several times what it is
CODEC, PRIVATE = b'\x86', b'\x63\xa2'
SYNC, PACKET = 0x47, 188


def stored_codec(file: BinaryIO, number: int) -> str | None:
    """The name, of the first video; None where it is not found.

    Args:
        number: Of the stream, by which it is found in a transport stream.
    """
    file.seek(0)
    head = file.read(LOOKED_AT)
    with suppress(ValueError, LookupError, StopIteration):   # of a header that is damaged
        if head[:4] == MKV_HEADER:
            return _of_matroska(file)
        if head[:4] == b'RIFF':
            return _of_avi(head)
        for lead in (0, 4):   # before each packet, in files of cameras and discs
            if head[lead::PACKET + lead][:3] == bytes([SYNC] * 3):
                return _of_transport_stream(head, lead, number)
        return video_tag(file)
    return None


def _of_matroska(file: BinaryIO) -> str | None:
    track, found = 0, {}
    for name, content in elements(file):
        if name == NUMBER:
            track = content
        elif name in (TRACK_KIND, CODEC, PRIVATE):
            found[track, name] = content
        elif name == TIME:   # after the header
            break
    for (track, name), content in found.items():
        if name == TRACK_KIND and int.from_bytes(content, 'big') == 1:
            codec = found[track, CODEC].rstrip(b'\0')
            return _spelled(found[track, PRIVATE][16:20]) if codec == b'V_MS/VFW/FOURCC' \
                else _spelled(codec)
    return None


def _of_avi(head: bytes) -> str | None:
    """The letters of the format, since those of the header (strh) name a program."""
    place = head.find(b'strf', head.find(b'vids'))
    return None if place < 0 else _spelled(head[place + 24:place + 28])


def _of_transport_stream(head: bytes, lead: int, number: int) -> str | None:
    table = next(_sections(head, lead, 0))
    program = next(place for place in range(8, len(table), 4) if table[place:place + 2] != b'\0\0')
    table = next(_sections(head, lead, _low(table, program + 2, 13)))
    place = 12 + _low(table, 10, 12)
    while place < len(table):
        kind, length = table[place], _low(table, place + 3, 12)
        if _low(table, place + 1, 13) == number:
            return f'stream type {kind:#04x}'
        place += 5 + length
    return None


def _sections(head: bytes, lead: int, wanted: int) -> Iterator[bytes]:
    """Tables of packets of a number, as far as they lie in one, without their checksums."""
    for start in range(lead, len(head) - PACKET + 1, PACKET + lead):
        packet = head[start:start + PACKET]
        if _low(packet, 1, 13) == wanted and packet[1] & 0x40:
            content = packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0):]
            section = content[1 + content[0]:]
            yield section[:3 + _low(section, 1, 12) - 4]


def _low(data: bytes, place: int, bits: int) -> int:
    """The lower bits of two bytes."""
    return (data[place] << 8 | data[place + 1]) & (1 << bits) - 1


def _spelled(name: bytes) -> str | None:
    text = name.decode('latin-1').strip()
    return text if text.isprintable() and text else f'0x{name.hex()}'
