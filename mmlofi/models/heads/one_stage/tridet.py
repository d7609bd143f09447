"""TriDet (Shi et al., CVPR 2023): a pyramid without attention; boundaries from the points around.

Shape legend: N videos, C channels, L snippets, P points of all levels, K classes, B bins, M pairs
of a point and a class.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmlofi.options import require_number, require_whole

from .head import OneStageHead, PointOutputs
from .lengths import FittingLengths
from .losses import distance_iou_loss, interval_iou
from .pyramid import Neck
from .sgp import SGPBackbone
from .targets import PointTargets
from .towers import ClassTower, OffsetTower
from .trident import Pairs, TriDetLoss, trident_offsets


@MODELS.register_module()
class TriDetHead(OneStageHead):
    """TriDet as a head: any (N, C, L) features in, losses or labelled segments out.

    Outputs, losses and candidates equal the authors' program; its checkpoints load as they are.
    Defaults are those of THUMOS14, where `init_conv_vars` is 0 (see `SGPBackbone`).

    What it gives depends on how much padding follows a video, in training and in testing. So give
    it a `max_seq_len` that holds the videos: all of up to so many snippets are padded to it, which
    it was trained with. Longer ones become a multiple of what their levels' windows need.

    Args:
        in_channels: Of the features; of each source, where several come concatenated.
        num_classes: K. With 1 it is class-agnostic, as on ActivityNet.
        max_seq_len: Length that shorter features are padded to; None pads to what fits.
        backbone: Fields of `SGPBackbone`, and `input_noise`: standard deviation of what is added
            to features in training, to padding too.
        towers: `channels` (the backbone's where left out), `num_layers` with the last one,
            `kernel_size` and `empty_classes`, as in `ClassTower`; `num_bins`, B, of which 0 leaves
            the trident head out, and `boundary_kernel_size` of its boundary heads.
        targets: Fields of `TargetAssignment`.
        loss: Fields of `TriDetLoss`.
        candidates: Fields of `CandidateSelection`.

    Raises:
        ValueError: For sizes that no network can have.
    """

    def __init__(self, *, in_channels: int | Sequence[int], num_classes: int,
                 max_seq_len: int | None = None, backbone: dict | None = None,
                 towers: dict | None = None, targets: dict | None = None,
                 loss: dict | None = None, candidates: dict | None = None) -> None:
        backbone = dict(input_noise=0.0) | (backbone or {})
        noise = backbone.pop('input_noise')
        settings = SGPBackbone(**backbone)
        super().__init__(
            in_channels=in_channels, num_classes=num_classes,
            lengths=FittingLengths(divisor=settings.divisor(), max_seq_len=max_seq_len, unit=1),
            backbone=settings.pyramid(in_channels, max_seq_len),
            neck=Neck(settings.width, settings.num_levels), targets=targets, candidates=candidates)
        require_number('backbone', least=0, input_noise=noise)
        self.input_noise, self.criterion = noise, TriDetLoss(**(loss or {}))
        self._build_towers(settings, **(towers or {}))

    def _build_towers(self, settings: SGPBackbone, *, channels: int | None = None,
                      num_layers: int = 3, kernel_size: int = 3, empty_classes: Sequence[int] = (),
                      num_bins: int = 16, boundary_kernel_size: int = 3) -> None:
        require_whole('towers', least=0, num_bins=num_bins)
        sizes = (settings.width, channels or settings.width)
        by_class = dict(num_classes=self.num_classes, num_layers=num_layers,
                        empty_classes=empty_classes)
        self.num_bins = num_bins
        self.cls_head = ClassTower(*sizes, kernel_size=kernel_size, **by_class)
        self.reg_head = OffsetTower(
            *sizes, num_values=2 * (num_bins + 1), num_levels=settings.num_levels,
            num_layers=num_layers, kernel_size=kernel_size)
        if num_bins:
            self.start_head, self.end_head = (
                ClassTower(*sizes, kernel_size=boundary_kernel_size, **by_class)
                for _ in range(2))

    def pad(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features and mask at the length that fits; in training with noise, on padding too."""
        features, mask = super().pad(features, mask)
        if self.training and self.input_noise:
            features = features + self.input_noise * torch.randn_like(features)
        return features, mask

    def forward(self, features: Tensor, mask: Tensor | None = None) -> PointOutputs:
        """(N, C, L) and its valid positions (N, L) -> what is said of all points.

        The boundary heads teach the backbone nothing.
        """
        levels, masks, points = self.encode(features, mask)
        values = [self.cls_head(levels, masks), self.reg_head(levels, masks)]
        if self.num_bins:
            apart = [x.detach() for x in levels]
            values += [self.start_head(apart, masks), self.end_head(apart, masks)]
        return PointOutputs.of(points, masks, *values)

    def losses(self, outputs: PointOutputs, targets: PointTargets) -> dict[str, Tensor]:
        """Focal loss of all valid points, distance IoU of the positive ones.

        With the trident head the latter is of pairs of a point and one of its classes, and the
        former of each such pair is multiplied by a power of their IoU.
        """
        valid, positive = outputs.mask, targets.positive
        by_class = self.criterion.class_entries(outputs.logits[valid], targets.classes[valid])
        if self.num_bins:
            pairs = (targets.classes * positive[..., None]).nonzero(as_tuple=True)
            found, true = self._offsets(outputs, pairs), targets.offsets[pairs[:2]]
            weight = self.criterion.class_weights(interval_iou(found, true))
            by_class = by_class * torch.ones_like(outputs.logits).index_put(pairs, weight)[valid]
        else:
            found, true = outputs.offsets[positive], targets.offsets[positive]
        by_offset = distance_iou_loss(found, true)
        return self.criterion.balance(by_class.sum(), by_offset.sum(), int(positive.sum()))

    def distances(self, outputs: PointOutputs) -> Tensor | list[Callable[[Tensor, Tensor], Tensor]]:
        """(N, P, 2) to start and end, in strides; with the trident head what gives (M, 2) of the
        points and classes of a video."""
        if not self.num_bins:
            return outputs.offsets

        def of_video(video: int, point: Tensor, label: Tensor) -> Tensor:
            return self._offsets(outputs, (torch.full_like(point, video), point, label))
        return [partial(of_video, video) for video in range(len(outputs.mask))]

    def _offsets(self, outputs: PointOutputs, pairs: Pairs) -> Tensor:
        return trident_offsets(outputs.start, outputs.end, outputs.offsets, outputs.points.counts,
                               pairs)
