"""Reads frames of a video in ascending order, each once, and jumps where that is cheaper.

Shape legend: n frames of H × W.
"""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmlofi.datasets.videos.excerpts import Excerpts
from mmlofi.datasets.videos.shown_frames import ShownFrames, last_keys, split_at_jumps

# Measured: going to another key frame costs decord, which flushes its decoder and first reads ahead
# again, as much as decoding 16 (200 × 150, 1280 × 720) to 25 frames (340 × 256).
JUMP_FRAMES = 16
BLOCK_BYTES = 2**26


def read_ascending(reader: ShownFrames | Excerpts, distinct: np.ndarray,
                   block_bytes: int | None = None) -> Iterator[np.ndarray]:
    """Yields the frames `distinct` (ascending, no two equal), each (H, W, 3), block by block.

    Args:
        reader: Or another that gives batches of frames by number, and knows its key frames.
        block_bytes: 64 MB unless said.
    """
    keys = np.asarray(reader.get_key_indices())
    route = _bridge_key_frames(distinct, keys, JUMP_FRAMES)
    if isinstance(reader, Excerpts):
        reader.expect(route)
    first, route = reader.get_batch(distinct[:1]).asnumpy()[0], route[1:]
    yield first
    block = max(1, (block_bytes or BLOCK_BYTES) // first.nbytes)
    for run in split_at_jumps(route, keys) if len(route) else []:
        for start in range(0, len(run), block):
            passed = run[start:start + block]
            wanted = np.isin(passed, distinct, assume_unique=True)
            decoded = reader.get_batch(passed).asnumpy()
            # Most blocks are wanted whole: a copy would cost a tenth of decoding them.
            yield from decoded if wanted.all() else decoded[wanted]


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
