"""What the one-stage heads do alike, from features to losses and candidates.

Shape legend: N videos, C channels, L snippets, P points of all levels, K classes, M candidates.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmlofi.models.heads.lengths import valid_mask
from mmlofi.models.parameter_names import rename_keys
from mmlofi.options import require_whole

from .candidates import CandidateSelection
from .lengths import FittingLengths
from .points import Points, make_points, to_grid, to_shares
from .pyramid import Pyramid, total
from .targets import PointTargets, TargetAssignment

# Names in the authors' checkpoints; an encoder at a model's own `backbone` has none of them.
PUBLISHED = re.compile(
    r'backbone\.((embd|embd_norm|proj)\.\d+\.|(stem|branch)\.\d+\.'
    r'(ln\d?|gn|attn|mlp|drop_path_\w+|psi|fc|convw|convkw|global_fc|downsample)\.)'
    r'|neck\.(fpn_norms|fpn_convs|lateral_convs)\.\d+\.'
    r'|(cls|reg|start|end)_head\.((head|norm|scale)\.\d+|cls_head|offset_head)\.')


@dataclass(frozen=True, eq=False)
class PointOutputs:
    """What a head says of the points of all levels; padded ones hold 0."""

    points: Points
    mask: Tensor                # (N, P) bool, points that are part of a video
    logits: Tensor              # (N, P, K)
    offsets: Tensor             # (N, P, 2) in strides; TriDet's (N, P, 2 (bins + 1)) of its bins
    start: Tensor | None = None  # (N, P, K) TriDet's boundary heads
    end: Tensor | None = None

    @classmethod
    def of(cls, points: Points, masks: Sequence[Tensor], *values: Tensor) -> PointOutputs:
        """From masks (N, L) by level; values that were computed in half precision become single.
        """
        return cls(points, torch.cat(list(masks), dim=1), *map(at_least_float, values))


class OneStageHead(nn.Module):
    """Pads, encodes, assigns targets and chooses candidates; a method is a subclass of it.

    The subclass makes the parts, whose names here are those of the authors' checkpoints, and has

    - `forward(features, mask)`: `PointOutputs`, from `encode`;
    - `losses(outputs, targets)`: a dict of losses of a batch;
    - `distances(outputs)`: of each video what `CandidateSelection` takes as `offsets`.

    A video's predictions do not depend on its batch: it is padded to the length that fits itself.
    In training a batch is padded to one length.

    Args:
        in_channels: Of the features; of each of several sources, which come concatenated.
        num_classes: K. With one class the head is class-agnostic: all labels count as it, and
            predictions have none.
        lengths: To which length features are padded.
        backbone: The pyramid.
        neck: What takes the pyramid's levels and masks, and gives levels.
        targets: Fields of `TargetAssignment`.
        candidates: Fields of `CandidateSelection`.

    Raises:
        ValueError: For options that cannot be.
    """

    def __init__(self, *, in_channels: int | Sequence[int], num_classes: int,
                 lengths: FittingLengths, backbone: Pyramid, neck: nn.Module,
                 targets: dict | None = None, candidates: dict | None = None) -> None:
        super().__init__()
        require_whole(type(self).__name__, num_classes=num_classes,
                      in_channels=total(in_channels))
        self.in_channels, self.num_classes = total(in_channels), num_classes
        self.lengths, self.backbone, self.neck = lengths, backbone, neck
        self.assign = TargetAssignment(**(targets or {}))
        self.ranges = self.assign.ranges_of(1 + len(backbone.branch))
        self.select = CandidateSelection(**(candidates or {}))

    @property
    def gives_labels(self) -> bool:
        """Whether `predict` says the class of each segment."""
        return self.num_classes > 1

    @property
    def running_values(self) -> dict[str, float]:
        """What a resumed training goes on with, beside the weights."""
        return self.criterion.running_values

    def encode(self, features: Tensor, mask: Tensor | None = None
               ) -> tuple[list[Tensor], list[Tensor], Points]:
        """(N, C, L) and (N, L) -> the neck's levels (N, C', L_l), their masks, their points.

        Without a mask all is valid.
        """
        if features.ndim != 3 or features.size(1) != self.in_channels or features.size(2) < 1:
            raise ValueError(
                f'{type(self).__name__} got features of shape {tuple(features.shape)}, expected '
                f'(videos, {self.in_channels}, snippets). Set in_channels to what the backbone or '
                'the feature files give, and put channels before snippets.')
        if mask is None:
            mask = torch.ones_like(features[:, 0], dtype=torch.bool)
        levels, masks = self.backbone(*self.pad(features, mask))
        points = make_points([x.size(2) for x in levels],
                             self.assign.stretched(self.ranges, features.size(2)),
                             features.device, at_least_float(features).dtype)
        return self.neck(levels, masks), masks, points

    def pad(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features and mask at the length that fits, zeros where there is no video."""
        return self.lengths.pad(features, mask)

    def loss(self, features: Tensor, data_samples: Sequence[ActionDataSample]
             ) -> dict[str, Tensor]:
        """Losses against `gt_instances`: `segments` (M, 2) as shares of L, `labels` (M,), M >= 0.
        """
        L = features.size(2)
        outputs = self(features, valid_mask(data_samples, L, features.device))
        return self.losses(outputs, self.targets(outputs, data_samples, L))

    def targets(self, outputs: PointOutputs, data_samples: Sequence[ActionDataSample], length: int
                ) -> PointTargets:
        """What the points should say of videos of `length` snippets.

        Raises:
            ValueError: With the video, for a label beyond the classes.
        """
        points = outputs.points
        # Double: a share in single precision is 1e-4 of a snippet off where there are thousands.
        segments = [to_grid(sample.gt_instances.segments.double(), length).to(points.position)
                    for sample in data_samples]
        labels = [self._labels(sample).to(points.position.device) for sample in data_samples]
        return self.assign(points, outputs.mask, segments, labels, self.num_classes)

    def _labels(self, sample: ActionDataSample) -> Tensor:
        segments = sample.gt_instances.segments
        if not self.gives_labels:
            return torch.zeros(len(segments), dtype=torch.long)
        labels = sample.gt_instances.labels.long()
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < self.num_classes:
            raise ValueError(
                f'video {sample.get("video_name", "")!r} has labels from {int(labels.min())} to '
                f'{int(labels.max())}; expected numbers below num_classes={self.num_classes}: set '
                "the head's num_classes to the number of classes in the annotations")
        return labels

    @torch.no_grad()
    def predict(self, features: Tensor, data_samples: Sequence[ActionDataSample] | None = None
                ) -> list[InstanceData]:
        """`segments` (M, 2) as shares of L, also outside [0, 1], `scores` (M,) and, with several
        classes, `labels` (M,) of each video."""
        N, _, L = features.shape
        mask = torch.ones(N, L, dtype=torch.bool, device=features.device) \
            if data_samples is None else valid_mask(data_samples, L, features.device)
        found = [None] * N
        for videos, length in self._of_one_length(mask):
            outputs = self(features[videos, :, :length], mask[videos, :length])
            scores = outputs.logits.sigmoid() * outputs.mask[..., None]
            for video, *one in zip(videos, scores, self.distances(outputs)):
                segments, best, labels = self.select(outputs.points, *one)
                found[video] = InstanceData(segments=to_shares(segments, L), scores=best)
                if self.gives_labels:
                    found[video].labels = labels
        return found

    def _of_one_length(self, mask: Tensor) -> Iterator[tuple[list[int], int]]:
        """Numbers of the videos that are padded to the same length, and that length."""
        fits = [self.lengths(count) for count in mask.sum(1).tolist()]
        for length in sorted(set(fits)):
            yield [video for video, fit in enumerate(fits) if fit == length], length

    @staticmethod
    def is_published(name: str) -> bool:
        """Whether a parameter's name is one of the authors' checkpoints, not of an encoder."""
        return PUBLISHED.match(name.removeprefix('module.')) is not None

    @classmethod
    def own_name(cls, name: str) -> str:
        """Our name of a parameter: the authors', without what a DataParallel put before it."""
        return name.removeprefix('module.') if cls.is_published(name) else name

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        rename_keys(state_dict, prefix, self.own_name)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def at_least_float(x: Tensor) -> Tensor:
    """In single precision where it was computed in half; double stays double."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
