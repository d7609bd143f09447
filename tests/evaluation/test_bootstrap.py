"""Resampled scores equal those of data in which videos really stand several times."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hand_made import detected, truth

from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.bootstrap import Resampler, _draw, _Matches
from mmlofi.evaluation.detection_map import detection_map

TIOUS = (0.3, 0.5, 0.7)


def random_case(seed, *, quality=4.0, ignored=True):
    """Ten videos of three classes with detections around their actions, and some elsewhere."""
    rng = np.random.default_rng(seed)
    records, found = [], {}
    for place in range(10):
        actions = [(start, start + 8, 'abc'[rng.integers(3)]) for start in (5.0, 30.0, 60.0)]
        records += truth(**{f'v{place}': actions[:place % 4]})
        found[f'v{place}'] = [
            (start + shift, start + 8 + shift, label, rng.random())
            for start, _, label in actions for shift in rng.normal(0, quality, 3)]
    if ignored:
        records[3] = dataclasses.replace(records[3], ignored_sec=((50.0, 70.0),))
        found['elsewhere'] = [(1.0, 2.0, 'a', 0.8), (3.0, 4.0, 'b', 0.2)]
    return records, detected(**found)


def repeat(records, detections, weights):
    """The same with each video as often as its weight says, under names of their own."""
    several = [dataclasses.replace(record, name=f'{record.name}#{copy}')
               for record, weight in zip(records, weights) for copy in range(weight)]
    weight_of = dict(zip((record.name for record in records), weights))
    videos = []
    for place, name in enumerate(detections.video_names):
        own = detections.video == place
        copies = [name] if name not in weight_of else [
            f'{name}#{copy}' for copy in range(weight_of[name])]
        videos += [(copy, detections.segments_sec[own], detections.scores[own],
                    detections.label[own]) for copy in copies]
    return several, Detections.from_videos(videos, detections.classes)


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('seed', range(6))
def test_a_weight_is_a_video_that_stands_there_so_often(seed):
    records, detections = random_case(seed)
    weights = np.random.default_rng(seed).integers(0, 4, len(records)).astype(np.int32)
    repeated = detection_map(*repeat(records, detections, weights), TIOUS)
    weighted = _Matches.of(records, detections, TIOUS).average_map(weights[None])
    assert weighted[0] == pytest.approx(repeated.average_mAP, abs=1e-12)


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('case', ['anet_394', 'thumos_test'])
def test_the_score_of_real_detections_lies_in_its_interval_though_resamples_score_higher(
        reference_case, case):
    records, detections, _ = reference_case(case)
    resampler = Resampler(records, resamples=100)
    value, resampled = resampler.score(detections)
    assert value == pytest.approx(detection_map(records, detections).average_mAP, abs=1e-12)
    assert resampled.mean() > value + resampled.std()
    spread = resampler.spread([(value, resampled)])
    assert spread.low < value < spread.high
    assert 3 * resampled.std() < spread.high - spread.low < 5 * resampled.std()


def test_draws_do_not_depend_on_how_many_are_scored_at_a_time():
    at_once = np.concatenate(list(_draw(7, 10, 10, seed=3)))
    np.testing.assert_array_equal(np.concatenate(list(_draw(7, 10, 3, seed=3))), at_once)
    assert (at_once.sum(1) == 7).all()
    assert (at_once != next(_draw(7, 10, 10, seed=4))).any()


def test_equal_detections_differ_by_nothing_and_their_order_is_open():
    records, detections = random_case(0, ignored=False)
    resampler = Resampler(records, TIOUS, resamples=100)
    score = resampler.score(detections)
    same = resampler.difference([score], [score])
    assert (same.value, same.low, same.high, same.turns) == (0, 0, 0, 0.5)


def test_a_difference_is_paired_so_that_a_better_method_is_surely_better():
    records, coarse = random_case(1, quality=8.0, ignored=False)
    _, fine = random_case(1, quality=1.0, ignored=False)
    resampler = Resampler(records, TIOUS, resamples=200)
    first, second = resampler.score(coarse), resampler.score(fine)
    gain = resampler.difference([first], [second])
    assert gain.value == pytest.approx(second[0] - first[0])
    assert 0 < gain.low < gain.value < gain.high
    assert gain.turns == 0
    loss = resampler.difference([second], [first])
    assert (loss.value, loss.turns) == (pytest.approx(-gain.value), 0)


def test_runs_that_differ_widen_the_interval():
    records, fine = random_case(1, quality=1.0, ignored=False)
    _, coarse = random_case(1, quality=8.0, ignored=False)
    resampler = Resampler(records, TIOUS, resamples=400)
    fine, coarse = resampler.score(fine), resampler.score(coarse)
    mixed = resampler.spread([fine, coarse])
    alone = resampler.spread([fine])
    assert mixed.value == pytest.approx((fine[0] + coarse[0]) / 2)
    assert mixed.high - mixed.low > 1.5 * (alone.high - alone.low)


def test_too_few_resamples_are_refused():
    with pytest.raises(ValueError, match='got 50 resamples; expected 100 or more'):
        Resampler(truth(v=[(0, 1, 'a')]), resamples=50)
