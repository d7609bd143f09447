"""SampleSnippets(placement='contiguous'): a run of frames, cut into clips."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi import Fidelity
from mmlofi.datasets.transforms import SampleSnippets
from mmlofi.randomness import seeded

T = Fidelity('T', temporal=4)
WINDOW = dict(num_snippets=48, clip_len=16, frame_interval=4, placement='contiguous')
TRUNCATION = dict(trunc_thresh=0.75, crop_ratio=(0.9, 1.0))


def sampled(total_frames, *, fidelity=None, test_mode=False, segments=(), **settings):
    """Results of a video of 30 frames a second."""
    more = {name: settings.pop(name) for name in (
        'first_snippet', 'min_snippets', 'frame_times_sec') if name in settings}
    results = dict(total_frames=total_frames, test_mode=test_mode, duration_sec=total_frames / 30,
                   segments_sec=np.array(segments, np.float64).reshape(-1, 2),
                   gt_labels=np.arange(len(segments)), **more)
    if fidelity is not None:
        results['fidelity'] = fidelity
    return SampleSnippets(**settings)(results)


@pytest.fixture(scope='module')
def arrays(reference_data):
    return np.load(reference_data / 'reference' / 'rivals' / 'adatad.npz')


def test_frames_of_whole_videos_are_those_of_adatad(arrays):
    indices, seen = arrays['frames.index'], 0
    for total, length, per_position, count, start, end in arrays['frames.spec']:
        count = int(count)
        results = sampled(int(total), num_snippets=count, clip_len=1, placement='contiguous')
        np.testing.assert_array_equal(results['frame_inds'], indices[seen:seen + count])
        assert count == length * per_position
        on_grid = np.array([1.0, 2.5]) * 30 / total * length        # share of the video, times L
        np.testing.assert_allclose(on_grid, (start, end), rtol=1e-6)
        seen += count
    assert seen == len(indices)


def test_clips_only_cut_the_run_of_frames():
    whole = sampled(1500, num_snippets=768, clip_len=1, placement='contiguous')['frame_inds']
    results = sampled(1500, num_snippets=48, clip_len=16, placement='contiguous')
    np.testing.assert_array_equal(results['frame_inds'], whole)
    assert (results['num_clips'], results['clip_len']) == (48, 16)
    assert results['window_norm'] == (0, 1)
    assert results['valid_share'] is None


def test_snippets_centred_on_a_frame_are_those_of_opentad(arrays):
    indices, seen = arrays['snippets.index'], 0
    for total, clip_len, count, interval in arrays['snippets.spec'].tolist():
        results = sampled(total, num_snippets=count, clip_len=clip_len, frame_interval=interval,
                          centred_on_frame=True)
        np.testing.assert_array_equal(results['frame_inds'],
                                      indices[seen:seen + count * clip_len])
        seen += count * clip_len
    assert seen == len(indices)


def test_a_windows_frames_are_an_interval_apart_from_the_middle_of_the_first_part():
    results = sampled(9000, first_snippet=10, **WINDOW)
    np.testing.assert_array_equal(results['frame_inds'], 640 + 2 + 4 * np.arange(768))
    assert results['window_norm'] == (640 / 9000, (640 + 3072) / 9000)
    assert results['valid_share'] is None


@pytest.mark.parametrize('temporal', [2, 4, 3, 2**0.5])
def test_fewer_frames_span_the_same_window_with_neighbours_equally_far(temporal):
    fidelity = Fidelity('T', temporal=temporal)
    full, reduced = (sampled(9000, first_snippet=10, fidelity=one, **WINDOW)
                     for one in (None, fidelity))
    clips = fidelity.reduce_snippets(48)
    assert reduced['num_clips'] == clips
    assert reduced['window_norm'] == full['window_norm']
    steps = np.diff(reduced['frame_inds'].reshape(clips, 16).reshape(-1))
    exact = 3072 / (clips * 16)
    assert steps.min() >= np.floor(exact)
    assert steps.max() <= np.ceil(exact)
    assert abs(reduced['frame_inds'].mean() - full['frame_inds'].mean()) < 1


def test_after_the_end_the_last_frame_is_repeated_and_does_not_count():
    results = sampled(1001, first_snippet=0, **WINDOW)
    np.testing.assert_array_equal(results['frame_inds'][:251],
                                  np.minimum(2 + 4 * np.arange(251), 1000))
    assert set(results['frame_inds'][251:]) == {1000}
    assert results['valid_share'] == 251 / 768
    assert results['window_norm'] == (0, 3072 / 1001)


def test_without_windows_a_video_has_all_the_clips_that_reach_it():
    results = sampled(1001, test_mode=True, truncation=TRUNCATION, **WINDOW)
    assert results['num_clips'] == 16
    assert results['window_norm'] == (0, 1024 / 1001)
    assert results['valid_share'] == 251 / 256
    filled = sampled(1001, test_mode=True, min_snippets=48, **WINDOW)
    window = sampled(1001, first_snippet=0, **WINDOW)
    for key in ('num_clips', 'window_norm', 'valid_share'):
        assert filled[key] == window[key]
    np.testing.assert_array_equal(filled['frame_inds'], window['frame_inds'])


def test_the_grid_tells_the_dataset_how_many_clips_there_are_and_what_they_span():
    sampler = SampleSnippets(**WINDOW)
    assert sampler.grid(dict(total_frames=1001, duration_sec=1001 / 30)) == (
        16, pytest.approx(1024 / 30), 0)
    assert (sampler.snippet_interval, sampler.frame_interval) == (64, 4)


def test_frames_of_a_variable_rate_are_those_shown_at_the_time():
    starts = np.concatenate([np.arange(50), 50 + 4 * np.arange(50)]) / 30      # then 4 times slower
    whole = dict(num_snippets=25, clip_len=1, placement='contiguous')
    results = SampleSnippets(**whole)(dict(
        total_frames=100, duration_sec=250 / 30, frame_times_sec=starts))
    shown = [int(np.searchsorted(starts, (k + 0.5) * 10 / 30, 'right')) - 1 for k in range(25)]
    assert (np.abs(results['frame_inds'] - shown) <= 1).all()
    even = SampleSnippets(**whole)(dict(
        total_frames=100, duration_sec=10 / 3, frame_times_sec=np.arange(100) / 30))
    np.testing.assert_array_equal(even['frame_inds'], sampled(100, **whole)['frame_inds'])


def test_a_drawn_window_holds_enough_of_an_action_and_starts_at_any_position():
    segments, firsts = [[100.0, 104.0], [200.0, 210.0]], set()
    with seeded(0):
        for _ in range(60):
            results = sampled(9000, segments=segments, truncation=TRUNCATION, **WINDOW)
            first = results['window_norm'][0] * 9000 / 4
            assert first == pytest.approx(round(first))
            start, end = (norm * 300 for norm in results['window_norm'])
            np.testing.assert_array_equal(results['frame_inds'],
                                          4 * round(first) + 2 + 4 * np.arange(768))
            assert len(results['gt_labels']) >= 1
            for label in (0, 1):
                whole = segments[label]
                left = np.clip(whole, start, end)
                held = left[1] - left[0] >= 0.75 * (whole[1] - whole[0])
                assert (label in results['gt_labels']) == held
                if held:
                    kept = results['segments_sec'][results['gt_labels'].tolist().index(label)]
                    np.testing.assert_allclose(kept, left, atol=1e-9)
            firsts.add(round(first))
    assert len(firsts) > 50
    assert any(first % 16 for first in firsts)


def test_a_shorter_video_loses_up_to_a_tenth_which_is_filled_up_with_its_last_frame():
    lengths = set()
    with seeded(0):
        for _ in range(300):
            results = sampled(1000, segments=[[5.0, 20.0]], truncation=TRUNCATION, **WINDOW)
            assert results['num_clips'] == 48
            valid = round(results['valid_share'] * 768)
            first = round(results['window_norm'][0] * 250)
            own = results['frame_inds'][:valid]
            np.testing.assert_array_equal(own, 4 * first + 2 + 4 * np.arange(valid))
            assert set(results['frame_inds'][valid:]) == {4 * (first + valid) - 1}
            lengths.add(valid)
    assert lengths == set(range(225, 251))


def test_windows_that_the_dataset_cut_are_not_drawn_again():
    results = sampled(9000, first_snippet=3, truncation=TRUNCATION, **WINDOW)
    assert results['frame_inds'][0] == 3 * 64 + 2


def test_frame_numbers_are_always_inside_the_video():
    for total in (1, 2, 7, 57, 300, 3073):
        for fidelity in (None, T):
            for first in (None, 0):
                results = sampled(total, first_snippet=first, fidelity=fidelity, test_mode=True,
                                  **WINDOW)
                assert results['frame_inds'].min() >= 0
                assert results['frame_inds'].max() < total
                assert (np.diff(results['frame_inds']) >= 0).all()


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(WINDOW, snippet_interval=64), 'set frame_interval for windows'),
    (dict(WINDOW, centred_on_frame=True), 'expected neither'),
    (dict(WINDOW, frame_interval=None, truncation=TRUNCATION), 'is the whole video'),
    (dict(WINDOW, truncation=dict(thresh=0.7)), 'expected dict'),
    (dict(WINDOW, truncation=dict(trunc_thresh=7)), 'trunc_thresh=7'),
    (dict(WINDOW, truncation=dict(TRUNCATION, crop_ratio=(1, 0.9))), 'crop_ratio'),
    (dict(placement='even', truncation=TRUNCATION), "expected 'contiguous'")])
def test_settings_that_go_not_together_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SampleSnippets(**settings)
