"""What EndToEndLocalizer makes of proposals and class scores."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.structures import InstanceData
from small_localizers import from_features, samples
from torch import nn


@MODELS.register_module()
class FixedProposals(nn.Module):
    """A head that proposes three segments, far apart, in every video."""

    segments = torch.tensor([[0.0, 0.2], [0.3, 0.5], [0.9, 1.0]])
    scores = torch.tensor([0.9, 0.6, 0.3])

    def predict(self, features, data_samples):
        return [InstanceData(segments=self.segments, scores=self.scores) for _ in data_samples]


@MODELS.register_module()
class FixedClasses(nn.Module):
    """Class scores 0.1, 0.5, 0.2 for the first video, and the reverse for the second."""

    def predict(self, features, data_samples):
        scores = torch.tensor([[0.1, 0.5, 0.2], [0.2, 0.5, 0.1]])
        return scores[:len(data_samples)]


def predictions(model, videos, sigma=0.84):
    model.nms.update(sigma=sigma)
    return [video.pred_instances for video in model.predict(torch.zeros(len(videos), 8, 6), videos)]


def test_each_proposal_gets_the_videos_two_best_classes_and_their_scores():
    model = from_features(head=dict(type='FixedProposals'), class_scores=dict(type='FixedClasses'))
    first, second = predictions(model, samples())
    for found, classes in ((first, (1, 2)), (second, (1, 0))):
        assert found.labels.tolist() == [classes[0]] * 3 + [classes[1]] * 3
        torch.testing.assert_close(found.scores, torch.tensor(
            [0.9 * 0.5, 0.6 * 0.5, 0.3 * 0.5, 0.9 * 0.2, 0.6 * 0.2, 0.3 * 0.2]))
        torch.testing.assert_close(found.segments_sec, FixedProposals.segments.repeat(2, 1) * 10)


def test_more_classes_than_there_are_mean_all_of_them():
    model = from_features(head=dict(type='FixedProposals'), class_scores=dict(type='FixedClasses'),
                          top_classes=9)
    assert predictions(model, samples(1))[0].labels.tolist() == [1] * 3 + [2] * 3 + [0] * 3


def test_without_class_scores_every_proposal_has_label_0_and_its_own_score():
    found, = predictions(from_features(head=dict(type='FixedProposals')), samples(1))
    assert found.labels.tolist() == [0, 0, 0]
    torch.testing.assert_close(found.scores, FixedProposals.scores)


def test_segments_are_seconds_of_the_video():
    found, = predictions(from_features(head=dict(type='FixedProposals')),
                         samples(1, duration_sec=60.0))
    torch.testing.assert_close(found.segments_sec,
                               torch.tensor([[0.0, 12.0], [18.0, 30.0], [54.0, 60.0]]))


def test_segments_of_a_window_are_seconds_of_the_whole_video():
    found, = predictions(from_features(head=dict(type='FixedProposals')),
                         samples(1, duration_sec=60.0, window_norm=(0.5, 0.75)))
    torch.testing.assert_close(found.segments_sec,
                               torch.tensor([[30.0, 33.0], [34.5, 37.5], [43.5, 45.0]]))


def test_top_k_is_taken_before_classes():
    model = from_features(head=dict(type='FixedProposals'), class_scores=dict(type='FixedClasses'),
                          nms=dict(top_k=2))
    assert model.nms == dict(sigma=0.84, top_k=2)
    assert len(predictions(model, samples(1))[0].scores) == 4


@pytest.mark.parametrize(('nms', 'message'), [
    (dict(top_k=0), 'top_k=0'), (dict(method='hard'), 'without iou_threshold')])
def test_options_of_nms_that_make_no_sense_are_refused_at_construction(nms, message):
    with pytest.raises(ValueError, match=message):
        from_features(head=dict(type='FixedProposals'), nms=nms)
