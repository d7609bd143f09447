"""Detection mAP against the official values, a plain twin, and cases done by hand."""
import warnings

import numpy as np
import pytest
from hand_made import detected, video

from mmlofi.datasets.annotations import class_names
from mmlofi.evaluation import matching
from mmlofi.evaluation.detection_map import detection_map, parse_tious, tiou_name


def slow_average_precision(records, detections, label, tiou):
    """The definition, one detection and one threshold at a time."""
    ignored = {record.name: record.ignored_sec for record in records}
    truth = {record.name: [segment for segment, name in zip(record.segments_sec, record.labels)
                           if name == label] for record in records}
    places = [k for k in range(len(detections))
              if detections.classes[detections.label[k]] == label]
    places.sort(key=lambda k: (-detections.scores[k],
                               detections.video_names[detections.video[k]], k))
    taken, hits = set(), []
    for k in places:
        name = detections.video_names[detections.video[k]]
        start, end = detections.segments_sec[k]
        best, best_iou = None, tiou
        for place, (first, last) in enumerate(truth.get(name, [])):
            overlap = max(0.0, min(end, last) - max(start, first))
            iou = overlap / ((last - first) + (end - start) - overlap)
            if iou >= best_iou and (name, place) not in taken:
                best, best_iou = (name, place), iou
        if best is None and any(min(end, last) > max(start, first)
                                for first, last in ignored.get(name, ())):
            continue
        hits.append(best is not None)
        taken.add(best)
    precision = [sum(hits[:n + 1]) / (n + 1) for n in range(len(hits))]
    area = sum(max(precision[n:]) for n, hit in enumerate(hits) if hit)
    return area / sum(map(len, truth.values()))


def random_case(seed):
    rng = np.random.default_rng(seed)
    records, videos = [], {}
    for number in range(6):
        # Whole seconds: overlapping, equal and touching segments, ties of score and of IoU.
        actions = [(float(s), float(s + rng.integers(1, 9)), 'ab'[rng.integers(2)])
                   for s in rng.integers(0, 12, rng.integers(0, 6))]
        dubious = [(float(s), float(s + rng.integers(0, 3)))
                   for s in rng.integers(0, 20, rng.integers(0, 3) * (seed % 2))]
        records.append(video(f'v{number}', *actions, ignored=dubious))
        videos[f'v{5 - number}'] = [
            (float(s), float(s + rng.integers(1, 9)), 'ab'[rng.integers(2)],
             rng.integers(0, 10) / 10) for s in rng.integers(0, 12, rng.integers(0, 25))]
    return records, detected(**videos)


@pytest.mark.filterwarnings('ignore:.*detection')
@pytest.mark.parametrize('name', ['anet_394', 'thumos_test'])
def test_values_equal_those_of_the_official_code(reference_case, name):
    records, detections, expected = reference_case(name)
    scores = detection_map(records, detections, expected['tious'])
    np.testing.assert_allclose(scores.mAP, list(expected['mAP'].values()), rtol=0, atol=1e-9)
    assert scores.average_mAP == pytest.approx(expected['average_mAP'], abs=1e-9)
    assert scores.per_class_average_AP == pytest.approx(expected['per_class_average_AP'], abs=1e-9)


@pytest.mark.filterwarnings('ignore:.*detection')
@pytest.mark.parametrize('seed', range(20))
@pytest.mark.parametrize('pairs_at_once', [7, 1_000_000])
def test_values_equal_those_of_the_slow_twin_also_with_ties(seed, pairs_at_once, monkeypatch):
    monkeypatch.setattr(matching, '_PAIRS_AT_ONCE', pairs_at_once)
    records, detections = random_case(seed)
    tious = (0.1, 0.5, 0.75, 1.0)
    scores = detection_map(records, detections, tious)
    expected = [[slow_average_precision(records, detections, label, tiou) for tiou in tious]
                for label in class_names(records)]
    np.testing.assert_allclose(scores.AP, expected, rtol=0, atol=1e-12)


def test_a_detection_that_overlaps_what_is_to_ignore_is_neither_right_nor_wrong():
    records = [video('v', (0, 10, 'jump'), ignored=[(20, 30)])]
    right = (0, 10, 'jump', 0.5)
    for segment, expected in (((20, 30), 1), ((29.9, 60), 1), ((30, 60), 0.5), ((12, 20), 0.5),
                              ((0, 4), 0.5), ((25, 25), 0.5)):
        scores = detection_map(records, detected(v=[(*segment, 'jump', 0.9), right]), 0.5)
        assert scores.average_mAP == pytest.approx(expected), segment
    assert scores.num_ignored == scores.to_dict()['num_ignored'] == 1


def test_what_takes_an_action_is_right_though_it_overlaps_what_is_to_ignore():
    records = [video('v', (0, 10, 'jump'), ignored=[(5, 30)]), video('w', ignored=[(0, 9)])]
    found = detected(v=[(0, 10, 'jump', 0.5)], w=[(0, 10, 'jump', 0.9)])
    assert detection_map(records, found, 0.5).average_mAP == 1


def test_a_second_detection_of_an_action_is_wrong():
    records = [video('v', (0, 10, 'jump'), (20, 30, 'jump'))]
    detections = detected(v=[(0, 10, 'jump', 0.9), (0, 9, 'jump', 0.8), (20, 30, 'jump', 0.7)])
    assert detection_map(records, detections, 0.5).average_mAP == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_detection_falls_back_on_a_free_action_that_it_overlaps_less():
    records = [video('v', (0, 10, 'jump'), (1, 11, 'jump'))]
    detections = detected(v=[(0, 10, 'jump', 0.9), (0, 10.1, 'jump', 0.8)])
    assert detection_map(records, detections, 0.5).average_mAP == 1
    assert detection_map(records, detections, 0.9).average_mAP == pytest.approx(0.5)


def test_an_action_is_found_at_exactly_its_threshold():
    records = [video('v', (0, 10, 'jump'))]
    scores = detection_map(records, detected(v=[(0, 5, 'jump', 0.9)]), '0.5,0.51')
    assert scores.mAP.tolist() == [1, 0]


def test_equal_scores_are_ordered_by_video_name_then_by_place():
    records = [video('a', (0, 10, 'jump')), video('b', (0, 10, 'jump'))]
    right, wrong = (0, 10, 'jump', 0.5), (50, 60, 'jump', 0.5)
    # Order: a's two, then b's two, although b is given first.
    one = detection_map(records, detected(b=[wrong, wrong], a=[right, wrong]), 0.5)
    two = detection_map(records, detected(b=[wrong, wrong], a=[wrong, right]), 0.5)
    assert (one.average_mAP, two.average_mAP) == (pytest.approx(0.5), pytest.approx(0.25))


@pytest.mark.filterwarnings('ignore:.*no detection')
def test_a_class_without_detections_counts_as_missed():
    records = [video('v', (0, 10, 'jump')), video('w', (0, 10, 'run'))]
    scores = detection_map(records, detected(v=[(0, 10, 'jump', 0.9)]), [0.5, 0.75])
    assert scores.per_class_average_AP == {'jump': 1, 'run': 0}
    assert scores.to_dict()['mAP'] == {'0.50': 0.5, '0.75': 0.5}


def test_videos_without_a_detection_are_counted_in_a_warning():
    records = [video('v', (0, 10, 'jump')), video('w', (0, 10, 'jump'))]
    with pytest.warns(UserWarning, match='1 of 2 videos of the ground truth have no detection'):
        scores = detection_map(records, detected(v=[(0, 10, 'jump', 0.9)], w=[]))
    assert scores.average_mAP == 0.5


def test_no_detection_at_all_scores_zero_with_a_warning():
    with pytest.warns(UserWarning, match='1 of 1 videos'):
        assert detection_map([video('v', (0, 10, 'jump'))], detected(v=[])).average_mAP == 0
    with pytest.warns(UserWarning, match='1 of 1 videos'):
        assert detection_map([video('v', (0, 10, 'jump'))], detected()).average_mAP == 0


def test_detections_in_other_videos_count_as_wrong_with_a_warning():
    records = [video('v', (0, 10, 'jump'))]
    detections = detected(v=[(0, 10, 'jump', 0.5)], train_1=[(0, 10, 'jump', 0.9)])
    with pytest.warns(UserWarning, match='1 of 2 detections have one of 1 videos.*train_1.*wrong'):
        assert detection_map(records, detections).average_mAP == pytest.approx(0.5)


def test_detections_of_other_classes_are_left_out_with_a_warning():
    records = [video('v', (0, 10, 'jump'))]
    detections = detected(v=[(0, 10, 'jump', 0.5), (0, 10, 'fly', 0.9)])
    with pytest.warns(UserWarning, match="1 of 2 detections have one of 1 labels.*'fly'.*left out"):
        assert detection_map(records, detections).average_mAP == 1


def test_names_that_match_nothing_are_an_error_not_a_zero():
    records = [video('v', (0, 10, 'jump'))]
    with pytest.raises(ValueError, match=r"no video of the 1 detections.*\['v_v'\].*\['v'\]"):
        detection_map(records, detected(v_v=[(0, 10, 'jump', 0.9)]))
    with pytest.raises(ValueError, match=r"no label of the 1 detections.*\['Jump'\].*\['jump'\]"):
        detection_map(records, detected(v=[(0, 10, 'Jump', 0.9)]))


@pytest.mark.filterwarnings('ignore:.*no detection')
def test_names_of_classes_that_match_nothing_are_a_warning_on_demand():
    records = [video('v', (0, 10, 'jump'))]
    with pytest.warns(UserWarning, match=r"no label of the 1 .*\['Jump'\].*\['jump'\].* is missed"):
        scores = detection_map(records, detected(v=[(0, 10, 'Jump', 0.9)]), strict=False)
    assert scores.average_mAP == 0
    with pytest.raises(ValueError, match='no video of the 1 detections'):
        detection_map(records, detected(w=[(0, 10, 'jump', 0.9)]), strict=False)


def test_a_ground_truth_without_an_action_is_an_error():
    with pytest.raises(ValueError, match='no action in 1 videos'):
        detection_map([video('v')], detected(v=[(0, 10, 'jump', 0.9)]))


def test_a_video_named_twice_in_the_ground_truth_is_an_error():
    with pytest.raises(ValueError, match='each video once'):
        detection_map([video('v', (0, 10, 'jump'))] * 2, detected(v=[(0, 10, 'jump', 0.9)]))


def test_an_instant_never_makes_a_nan():
    records = [video('v', (5, 5, 'jump'), (0, 10, 'jump'))]
    detections = detected(v=[(5, 5, 'jump', 0.9), (0, 10, 'jump', 0.8)])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert detection_map(records, detections).average_mAP == pytest.approx(0.25)


@pytest.mark.parametrize(('text', 'count', 'last'), [
    ('0.5:0.95:0.05', 10, 0.95), ('0.3:0.7:0.1', 5, 0.7), ('0.1:0.9:0.1', 9, 0.9),
    ('0.5:0.6:0.04', 3, 0.58), ('0.5', 1, 0.5), ('0.5,0.75,0.95', 3, 0.95), (0.5, 1, 0.5),
    (np.linspace(0.5, 0.95, 10), 10, 0.95)])
def test_thresholds_do_not_depend_on_float_steps(text, count, last):
    tious = parse_tious(text)
    assert (len(tious), tious[-1]) == (count, last)
    assert all(tiou == round(tiou, 2) for tiou in tious)


@pytest.mark.parametrize('text', ['0.5:0.95', '0.5:0.95:0', '0.9:0.5:0.1', 'high', '', '0.5,0.5',
                                  0, 1.5, [], None, float('nan'), '0.5:inf:0.1'])
def test_other_thresholds_are_named(text):
    with pytest.raises(ValueError, match=r'expected increasing numbers in \(0, 1\]'):
        parse_tious(text)


def test_a_threshold_keeps_the_digits_it_needs():
    assert [tiou_name(tiou) for tiou in (0.5, 0.95, 0.125)] == ['0.50', '0.95', '0.125']
