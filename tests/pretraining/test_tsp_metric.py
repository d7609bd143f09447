"""Accuracy of both heads, by hand."""
from __future__ import annotations

import pytest
import torch

from mmlofi.pretraining import TSPMetric


def clip(predicted, label, region=None, region_label=None):
    scores = {} if region is None else dict(region_score=torch.eye(2)[region],
                                            region_label=region_label)
    return dict(pred_label=torch.tensor([predicted]), gt_label=torch.tensor([label]), **scores)


def score(*clips):
    metric = TSPMetric()
    metric.process(None, clips)
    return metric.evaluate(len(clips))


def test_each_head_is_scored_on_the_clips_that_have_its_label():
    assert score(clip(3, 3, 0, 0), clip(1, 2, 1, 0), clip(4, -1, 1, 1), clip(2, 2, 0, 0)) == {
        'acc/action': pytest.approx(200 / 3), 'acc/region': 75,
        'acc/mean': pytest.approx((200 / 3 + 75) / 2)}


def test_one_head_alone_is_the_mean():
    assert score(clip(3, 3), clip(1, 2)) == {'acc/action': 50, 'acc/mean': 50}


def test_background_alone_has_no_accuracy_of_classes():
    assert score(clip(3, -1, 1, 1)) == {'acc/region': 100, 'acc/mean': 100}


def test_clips_without_any_label_are_refused():
    with pytest.raises(ValueError, match='1 clips, none of them with a label'):
        score(clip(3, -1))
