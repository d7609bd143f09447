"""Features of videos of many lengths, padded to one so that they stack to a batch.

Shape legend: L features of a video, C channels.
"""
from __future__ import annotations

import torch.nn.functional as F
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_whole


@TRANSFORMS.register_module()
class PadFeatures(BaseTransform):
    """Puts zeros after a video's features, and says how many of them are the video's.

    The window grows with them, beyond the video's end, so that times stay what they are. A longer
    video stays as it is in testing, where a batch may be of one video.

    Required Keys: features, window_norm, num_valid (optional), test_mode (optional), video_name
    (optional)

    Modified Keys: features ((C, max_seq_len)), num_clips, window_norm, num_valid

    Args:
        max_seq_len: L of the batch.
    """

    def __init__(self, *, max_seq_len: int) -> None:
        require_whole('PadFeatures', max_seq_len=max_seq_len)
        self.max_seq_len = max_seq_len

    def transform(self, results: dict) -> dict:
        """Pads the features.

        Raises:
            ValueError: In training for a video of more features.
        """
        L = results['features'].shape[1]
        if L > self.max_seq_len and not results.get('test_mode', False):
            raise ValueError(
                f'video {results.get("video_name", "")!r} has {L} features; expected at most the '
                f'{self.max_seq_len} of PadFeatures: put RandomTruncation(max_seq_len='
                f'{self.max_seq_len}) before it, or raise its max_seq_len')
        if L >= self.max_seq_len:
            return results
        start, end = results['window_norm']
        results.update(
            features=F.pad(results['features'], (0, self.max_seq_len - L)),
            num_valid=results.get('num_valid') or L, num_clips=self.max_seq_len,
            window_norm=(start, start + (end - start) * self.max_seq_len / L))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_seq_len={self.max_seq_len})'
