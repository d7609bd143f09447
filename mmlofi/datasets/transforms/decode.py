"""Decodes the frames of a video's snippets, each of them once.

Shape legend: L snippets, T frames a snippet, H × W a frame.
"""
from __future__ import annotations

from collections.abc import Sequence

import decord
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

# Measured: going to another key frame costs decord, which flushes its decoder and first reads ahead
# again, as much as decoding 16 (200 × 150, 1280 × 720) to 25 frames (340 × 256).
JUMP_FRAMES = 16
BLOCK_BYTES = 2**26


@TRANSFORMS.register_module()
class DecodeSnippets(BaseTransform):
    """Decodes the chosen frames; a drop-in for MMAction2's `DecordDecode`, with equal frames.

    `DecordDecode` asks decord for L · T frames in the order of the snippets. These overlap or lie
    close, and decord starts again at a key frame for every step back: 100 snippets of 8 frames,
    every 8th, take it 5 s for 10 s of video. Here every distinct frame is decoded once, in the
    video's order, and a gap with key frames that is cheaper to decode than to jump over is decoded.
    Frames of the few widths (16, 24, 48, 72, …) that decord's `get_batch` refuses work as well.

    Memory: the frames asked for, and a block of 64 MB (or one frame).

    Required Keys: video_reader (a decord.VideoReader or a FrameFolder), frame_inds

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
        results['original_shape'] = results['img_shape'] = frames[0].shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


def _decode_ascending(reader: decord.VideoReader, distinct: np.ndarray) -> list[np.ndarray]:
    """The frames `distinct` (ascending, no two equal), each (H, W, 3)."""
    frames = list(_read(reader, distinct[:1]))
    route = _bridge_key_frames(distinct, reader.get_key_indices(), JUMP_FRAMES)[1:]
    block = max(1, BLOCK_BYTES // frames[0].nbytes)
    for start in range(0, len(route), block):
        passed = route[start:start + block]
        wanted = np.isin(passed, distinct, assume_unique=True)
        decoded = _read(reader, passed)
        # Most blocks are wanted whole: a copy of them would cost a tenth of decoding them.
        frames.extend(decoded if wanted.all() else decoded[wanted])
    return frames


def _bridge_key_frames(distinct: np.ndarray, key_frames: Sequence[int],
                       longest: int) -> np.ndarray:
    """`distinct` and, of gaps that are not worth a jump, the frame before each key frame.

    decord jumps wherever a key frame lies between a frame and the next one asked for; from the
    frame just before it, it goes on decoding, and gaps within a group are skipped without making
    pictures of them. A jump to the last key frame saves the frames up to that one::

        asked for     a . . . . . . . b
        key frames          K     K
        read          a . * . . * . . b         the jump would save the 5 frames before the last K
    """
    keys = np.asarray(key_frames)
    last_key = keys[np.searchsorted(keys, distinct, side='right') - 1]     # of each frame's group
    saved = last_key[1:] - distinct[:-1] - 1                               # negative: no key frame
    # The gap in which each key frame ends: that before the first frame not earlier than it.
    gap = np.searchsorted(distinct, keys) - 1
    inside = (gap >= 0) & (gap < len(saved))
    keys, gap = keys[inside], gap[inside]
    return np.union1d(distinct, keys[saved[gap] <= longest] - 1)


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
