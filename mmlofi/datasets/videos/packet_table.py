"""Where the packets of a long video lie in its file, so that a part of it can be decoded alone.

decord reads a whole file before it gives a frame, 2 to 3 s of computing for 8 hours. Of a video
whose packets are known, those that frames need are copied into a small file in memory, an excerpt,
which decord decodes as it would the whole.

Shape legend: F frames, as many packets, K key frames from which decoding can begin.

Only of mp4 and matroska files in which every group of pictures is closed: packets before a key
frame are shown before it, those after it after it, so that frame k of the video is packet k where k
is a key frame, and a group's frames are its packets::

    packets    K0 P4 B2 B1 B3 | K5 P7 B6 | K8 …     in the order of the file
    frames     0  1  2  3  4    5  6  7    8        as they are shown
"""
from __future__ import annotations

import io
import zlib
from fractions import Fraction
from typing import BinaryIO, NamedTuple
from zipfile import BadZipFile

import av
import numpy as np

from mmlofi.array_files import open_npz
from mmlofi.datasets.videos.boxes import MKV_HEADER
from mmlofi.files import whole_file

LONG_FRAMES = 20_000   # decord's reading costs 2.5 µs a frame: from here on, more than 50 ms
PACKET = np.dtype([('place', '<i8'), ('size', '<i4'), ('dts', '<i8'), ('late', '<i8'),
                   ('crc', '<u4')])
NO_DTS = -2**62
MOST_GROUP = 1_000     # frames from one key frame to the next: an excerpt begins at one
LEAD = 64              # bytes after a packet's position among which it begins
FORMATS = ('mp4', 'matroska')


class PacketTable(NamedTuple):
    """What an excerpt takes of a video."""

    packets: np.ndarray    # (F,) of PACKET, in the order of the file; pts is dts + late
    keys: np.ndarray       # (K,) frames, the first one 0
    head: np.ndarray       # bytes of a video of the first packet, for what the stream is
    clock: np.ndarray      # (2,) seconds of a unit of time, as a fraction
    times_sec: np.ndarray  # (F,), or (0,) where the frame rate is constant


def read_table(path: str) -> PacketTable:
    """A table that `write_table` wrote; its packets are read where they are needed.

    Raises:
        OSError, ValueError: When it is not there, or not whole.
    """
    try:
        packets = np.lib.format.open_memmap(_packets_file(path), mode='r')
        with open_npz(path) as content:
            table = PacketTable(packets, *(content.read(name) for name in PacketTable._fields[1:]))
    except (BadZipFile, EOFError, KeyError, zlib.error) as error:
        raise ValueError(str(error)) from error
    if packets.dtype != PACKET or packets.ndim != 1 or not len(table.keys):
        raise ValueError(f'{path} holds no table of packets')
    return table


def write_table(path: str, table: PacketTable) -> None:
    """Writes it, whole or not at all."""
    with whole_file(_packets_file(path), '.npy') as partial:
        np.save(partial, table.packets, allow_pickle=False)
    with whole_file(path, '.npz') as partial:
        np.savez(partial, **{name: getattr(table, name) for name in table._fields[1:]})


def find_packets(filename: str, total_frames: int, times_sec: np.ndarray | None
                 ) -> PacketTable | None:
    """The table of a video; None where its packets are not such that a part can be decoded alone.

    Args:
        filename: On disk.
        total_frames: As many as there have to be packets.
        times_sec: (F,) where the frame rate is variable.
    """
    with open(filename, 'rb') as file, av.open(filename, metadata_errors='replace') as container:
        kind = _format(file)
        stream = container.streams.best('video')
        if kind is None or stream is None:
            return None
        clock = stream.time_base.as_integer_ratio()
        packets, keys, head, count = np.zeros(total_frames, PACKET), [], None, 0
        for packet in container.demux(stream):
            if not packet.size:   # the end
                break
            place = None if count == total_frames else _place(file, packet)
            if place is None:
                return None
            dts = NO_DTS if packet.dts is None else packet.dts
            packets[count] = place, packet.size, dts, packet.pts - dts, zlib.crc32(packet)
            if packet.is_keyframe:
                keys.append(count)
            if head is None:
                packet.dts = packet.pts
                head = write_excerpt(stream, [packet], kind, stream.time_base)
            count += 1
    _fill_dts(packets)
    keys = _closed(packets['dts'] + packets['late'], np.array(keys, np.int64))
    if count != total_frames or NO_DTS in packets['dts'] or not len(keys) or keys[0] != 0:
        return None
    if np.diff(keys, append=total_frames).max() > MOST_GROUP:   # open groups, of x265's habit
        return None
    return PacketTable(packets, keys, np.frombuffer(head, np.uint8), np.array(clock),
                       np.zeros(0) if times_sec is None else times_sec)


def excerpt(table: PacketTable, file: BinaryIO, first: int, last: int) -> tuple[bytes, int]:
    """A small video of the frames from a key frame on, and how many it has; `last` is in it.

    Raises:
        ValueError: When the file has other bytes there.
    """
    after = np.searchsorted(table.keys, last, side='right')
    end = int(table.keys[after]) if after < len(table.keys) else len(table.packets)
    packets = np.array(table.packets[first:end])
    pts = packets['dts'] + packets['late']
    # The packets up to the last that is shown by then: the order of decoding is kept.
    shown = np.flatnonzero(pts <= np.sort(pts)[last - first])
    packets = packets[:shown[-1] + 1]
    start, stop = packets['place'].min(), (packets['place'] + packets['size']).max()
    file.seek(start)
    content = file.read(stop - start)
    if len(content) < stop - start:
        raise ValueError(f'the file ends before byte {stop}')
    with av.open(io.BytesIO(table.head.tobytes())) as head:
        stream = head.streams.video[0]
        made = []
        for place, size, dts, late, crc in packets.tolist():
            packet = av.Packet(content[place - start:place - start + size])
            if zlib.crc32(packet) != crc:
                raise ValueError(f'at byte {place} is another packet')
            packet.dts, packet.pts = dts, dts + late
            packet.is_keyframe = bool(not made)
            made.append(packet)
        keys = table.keys[np.searchsorted(table.keys, first):] - first
        for key in keys[keys < len(made)].tolist():
            made[key].is_keyframe = True
        return write_excerpt(stream, made, 'matroska' if head.format.name.startswith('matroska')
                             else 'mp4', Fraction(*table.clock.tolist())), len(made)


def write_excerpt(stream: av.VideoStream, packets: list[av.Packet], kind: str,
                  clock: Fraction) -> bytes:
    """A file of these packets, beginning at 0 s."""
    content = io.BytesIO()
    with av.open(content, 'w', format=kind, options={'use_editlist': '0'} if kind == 'mp4' else {}
                 ) as out:
        target = out.add_stream_from_template(stream, opaque=True)   # there may be no encoder
        first = packets[0].dts
        for packet in packets:
            copy = av.Packet(bytes(packet))
            copy.dts, copy.pts = packet.dts - first, packet.pts - first
            copy.time_base, copy.stream = clock, target
            copy.is_keyframe = packet.is_keyframe
            out.mux(copy)
    return content.getvalue()


def _format(file: BinaryIO) -> str | None:
    head = file.read(8)
    return 'mp4' if head[4:] == b'ftyp' else 'matroska' if head[:4] == MKV_HEADER else None


def _place(file: BinaryIO, packet: av.Packet) -> int | None:
    """Where a packet's bytes are in the file; None where they are not there as they are."""
    if None in (packet.pts, packet.pos) or packet.is_discard or packet.is_corrupt \
            or packet.has_sidedata('new_extradata'):
        return None
    file.seek(packet.pos)
    lead = file.read(packet.size + LEAD).find(bytes(packet))
    return packet.pos + lead if lead >= 0 else None


def _fill_dts(packets: np.ndarray) -> None:
    """Matroska stores none: of its first packets FFmpeg does not know any."""
    lacking = np.flatnonzero(packets['dts'] == NO_DTS)
    if len(lacking) and len(lacking) < len(packets) and lacking[-1] == len(lacking) - 1:
        pts = packets['dts'][lacking] + packets['late'][lacking]
        dts = packets['dts'][len(lacking)] - np.arange(len(lacking), 0, -1)
        packets['dts'][lacking], packets['late'][lacking] = dts, pts - dts


def _closed(pts: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The key frames before which all is shown that comes before them, and nothing that follows."""
    if len(np.unique(pts)) < len(pts):
        return keys[:0]
    before = np.append(np.iinfo(np.int64).min, np.maximum.accumulate(pts)[:-1])
    after = np.minimum.accumulate(pts[::-1])[::-1]
    return keys[(before[keys] < pts[keys]) & (after[keys] == pts[keys])]


def _packets_file(path: str) -> str:
    return path.removesuffix('.npz') + '.npy'
