"""Long videos as windows of snippets."""
from __future__ import annotations

import re

import numpy as np
import pytest
from small_videos import FRAMES, VIDEOS, action, dataset, write_annotations

from mmlofi import Fidelity
from mmlofi.datasets import SampleIndex
from mmlofi.datasets.annotations import load_annotations
from mmlofi.datasets.transforms import LoadSnippetFeatures, SampleSnippets
from mmlofi.datasets.windows import SlidingWindows, cut_window, num_valid
from mmlofi.engine.bad_videos_hook import _num_videos

# 100 frames of 0.1 s: 20 snippets, one every 5 frames, of one frame each, in the middle of its 5.
SNIPPETS = dict(type='SampleSnippets', num_snippets=8, snippet_interval=5, clip_len=1,
                frame_interval=1)
IN_WINDOWS = [FRAMES[0], SNIPPETS, *FRAMES[2:]]
CENTRES = list(range(2, 100, 5))


def numbers_of(sample, read_numbers):
    return read_numbers(sample['inputs'].permute(0, 2, 3, 4, 1).flatten(0, 1).numpy())


@pytest.mark.parametrize(('positions', 'starts'), [
    (1, [0]), (8, [0]), (9, [0, 1]), (12, [0, 4]), (13, [0, 4, 5]), (20, [0, 4, 8, 12])])
def test_windows_start_a_stride_apart_and_the_last_ends_with_the_video(positions, starts):
    windows = SlidingWindows(num_snippets=8, stride=4)
    assert windows.starts(positions) == starts
    assert windows.norm(starts[-1], positions)[1] == (1 if positions >= 8 else 8)


def test_every_snippet_is_in_a_window():
    for stride in (1, 3, 8):
        for positions in range(1, 60):
            starts = SlidingWindows(num_snippets=8, stride=stride).starts(positions)
            covered = {first + i for first in starts for i in range(8)}
            assert covered >= set(range(positions))


@pytest.mark.parametrize(('segment', 'starts'), [
    ([2, 6], [0]),                    # inside the first of [0, 8), [4, 12), [8, 16), [12, 20)
    ([4, 8], [0, 4]), ([7, 17], []),  # as long as 1.25 windows
    ([0.8, 8.8], [0]),                # 90 % inside the first, 60 % in the second
    ([3, 11.2], [3]),                 # 88 % inside the second, so that it has its own
    ([1.9, 9.9], [2]), ([13.5, 20], [12]),
    ([5, 5], [])])                    # of no length
def test_a_window_is_for_training_when_it_holds_nine_tenths_of_an_action(segment, starts):
    windows = SlidingWindows(num_snippets=8, stride=4)
    assert windows.training_starts(20, np.array([segment]) / 20) == starts


def test_the_share_that_a_window_has_to_hold_can_be_another():
    windows = SlidingWindows(num_snippets=8, stride=4, min_inside=0.85)
    assert windows.training_starts(20, np.array([[3, 11.2]]) / 20) == [4]


@pytest.mark.parametrize('seed', range(20))
def test_each_action_that_is_not_longer_than_a_window_lies_in_one(seed):
    rng = np.random.default_rng(seed)
    windows = SlidingWindows(num_snippets=int(rng.integers(8, 40)), stride=int(rng.integers(1, 9)))
    positions = int(rng.integers(1, 200))
    segments = np.sort(rng.uniform(0, 1, (10, 2)), axis=1)
    starts = windows.training_starts(positions, segments)
    shares = []
    for begin, end in segments * positions:
        inside = [min(end, first + windows.num_snippets) - max(begin, first) for first in starts]
        shares.append(max([0, *inside]) / (end - begin))
    long = (segments[:, 1] - segments[:, 0]) * positions > windows.num_snippets / 0.9
    too_long = windows.too_long(positions, segments)
    assert too_long.tolist() == [share < 0.9 for share in shares]
    assert not (too_long & ~long & (positions >= windows.num_snippets)).any()
    assert all(0 <= first <= max(0, positions - windows.num_snippets) for first in starts)


def test_of_thumos14_only_actions_longer_than_a_window_are_in_none(reference_data):
    """At 30 frames a second, a snippet every 5; the videos last to a minute after the action."""
    windows, too_long, own = SlidingWindows(num_snippets=256, stride=128), [], 0
    for record in load_annotations(reference_data / 'data/thumos14/thumos_gt.json', 'train'):
        segments = np.array(record.segments_sec).reshape(-1, 2) * 6
        positions = round(segments.max(initial=0)) + 360
        starts = windows.training_starts(positions, segments / positions)
        own += len(set(starts).difference(windows.starts(positions)))
        too_long += segments[windows.too_long(positions, segments / positions)].tolist()
    assert own == 2
    assert len(too_long) == 5
    assert min(end - begin for begin, end in too_long) > 256 / 0.9


def test_a_video_without_actions_has_no_window_to_train_on():
    assert SlidingWindows(num_snippets=8, stride=4).training_starts(20, np.zeros((0, 2))) == []


def test_a_window_repeats_the_last_snippet_after_the_end():
    assert cut_window(np.array([[1, 2, 3]]), 1, 4).tolist() == [[2, 3, 3, 3]]


# ---- frames

def test_without_windows_a_video_has_as_many_snippets_as_fit(folder, read_numbers):
    sample = dataset(folder, pipeline=IN_WINDOWS)[0]
    assert numbers_of(sample, read_numbers) == CENTRES
    assert sample['data_samples'].window_norm == (0, 1)
    assert sample['data_samples'].first_snippet is None


def test_a_test_gives_out_all_windows_of_all_videos(folder, read_numbers):
    videos = dataset(folder, pipeline=IN_WINDOWS, window=dict(stride=4), test_mode=True)
    assert (len(videos), videos.num_videos, _num_videos(videos)) == (8, 2, 2)
    for index in range(8):
        sample, first = videos[index], 4 * (index % 4)
        assert sample['data_samples'].video_name == 'ab'[index // 4]
        assert sample['data_samples'].first_snippet == first
        assert sample['data_samples'].window_norm == (first / 20, (first + 8) / 20)
        assert numbers_of(sample, read_numbers) == CENTRES[first:first + 8]


def test_training_gives_out_those_with_actions_clipped_to_the_window(folder):
    write_annotations(folder, dict(VIDEOS, a=dict(
        subset='training', duration=10, annotations=[action(1, 3), action(3.5, 8, 'jump')])))
    videos = dataset(folder, pipeline=IN_WINDOWS, window=dict(stride=4))
    assert [videos.get_data_info(index)['first_snippet'] for index in range(len(videos))] == [0]
    instances = videos[0]['data_samples'].gt_instances           # the window is [0 s, 4 s]
    np.testing.assert_allclose(instances.segments, [[0.25, 0.75], [0.875, 1]], atol=1e-6)
    assert instances.labels.tolist() == [1, 0]
    more = dataset(folder, pipeline=IN_WINDOWS, window=dict(stride=4, min_inside=0.5))
    assert [more.get_data_info(index)['first_snippet'] for index in range(len(more))] == [0, 4, 8]


def test_fewer_snippets_cover_the_same_window(folder, read_numbers):
    videos = dataset(folder, pipeline=IN_WINDOWS, window=dict(stride=4), test_mode=True)
    sample = videos[SampleIndex(1, Fidelity('T', temporal=4))]
    assert numbers_of(sample, read_numbers) == [30, 50]     # middles of [20, 40) and [40, 60)
    assert sample['data_samples'].window_norm == (0.2, 0.6)
    small = videos[SampleIndex(1, Fidelity('S', spatial=2))]
    assert small['inputs'].shape == (8, 3, 1, 32, 40)


def test_jitter_stays_in_the_window(folder, read_numbers):
    pipeline = [FRAMES[0], dict(SNIPPETS, placement='jitter'), *FRAMES[2:]]
    videos = dataset(folder, pipeline=pipeline, window=dict(stride=4), test_mode=True)
    for seed in range(5):
        numbers = numbers_of(videos[SampleIndex(3, seed=seed)], read_numbers)
        # a frame is at the place that is drawn, or one before it
        assert all(60 + 5 * i - 1 <= number < 65 + 5 * i for i, number in enumerate(numbers))


def test_a_video_shorter_than_a_window_repeats_its_last_snippet(folder, read_numbers):
    pipeline = [FRAMES[0], dict(SNIPPETS, num_snippets=32), *FRAMES[2:]]
    videos = dataset(folder, pipeline=pipeline, window=dict(stride=16))
    assert len(videos) == 1
    sample = videos[0]
    assert numbers_of(sample, read_numbers) == CENTRES + 12 * CENTRES[-1:]
    assert sample['data_samples'].window_norm == (0, 1.6)
    np.testing.assert_allclose(sample['data_samples'].gt_instances.segments,
                               [[0.2 / 1.6, 0.5 / 1.6]], atol=1e-6)


def test_a_bad_video_is_not_replaced_by_another_window_of_it(folder):
    write_annotations(folder, {name: dict(VIDEOS['a'], annotations=[
        action(1, 2), action(4, 5), action(7, 8)]) for name in 'ab'})
    videos = dataset(folder, pipeline=IN_WINDOWS, window=dict(stride=4))
    assert len(videos) == 8
    (folder / 'videos' / 'a.mp4').write_text('no video')
    for seed in range(6):
        sample = videos[SampleIndex(1, seed=seed)]['data_samples']
        assert sample.video_name == 'b'
        assert [name for name, _ in sample.replaced] == ['a']
    (folder / 'videos' / 'b.mp4').write_text('no video')
    with pytest.raises(ValueError, match=r"so did, before it, \['.'\]"):
        videos[1]


# ---- errors

def test_a_stride_that_leaves_gaps_and_other_nonsense_is_refused():
    for settings, message in ((dict(stride=9), 'stride=9 for windows of 8 .* leave no gap'),
                              (dict(stride=0), 'stride=0'),
                              (dict(stride=2.5), 'stride=2.5; expected a whole number'),
                              (dict(stride=4, min_inside=0), 'min_inside=0; expected a finite'),
                              (dict(num_snippets=4, stride=4), r'expected dict\(stride=…\)'),
                              ({}, 'expected dict')):
        with pytest.raises(ValueError, match=message):
            SlidingWindows.of_pipeline(settings, [LoadSnippetFeatures(num_snippets=8)])


def test_snippets_that_are_not_equally_far_apart_cannot_be_cut(folder):
    with pytest.raises(ValueError, match='equally far apart .* snippet_interval=5'):
        dataset(folder, window=dict(stride=4))
    with pytest.raises(ValueError, match=r'equally far apart .* LoadSnippetFeatures\('):
        SlidingWindows.of_pipeline(dict(stride=4), [LoadSnippetFeatures(num_snippets=None)])
    with pytest.raises(ValueError, match="placement='window' and a snippet_interval"):
        SampleSnippets(snippet_interval=5, placement='window')
    with pytest.raises(ValueError, match='snippet_interval=0; expected a whole number'):
        SampleSnippets(snippet_interval=0)


def test_actions_that_are_too_long_are_counted_before_training(folder, monkeypatch):
    write_annotations(folder, dict(VIDEOS, a=dict(VIDEOS['a'], annotations=[
        action(1, 3), action(2, 9.5, 'jump')])))
    said = []
    monkeypatch.setattr('mmlofi.datasets.untrimmed.print_log', lambda text, *_, **__:
                        said.append(text))
    dataset(folder, pipeline=IN_WINDOWS, window=dict(stride=4), test_mode=True)
    assert 'fit no window' not in ' '.join(said)
    dataset(folder, pipeline=IN_WINDOWS, window=dict(stride=4))
    assert re.match(r"1 of 2 actions of 'training' fit no window, .* 0\.9 of them: a \[2, 9\.5\];",
                    said[-1])


def test_windows_that_hold_no_action_are_refused(folder):
    write_annotations(folder, dict(VIDEOS, a=dict(VIDEOS['a'], annotations=[action(0, 10)])))
    with pytest.raises(ValueError, match=r"none of the 8 windows of subset 'training' holds 0\.9"):
        dataset(folder, pipeline=IN_WINDOWS, window=dict(stride=4))


@pytest.mark.parametrize(('first', 'length', 'valid'), [
    (0, 8, None), (12, 8, None), (15, 8, 5), (15, 4, 2), (17, 4, 1), (19, 8, 1), (19, 1, 1)])
def test_a_window_past_the_end_says_how_many_of_its_positions_are_the_video_s(
        first, length, valid):
    assert num_valid(first, 8, 20, length) == valid
    if valid is not None:
        middles = first + (np.arange(length) + 0.5) * 8 / length
        assert valid == max(1, int((middles < 20).sum()))


def test_frames_of_a_window_past_the_end_say_it_too():
    sample = SampleSnippets(num_snippets=8, snippet_interval=5)
    short = dict(total_frames=23, duration_sec=2.3, first_snippet=0)
    assert sample(dict(short))['num_valid'] == 5
    reduced = sample(dict(short, fidelity=Fidelity('T', temporal=2)))
    assert (reduced['num_clips'], reduced['num_valid']) == (4, 2)
    assert sample(dict(short, total_frames=40))['num_valid'] is None
    assert 'num_valid' not in sample(dict(total_frames=23, duration_sec=2.3))
