"""Restricts a video to one of its segments, for MMAction2's samplers of trimmed clips.

::

    video     |--------------------------------------------|  total_frames
    segment              [start_sec ------ end_sec)
    frames               |================|                   start_index, total_frames after it
"""
from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class TrimToSegment(BaseTransform):
    """Makes `SampleFrames` and its kin see a segment in place of the whole video.

    They spread frames over `total_frames` and add `start_index`, which MMAction2 has for files that
    count from 1; here both become the segment's. Frames that start inside the segment belong to it;
    one that falls between two frames, or after the last, gets the frame shown at its start.

    Required Keys: segment_sec, total_frames, avg_fps, start_index, frame_times_sec (optional)

    Modified Keys: start_index, total_frames
    """

    def transform(self, results: dict) -> dict:
        """Cuts the frame range; the file stays as it is."""
        total, (start_sec, end_sec) = results['total_frames'], results['segment_sec']
        starts = results.get('frame_times_sec')   # at a variable frame rate
        if starts is None:
            starts = np.arange(total) / results['avg_fps']
        # A boundary on a frame's start may miss it by rounding.
        first, stop = np.searchsorted(starts, np.array([start_sec, end_sec]) - 1e-6)
        if stop <= first:
            first = max(int(np.searchsorted(starts, start_sec + 1e-6)) - 1, 0)
            stop = first + 1
        results['start_index'] += int(first)
        results['total_frames'] = int(stop - first)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
