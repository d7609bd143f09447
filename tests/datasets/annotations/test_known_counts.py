"""Which of the usual data sets annotations are, and what is known of them."""
from __future__ import annotations

import pytest

from mmlofi.datasets.annotations.known_counts import KNOWN, SCORING, known_split, recognize
from mmlofi.evaluation.detection_map import parse_tious


def test_hacs_is_told_from_activitynet_by_its_size():
    classes = [f'class {i}' for i in range(198)] + ['Plataform diving', 'Polishing forniture']
    assert recognize(classes, 43_594) == 'HACS-v1.1'
    assert known_split('HACS-v1.1', 'training').videos == 37_613
    assert known_split('HACS-v1.1', 'validation').videos == 5_981
    assert known_split(None, 'training') is None
    assert recognize(['run'], 10) is None


@pytest.mark.parametrize(('classes', 'videos', 'dataset'), [
    (['CricketBowling', 'VolleyballSpiking', *map(str, range(18))], 410, 'THUMOS14'),
    (['CricketBowling', 'VolleyballSpiking', 'BasketballDribble', 'Run'], 413, 'MultiTHUMOS'),
    (map(str, range(1, 66)), 413, 'MultiTHUMOS'), (map(str, range(65)), 413, None),
    ([f'c{i:03d}' for i in range(157)], 9_848, 'Charades'),
    (['Holding some clothes', 'Closing a door', 'other'], 1_863, 'Charades'),
    (['take', 'put', 'turn-on', 'turn-off', 'scoop', 'wash'], 138, 'EPIC-Kitchens-100'),
    (['board:chopping', 'liquid:washing', 'cupboard', 'tap'], 138, 'EPIC-Kitchens-100'),
    (['take', 'put'], 138, None),
    (['use_phone', 'clean_/_wipe_other_surface_or_object'], 521, 'Ego4D-MQ'),
    (map(str, range(106)), 16_732, 'FineAction'), (map(str, range(106)), 100, None)])
def test_data_sets_of_several_classes_are_told_by_their_classes(classes, videos, dataset):
    assert recognize(list(classes), videos) == dataset


def test_each_known_data_set_is_scored_on_a_subset_that_it_has():
    assert set(SCORING) == set(KNOWN)
    for dataset, settings in SCORING.items():
        assert settings.subset in KNOWN[dataset]
        assert len(parse_tious(settings.tious)) in (5, 9, 10)
    assert known_split('Charades', 'test') == known_split('Charades', 'testing')
    assert known_split('Ego4D-MQ', 'val').videos == 521
