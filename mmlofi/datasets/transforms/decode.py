"""Decodes the frames of a video's snippets, each of them once.

Shape legend: L snippets, T frames a snippet, H × W a frame.
"""
from __future__ import annotations

import decord
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.datasets.transforms.open_frames import FrameFolder
from mmlofi.datasets.videos.excerpts import Excerpts
from mmlofi.datasets.videos.shown_frames import ShownFrames, last_keys, split_at_jumps

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

    Memory: the frames asked for, and a block of 64 MB (or one frame).

    Required Keys: video_reader (ShownFrames, Excerpts, a FrameFolder or a
    decord.VideoReader), frame_inds

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
        if isinstance(reader, decord.VideoReader):   # opened by MMAction2's DecordInit
            reader = ShownFrames(reader)
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


def _decode_ascending(reader: ShownFrames | Excerpts | FrameFolder,
                      distinct: np.ndarray) -> list[np.ndarray]:
    """The frames `distinct` (ascending, no two equal), each (H, W, 3)."""
    keys = np.asarray(reader.get_key_indices())
    route = _bridge_key_frames(distinct, keys, JUMP_FRAMES)
    if isinstance(reader, Excerpts):
        reader.expect(route)
    frames, route = list(reader.get_batch(distinct[:1]).asnumpy()), route[1:]
    block = max(1, BLOCK_BYTES // frames[0].nbytes)
    for run in split_at_jumps(route, keys) if len(route) else []:
        for start in range(0, len(run), block):
            passed = run[start:start + block]
            wanted = np.isin(passed, distinct, assume_unique=True)
            decoded = reader.get_batch(passed).asnumpy()
            # Most blocks are wanted whole: a copy would cost a tenth of decoding them.
            frames.extend(decoded if wanted.all() else decoded[wanted])
    return frames


def _bridge_key_frames(distinct: np.ndarray, key_frames: np.ndarray, longest: int) -> np.ndarray:
    """`distinct` and, of gaps that are not worth a jump, the frame before each key frame.

    decord jumps wherever a key frame lies between a frame and the next one asked for; from the
    frame just before it, it goes on decoding, and gaps within a group are skipped without making
    pictures of them. A jump to the last key frame saves the frames up to that one::

        asked for     a . . . . . . . b
        key frames          K     K
        read          a . * . . * . . b         the jump would save the 5 frames before the last K
    """
    keys = np.asarray(key_frames)
    saved = last_keys(distinct[1:], keys) - distinct[:-1] - 1              # negative: no key frame
    # The gap in which each key frame ends: that before the first frame not earlier than it.
    gap = np.searchsorted(distinct, keys) - 1
    inside = (gap >= 0) & (gap < len(saved))
    keys, gap = keys[inside], gap[inside]
    return np.union1d(distinct, keys[saved[gap] <= longest] - 1)
