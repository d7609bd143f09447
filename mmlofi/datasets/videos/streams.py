"""Why a video file cannot be used, read from the file: its boxes, its streams, their codecs.

Readers say the same words for different faults. PyAV, whose FFmpeg is newer than decord's, reads
what the file holds, and only once a reader has refused it: of some faults, decord is the cause.
"""
from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, NamedTuple

import av

from mmlofi.datasets.videos.boxes import ends_early, lacks_moov
from mmlofi.datasets.videos.codec_names import stored_codec
from mmlofi.datasets.videos.readers import DECORD
from mmlofi.files import stand_in

AGAIN = 'download it again or leave it out, of annotations too'
LEAVE = 'leave it out, of annotations too'
COPY = 'write its header anew with `ffmpeg -i {name} -c copy new{ending}`'
ENCODE = 'encode it anew with `ffmpeg -i {name} -an -c:v libx264 -crf 18 new.mp4`'
# What a file names is not opened: FFmpeg listens where one tells of a broadcast (SDP).
ALONE = {'protocol_whitelist': 'none'}
SECONDS = 10    # that opening or reading may take
LATE_SEC = 4    # decord's FFmpeg looks for the first picture for 5 s
KINDS = {'audio': 'sound', 'subtitle': 'subtitles'}


class Refused(ValueError):
    """A reader cannot give the frames of a file, of which another may know more."""


class Fault(NamedTuple):
    """Why a file cannot be used, and how to mend that."""

    reason: str
    mend: str
    of_decord: bool = False   # and not of the file


def fault_of(file: BinaryIO, name: str) -> Fault:
    """Why a reader refuses a file, whatever its bytes are.

    Args:
        file: Open, and read from its start.
        name: For the commands that mend it.
    """
    name = os.path.basename(name)
    if not file.seek(0, os.SEEK_END):
        return Fault('it is empty', AGAIN)
    if ends_early(file):
        return Fault('it is cut off', AGAIN)
    if lacks_moov(file):
        return Fault('its header (moov) is missing: cut off, or a recording that was not ended',
                     AGAIN)
    file.seek(0)
    try:
        with av.open(file, timeout=SECONDS, metadata_errors='replace', options=ALONE) as container:
            fault = _fault_of_streams(container, file)
    except Exception:   # FFmpeg's and PyAV's are of many kinds; any means that it is no video
        return Fault(_what_else(file), AGAIN)
    return fault._replace(mend=fault.mend.format(name=repr(name), ending=os.path.splitext(name)[1]))


def unreadable(file: BinaryIO, name: str, *, reader: str = DECORD,
               reason: Exception | None = None) -> ValueError:
    """The error for a file that a reader refuses; `Refused` where that is decord's fault.

    Args:
        reader: Of `readers.READER_NAMES`.
        reason: What PyAV says.
    """
    fault = fault_of(file, name)
    refused = fault.of_decord and reader == DECORD
    if fault.of_decord and not refused:   # the file has none of the faults that are known
        words = 'finds no frame' if reason is None else getattr(reason, 'strerror', None) or reason
        fault = Fault(f'PyAV does not read its video: {words}', AGAIN)
    return (Refused if refused else ValueError)(
        f'{name!r} cannot be decoded ({fault.reason}); expected a video with at least one frame: '
        f'{fault.mend}')


def refuse_greedy(file: BinaryIO, name: str) -> frozenset[str]:
    """The codecs of a file's video streams, unless its header tells of more frames than it has
    bytes.

    decord takes memory for all of them, and ends the process where there is not enough.

    Raises:
        ValueError: For such a file; others pass, whatever is wrong with them.
    """
    size, frames, codecs = file.seek(0, os.SEEK_END), 0, frozenset()
    file.seek(0)
    # Errors are of many kinds, and decord refuses these files as well.
    with suppress(Exception), av.open(file, timeout=SECONDS, metadata_errors='replace',
                                      options=ALONE) as container:
        frames = max(stream.frames for stream in container.streams.video)
        codecs = frozenset(map(_codec, container.streams.video))
    if frames > size:
        raise ValueError(f'{name!r} cannot be decoded (its header tells of {frames:,} frames in '
                         f'{size:,} bytes); expected a video: {AGAIN}')
    return codecs


def refuse_picture(file: BinaryIO, name: str) -> None:
    """Refuses a file in which a reader finds a single picture, and which holds a video as well.

    Raises:
        Refused: For such a file; others pass, whatever is wrong with them.
    """
    found, moving = set(), None
    file.seek(0)
    with suppress(Exception), av.open(file, timeout=SECONDS,
                                      metadata_errors='replace') as container:
        for packet in container.demux(*container.streams.video):
            if packet.size and packet.stream.index in found:
                moving = packet.stream.index
                break
            found.add(packet.stream.index)
        if len(container.streams.video) == 1:
            moving = None
    if moving is not None:
        name, ending = os.path.basename(name), os.path.splitext(name)[1]
        raise Refused(f'{name!r} cannot be decoded (a picture that lies beside its video, such as '
                      'a cover, is taken for the video); expected the video alone: '
                      f'`ffmpeg -i {name!r} -map 0:{moving} -map 0:a? -c copy new{ending}`')


def first_frame_side(file: BinaryIO) -> int | None:
    """The shorter side of a video's first frame, None where it cannot be decoded."""
    with suppress(Exception), av.open(file, timeout=SECONDS, metadata_errors='replace',
                                      options=ALONE) as container:
        stream = container.streams.best('video')
        stream.thread_count = 1
        frame = next(container.decode(stream))
        return min(frame.height, frame.width)
    return None


def _fault_of_streams(container: av.container.InputContainer, file: BinaryIO) -> Fault:
    videos = [stream for stream in container.streams.video if not is_cover(stream)]
    if not videos:
        return Fault(f'it holds no video stream{_spell(container.streams)}', LEAVE)
    stream = container.streams.best('video')
    codec = _codec(stream)
    if stream.codec_context is None:   # PyAV tells of codecs that it decodes alone
        name = stored_codec(file, stream.id)
        return Fault(f'no reader here decodes its video ({name or codec})', ENCODE)
    try:
        first = next(container.decode(stream), None)
    except av.error.FFmpegError:
        return Fault(f'the first frame of its video ({codec}) cannot be decoded', AGAIN)
    if first is None:
        return Fault(f'its video stream ({codec}) holds no frame', AGAIN)
    if container.duration is None and stream.duration is None:
        return Fault('its header gives no duration, as of what a browser records or a pipe writes',
                     COPY if 'matroska' in container.format.name else ENCODE, of_decord=True)
    late = (first.time or 0) - (container.start_time or 0) / av.time_base
    if late > LATE_SEC:
        return Fault(f'its pictures begin {late:.1f} s after its sound, where decord does not look '
                     'for them', ENCODE, of_decord=True)
    return Fault(f'decord does not decode its video ({codec})', ENCODE, of_decord=True)


def is_cover(stream: av.stream.Stream) -> bool:
    """Whether a stream is a picture of the whole, as of a song's album."""
    return av.stream.Disposition.attached_pic in stream.disposition


def _spell(streams: Sequence[av.stream.Stream]) -> str:
    """Such as ', but sound (aac) and subtitles (mov_text)'."""
    found = []
    for stream in streams:
        found.append('a cover picture' if is_cover(stream) else
                     f'{KINDS.get(stream.type, stream.type)} ({_codec(stream)})')
    return ', but ' + ' and '.join(found) if found else ', nor any other'


def _codec(stream: av.stream.Stream) -> str:
    return stream.codec_context.codec.canonical_name if stream.codec_context else 'unknown codec'


def _what_else(file: BinaryIO) -> str:
    """What a file is that FFmpeg cannot open."""
    file.seek(0)
    head = file.read(100)
    found = stand_in(head)
    if found is not None:
        return f'it is {found} and no video'
    line = head.lstrip().decode('utf-8', 'replace').partition('\n')[0]
    if line.isprintable() and '\ufffd' not in line:
        return f'it is no video, but text that begins with {line[:24]!r}'
    return 'it is no video, or its header is damaged'
