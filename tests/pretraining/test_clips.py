"""Clips inside segments: those of the authors' program, and what it does not know."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.pretraining import ClipInSegment
from mmlofi.pretraining.background import MISSING_LABEL, REGIONS
from mmlofi.pretraining.clips import frame_offsets
from mmlofi.pretraining.dataset import clip_items, long_enough, segment_row

CLIP = ClipInSegment(clip_len=4, fps=2)     # of two seconds


def clip(segment, *, total=100, fps=10, **results):
    return CLIP.transform(dict(segment_sec=segment, total_frames=total, avg_fps=fps) | results)[
        'frame_inds'].tolist()


@pytest.fixture
def authors_items(tsp_settings):
    """All clips of the authors' rows, in their order; `spread` as in validation."""
    sampler = ClipInSegment()
    rows = []
    for row in tsp_settings['rows']:
        label = row['action-label']
        rows.append(segment_row(
            (row['t-start'], row['t-end']), row['video-duration'], filename=row['filename'],
            fps=row['fps'], region_label=REGIONS.index(row['temporal-region-label']),
            label=MISSING_LABEL if label is None else tsp_settings['labels'].index(label)))

    def make(spread):
        return clip_items(long_enough(rows, sampler), sampler, spread=spread)
    return make


def test_rows_shorter_than_a_clip_are_left_out_as_by_the_authors(authors_items, tsp_settings,
                                                                 tsp_arrays):
    kept = authors_items(spread=True)[:tsp_settings['kept']]
    assert [row['filename'] for row in kept] == tsp_settings['kept_filenames']
    starts, ends = zip(*(row['segment_sec'] for row in kept))
    assert np.array_equal(starts, tsp_arrays['kept_t_start'])
    assert np.array_equal(ends, tsp_arrays['kept_t_end'])


@pytest.mark.parametrize('name', ['uniform', 'jitter'])
def test_clips_are_those_of_the_authors(authors_items, tsp_settings, tsp_arrays, name):
    """Row, start, end, class, region and frames."""
    items, sampler, state = authors_items(spread=name == 'uniform'), ClipInSegment(), \
        np.random.get_state()
    np.random.seed(tsp_settings['jitter_seed'])     # one draw an item, in their order
    starts = np.array([sampler.start_sec(item) for item in items])
    np.random.seed(tsp_settings['jitter_seed'])
    frames = [sampler.transform(dict(item, avg_fps=item['fps'], total_frames=10**6))['frame_inds']
              for item in items]
    np.random.set_state(state)
    row, start, end, label, region, whole = tsp_arrays[name].T
    assert np.array_equal(frames, tsp_arrays[f'{name}_frames'])
    assert np.array_equal(starts, start)
    assert np.array_equal(starts + sampler.clip_sec, end)
    assert np.array_equal(np.arange(len(items)) % tsp_settings['kept'], row)
    assert np.array_equal([item['label'] for item in items], label)
    assert np.array_equal([item['region_label'] for item in items], region)
    assert whole.all()


@pytest.mark.parametrize('fps', [30.0, 25.0, 24.0, 29.97, 60.0, 15.0, 12.5])
def test_frames_of_a_clip_are_as_far_apart_as_the_authors(tsp_arrays, fps):
    offsets = tsp_arrays[f'resample_{fps}']
    expected = offsets if len(offsets) > 1 else np.arange(16) * offsets
    assert np.array_equal(frame_offsets(16, fps / 15), expected)


def test_a_clip_lies_at_its_place_of_the_room_that_the_segment_leaves():
    assert clip((1, 5), clip_place=0.0) == [10, 15, 20, 25]
    assert clip((1, 5), clip_place=0.5) == [20, 25, 30, 35]
    assert clip((1, 5), clip_place=1.0) == [30, 35, 40, 45]


def test_in_training_it_lies_anywhere_inside():
    np.random.seed(0)
    found = np.array([clip((1, 5)) for _ in range(200)])
    assert (found >= 10).all()
    assert (found < 50).all()
    assert len(np.unique(found[:, 0])) > 15


def test_a_file_that_ends_before_the_segment_does_moves_the_clip_forward():
    assert clip((1, 5), total=40, duration_sec=4.0, clip_place=1.0) == [20, 25, 30, 35]


def test_a_file_that_ends_within_the_clip_repeats_its_last_frame():
    assert clip((1, 5), total=20, duration_sec=2.0, clip_place=1.0) == [10, 15, 19, 19]


def test_at_a_variable_frame_rate_the_frames_shown_at_the_clip_s_times_are_taken():
    times = np.append(np.arange(20) / 10, 2 + np.arange(80) / 40)     # 10, then 40 a second
    assert clip((1, 5), frame_times_sec=times, clip_place=0.0) == [10, 15, 20, 40]


def test_any_frame_rate_gives_clips_of_the_same_length():
    assert ClipInSegment(clip_len=8, fps=3.75).clip_sec == pytest.approx(64 / 30)
    snippet = ClipInSegment(clip_len=8, fps=3.75).transform(dict(
        segment_sec=(0, 9), clip_place=0.0, avg_fps=30, total_frames=300))
    assert snippet['frame_inds'].tolist() == list(range(0, 64, 8))


@pytest.mark.parametrize('settings', [dict(clip_len=0), dict(fps=0), dict(clips_per_segment=0.5)])
def test_what_makes_no_clip_is_refused(settings):
    with pytest.raises(ValueError, match=f'ClipInSegment got {next(iter(settings))}='):
        ClipInSegment(**settings)
