"""Short clips of a fixed frame rate, each inside one segment of an untrimmed video.

Shape legend: T frames a clip (`clip_len`).

Time: a clip of T frames at `fps` lasts T / fps seconds and lies inside its segment, or gap, at the
share `place` of the room that is left::

    [============================ segment ============================]
    |- place * room -[=== clip ===]------- (1 - place) * room --------|
                      . . . . . .     T frames, 1 / fps apart
"""
from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.options import require_number, require_whole


@TRANSFORMS.register_module()
class ClipInSegment(BaseTransform):
    """Chooses the frames of one clip inside a segment (TSP, Alwassel et al. 2021).

    The clip is of a fixed frame rate, whatever the file's, so that it lasts equally long in every
    video. It starts at the share `clip_place` of the room that the segment leaves, where the data
    set says so, as in validation, and anywhere in training.

    Deviations from the authors' program, where files are not as they are annotated: frames after
    the last one repeat it, where the program stops; and at a variable frame rate, which it does not
    know, the frames are those shown at the clip's times.

    Required Keys: segment_sec, total_frames, avg_fps, frame_times_sec (optional), duration_sec
    (optional), clip_place (optional)

    Added Keys: frame_inds, clip_len, num_clips, frame_interval (frames of the file, not whole)

    Args:
        clip_len: T.
        fps: Frames a second of the clip; the authors' 16 at 15 last 1.07 s. At 3.75, the frames of
            a video of 30 a second are every 8th.
        clips_per_segment: How many the data set takes of each segment in an epoch.

    Raises:
        ValueError: For values that make no clip.
    """

    def __init__(self, *, clip_len: int = 16, fps: float = 15, clips_per_segment: int = 5) -> None:
        require_whole('ClipInSegment', clip_len=clip_len, clips_per_segment=clips_per_segment)
        require_number('ClipInSegment', above=0, fps=fps)
        self.clip_len = clip_len
        self.fps = fps
        self.clips_per_segment = clips_per_segment

    @property
    def clip_sec(self) -> float:
        """How long a clip lasts."""
        return self.clip_len / self.fps

    def fit(self, segments_sec: np.ndarray) -> np.ndarray:
        """(K,) which segments (K, 2) are as long as a clip, or longer."""
        return (segments_sec[:, 1] - segments_sec[:, 0]) * self.fps >= self.clip_len

    def places(self) -> np.ndarray:
        """(clips_per_segment,) where the clips of validation lie: from first to last possible."""
        return np.linspace(0, 1, self.clips_per_segment)

    def transform(self, results: dict) -> dict:
        """Adds the frame numbers."""
        frames = frames_from(self.start_sec(results), self.clip_len, self.fps, results)
        results.update(frame_inds=np.minimum(frames, results['total_frames'] - 1),
                       clip_len=self.clip_len, num_clips=1,
                       frame_interval=results['avg_fps'] / self.fps)
        return results

    def start_sec(self, results: dict) -> float:
        """Where a clip starts; that of a training sample is drawn."""
        start_sec, end_sec = results['segment_sec']
        if results.get('duration_sec') is not None:
            end_sec = min(end_sec, results['duration_sec'])
        place = results.get('clip_place')
        place = np.random.uniform() if place is None else place
        return start_sec + place * max(end_sec - start_sec - self.clip_sec, 0)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, fps={self.fps}, '
                f'clips_per_segment={self.clips_per_segment})')


def frames_from(start_sec: float, clip_len: int, fps: float, results: dict) -> np.ndarray:
    """(T,) frame numbers of a clip; the first is that which starts at `start_sec` or next after it.

    Args:
        results: Of a video that was opened: `avg_fps`, and `frame_times_sec` where that varies.
    """
    times = results.get('frame_times_sec')
    if times is None:
        first = int(np.ceil(start_sec * results['avg_fps'] - 1e-9))   # as it may miss by rounding
        return first + frame_offsets(clip_len, results['avg_fps'] / fps)
    first = min(np.searchsorted(times, start_sec - 1e-9), len(times) - 1)
    shown_at = times[first] + np.arange(clip_len) / fps
    return np.searchsorted(times, shown_at + 1e-6, side='right') - 1


def frame_offsets(num_frames: int, step: float) -> np.ndarray:
    """(num_frames,) whole frames from the first one, for `step` frames of a file to one of a clip.

    As the authors' program has them: steps that are not whole are multiplied out in single
    precision, and rounded down.
    """
    if float(step).is_integer():
        return np.arange(num_frames) * int(step)
    offsets = np.arange(num_frames, dtype=np.float32) * np.float32(step)
    return np.floor(offsets).astype(np.int64)
