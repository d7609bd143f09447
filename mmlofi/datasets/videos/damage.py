"""Whether a video is damaged past its first frame, which opening it does not tell.

Downloads in several parts leave holes of zeros; disks leave single wrong bytes. What FFmpeg cannot
read in the middle of a matroska or avi file it skips without a word, and with it seconds of
pictures.
"""
from __future__ import annotations

import os
from io import BytesIO
from typing import BinaryIO

import av

from mmlofi.datasets.videos.boxes import (
    MKV_CLUSTER,
    MKV_HEADER,
    MKV_SEGMENT,
    boxes,
    mkv_bytes,
    mkv_length,
)
from mmlofi.datasets.videos.storage import on_disk, read_bytes
from mmlofi.datasets.videos.streams import ALONE

MKV_LEAVES = {   # elements of a segment, of a cluster, of both
    MKV_HEADER, b'\x11\x4d\x9b\x74', b'\x15\x49\xa9\x66', b'\x16\x54\xae\x6b',
    b'\x1c\x53\xbb\x6b', b'\x19\x41\xa4\x69', b'\x10\x43\xa7\x70', b'\x12\x54\xc3\x67',
    b'\xe7', b'\xa3', b'\xa0', b'\xab', b'\xa7', b'\x58\x54', b'\xaf', b'\xec', b'\xbf'}
FRAMES = ('first', 'keys', 'all')   # which are decoded when files are checked


def find_damage(filename: str, frames: str, total_frames: int,
                backend_args: dict | None = None) -> str | None:
    """What of a video's bytes or frames is damaged, or None.

    Found is what decoders notice: in H.264 and MPEG-4 most wrong bytes, in VP9 hardly any.

    Args:
        filename: Opened by `OpenVideo` without fault. What is on no disk is fetched again.
        frames: 'keys' decodes the key frames, 'all' every frame.
        total_frames: That training finds in it, which are those that a player shows.
        backend_args: Of `OpenVideo`.
    """
    with (open(filename, 'rb') if on_disk(filename, backend_args) else
          BytesIO(read_bytes(filename, backend_args))) as file:
        place = broken_at(file)
        if place is not None:
            return f'its structure breaks at byte {place:,} of {file.seek(0, os.SEEK_END):,}'
        file.seek(0)
        with av.open(file, metadata_errors='replace', options=ALONE) as container:
            return _find_bad_frames(container, frames, total_frames)


def _find_bad_frames(container: av.container.InputContainer, frames: str,
                     total_frames: int) -> str | None:
    stream = container.streams.best('video')
    stream.thread_count = 1   # files are looked at side by side
    keys_alone = frames == 'keys'
    if keys_alone:   # others are looked at by the decoder, and not decoded
        stream.codec_context.skip_frame = 'NONKEY'
    decodes_all = stream.codec_context.name == 'vp9'   # whatever it is told
    bad, packets, keys, shown, first = 0, 0, 0, 0, 0.0
    for packet in container.demux(stream):
        if keys_alone and decodes_all and packet.size and not packet.is_keyframe:
            continue
        packets += packet.size > 0
        keys += packet.size > 0 and packet.is_keyframe and not packet.is_discard
        try:
            decoded = packet.decode()
            shown += sum(frame.key_frame or not keys_alone for frame in decoded)
            spoilt = packet.is_corrupt or any(frame.is_corrupt for frame in decoded)
        except av.error.FFmpegError:
            spoilt = True
        if spoilt and not bad:
            first = float((packet.pts or 0) * packet.time_base)
        bad += spoilt
    if bad:
        return f'{bad} of {packets} packets cannot be decoded, the first at {first:.1f} s'
    expected = keys if keys_alone else total_frames
    if shown != expected:   # decoders pass over what is no frame at all
        return f'{shown} {"key " * keys_alone}frames can be decoded of {expected}'
    return None


def broken_at(file: BinaryIO) -> int | None:
    """The byte where the boxes of a matroska or avi file do not follow each other, if there is one.

    Goes from head to head of all blocks of pictures and sound, and reads none of them.
    """
    size, end = file.seek(0, os.SEEK_END), 0
    for name, stop in boxes(file):   # what follows the last of them is nobody's
        end = min(size, (size if name in (MKV_SEGMENT, b'RIFF') else end) if stop is None else stop)
    file.seek(0)
    length_of = {b'RIFF': _avi_length, MKV_HEADER: _mkv_length}.get(file.read(4))
    start = 0
    while length_of and start + 8 <= end:
        file.seek(start)
        length = length_of(file.read(12))
        if length is None:
            return start
        start += length
    return min(start, size) if length_of and start > end + 8 else None   # as in `ends_early`


def _avi_length(head: bytes) -> int | None:
    """Of a chunk, or the head of a list; None of what is neither."""
    length = int.from_bytes(head[4:8], 'little')
    if not all(32 <= byte < 127 for byte in head[:4]):
        return None
    return 12 if head[:4] in (b'RIFF', b'LIST') else 8 + length + length % 2


def _mkv_length(head: bytes) -> int | None:
    """Of an element, or the head of one that has elements; None of what is neither."""
    named = mkv_bytes(head)
    count, length = mkv_length(head[named:])
    if head[:named] in (MKV_SEGMENT, MKV_CLUSTER):
        return named + count
    return named + count + length if head[:named] in MKV_LEAVES and length is not None else None
