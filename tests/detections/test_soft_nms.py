"""Soft-NMS against a plain twin that follows its definition one segment at a time."""
import math

import numpy as np
import pytest

from mmlofi.detections.soft_nms import soft_nms, soft_nms_batch


def iou_of(one, two):
    overlap = max(0.0, min(one[1], two[1]) - max(one[0], two[0]))
    union = (one[1] - one[0]) + (two[1] - two[0]) - overlap
    return overlap / union if union > 0 else 0.0


def slow_soft_nms(segments, scores, top_k, method='gaussian', sigma=None, iou_threshold=0.0,
                  min_score=0.0):
    decay = dict(gaussian=lambda iou: math.exp(-iou**2 / sigma), linear=lambda iou: 1 - iou,
                 hard=lambda iou: -math.inf)[method]
    rest = [(float(s), float(e), float(p)) for (s, e), p in zip(segments, scores)]
    picked = []
    while rest and len(picked) < top_k:
        pick = rest.pop(max(range(len(rest)), key=lambda i: rest[i][2]))
        if pick[2] >= min_score:
            picked.append(pick)
        rest = [(s, e, p * decay(iou_of(pick, (s, e))) if iou_of(pick, (s, e)) > iou_threshold
                 else p) for s, e, p in rest]
        rest = [item for item in rest if item[2] > -math.inf]
    return np.array(picked, np.float64).reshape(-1, 3)


def random_segments(count, seed=0):
    rng = np.random.default_rng(seed)
    return np.sort(rng.random((count, 2)), 1), rng.random(count)


@pytest.mark.parametrize('sigma', [0.46, 0.84, 0.01])
@pytest.mark.parametrize(('count', 'top_k'), [(1, 100), (7, 3), (60, 60), (150, 100)])
def test_picks_and_scores_equal_those_of_the_slow_twin(sigma, count, top_k):
    segments, scores = random_segments(count, seed=count)
    expected = slow_soft_nms(segments, scores, top_k, sigma=sigma)
    kept, decayed = soft_nms(segments, scores, sigma=sigma, top_k=top_k)
    np.testing.assert_array_equal(kept, expected[:, :2])
    np.testing.assert_allclose(decayed, expected[:, 2], rtol=1e-9, atol=1e-300)


METHODS = [dict(sigma=0.5), dict(sigma=0.5, iou_threshold=0.3), dict(sigma=1e-5),
           dict(method='linear'), dict(method='linear', iou_threshold=0.3),
           dict(method='hard', iou_threshold=0.0), dict(method='hard', iou_threshold=0.5)]


@pytest.mark.parametrize('options', METHODS)
@pytest.mark.parametrize('seed', range(8))
def test_any_method_equals_its_slow_twin_also_with_ties_and_equal_segments(options, seed):
    rng = np.random.default_rng(seed)
    # Whole numbers: instants, touching and equal segments, IoUs of 1; scores with ties and zeros.
    segments = np.sort(rng.integers(0, 9, (40, 2)).astype(float), 1)
    scores = rng.integers(0, 5, 40) / 4
    for top_k, min_score in ((40, 0.0), (7, 0.0), (40, 0.3)):
        expected = slow_soft_nms(segments, scores, top_k, min_score=min_score, **options)
        kept, decayed = soft_nms(segments, scores, top_k=top_k, min_score=min_score, **options)
        assert np.array_equal(kept, expected[:, :2])
        np.testing.assert_allclose(decayed, expected[:, 2], rtol=1e-12, atol=0)


@pytest.mark.parametrize('options', METHODS)
@pytest.mark.parametrize('seed', range(3))
def test_a_batch_gives_each_video_what_it_gets_alone(options, seed):
    options = options | dict(top_k=20, min_score=0.01, voting_thresh=0.7)
    videos = [random_segments(count, seed=10 * seed + count) for count in (40, 1, 0, 9, 300)] * 20
    together = soft_nms_batch([v[0] for v in videos], [v[1] for v in videos], **options)
    for (segments, scores), (kept, decayed) in zip(videos, together, strict=True):
        alone = soft_nms(segments, scores, **options)
        assert np.array_equal(kept, alone[0])
        assert np.array_equal(decayed, alone[1])


def test_hard_nms_leaves_out_what_overlaps_a_better_one():
    segments = np.array([[0.0, 10.0], [0.0, 9.0], [0.0, 5.0], [20.0, 30.0]])
    kept, scores = soft_nms(segments, np.array([0.9, 0.8, 0.7, 0.1]), method='hard',
                            iou_threshold=0.5, top_k=10)
    assert kept.tolist() == [[0, 10], [0, 5], [20, 30]]  # an IoU of exactly the threshold stays
    assert scores.tolist() == pytest.approx([0.9, 0.7, 0.1])


def test_linear_decay_by_hand():
    segments = np.array([[0.0, 10.0], [0.0, 8.0], [0.0, 2.0]])
    kept, scores = soft_nms(segments, np.array([1.0, 0.5, 0.5]), method='linear', top_k=10)
    # IoU 0.8 and 0.2 with the first, 0.25 with each other: 0.1 and 0.4, then 0.1 * 0.75.
    assert kept.tolist() == [[0, 10], [0, 2], [0, 8]]
    assert scores.tolist() == pytest.approx([1, 0.4, 0.075])


@pytest.mark.parametrize('seed', range(5))
def test_voting_is_the_mean_by_score_of_the_segments_around_each_pick(seed):
    segments, scores = random_segments(50, seed)
    options = dict(sigma=0.5, top_k=20)
    picked, expected_scores = soft_nms(segments, scores, **options)
    voted, decayed = soft_nms(segments, scores, voting_thresh=0.6, **options)
    assert np.array_equal(decayed, expected_scores)
    for pick, found in zip(picked, voted):
        near = [i for i in range(50) if iou_of(pick, segments[i]) >= 0.6]
        mean = sum(scores[i] * segments[i] for i in near) / sum(scores[i] for i in near)
        np.testing.assert_allclose(found, mean, rtol=1e-12, atol=0)
    assert not np.array_equal(voted, picked)


def test_a_vote_of_instants_or_of_no_weight_leaves_the_segment():
    segments = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 2.0]])
    kept, _ = soft_nms(segments, np.array([0.5, 0.4, 0.0]), sigma=0.5, top_k=3,
                       voting_thresh=0.5)
    assert np.array_equal(kept, segments)


def test_videos_of_different_size_in_one_call_equal_one_call_each():
    videos = [random_segments(count, seed=count) for count in (40, 0, 3, 120)]
    together = soft_nms_batch([v[0] for v in videos], [v[1] for v in videos], sigma=0.8, top_k=50)
    for (segments, scores), (kept, decayed) in zip(videos, together):
        alone = soft_nms(segments, scores, sigma=0.8, top_k=50)
        assert np.array_equal(kept, alone[0])
        assert np.array_equal(decayed, alone[1])
    assert [len(kept) for kept, _ in together] == [40, 0, 3, 50]


def test_scores_come_out_sorted_and_the_best_is_untouched():
    segments, scores = random_segments(80)
    _, decayed = soft_nms(segments, scores, sigma=0.84, top_k=80)
    assert decayed[0] == scores.max()
    assert (np.diff(decayed) <= 0).all()


def test_picks_below_the_least_score_are_left_out():
    segments = np.array([[0.0, 1.0], [0.0, 1.0], [2.0, 3.0]])
    scores = np.array([0.9, 0.8, 0.3])
    kept, decayed = soft_nms(segments, scores, sigma=0.5, top_k=10, min_score=0.2)
    assert kept.tolist() == [[0.0, 1.0], [2.0, 3.0]]  # 0.8 * exp(-2) = 0.11
    assert decayed.tolist() == pytest.approx([0.9, 0.3])


def test_of_equal_scores_the_first_given_is_picked_first():
    segments = np.array([[4.0, 5.0], [0.0, 1.0], [2.0, 3.0]])
    kept, _ = soft_nms(segments, np.full(3, 0.5), sigma=0.8, top_k=3)
    assert np.array_equal(kept, segments)


def test_segments_without_length_and_with_score_zero_stay_finite():
    segments = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 2.0]])
    _, decayed = soft_nms(segments, np.array([0.5, 0.5, 0.0]), sigma=1e-6, top_k=3)
    assert decayed.tolist() == [0.5, 0.5, 0.0]


def test_inputs_are_left_as_they_were():
    segments, scores = random_segments(20)
    before = segments.copy(), scores.copy()
    soft_nms(segments, scores, sigma=0.8, top_k=20)
    assert np.array_equal(segments, before[0])
    assert np.array_equal(scores, before[1])


def test_half_precision_scores_come_back_in_half_precision():
    segments, scores = random_segments(30)
    kept, decayed = soft_nms(segments.astype(np.float32), scores.astype(np.float16), sigma=0.8,
                             top_k=30)
    assert (kept.dtype, decayed.dtype) == (np.float32, np.float16)


@pytest.mark.parametrize(('change', 'message'), [
    (dict(scores=np.array([0.5, float('nan')])), 'NaN scores'),
    (dict(scores=np.array([0.5, -0.1])), 'negative'),
    (dict(scores=np.ones(3)), r'\(2, 2\), \(3,\)'),
    (dict(segments=np.zeros((1, 2, 2))), 'one video after the other'),
    (dict(sigma=0), 'sigma=0'),
    (dict(sigma=None), 'sigma=None'),
    (dict(top_k=0), 'top_k=0'),
    (dict(method='soft'), "method='soft'"),
    (dict(method='hard'), 'without iou_threshold'),
    (dict(iou_threshold=1.5), 'iou_threshold=1.5'),
    (dict(voting_thresh=-0.1), 'voting_thresh=-0.1'),
    (dict(min_score=float('nan')), 'min_score=nan'),
    (dict(min_score='0'), "min_score='0'; expected a finite number"),
    (dict(top_k=2.5), 'top_k=2.5; expected a whole number, 1 or more'),
    (dict(top_k='5'), "top_k='5'"),
    (dict(sigma=float('inf')), 'sigma=inf; expected a finite number, above 0'),
    (dict(sigma='a'), "sigma='a'"),
    (dict(segments=np.array([[0.0, float('nan')], [1.0, 2.0]])), 'infinite or NaN ends'),
    (dict(segments=np.array([[0.0, 1.0], [1.0, float('inf')]])), 'infinite or NaN ends'),
])
def test_wrong_arguments_are_named(change, message):
    arguments = dict(segments=np.array([[0.0, 1.0], [1.0, 2.0]]),
                     scores=np.array([0.5, 0.4]), sigma=0.8, top_k=5) | change
    with pytest.raises(ValueError, match=message):
        soft_nms(arguments.pop('segments'), arguments.pop('scores'), **arguments)
