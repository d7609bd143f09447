"""The whole diagnosis, against values of DETAD's own program and in itself."""
import json
from dataclasses import replace

import numpy as np
import pytest
from hand_made import detected, truth, video

from mmlofi.evaluation.detection_map import detection_map
from mmlofi.evaluation.diagnosis import diagnose
from mmlofi.evaluation.diagnosis.false_positives import TYPES

pytestmark = pytest.mark.filterwarnings('ignore:.*detection')

# Printed by DETAD's program for the reference data's detections on 394 ActivityNet videos.
DETAD = {
    'average_mAP_N': 0.6244314769844805,
    'average_mAP_N of 10G': 0.6222365528879679,
    'gain': [0.06087403307865136, 0.044447940717183276, 0.06580183906919757, 0.01332785854586871,
             0.00031459422667090564],
    '2G': [0.18642384105960264, 0.4311258278145695, 0.10248344370860928, 0.22350993377483444,
           0.04983443708609272, 0.006622516556291391],
    'sensitivity': {
        'coverage': [0.4850396149406714, 0.6256869470091394, 0.6789292812262061,
                     0.672110902700407, 0.7400306149751789],
        'length': [0.5656337751276527, 0.6768983718997038, 0.6737448278653321,
                   0.7250488743644202, 0.6337186230147104],
        'num-instances': [0.7133675168534457, 0.4955826142650375, 0.3102637947896648,
                          0.13006276219899066]},
    'missed': {
        'coverage': [0.22384937238493724, 0.11341463414634148, 0.07547169811320756,
                     0.06533333333333333, 0.09741935483870967],
        'length': [0.18673139158576052, 0.0709090909090909, 0.06813186813186814,
                   0.056862745098039215, 0.2837209302325582],
        'num-instances': [0.051000000000000004, 0.13482587064676615, 0.25, 0.6306122448979592]},
}


def test_values_equal_those_of_detads_program(reference_case):
    records, detections, expected = reference_case('anet_394')
    report = diagnose(records, detections)
    close = dict(rel=0, abs=1e-12)
    assert report['average_mAP'] == pytest.approx(expected['average_mAP'], abs=1e-9)
    assert report['average_mAP_N'] == pytest.approx(DETAD['average_mAP_N'], **close)
    wrong = report['false_positives']
    assert wrong['average_mAP_N'] == pytest.approx(DETAD['average_mAP_N of 10G'], **close)
    assert list(wrong['gain_mAP_N'].values()) == pytest.approx(DETAD['gain'], **close)
    assert [wrong['bands'][1][name] for name in TYPES] == pytest.approx(DETAD['2G'], **close)
    for name, values in DETAD['sensitivity'].items():
        found = [row['average_mAP_N'] for row in report['sensitivity'][name].values()]
        assert found == pytest.approx(values, **close)
    for name, values in DETAD['missed'].items():
        found = [row['missed'] for row in report['false_negatives'][name].values()]
        assert found == pytest.approx(values, **close)


def random_case(seed):
    rng = np.random.default_rng(seed)
    draw = lambda count: [(float(s), float(s + rng.integers(1, 40)), 'abc'[rng.integers(3)])  # noqa: E731
                          for s in rng.integers(0, 60, count)]
    ignored = dict(v1=[(0.0, 20.0)], v3=[(30.0, 31.0), (50.0, 90.0)], empty=[(5.0, 50.0)])
    records = truth(**{f'v{i}': draw(1 + i % 5) for i in range(9)}, empty=[])
    return ([replace(one, ignored_sec=tuple(ignored.get(one.name, ()))) for one in records],
            detected(**{name: [(*one, rng.random()) for one in draw(20)]
                        for name in ('v0', 'v1', 'v2', 'v3', 'v4', 'empty')}))


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('bounds', ['activitynet', 'thumos14', 'quintiles'])
def test_parts_add_up(seed, bounds):
    records, detections = random_case(seed)
    report = diagnose(records, detections, '0.3,0.5', bounds=bounds)
    assert report['mAP'] == pytest.approx(
        dict(zip(('0.30', '0.50'), detection_map(records, detections, '0.3,0.5').mAP)))
    for band in report['false_positives']['bands']:
        shares = [band[name] for name in TYPES]
        assert sum(shares) == pytest.approx(1) if band['detections'] else shares == [None] * 6
    assert min(report['false_positives']['gain_mAP'].values()) >= 0
    misses = report['false_negatives']
    for name, bins in report['sensitivity'].items():
        assert sum(row['segments'] for row in bins.values()) == report['num_segments']
        assert sum(row['segments'] * row['missed'] for row in misses[name].values()
                   if row['segments']) == pytest.approx(misses['missed'] * report['num_segments'])
    json.dumps(report, allow_nan=False)


def test_detections_that_are_the_truth_leave_nothing_to_gain():
    records = truth(v=[(0, 10, 'a'), (20, 90, 'b')], w=[(5, 6, 'a')])
    report = diagnose(records, detected(
        v=[(0, 10, 'a', 0.9), (20, 90, 'b', 0.8)], w=[(5, 6, 'a', 0.7)]))
    assert report['average_mAP'] == report['average_mAP_N'] == 1
    assert set(report['false_positives']['gain_mAP'].values()) == {0}
    assert report['false_negatives']['missed'] == 0
    assert report['false_positives']['bands'][0]['true positive'] == 1
    assert report['sensitivity']['length']['XS'] == dict(segments=2, average_mAP_N=1)
    assert report['sensitivity']['length']['XL'] == dict(segments=0, average_mAP_N=None)


def test_detections_that_know_no_class_of_the_truth_leave_every_action_missed():
    with pytest.warns(UserWarning, match=r"no label of the 1 .*\['A'\].*\['a'\].* every action"):
        report = diagnose(truth(v=[(0, 10, 'a')]), detected(v=[(0, 10, 'A', 0.9)]))
    assert (report['average_mAP'], report['false_negatives']['missed']) == (0, 1)
    assert set(report['false_positives']['gain_mAP'].values()) == {0}
    json.dumps(report, allow_nan=False)


def test_no_detection_at_all_is_a_report_of_misses():
    report = diagnose(truth(v=[(0, 10, 'a')]), detected(v=[]))
    assert (report['average_mAP'], report['false_negatives']['missed']) == (0, 1)
    assert [band['detections'] for band in report['false_positives']['bands']] == [0] * 10


def test_any_annotations_will_do():
    records = [video('v', (0, 10, 'a'), duration=None)]
    report = diagnose(records, detected(v=[(0, 10, 'a', 0.9)]), 0.5, bounds='quintiles')
    assert list(report['bins']) == list(report['sensitivity']) == ['length', 'num-instances']
    assert report['bins']['length'] == {'XS': [None, None]}
