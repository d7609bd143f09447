"""Soft-NMS against a plain twin that follows its definition one segment at a time."""
import math

import pytest
import torch

from mmlofi.evaluation.soft_nms import soft_nms, soft_nms_batch


def slow_soft_nms(segments, scores, sigma, top_k):
    rest = [(float(s), float(e), float(p)) for (s, e), p in zip(segments, scores)]
    picked = []
    while rest and len(picked) < top_k:
        best = max(range(len(rest)), key=lambda i: rest[i][2])
        start, end, score = rest.pop(best)
        picked.append((start, end, score))
        decayed = []
        for s, e, p in rest:
            overlap = max(0.0, min(end, e) - max(start, s))
            union = (end - start) + (e - s) - overlap
            iou = overlap / union if union > 0 else 0.0
            decayed.append((s, e, p * math.exp(-iou**2 / sigma)))
        rest = decayed
    return torch.tensor(picked, dtype=torch.float64).reshape(-1, 3)


def random_segments(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    segments = torch.rand(count, 2, generator=generator, dtype=torch.float64).sort(1).values
    return segments, torch.rand(count, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize('sigma', [0.46, 0.84, 0.01])
@pytest.mark.parametrize(('count', 'top_k'), [(1, 100), (7, 3), (60, 60), (150, 100)])
def test_picks_and_scores_equal_those_of_the_slow_twin(sigma, count, top_k):
    segments, scores = random_segments(count, seed=count)
    expected = slow_soft_nms(segments, scores, sigma, top_k)
    kept, decayed = soft_nms(segments, scores, sigma=sigma, top_k=top_k)
    torch.testing.assert_close(kept, expected[:, :2], rtol=0, atol=0)
    torch.testing.assert_close(decayed, expected[:, 2], rtol=1e-9, atol=1e-300)


def test_videos_of_different_size_in_one_call_equal_one_call_each():
    videos = [random_segments(count, seed=count) for count in (40, 0, 3, 120)]
    together = soft_nms_batch([v[0] for v in videos], [v[1] for v in videos], sigma=0.8, top_k=50)
    for (segments, scores), (kept, decayed) in zip(videos, together):
        alone = soft_nms(segments, scores, sigma=0.8, top_k=50)
        assert torch.equal(kept, alone[0])
        assert torch.equal(decayed, alone[1])
    assert [len(kept) for kept, _ in together] == [40, 0, 3, 50]


def test_scores_come_out_sorted_and_the_best_is_untouched():
    segments, scores = random_segments(80)
    _, decayed = soft_nms(segments, scores, sigma=0.84, top_k=80)
    assert decayed[0] == scores.max()
    assert (decayed.diff() <= 0).all()


def test_picks_below_the_least_score_are_left_out():
    segments = torch.tensor([[0.0, 1.0], [0.0, 1.0], [2.0, 3.0]])
    scores = torch.tensor([0.9, 0.8, 0.3])
    kept, decayed = soft_nms(segments, scores, sigma=0.5, top_k=10, min_score=0.2)
    assert kept.tolist() == [[0.0, 1.0], [2.0, 3.0]]  # 0.8 * exp(-2) = 0.11
    assert decayed.tolist() == pytest.approx([0.9, 0.3])


def test_of_equal_scores_the_first_given_is_picked_first():
    segments = torch.tensor([[4.0, 5.0], [0.0, 1.0], [2.0, 3.0]])
    kept, _ = soft_nms(segments, torch.full((3,), 0.5), sigma=0.8, top_k=3)
    assert torch.equal(kept, segments)


def test_segments_without_length_and_with_score_zero_stay_finite():
    segments = torch.tensor([[1.0, 1.0], [1.0, 1.0], [0.0, 2.0]])
    _, decayed = soft_nms(segments, torch.tensor([0.5, 0.5, 0.0]), sigma=1e-6, top_k=3)
    assert decayed.tolist() == [0.5, 0.5, 0.0]


def test_inputs_are_left_as_they_were():
    segments, scores = random_segments(20)
    before = segments.clone(), scores.clone()
    soft_nms(segments, scores, sigma=0.8, top_k=20)
    assert torch.equal(segments, before[0])
    assert torch.equal(scores, before[1])


def test_half_precision_scores_come_back_in_half_precision():
    segments, scores = random_segments(30)
    kept, decayed = soft_nms(segments.float(), scores.to(torch.bfloat16), sigma=0.8, top_k=30)
    assert (kept.dtype, decayed.dtype) == (torch.float32, torch.bfloat16)


@pytest.mark.parametrize(('change', 'message'), [
    (dict(scores=torch.tensor([0.5, float('nan')])), 'NaN scores'),
    (dict(scores=torch.tensor([0.5, -0.1])), 'negative'),
    (dict(scores=torch.ones(3)), r'\(2, 2\), \(3,\)'),
    (dict(segments=torch.zeros(1, 2, 2)), 'one video after the other'),
    (dict(sigma=0), 'sigma=0'),
    (dict(top_k=0), 'top_k=0'),
])
def test_wrong_arguments_are_named(change, message):
    arguments = dict(segments=torch.tensor([[0.0, 1.0], [1.0, 2.0]]),
                     scores=torch.tensor([0.5, 0.4]), sigma=0.8, top_k=5) | change
    with pytest.raises(ValueError, match=message):
        soft_nms(arguments.pop('segments'), arguments.pop('scores'), **arguments)
