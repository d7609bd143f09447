"""Decodes the frames of a video's snippets, each of them once.

Shape legend: L snippets, T frames a snippet, H × W a frame.
"""
from __future__ import annotations

import decord
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.datasets.videos.ascending import read_ascending
from mmlofi.datasets.videos.shown_frames import ShownFrames
from mmlofi.datasets.videos.side_by_side import side_by_side


@TRANSFORMS.register_module()
class DecodeSnippets(BaseTransform):
    """Decodes the chosen frames; a drop-in for MMAction2's `DecordDecode`, with equal frames.

    `DecordDecode` asks decord for L · T frames in the order of the snippets. These overlap or lie
    close, and decord starts again at a key frame for every step back: 100 snippets of 8 frames,
    every 8th, take it 5 s for 10 s of video. Here every distinct frame is decoded once, in the
    video's order, and a gap with key frames that is cheaper to decode than to jump over is decoded.

    Memory: the frames asked for, and a block of 64 MB (or one frame); with several decoders 128 MB
    for each.

    Required Keys: video_reader (ShownFrames, PyavFrames, Excerpts, SideBySide, a FrameFolder or a
    decord.VideoReader), frame_inds, num_decoders (optional, of the first three; else 1)

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
        reader = side_by_side(reader, [distinct], results.get('num_decoders', 1))
        frames = list(read_ascending(reader, distinct))
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
