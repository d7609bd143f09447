"""Segments of a video as MMAction2's samplers see them."""
from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from mmlofi.datasets.transforms import TrimToSegment


def trim(segment_sec, *, total_frames=100, fps=10.0, **more):
    """The frames [first, stop) of a segment."""
    results = TrimToSegment()(dict(segment_sec=segment_sec, total_frames=total_frames,
                                   avg_fps=fps, start_index=0, **more))
    return results['start_index'], results['start_index'] + results['total_frames']


@pytest.mark.parametrize(('segment_sec', 'frames'), [
    ((2.0, 5.0), (20, 50)),       # frame 50 starts where the segment ends
    ((1.95, 5.01), (20, 51)),
    ((0.3, 0.7), (3, 7)),         # 0.3 * 10 is above 3 in floating point, 0.7 * 10 below 7
    ((-0.4, 12.0), (0, 100)),     # annotators overshoot
    ((3.12, 3.18), (31, 32)),     # between two frames: the one shown
    ((10.2, 10.9), (99, 100))])   # after the last frame
def test_frames_that_start_inside_belong_to_the_segment(segment_sec, frames):
    assert trim(segment_sec) == frames


def test_at_a_variable_rate_times_count_and_not_frame_numbers():
    times = np.array([0, 1, 2, 2.1, 2.2, 2.3, 5])
    assert trim((2, 2.25), total_frames=7, frame_times_sec=times) == (2, 5)
    assert trim((3, 4), total_frames=7, frame_times_sec=times) == (5, 6)


def test_a_file_that_counts_from_one_keeps_its_offset():
    results = dict(segment_sec=(2, 5), total_frames=100, avg_fps=10.0, start_index=1)
    assert TrimToSegment()(results)['start_index'] == 21


@pytest.mark.parametrize(('sampler', 'count'), [
    (dict(type='SampleFrames', clip_len=4, frame_interval=2), 4),
    (dict(type='SampleFrames', clip_len=1, num_clips=8), 8),
    (dict(type='DenseSampleFrames', clip_len=1, num_clips=8), 8)])
@pytest.mark.parametrize('test_mode', [False, True])
def test_mmaction2_s_samplers_decode_frames_of_the_segment_alone(sampler, count, test_mode,
                                                                 numbered_video, read_numbers):
    TRANSFORMS.get(sampler['type'])   # imports MMAction2's
    pipeline = Compose([dict(type='OpenVideo'), dict(type='TrimToSegment'),
                        dict(sampler, test_mode=test_mode), dict(type='DecordDecode')])
    seen = set()
    for seed in range(5):
        np.random.seed(seed)
        numbers = read_numbers(pipeline(dict(
            filename=str(numbered_video), segment_sec=(6.0, 7.5), start_index=0))['imgs'])
        assert len(numbers) % count == 0
        seen |= set(numbers)
    assert seen <= set(range(60, 75))
    assert len(seen) >= 4
