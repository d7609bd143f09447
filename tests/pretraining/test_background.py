"""Background segments: gaps between actions, by the right rule and by the authors'."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets import load_annotations
from mmlofi.pretraining import ClipInSegment, background_segments
from mmlofi.procedural.benchmark import Benchmark, untrimmed_videos

ACTIONS = [(10, 40), (15, 20), (60, 62)]      # the second lies in the first


def background(actions=ACTIONS, duration=100, shortest=5, **options):
    found = background_segments(actions, duration, shortest_gap_sec=shortest, **options)
    return [tuple(gap) for gap in found]


def test_gaps_before_between_and_after_actions_are_background():
    assert background() == [(0, 10), (40, 60), (62, 100)]


def test_the_order_of_actions_does_not_matter():
    assert background(ACTIONS[::-1]) == background()


def test_a_gap_shorter_than_the_shortest_is_none():
    assert background(shortest=20) == [(40, 60), (62, 100)]
    assert background(shortest=20.001) == [(62, 100)]


def test_a_video_without_actions_is_background_as_a_whole():
    assert background([]) == [(0, 100)]
    assert background([], duration=4) == []


def test_an_action_that_ends_after_the_video_leaves_nothing():
    assert background([(0, 100.3)]) == []


def test_the_authors_rule_takes_parts_of_an_action_for_background():
    assert background(merge_overlaps=False) == [(0, 10), (20, 60), (62, 100)]


def test_segments_that_do_not_count_are_no_background_but_by_the_authors_tables():
    ignored = [(45, 50), (99, 100)]
    assert background(ignored_sec=ignored) == [(0, 10), (40, 45), (50, 60), (62, 99)]
    assert background(ignored_sec=ignored, merge_overlaps=False) == background(merge_overlaps=False)


def test_a_rule_that_is_neither_is_refused():
    with pytest.raises(ValueError, match="got merge_overlaps='no'; expected True, or False"):
        background(merge_overlaps='no')


def test_a_shortest_gap_of_nothing_is_refused():
    with pytest.raises(ValueError, match='shortest_gap_sec=0; expected a finite number, above 0'):
        background(shortest=0)


@pytest.mark.parametrize('name', ['activitynet', 'thumos14'])
def test_the_rows_are_those_of_the_authors_tables(tsp_rows, name):
    shortest = tsp_rows[name]['shortest_gap']
    for video in tsp_rows[name]['videos']:
        rows = background_segments(video['actions'], video['duration'], shortest_gap_sec=shortest,
                                   merge_overlaps=False)
        assert rows == pytest.approx(np.reshape(video['no_action'], (-1, 2)), abs=1e-6)


def test_where_actions_are_nested_the_right_rule_gives_other_rows(tsp_rows):
    differ = 0
    for video in tsp_rows['activitynet']['videos']:
        rows = background_segments(video['actions'], video['duration'],
                                   shortest_gap_sec=tsp_rows['activitynet']['shortest_gap'])
        differ += rows.tolist() != video['no_action']
        assert not overlaps(rows, video['actions'])
    assert differ == 4


def overlaps(gaps, actions):
    """Whether some gap and some action share time."""
    gaps, actions = np.reshape(gaps, (-1, 1, 2)), np.reshape(actions, (1, -1, 2))
    shared = np.minimum(gaps, actions)[..., 1] - np.maximum(gaps, actions)[..., 0]
    return (shared > 1e-9).any()


@pytest.mark.parametrize(('subset', 'wrong'), [('training', 55), ('validation', 26)])
def test_of_activitynet_no_background_lies_in_an_action(reference_data, subset, wrong):
    """The authors' rule has some in so many of the videos that the reference data have; of all, in
    about 56 and 31."""
    path = str(reference_data / 'data/activitynet/activity_net.v1-3.json')
    in_actions = 0
    for video in load_annotations(path, subset):
        rows = [background_segments(video.segments_sec, video.duration_sec,
                                    shortest_gap_sec=80 / 15, merge_overlaps=merge)
                for merge in (True, False)]
        assert not overlaps(rows[0], video.segments_sec)
        in_actions += overlaps(rows[1], video.segments_sec)
    assert in_actions == wrong


def test_the_procedural_benchmark_has_462_segments():
    """By which the toy config's epochs are counted."""
    sampler, rows = ClipInSegment(clip_len=4, fps=5), 0
    for video in untrimmed_videos(Benchmark(val_videos=0)):
        segments = np.array([segment for segment, _ in video.actions()])
        rows += sampler.fit(segments).sum() + len(background_segments(
            segments, video.trajectory().duration_sec, shortest_gap_sec=1.5))
    assert rows == 462
