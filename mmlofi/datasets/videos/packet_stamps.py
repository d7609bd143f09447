"""When the packets of a video are shown, which is asked of its container without decoding.

Shape legend: F packets, K of them key frames.
"""
from __future__ import annotations

from typing import NamedTuple

import av
import numpy as np

UNKNOWN = np.iinfo(np.int64).min
UNKNOWN_SEC = -1e17    # as decord gives it, below `time_axis.NO_STAMP_SEC`
SHOWN = 0x10           # in the first byte of VP8's packets (RFC 6386, 9.1)


class PacketStamps(NamedTuple):
    """Of the packets that hold a frame, in units of the stream's clock, by when they are shown."""

    starts: np.ndarray    # (F,) ascending, without those that an edit list hides
    ends: np.ndarray      # (F,)
    keys: np.ndarray      # (K,) of all packets, ascending: from these decoding can begin
    unit_sec: float       # of the clock

    def unknown(self) -> PacketStamps:
        """As many, of which none is known."""
        nothing = np.full_like(self.starts, UNKNOWN)
        return self._replace(starts=nothing, ends=nothing)

    def spans_sec(self, origin: int) -> np.ndarray:
        """(F, 2) as `time_axis.axis_of` wants them, counted from a stamp."""
        spans = np.stack([self.starts, self.ends], axis=1)
        known = self.starts[:, None] != UNKNOWN
        return np.where(known, (spans - origin * known) * self.unit_sec, UNKNOWN_SEC)


def read_stamps(container: av.container.InputContainer, stream: av.VideoStream) -> PacketStamps:
    """Of a stream, from where its container is to the end.

    Raises:
        av.error.FFmpegError: When the container cannot be read to its end.
    """
    is_vp8 = stream.codec_context.codec.canonical_name == 'vp8'
    starts, lengths, keys = [], [], []
    for packet in container.demux(stream):
        pts = packet.pts
        # The end; or VP8's picture for others to refer to, whose header says that it is not shown.
        if not packet.size or is_vp8 and not bytes(packet)[0] & SHOWN:
            continue
        if packet.is_keyframe and pts is not None:
            keys.append(pts)
        if not packet.is_discard:
            starts.append(UNKNOWN if pts is None else pts)
            lengths.append(packet.duration or 0)
    order = np.argsort(np.array(starts, np.int64), kind='stable')
    starts, lengths = np.array(starts, np.int64)[order], np.array(lengths, np.int64)[order]
    return PacketStamps(starts, starts + lengths, np.unique(np.array(keys, np.int64)),
                        float(stream.time_base))
