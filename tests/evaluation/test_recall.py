"""AR@AN and Recall@kx against MMAction2's function, plain twins and cases done by hand."""
import numpy as np
import pytest
from hand_made import detected, truth, video

import mmlofi  # noqa: F401 -- makes mmaction importable
from mmlofi.datasets.annotations import class_names
from mmlofi.evaluation.recall import proposal_recall, topk_recall

# isort: split
from mmaction.evaluation.functional.accuracy import average_recall_at_avg_proposals


@pytest.fixture(autouse=True)
def _numpys_old_name(monkeypatch):
    """numpy 2.4 has no `trapz` any more, which MMAction2 calls."""
    if not hasattr(np, 'trapz'):
        monkeypatch.setattr(np, 'trapz', np.trapezoid, raising=False)


def in_mmaction2s_form(records, detections):
    """Ground truth, distinct proposals and their number."""
    actions = {record.name: np.array(record.segments_sec) for record in records if record.labels}
    proposals = {}
    for place, name in enumerate(detections.video_names):
        mine = detections.video == place
        best = {}
        for segment, score in zip(map(tuple, detections.segments_sec[mine]),
                                  detections.scores[mine]):
            best[segment] = max(score, best.get(segment, 0))
        proposals[name] = np.array([(*segment, score) for segment, score in best.items()])
    return actions, proposals, sum(len(proposals[name]) for name in actions)


@pytest.mark.filterwarnings('ignore:.*detection')
@pytest.mark.parametrize('name', ['anet_394', 'thumos_test'])
def test_AR_at_AN_equals_that_of_mmaction2(reference_case, name):
    records, detections, _ = reference_case(name)
    recall, average, proposals, area = average_recall_at_avg_proposals(
        *in_mmaction2s_form(records, detections), max_avg_proposals=100)
    scores = proposal_recall(records, detections)
    assert np.array_equal(scores.recall, recall)
    np.testing.assert_allclose(scores.average_recall, average, rtol=1e-14)
    np.testing.assert_allclose(scores.proposals, proposals, rtol=1e-14)
    assert 100 * scores.AUC == pytest.approx(area, rel=1e-14)


def random_case(seed):
    rng = np.random.default_rng(seed)
    draw = lambda extra: [  # noqa: E731
        (float(s), float(s + rng.integers(1, 9)), 'ab'[rng.integers(2)], *extra())
        for s in rng.integers(0, 12, rng.integers(1, 12))]
    return (truth(**{f'v{i}': draw(tuple) for i in range(5)}),
            detected(**{f'v{i}': draw(lambda: (rng.random(),)) for i in range(5)}))


@pytest.mark.filterwarnings('ignore:.*detection')
@pytest.mark.parametrize('seed', range(10))
def test_AR_at_AN_equals_that_of_mmaction2_on_small_cases(seed):
    records, detections = random_case(seed)
    # Its single precision decides otherwise where an IoU is exactly the threshold.
    tious = np.array([0.41, 0.5001, 0.77])
    expected = average_recall_at_avg_proposals(
        *in_mmaction2s_form(records, detections), max_avg_proposals=100,
        temporal_iou_thresholds=tious)
    scores = proposal_recall(records, detections, tious)
    assert np.array_equal(scores.recall, expected[0])
    assert 100 * scores.AUC == pytest.approx(expected[3], rel=1e-12)


@pytest.mark.filterwarnings('ignore:.*detection')
@pytest.mark.parametrize('seed', range(10))
def test_topk_recall_equals_the_definition_one_video_and_class_at_a_time(seed):
    records, detections = random_case(seed)
    tious, multiples = (0.3, 0.5, 0.9), (1, 2, 5)
    expected, of_all = np.zeros((3, 3)), np.zeros((3, 3))
    for label in class_names(records):
        found, actions = np.zeros((3, 3)), 0
        for record in records:
            mine = [segment for segment, name in zip(record.segments_sec, record.labels)
                    if name == label]
            actions += len(mine)
            places = [k for k in range(len(detections)) if label == detections.classes[
                detections.label[k]] and record.name == detections.video_names[
                    detections.video[k]]]
            places.sort(key=lambda k: -detections.scores[k])
            for column, multiple in enumerate(multiples):
                for start, end in mine:
                    ious = [0.0]
                    for k in places[:multiple * len(mine)]:
                        first, last = detections.segments_sec[k]
                        overlap = max(0, min(end, last) - max(start, first))
                        ious.append(overlap / (last - first + end - start - overlap))
                    found[:, column] += [max(ious) >= tiou for tiou in tious]
        expected += found / actions / len(class_names(records))
        of_all += found / sum(len(record.labels) for record in records)
    for over_classes, mean in ((True, expected), (False, of_all)):
        np.testing.assert_allclose(
            topk_recall(records, detections, tious, multiples=multiples, over_classes=over_classes),
            mean, atol=1e-12)


def test_each_proposal_more_finds_one_action_more():
    starts = [10.0 * place for place in range(100)]
    records = truth(v=[(start, start + 5, 'jump') for start in starts])
    detections = detected(v=[(start, start + 5, 'jump', 1 - start / 2000) for start in starts])
    scores = proposal_recall(records, detections, 0.5)
    counts = [int(100 * (number / 100)) for number in range(1, 101)]  # 29 becomes 28, officially
    assert scores.average_recall.tolist() == [count / 100 for count in counts]
    assert counts[28] == 28
    assert scores.AUC == pytest.approx(0.5, abs=0.01)


def test_a_segment_given_once_for_each_class_is_one_proposal():
    records = truth(v=[(0, 10, 'jump'), (20, 30, 'jump')])
    once = [(0, 10, 'jump', 0.9), (50, 60, 'jump', 0.8), (20, 30, 'jump', 0.7)]
    twice = once + [(*item[:2], 'run', item[3] / 2) for item in once]
    expected = proposal_recall(records, detected(v=once))
    scores = proposal_recall(records, detected(v=twice))
    assert scores.num_proposals == 3
    assert np.array_equal(scores.recall, expected.recall)
    assert 0 < scores.recall[0, 0] < scores.recall[0, -1] == 1


def test_proposals_need_no_class_of_the_ground_truth():
    records = truth(v=[(0, 10, 'jump')])
    scores = proposal_recall(records, detected(v=[(0, 10, 'proposal', 0.9)]))
    assert scores.average_recall.tolist() == [1] * 100
    assert scores.AUC == pytest.approx(0.99)  # officially the area starts at 1 proposal, not at 0


@pytest.mark.filterwarnings('ignore:.*detection')
def test_videos_without_actions_leave_AR_as_it_is():
    some = dict(v=[(0, 10, 'jump')], w=[(0, 10, 'jump')])
    items = dict(v=[(0, 10, 'jump', 0.9)], w=[(0, 9, 'jump', 0.9)], x=[(0, 9, 'jump', 1.0)] * 50)
    scores = proposal_recall(truth(**some, x=[]), detected(**items))
    del items['x']
    assert np.array_equal(scores.recall, proposal_recall(truth(**some), detected(**items)).recall)


@pytest.mark.filterwarnings('ignore:.*no detection')
def test_no_proposal_finds_nothing():
    assert proposal_recall(truth(v=[(0, 10, 'jump')]), detected(v=[])).AUC == 0
    assert not topk_recall(truth(v=[(0, 10, 'jump')]), detected(v=[])).any()


def test_recall_at_1x_takes_as_many_detections_as_there_are_actions():
    records = truth(v=[(0, 10, 'jump'), (20, 30, 'jump')], w=[(0, 10, 'run')])
    detections = detected(v=[(0, 10, 'jump', 0.9), (0, 9, 'jump', 0.8), (20, 30, 'jump', 0.7)],
                          w=[(0, 10, 'run', 0.1)])
    # Of 'jump' two are taken and both find the first action; of 'run' the only one is right.
    assert topk_recall(records, detections, 0.5, multiples=(1, 2)).tolist() == [[0.75, 1.0]]
    found = topk_recall(records, detections, 0.5, multiples=(1, 2), over_classes=False)
    np.testing.assert_allclose(found, [[2 / 3, 1.0]])   # of three actions two, as Ego4D counts


def test_in_segments_to_ignore_there_is_nothing_to_find_and_nothing_taken():
    records = [video('v', (0, 10, 'jump'), (50, 60, 'jump'), ignored=[(8, 30)])]
    detections = detected(v=[(20, 30, 'jump', 0.9), (0, 10, 'jump', 0.8), (70, 80, 'jump', 0.75),
                             (50, 60, 'jump', 0.7)])
    # Of the first two that count at 0.5 one finds an action, though it overlaps what is ignored.
    assert topk_recall(records, detections, 0.5, multiples=(1, 2)).tolist() == [[0.5, 1.0]]
    # Where it finds none, at 0.9 with its end moved, it does not count either.
    moved = detected(v=[(0, 9, 'jump', 0.9), (70, 80, 'jump', 0.8), (50, 60, 'jump', 0.7)])
    assert topk_recall(records, moved, (0.9, 0.95)).tolist() == [[0.5, 1.0], [0.5, 0.5]]
    scores = proposal_recall(records, detections, 0.5)
    assert (scores.num_segments, scores.num_proposals) == (2, 4)
    # A video that has nothing but them does not count.
    nothing = detected(v=[(0, 10, 'jump', 0.9)], w=[(0, 10, 'jump', 0.9)])
    assert proposal_recall([video('v', (0, 10, 'jump')), video('w', ignored=[(0, 10)])],
                           nothing, 0.5).num_proposals == 1


@pytest.mark.parametrize('multiples', [(), (0,), (1, 1.5)])
def test_multiples_that_are_no_numbers_of_detections_are_refused(multiples):
    with pytest.raises(ValueError, match='whole numbers above 0'):
        topk_recall(truth(v=[(0, 10, 'jump')]), detected(v=[(0, 1, 'jump', 1)]),
                    multiples=multiples)
