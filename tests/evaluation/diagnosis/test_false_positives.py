"""Kinds of wrong detections and what they cost, in cases where the answer is evident."""
import numpy as np
import pytest
from hand_made import detected, truth, video

from mmlofi.evaluation.detection_map import average_precision, detection_map, precision_of
from mmlofi.evaluation.diagnosis.false_positives import (
    BANDS,
    IGNORED,
    TYPES,
    bands,
    error_types,
    gains,
    profile,
)
from mmlofi.evaluation.matching import align, match

pytestmark = pytest.mark.filterwarnings('ignore:.*detection')


def prepare(records, detections, *tious):
    """Detections in the ground truth's terms, what they take, and their kinds."""
    aligned = align(records, detections)
    matched = match(aligned, tious)
    return aligned, matched, error_types(aligned, matched, tious)


def kinds_of(records, detections, tiou=0.5):
    """Names, from the best score to the worst."""
    return [TYPES[code] for code in prepare(records, detections, tiou)[2][:, 0]]


def test_each_kind_of_mistake():
    records = truth(v=[(0, 10, 'jump'), (50, 60, 'run')], w=[(0, 10, 'run')])
    detections = detected(v=[
        (0, 10, 'jump', 0.9), (0, 9, 'jump', 0.8), (0, 10, 'run', 0.7), (0, 3, 'jump', 0.6),
        (0, 3, 'run', 0.5), (20, 30, 'jump', 0.4), (0, 0.9, 'jump', 0.3)])
    assert kinds_of(records, detections) == [
        'true positive', 'double detection', 'wrong label', 'localization', 'confusion',
        'background', 'background']


def test_the_thresholds_themselves_count_as_reached():
    records = truth(v=[(0, 10, 'jump')])
    detections = detected(v=[(0, 10, 'jump', 0.9), (0, 5, 'jump', 0.8), (0, 1, 'jump', 0.7)])
    assert kinds_of(records, detections) == ['true positive', 'double detection', 'localization']


def test_a_detection_where_no_action_is_annotated_is_a_background_error():
    # Between detections of a video that has an action, which those must not be compared with.
    records = truth(v=[(0, 10, 'jump')], empty=[])
    detections = detected(v=[(0, 10, 'jump', 0.9), (0, 3, 'jump', 0.6)],
                          empty=[(0, 10, 'jump', 0.8), (0, 10, 'jump', 0.7)],
                          unknown=[(0, 10, 'jump', 0.5), (0, 10, 'jump', 0.4)])
    assert kinds_of(records, detections) == [
        'true positive', 'background', 'background', 'localization', 'background', 'background']


def test_an_action_with_two_labels_is_compared_by_the_detections_own():
    # As every CliffDiving of THUMOS14 is a Diving too.
    records = truth(v=[(0, 10, 'cliff'), (0, 10, 'diving')])
    detections = detected(v=[(0, 10, 'diving', 0.9), (0, 9, 'diving', 0.8), (0, 3, 'cliff', 0.7)])
    assert kinds_of(records, detections) == ['true positive', 'double detection', 'localization']


def test_a_mistake_is_of_another_kind_at_another_threshold():
    records = truth(v=[(0, 10, 'jump'), (20, 30, 'run')])
    _, _, kinds = prepare(records, detected(v=[(0, 6, 'jump', 0.9), (0, 6, 'run', 0.8)]), 0.5, 0.7)
    assert [[TYPES[code] for code in row] for row in kinds] == [
        ['true positive', 'localization'], ['wrong label', 'confusion']]


def test_what_lies_in_segments_to_ignore_is_no_mistake_and_takes_no_place():
    records = [video('v', (0, 10, 'jump'), ignored=[(8, 30)])]
    detections = detected(v=[(20, 30, 'jump', 0.9), (0, 10, 'jump', 0.8), (0, 9, 'jump', 0.7),
                             (50, 60, 'jump', 0.6)])
    aligned, matched, kinds = prepare(records, detections, 0.5, 0.95)
    assert kinds[:, 0].tolist() == [IGNORED, 0, IGNORED, TYPES.index('background')]
    assert bands(aligned, kinds).tolist() == [BANDS, 0, BANDS, 1]
    sizes, shares = profile(kinds, bands(aligned, kinds))
    assert sizes.tolist() == [1, 1] + [0] * 8
    assert shares[0, 0] == shares[1, TYPES.index('background')] == 1
    base, gain = gains(aligned, kinds, bands(aligned, kinds), None)
    assert (base, set(gain.values())) == (1, {0})


def test_what_is_ignored_at_one_threshold_counts_at_another():
    records = [video('v', (0, 10, 'jump'), ignored=[(8, 30)])]
    aligned, _, kinds = prepare(records, detected(v=[(0, 9, 'jump', 0.9)]), 0.5, 0.95)
    assert kinds.tolist() == [[0, IGNORED]]
    sizes, shares = profile(kinds, bands(aligned, kinds))
    assert (sizes[0], shares[0, 0]) == (1, 1)


@pytest.mark.parametrize('seed', range(5))
def test_kinds_equal_the_definition_one_detection_at_a_time(seed):
    rng = np.random.default_rng(seed)
    draw = lambda count: [(float(s), float(s + rng.integers(1, 9)), 'abc'[rng.integers(3)])  # noqa: E731
                          for s in rng.integers(0, 30, count)]
    records = truth(**{f'v{i}': draw(4) for i in range(3)}, empty=[])
    detections = detected(**{name: [(*one, rng.random()) for one in draw(30)]
                             for name in ('v0', 'v1', 'v2', 'empty')})
    aligned, matched, kinds = prepare(records, detections, 0.3, 0.6)
    for k, (start, end) in enumerate(aligned.segments):
        overlaps = [(0.0, False)]
        for g in np.flatnonzero(aligned.true_video == aligned.video[k]):
            first, last = aligned.true_segments[g]
            overlap = max(0, min(end, last) - max(start, first))
            overlaps.append((overlap / (last - first + end - start - overlap),
                             bool(aligned.true_label[g] == aligned.label[k])))
        iou, own = max(overlaps)
        for column, tiou in enumerate((0.3, 0.6)):
            name = ('background' if iou < 0.1 else
                    ('double detection' if own else 'wrong label') if iou >= tiou else
                    ('localization' if own else 'confusion'))
            expected = 'true positive' if matched[k, column] >= 0 else name
            assert TYPES[kinds[k, column]] == expected


def test_bands_hold_as_many_detections_as_the_class_has_actions():
    records = truth(v=[(0, 10, 'jump'), (20, 30, 'jump'), (40, 50, 'run')])
    detections = detected(v=[(0, 10, 'jump', 0.9), (60, 70, 'run', 0.8), (60, 70, 'jump', 0.7),
                             (20, 30, 'jump', 0.6), (40, 50, 'run', 0.5)])
    aligned, _, kinds = prepare(records, detections, 0.5)
    assert bands(aligned, kinds).tolist() == [0, 0, 0, 1, 1]
    sizes, shares = profile(kinds, bands(aligned, kinds))
    assert sizes.tolist() == [3, 2] + [0] * 8
    assert shares[0].tolist() == pytest.approx([1 / 3, 0, 0, 0, 0, 2 / 3])
    assert shares[1].tolist() == [1, 0, 0, 0, 0, 0]
    assert np.isnan(shares[2:]).all()


def test_without_a_kind_of_mistake_the_score_is_what_the_rest_deserves():
    records = truth(v=[(0, 10, 'jump'), (20, 30, 'jump')])
    detections = detected(v=[(60, 70, 'jump', 0.9), (0, 10, 'jump', 0.8), (0, 9, 'jump', 0.7),
                             (20, 30, 'jump', 0.6)])
    aligned, _, kinds = prepare(records, detections, 0.5)
    base, gain = gains(aligned, kinds, bands(aligned, kinds), None)
    assert base == pytest.approx(1 / 2)                            # precisions 1/2 and 2/4
    assert gain['background'] == pytest.approx(1 / 2 + 1 / 3 - base)    # 1 and 2/3
    assert gain['double detection'] == pytest.approx(2 / 3 - base)      # 1/2 and 2/3
    assert gain['wrong label'] == gain['localization'] == gain['confusion'] == 0


def test_only_ten_times_as_many_detections_as_actions_are_looked_at():
    records = truth(v=[(0, 10, 'jump')])
    wrong = [(20, 30, 'jump', 0.9 - place / 100) for place in range(10)]
    late = detected(v=[*wrong, (0, 10, 'jump', 0.1)])
    aligned, _, kinds = prepare(records, late, 0.5)
    base, gain = gains(aligned, kinds, bands(aligned, kinds), None)
    assert (base, gain['background']) == (0, 0)
    early = detected(v=[*wrong[:9], (0, 10, 'jump', 0.1)])
    aligned, _, kinds = prepare(records, early, 0.5)
    base, gain = gains(aligned, kinds, bands(aligned, kinds), None)
    assert (base, gain['background']) == (pytest.approx(0.1), pytest.approx(0.9))


def test_normalised_precision_is_what_it_would_be_with_n_actions():
    right = np.array([[False], [True], [True]])
    # Recall 0, 1/4, 2/4 of N = 2 actions: 0, 0.5 and 1 true positives beside one false one.
    assert precision_of(right, ~right, 4, 2.0)[:, 0].tolist() == pytest.approx([0, 1 / 3, 1 / 2])
    assert precision_of(right, ~right, 4)[:, 0].tolist() == pytest.approx([0, 1 / 2, 2 / 3])


def test_with_as_many_actions_in_each_class_normalising_changes_nothing():
    records = truth(v=[(0, 10, 'jump'), (20, 30, 'run')], w=[(0, 10, 'run'), (20, 30, 'jump')])
    detections = detected(v=[(50, 60, 'jump', 0.9), (0, 10, 'jump', 0.8), (20, 27, 'run', 0.7)],
                          w=[(0, 10, 'run', 0.6), (1, 10, 'run', 0.5), (20, 28, 'jump', 0.3)])
    aligned, matched, _ = prepare(records, detections, 0.5, 0.75)
    positives = np.bincount(aligned.true_label)
    right = matched >= 0
    plain = average_precision(aligned.label, right, ~right, positives)
    np.testing.assert_allclose(
        average_precision(aligned.label, right, ~right, positives, instances=2.0), plain)
    np.testing.assert_allclose(detection_map(records, detections, [0.5, 0.75]).AP, plain)
