"""SampleSnippets: which frames, at which times."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi import Fidelity
from mmlofi.datasets.transforms import SampleSnippets

T = Fidelity('T', temporal=4)


def sampled(total_frames, *, fidelity=None, test_mode=False, frame_times_sec=None,
            duration_sec=None, **settings):
    """Results, with the frame numbers as (L, T)."""
    results = dict(total_frames=total_frames, test_mode=test_mode, duration_sec=duration_sec,
                   frame_times_sec=frame_times_sec)
    if fidelity is not None:
        results['fidelity'] = fidelity
    results = SampleSnippets(**settings)(results)
    results['frame_inds'] = results['frame_inds'].reshape(results['num_clips'], -1)
    return results


def test_the_papers_values_are_the_defaults():
    results = sampled(10_000)
    assert results['frame_inds'].shape == (100, 8)
    assert set(np.diff(results['frame_inds']).reshape(-1)) == {8}
    assert (results['clip_len'], results['frame_interval'], results['num_clips']) == (8, 8, 100)


@pytest.mark.parametrize('fidelity', [Fidelity(), T])
def test_even_snippets_are_centred_in_their_cells(fidelity):
    frames = sampled(1000, fidelity=fidelity, num_snippets=20, clip_len=5, frame_interval=2)
    L = len(frames['frame_inds'])
    cell = 1000 / L
    np.testing.assert_array_equal(frames['frame_inds'][:, 2], (np.arange(L) + 0.5) * cell)
    np.testing.assert_array_equal(frames['frame_inds'] - frames['frame_inds'][:, 2:3],
                                  np.tile([-4, -2, 0, 2, 4], (L, 1)))


def test_an_even_number_of_frames_lies_half_on_each_side_of_the_centre():
    frames = sampled(100, num_snippets=1, clip_len=4, frame_interval=1)['frame_inds']
    assert frames.tolist() == [[48, 49, 50, 51]]


def test_fewer_snippets_still_cover_the_whole_video():
    full, reduced = (sampled(800, fidelity=fidelity, num_snippets=8, clip_len=1)
                     for fidelity in (Fidelity(), T))
    assert full['frame_inds'][:, 0].tolist() == [50, 150, 250, 350, 450, 550, 650, 750]
    assert reduced['frame_inds'][:, 0].tolist() == [200, 600]
    assert full['window_norm'] == reduced['window_norm'] == (0, 1)


def test_jittered_snippets_stay_in_their_cells_and_differ():
    np.random.seed(0)
    draws = np.array([sampled(1000, num_snippets=10, clip_len=1, placement='jitter')
                      ['frame_inds'][:, 0] for _ in range(50)])
    np.testing.assert_array_equal(draws // 100, np.tile(np.arange(10), (50, 1)))
    assert (np.ptp(draws, axis=0) > 50).all()


def test_a_window_is_one_run_of_the_full_fidelity_snippets():
    full = sampled(1000, num_snippets=20, clip_len=3)['frame_inds'].tolist()
    np.random.seed(0)
    firsts = set()
    for _ in range(100):
        results = sampled(1000, fidelity=T, num_snippets=20, clip_len=3, placement='window')
        start, end = results['window_norm']
        first = round(start * 20)
        assert results['frame_inds'].tolist() == full[first:first + 5]
        assert end - start == pytest.approx(1 / 4)
        firsts.add(first)
    assert firsts == set(range(16))


def test_in_testing_the_window_is_the_middle_one():
    results = sampled(1000, fidelity=T, num_snippets=20, placement='window', test_mode=True)
    assert results['window_norm'] == (7 / 20, 12 / 20)


def test_a_window_at_full_snippets_is_the_whole_video():
    results = sampled(1000, fidelity=Fidelity('S', spatial=2), num_snippets=20, placement='window')
    assert results['window_norm'] == (0, 1)


def test_a_video_shorter_than_a_snippet_repeats_its_first_and_last_frame():
    frames = sampled(10, num_snippets=1, clip_len=8, frame_interval=8)['frame_inds']
    assert frames.tolist() == [[0, 0, 0, 1, 9, 9, 9, 9]]


def test_fewer_frames_than_snippets_repeat_frames_in_order():
    frames = sampled(3, num_snippets=6, clip_len=1)['frame_inds'][:, 0]
    assert frames.tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize('placement', ['even', 'jitter', 'window'])
def test_a_single_frame_serves_every_snippet(placement):
    frames = sampled(1, fidelity=T, num_snippets=8, placement=placement)['frame_inds']
    assert frames.shape == (2, 8)
    assert not frames.any()


def test_frame_numbers_are_always_inside_the_video():
    np.random.seed(0)
    for total_frames in (1, 2, 7, 57, 300):
        for placement in ('even', 'jitter', 'window'):
            frames = sampled(total_frames, fidelity=T, placement=placement)['frame_inds']
            assert frames.min() >= 0
            assert frames.max() < total_frames


def test_at_a_variable_frame_rate_the_frame_shown_at_that_time_is_taken():
    starts = np.array([0.0, 1.0, 2.0, 3.0, 8.0])   # the last but one is shown for 5 s of 10
    frames = sampled(5, num_snippets=10, clip_len=1, frame_times_sec=starts, duration_sec=10.0)
    assert frames['frame_inds'][:, 0].tolist() == [0, 1, 2, 3, 3, 3, 3, 3, 4, 4]


def test_even_frame_times_choose_as_a_constant_rate_does():
    constant = sampled(50, num_snippets=7, clip_len=4, frame_interval=2)
    timed = sampled(50, num_snippets=7, clip_len=4, frame_interval=2,
                    frame_times_sec=np.arange(50) / 25, duration_sec=2.0)
    np.testing.assert_array_equal(constant['frame_inds'], timed['frame_inds'])


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(num_snippets=0), 'num_snippets=0; expected a whole number'),
    (dict(clip_len=2.5), 'clip_len=2.5'),
    (dict(frame_interval=-1), 'frame_interval=-1'),
    (dict(placement='random'), "placement='random'; expected one of .*even")])
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SampleSnippets(**settings)
