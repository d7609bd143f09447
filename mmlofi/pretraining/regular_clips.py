"""Clips at regular distances over a video, as TSP extracts features.

Shape legend: L clips a video, T frames a clip.
"""
from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_number, require_whole
from mmlofi.pretraining.clips import frame_offsets


@TRANSFORMS.register_module()
class RegularClips(BaseTransform):
    """Chooses the frames of clips that start every `stride` frames, of a fixed frame rate.

    In place of `SampleSnippets` in the pipeline by which features are extracted. As in the authors'
    program no clip reaches beyond the video: its last frames, too few for a clip, are in none.
    A feature then stands for the `stride` frames in the middle of its clip, as
    ``LoadSnippetFeatures(feature_stride=16, feature_len=16, fps=15)`` reads them.

    Deviation: a video shorter than a clip has one, whose last frame is repeated; there the authors'
    program stops. Every frame counts as long as the others, also at a variable frame rate, which
    videos of the authors' set do not have.

    Required Keys: total_frames, avg_fps, duration_sec

    Added Keys: frame_inds, clip_len, frame_interval, num_clips (L), window_norm (what of the video
    the clips stand for)

    Args:
        clip_len: T.
        fps: Frames a second of a clip.
        stride: From the start of a clip to the next, in frames of a clip's rate.
    """

    num_snippets = None   # as many as a video has, for the header of features

    def __init__(self, *, clip_len: int = 16, fps: float = 15, stride: int = 16) -> None:
        require_whole('RegularClips', clip_len=clip_len, stride=stride)
        require_number('RegularClips', above=0, fps=fps)
        self.clip_len, self.fps, self.stride = clip_len, fps, stride
        self.snippet_interval, self.frame_interval = stride, 1   # at `fps`

    def transform(self, results: dict) -> dict:
        """Adds the frame numbers, flattened from (L, T)."""
        frames = resampled_frames(results['total_frames'], results['avg_fps'], self.fps)
        starts = clip_starts(len(frames), self.clip_len, self.stride)                   # (L,)
        places = np.minimum(starts[:, None] + np.arange(self.clip_len), len(frames) - 1)
        L, per_frame = len(starts), 1 / (self.fps * results['duration_sec'])
        margin = (self.clip_len - self.stride) / 2
        results.update(frame_inds=frames[places].reshape(-1), clip_len=self.clip_len,
                       frame_interval=self.frame_interval, num_clips=L,
                       window_norm=(margin * per_frame, (margin + L * self.stride) * per_frame))
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, fps={self.fps}, '
                f'stride={self.stride})')


def resampled_frames(total_frames: int, file_fps: float, fps: float) -> np.ndarray:
    """Numbers of a file's frames that make up the video at `fps`; one at least."""
    step = file_fps / fps
    count = -(-total_frames // int(step)) if step.is_integer() else int(total_frames * fps
                                                                        / file_fps)
    return np.minimum(frame_offsets(max(count, 1), step), total_frames - 1)


def clip_starts(num_frames: int, clip_len: int, stride: int) -> np.ndarray:
    """Places of the clips' first frames; one clip where there are too few frames for any."""
    return np.arange(0, max(num_frames - clip_len, 0) + 1, stride)
