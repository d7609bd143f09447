"""EndToEndLocalizer with heads that say of which class their segments are."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import nn

from mmlofi.detections.windows import detect_in_videos
from mmlofi.models import EndToEndLocalizer

NMS = dict(sigma=0.5, top_k=10)


@MODELS.register_module()
class TwoAtOnce(nn.Module):
    """In every video a 0 and a 2 at one time, and one more 2 that is nearly the other."""

    gives_labels, num_classes = True, 3

    def predict(self, features, data_samples):
        return [InstanceData(segments=torch.tensor([[0.2, 0.6], [0.2, 0.6], [0.2, 0.59]]),
                             scores=torch.tensor([0.9, 0.8, 0.7]),
                             labels=torch.tensor([0, 2, 2])) for _ in data_samples]


@MODELS.register_module()
class ForgetsLabels(TwoAtOnce):
    def predict(self, features, data_samples):
        return [InstanceData(segments=found.segments, scores=found.scores)
                for found in super().predict(features, data_samples)]


@MODELS.register_module()
class OfEach(nn.Module):
    """A classifier of segments that finds class 1 in those that begin early."""

    per_segment, num_classes = True, 2

    def predict(self, features, data_samples, segments):
        return [torch.stack([one[:, 0], 1 - one[:, 0]], 1) for one in segments]


@MODELS.register_module()
class VideoIsOf2(nn.Module):
    num_classes = 3

    def predict(self, features, data_samples):
        return torch.tensor([[0.1, 0.2, 0.9]]).repeat(len(data_samples), 1)


@MODELS.register_module()
class FarApart(nn.Module):
    def predict(self, features, data_samples):
        return [InstanceData(segments=torch.tensor([[0.0, 0.2], [0.75, 1.0]]),
                             scores=torch.tensor([0.5, 0.5])) for _ in data_samples]


def found_by(**settings):
    model = EndToEndLocalizer(**dict(head=dict(type='TwoAtOnce'), nms=NMS) | settings)
    sample = ActionDataSample(metainfo=dict(video_name='v', duration_sec=10.0))
    (sample,) = model.predict(torch.rand(1, 4, 5), [sample])
    return sample.pred_instances


def test_overlapping_actions_of_two_classes_are_both_found_and_of_one_class_decay():
    found = found_by()
    assert found.labels.tolist() == [0, 2, 2]
    assert found.scores[:2].tolist() == pytest.approx([0.9, 0.8])
    assert found.scores[2] < 0.7 * 0.2
    assert found.segments_sec.tolist() == [[2, 6], [2, 6], pytest.approx([2, 5.9])]


def test_across_classes_all_but_the_best_decay():
    found = found_by(nms=dict(NMS, by_class=False))
    assert found.labels[0] == 0
    assert found.scores[1:].max() < 0.8 * 0.2


def test_a_video_s_class_scores_are_fused_by_the_named_rule():
    found = found_by(class_scores=dict(type='VideoIsOf2'), fusion='sqrt', top_classes=1)
    assert found.labels.tolist() == [2, 2]
    assert found.scores[0].item() == pytest.approx((0.8 * 0.9)**0.5)


def test_segments_are_labelled_by_a_classifier_of_segments():
    found = found_by(head=dict(type='FarApart'), class_scores=dict(type='OfEach'), top_classes=1)
    assert found.labels[found.segments_sec[:, 0].argsort()].tolist() == [1, 0]
    assert found.scores.tolist() == pytest.approx([0.5, 0.375])


def test_windows_keep_their_labels_until_the_video_is_whole():
    model = EndToEndLocalizer(head=dict(type='TwoAtOnce'), nms=NMS, top_classes=1)
    samples = [ActionDataSample(metainfo=dict(
        video_name='v', duration_sec=10.0, first_snippet=first,
        window_norm=(first / 10, (first + 5) / 10))) for first in (0, 5)]
    windows = [sample.window_result for sample in model.predict(torch.rand(2, 4, 5), samples)]
    segments, scores, labels = detect_in_videos(windows)['v']
    assert labels[:4].tolist() == [0, 0, 2, 2]
    np.testing.assert_allclose(segments[:2], [[1, 3], [6, 8]], rtol=1e-6)
    assert scores[:4].tolist() == pytest.approx([0.9, 0.9, 0.8, 0.8])


def test_how_many_classes_it_tells_is_known_before_anything_runs():
    def model(**settings):
        return EndToEndLocalizer(**dict(head=dict(type='FarApart')) | settings)
    assert model().num_classes == 1
    assert model(class_scores=dict(type='OfEach')).num_classes == 2
    assert model(head=dict(type='TwoAtOnce')).num_classes == 3


def test_a_head_without_the_labels_that_it_promises_is_refused():
    with pytest.raises(ValueError, match='ForgetsLabels has gives_labels=True, and its predict'):
        found_by(head=dict(type='ForgetsLabels'))


def test_labels_of_head_and_classifier_are_refused():
    with pytest.raises(ValueError, match='a TwoAtOnce, which labels its segments, and a OfEach'):
        found_by(class_scores=dict(type='OfEach'))
