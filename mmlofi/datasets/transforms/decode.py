"""Decodes the frames of a video's snippets, each of them once.

Shape legend: L snippets, T frames a snippet, H × W a frame.
"""
from __future__ import annotations

import decord
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

# Measured: going to another key frame takes decord about 2 ms, as long as decoding this many
# pixels (40 frames of 80 × 80, 3 of 340 × 256).
JUMP_PIXELS = 2**18
BLOCK_BYTES = 2**26


@TRANSFORMS.register_module()
class DecodeSnippets(BaseTransform):
    """Decodes the chosen frames; a drop-in for MMAction2's `DecordDecode`, with equal frames.

    `DecordDecode` asks decord for L · T frames in the order of the snippets. These overlap or lie
    close, and decord starts again at a key frame for every step back: 100 snippets of 8 frames,
    every 8th, take it 5 s for 10 s of video. Here every distinct frame is decoded once, in the
    video's order, and a short gap before a key frame is decoded and thrown away, which is cheaper
    than a jump over it. Frames of the few widths (16, 24, 48, 72, …) that decord's `get_batch`
    refuses work as well.

    Memory: the frames asked for, and a block of 64 MB (or one frame).

    Required Keys: video_reader (a decord.VideoReader), frame_inds

    Added Keys: imgs (a list of (H, W, 3) RGB uint8, no two of which share memory),
    original_shape, img_shape

    Modified Keys: video_reader (None: closed, unless the caller keeps it)
    """

    def transform(self, results: dict) -> dict:
        """Adds the frames."""
        distinct, first_uses, places = np.unique(
            np.asarray(results['frame_inds']).reshape(-1), return_index=True, return_inverse=True)
        reader = results['video_reader']
        results['video_reader'] = None
        frames = _decode_ascending(reader, distinct)
        # Whoever streams keeps the reader, which would decode ahead to the video's end while the
        # frames are in use, and keep it all (decord's issue 208). Going back stops it, in 1 ms.
        reader.seek(0)
        # A repeated frame is copied, since transforms such as Flip work in place.
        results['imgs'] = [frames[place] if use == first_uses[place] else frames[place].copy()
                           for use, place in enumerate(places)]
        results['original_shape'] = results['img_shape'] = frames.shape[1:3]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


def _decode_ascending(reader: decord.VideoReader, distinct: np.ndarray) -> np.ndarray:
    """The frames `distinct` (ascending, no two equal) as (len(distinct), H, W, 3)."""
    first = _read(reader, distinct[:1])[0]
    H, W, _ = first.shape
    frames = np.empty((len(distinct), H, W, 3), np.uint8)
    frames[0] = first
    route = _fill_short_gaps(distinct, reader.get_key_indices(), JUMP_PIXELS // (H * W))[1:]
    done, block = 1, max(1, BLOCK_BYTES // first.nbytes)
    for start in range(0, len(route), block):
        passed = route[start:start + block]
        wanted = np.isin(passed, distinct, assume_unique=True)
        frames[done:done + wanted.sum()] = _read(reader, passed)[wanted]
        done += wanted.sum()
    return frames


def _fill_short_gaps(distinct: np.ndarray, key_frames: list[int], longest: int) -> np.ndarray:
    """`distinct` and the frames of each gap that has a key frame and is at most `longest`."""
    gaps = np.diff(distinct) - 1
    has_key = np.diff(np.searchsorted(key_frames, distinct, side='right')) > 0
    on_route = np.zeros(distinct[-1] + 1, bool)
    on_route[distinct] = True
    for place in np.flatnonzero(has_key & (gaps > 0) & (gaps <= longest)):
        on_route[distinct[place]:distinct[place + 1]] = True
    return np.flatnonzero(on_route)


def _read(reader: decord.VideoReader, frame_inds: np.ndarray) -> np.ndarray:
    """Frames as (len(frame_inds), H, W, 3), around a fault of decord 0.6.

    At widths that divide the padded length of a row (measured: 2, 4, 6, 8, 12, 16, 24, 48, 72) it
    gives the whole rows, as if a pixel had more than 3 channels, and `get_batch` fails.
    """
    try:
        return reader.get_batch(frame_inds).asnumpy()
    except decord.DECORDError:
        frames = [reader[int(index)].asnumpy() for index in frame_inds]
        H, W, channels = frames[0].shape
        if channels == 3:
            raise
        return np.stack([frame.reshape(H, -1)[:, :3 * W].reshape(H, W, 3) for frame in frames])
