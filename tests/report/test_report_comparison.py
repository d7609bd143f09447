"""What is found, won and lost, and which videos are shown, by cases worked out by hand."""
from __future__ import annotations

import numpy as np
import pytest
from page_examples import FIRST, SECOND, TRUTH, UGLY, detections, record

from mmlofi.evaluation.ranking import rank_videos
from mmlofi.report.analysis import analyse
from mmlofi.report.comparison import compare
from mmlofi.report.gallery import best_and_worst, fate, make_gallery, most_changed
from mmlofi.report.tables import class_rows, summary


@pytest.fixture(scope='module')
def analyses():
    return [analyse('A', TRUTH, FIRST), analyse('B', TRUTH, SECOND)]


def test_actions_of_one_set_alone_are_won_and_lost(analyses):
    comparison = compare(*analyses)
    # In the order of the records: both, both, gains, gains, loses, loses, stays.
    assert analyses[0].found.tolist() == [True, True, False, False, True, True, True]
    assert comparison.won.tolist() == [False, False, True, True, False, False, False]
    assert comparison.lost.tolist() == [False, False, False, False, True, True, False]
    assert [fate(analyses, comparison, place) for place in (0, 2, 4)] == ['found', 'won', 'lost']
    assert [fate(analyses[:1], None, place) for place in (0, 2)] == ['found', 'missed']
    won, lost = comparison.by_video(5)
    assert (won.tolist(), lost.tolist()) == ([0, 2, 0, 0, 0], [0, 0, 2, 0, 0])


def test_classes_have_their_actions_ap_and_changes(analyses):
    rows = {row['name']: row for row in class_rows(analyses)}
    assert {name: (row['actions'], row['found'], row['won'], row['lost'])
            for name, row in rows.items()} == {
        'jump': (4, [2, 4], 2, 0), 'run': (2, [2, 1], 0, 1), UGLY: (1, [1, 0], 0, 1)}
    assert rows['jump']['average'] == [0.5, 1]     # 2 of 4, and what is wrong comes last
    assert rows['run']['difference'] == -0.5
    assert [row['name'] for row in class_rows(analyses)] == [UGLY, 'run', 'jump']


def test_the_tiou_decides_what_is_found():
    truth = [record('v', (0, 10, 'jump'))]
    found = detections(dict(v=[(0, 6, 'jump', 0.9)]))
    assert analyse('A', truth, found, match_tiou=0.6).found.tolist() == [True]
    assert analyse('A', truth, found, match_tiou=0.65).found.tolist() == [False]


def test_a_guess_after_a_hundred_wrong_ones_finds_nothing():
    truth = [record('v', (0, 10, 'jump'))]
    wrong = [(50, 60, 'jump', 0.9)] * 100
    assert analyse('A', truth, detections(dict(v=[*wrong, (0, 10, 'jump', 0.1)]))).found.tolist() \
        == [False]


def test_figures_at_the_top_are_those_of_the_scores(analyses):
    rows = {row['name']: row['values'] for row in summary(analyses)}
    assert rows['average mAP'] == pytest.approx([(0.5 + 1 + 1) / 3, (1 + 0.5 + 0) / 3])
    assert rows['mAP@0.50'] == rows['mAP@0.95'] == pytest.approx(rows['average mAP'])
    assert rows['missed'] == pytest.approx([2 / 7, 2 / 7])
    assert summary([analyse('A', TRUTH, FIRST, 0.5)])[1]['name'] == 'mAP@0.50'


def test_videos_are_scored_as_the_ranking_scores_them(analyses):
    expected = {one.name: score for score, one in rank_videos(TRUTH, SECOND)}
    found = dict(zip([one.name for one in TRUTH], analyses[1].video_mAP))
    assert np.isnan(found.pop('empty'))
    assert found == expected == dict(both=1, gains=1, loses=0, stays=1)


def test_no_video_is_both_among_the_best_and_the_worst():
    score = np.array([0.5, np.nan, 1.0, 0.0, 0.2])
    best, worst = best_and_worst(score, 5)
    assert (best.tolist(), worst.tolist()) == ([2, 0], [3, 4])
    best, worst = best_and_worst(score, 1)
    assert (best.tolist(), worst.tolist()) == ([2], [3])


def test_most_won_comes_first_and_what_stays_is_left_out(analyses):
    first, second = (one.video_mAP for one in analyses)
    won, lost = most_changed(compare(*analyses), first, second, 5)
    assert [TRUTH[place].name for place in won] == ['gains']
    assert [TRUTH[place].name for place in lost] == ['loses']
    groups = make_gallery(TRUTH, analyses, num_videos=2, top_k=3, colours={})
    assert {one.title: [line.name for line in one.timelines] for one in groups} == dict(
        Won=['gains'], Lost=['loses'], Best=['both', 'gains'], Worst=['loses', 'stays'])


def test_equal_wins_and_losses_are_ordered_by_map(analyses):
    comparison = compare(analyses[0], analyses[0])      # nothing won, nothing lost
    before, after = np.array([0.5, 0.5, 0.5, np.nan]), np.array([0.6, 0.9, 0.4, np.nan])
    won, lost = most_changed(comparison, before, after, 5)
    assert (won.tolist(), lost.tolist()) == ([1, 0], [2])
