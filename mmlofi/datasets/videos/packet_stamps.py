"""When the packets of a video are shown, which is asked of its container without decoding.

Shape legend: F packets, K of them key frames.
"""
from __future__ import annotations

from typing import NamedTuple

import av
import numpy as np

NO_STAMP = np.iinfo(np.int64).min
NO_STAMP_SEC = -1e17    # as decord gives it, `time_axis.NO_STAMP_SEC`


class PacketStamps(NamedTuple):
    """Of the packets that hold a frame, in units of the stream's clock, by when they are shown."""

    starts: np.ndarray    # (F,) ascending, without those that an edit list hides
    ends: np.ndarray      # (F,)
    keys: np.ndarray      # (K,) of all packets, ascending: from these decoding can begin
    unit_sec: float       # of the clock

    def unknown(self) -> PacketStamps:
        """As many, of which none is known."""
        nothing = np.full_like(self.starts, NO_STAMP)
        return self._replace(starts=nothing, ends=nothing)

    def spans_sec(self, origin: int) -> np.ndarray:
        """(F, 2) as `time_axis.axis_of` wants them, counted from a stamp."""
        spans = np.stack([self.starts, self.ends], axis=1)
        known = self.starts[:, None] != NO_STAMP
        return np.where(known, (spans - origin * known) * self.unit_sec, NO_STAMP_SEC)


def read_stamps(container: av.container.InputContainer, stream: av.VideoStream) -> PacketStamps:
    """Of a stream, from where its container is to the end.

    Raises:
        av.error.FFmpegError: When the container cannot be read to its end.
    """
    starts, lengths, keys = [], [], []
    for packet in container.demux(stream):
        pts = packet.pts
        if not packet.size:   # the end
            continue
        if packet.is_keyframe and pts is not None:
            keys.append(pts)
        if not packet.is_discard:
            starts.append(NO_STAMP if pts is None else pts)
            lengths.append(packet.duration or 0)
    order = np.argsort(np.array(starts, np.int64), kind='stable')
    starts, lengths = np.array(starts, np.int64)[order], np.array(lengths, np.int64)[order]
    return PacketStamps(starts, starts + lengths, np.unique(np.array(keys, np.int64)),
                        float(stream.time_base))
