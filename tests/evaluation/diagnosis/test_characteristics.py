"""Score and misses by what actions are like, in cases where the answer is evident."""
import numpy as np
import pytest
from hand_made import detected, truth, video

from mmlofi.evaluation.diagnosis.by_characteristic import missed, normalized_map
from mmlofi.evaluation.diagnosis.characteristics import bounds_text, characterize
from mmlofi.evaluation.matching import align, match

pytestmark = pytest.mark.filterwarnings('ignore:.*detection')


def prepare(records, detections, *tious):
    aligned = align(records, detections)
    return aligned, match(aligned, tious)


def test_bins_hold_their_upper_bound():
    records = [video('v', (0, 30, 'a'), (0, 30.1, 'a'), (0, 60, 'b'), (0, 181, 'a'),
                     duration=181.0), video('w'), video('x', (5, 5, 'a'), duration=10.0)]
    found = characterize(records)
    names = {name: [one.sizes[place] for place in one.bins] for name, one in found.items()}
    assert names['length'] == ['XS', 'S', 'S', 'XL', 'XS']     # to 30, above 30 to 60, above 180
    assert names['coverage'] == ['XS', 'XS', 'S', 'XL', 'XS']
    assert names['num-instances'] == ['S'] * 4 + ['XS']        # 4 and 1 in a video
    assert characterize(records, 'thumos14')['num-instances'].sizes == ('XS', 'S', 'M', 'L')


def test_what_overshoots_its_video_covers_most():
    found = characterize([video('v', (0, 10.5, 'a'), duration=10.0)])['coverage']
    assert found.sizes[found.bins[0]] == 'XL'


def test_bins_have_the_order_of_the_aligned_segments():
    records = [video('w', (0, 50, 'b'), (0, 5, 'a')), video('e'), video('v', (0, 100, 'a'))]
    aligned = align(records, detected(v=[(0, 1, 'a', 0.5)]))
    length = characterize(records)['length'].values
    assert length.tolist() == np.diff(aligned.true_segments)[:, 0].tolist() == [50, 5, 100]


def test_without_durations_there_is_no_coverage():
    records = [video('v', (0, 10, 'a')), video('w', (0, 10, 'a'), duration=None)]
    assert list(characterize(records)) == ['length', 'num-instances']
    # A video without actions needs none.
    records[1] = video('w', duration=None)
    assert 'coverage' in characterize(records)


def test_quintiles_hold_a_fifth_each():
    records = [video('v', *((0, length, 'a') for length in range(1, 51)))]
    members = characterize(records, 'quintiles')['length'].members()
    assert [mine.sum() for mine in members.values()] == [10] * 5


@pytest.mark.parametrize(('lengths', 'sizes'), [
    ([1, 1, 1, 1, 1, 1, 1, 1, 2, 3], [8, 2]), ([1, 2, 2, 2, 2, 2, 2, 2, 2, 3], [9, 1]),
    ([5, 5, 5], [3]), ([1, 2, 3], [1, 1, 1]), ([1, 1, 2, 2, 3, 3, 4, 4, 5, 5], [2] * 5)])
def test_quintiles_of_equal_values_are_fewer_and_none_is_empty(lengths, sizes):
    records = [video('v', *((0, length, 'a') for length in lengths))]
    found = characterize(records, 'quintiles')['length']
    assert [mine.sum() for mine in found.members().values()] == sizes
    edges = [None, *found.bounds, None]
    assert (bounds_text(*edges[:2]) == 'all') == (len(sizes) == 1)


def test_unknown_bounds_are_refused():
    with pytest.raises(ValueError, match="'hacs'.*'quintiles'"):
        characterize(truth(v=[(0, 1, 'a')]), 'hacs')


def test_the_score_of_some_actions_leaves_detections_of_others_out():
    records = truth(v=[(0, 10, 'a'), (20, 80, 'a')])
    aligned, matched = prepare(records, detected(v=[
        (0, 10, 'a', 0.9), (85, 90, 'a', 0.8), (20, 80, 'a', 0.7)]), 0.5)
    short, long = np.array([True, False]), np.array([False, True])
    # N = 1 and recall 1: 1 / (1 + false positives before it).
    assert normalized_map(aligned, matched, 1.0, short).tolist() == [1]
    assert normalized_map(aligned, matched, 1.0, long).tolist() == [0.5]


def test_a_detection_of_another_action_is_left_out_at_every_threshold():
    records = truth(v=[(0, 10, 'a'), (20, 80, 'a')])
    aligned, matched = prepare(records, detected(v=[
        (0, 6, 'a', 0.9), (20, 80, 'a', 0.7)]), 0.5, 0.75)
    long = np.array([False, True])
    assert normalized_map(aligned, matched, 1.0, long).tolist() == [1, 1]
    assert normalized_map(aligned, matched, 1.0).tolist() == [1, pytest.approx(0.5 / 3 * 1)]


def test_what_lies_in_segments_to_ignore_costs_nothing_and_hides_no_action():
    records = [video('v', (0, 10, 'a'), ignored=[(40, 50)])]
    aligned, matched = prepare(records, detected(v=[
        *((45, 60, 'a', 0.9) for _ in range(40)), (0, 10, 'a', 0.5)]), 0.5)
    assert normalized_map(aligned, matched, 1.0).tolist() == [1]
    assert missed(aligned, matched, 1.0).tolist() == [[False]]
    assert characterize(records, 'thumos14')['num-instances'].values.tolist() == [1]


def test_classes_without_such_actions_do_not_count():
    records = truth(v=[(0, 10, 'a')], w=[(0, 60, 'b')])
    aligned, matched = prepare(records, detected(v=[(0, 10, 'a', 0.9)], w=[]), 0.5)
    assert normalized_map(aligned, matched, 1.0, np.array([True, False])).tolist() == [1]
    assert normalized_map(aligned, matched, 1.0).tolist() == [0.5]


@pytest.mark.parametrize(('wrong', 'found'), [(18, True), (19, False)])
def test_an_action_is_missed_where_normalised_precision_has_sunk_to_a_twentieth(wrong, found):
    records = truth(v=[(0, 10, 'a')], w=[(0, 10, 'b')])
    aligned, matched = prepare(records, detected(v=[
        *((50, 60, 'a', 0.9) for _ in range(wrong)), (0, 10, 'a', 0.5)], w=[]), 0.5)
    assert missed(aligned, matched, 1.0)[:, 0].tolist() == [not found, True]
