"""Both kinds of class scores beside one head: one training gives two rows of heads_table.py.

Neither gives a gradient to the encoder or the head, and what either draws comes after theirs, so
that these are, bit for bit, what a training with one of the two makes of them.
"""
from __future__ import annotations

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmlofi.models.heads.class_scores import VideoClassifier
from mmlofi.models.heads.segment_classifier import SegmentClassifier


@MODELS.register_module()
class BothClassifiers(BaseModule):
    """A `VideoClassifier` and a `SegmentClassifier`, of which the one that is named predicts."""

    def __init__(self, *, in_channels: int, num_classes: int, predicts: str = 'video') -> None:
        super().__init__()
        of = dict(in_channels=in_channels, num_classes=num_classes)
        self.video, self.segment = VideoClassifier(**of), SegmentClassifier(**of)
        self.num_classes, self.predicts = num_classes, predicts
        self.per_segment = predicts == 'segment'

    def loss(self, features: Tensor, data_samples: list) -> dict[str, Tensor]:
        """The losses of both."""
        return self.video.loss(features, data_samples) | self.segment.loss(features, data_samples)

    def predict(self, features: Tensor, data_samples: list, *segments: list) -> Tensor | list:
        """Of videos (N, classes), or of each video's segments, as `per_segment` says."""
        return getattr(self, self.predicts).predict(features, data_samples, *segments)
