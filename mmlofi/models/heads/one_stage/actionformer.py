"""ActionFormer (Zhang et al., ECCV 2022): a transformer's pyramid, classes and offsets of points.

Shape legend: N videos, C channels, L points of a level, K classes.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from mmlofi.options import require_number, require_whole

from .attention import MaskedAttention, pointwise
from .head import OneStageHead, PointOutputs
from .layers import ChannelNorm, drop_path
from .lengths import FittingLengths, common_multiple
from .losses import OneStageLoss, distance_iou_loss
from .pyramid import Neck, Pyramid, PyramidSettings, TopDownNeck
from .targets import PointTargets
from .towers import ClassTower, OffsetTower


@dataclass(frozen=True, kw_only=True)
class TransformerBackbone(PyramidSettings):
    """The settings of ActionFormer's encoder, a pyramid of transformer blocks.

    Args:
        window: Of the attention, odd; 1 or less sees all. All blocks of the stem have the first.
        num_heads: Of the attention.
        dropout: After projections and in the MLPs.
        relative_bias: Whether local attention learns a bias for each distance.
        fpn_channels: Width of a top-down neck; None has norms only, as all that was published.
        kwargs: The other fields of `PyramidSettings`.

    Raises:
        ValueError: For sizes that no network can have.
    """

    window: int | Sequence[int] = 19
    num_heads: int = 4
    dropout: float = 0.0
    relative_bias: bool = False
    fpn_channels: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number('backbone', least=0, most=1, dropout=self.dropout)
        require_whole('backbone', num_heads=self.num_heads)
        if self.width % self.num_heads:
            raise ValueError(f'backbone got embed_dim={self.embed_dim} and num_heads='
                             f'{self.num_heads}; expected a width that the heads divide')
        if len(self.windows) != self.num_levels or any(
                window > 1 and window % 2 == 0 for window in self.windows):
            raise ValueError(
                f'backbone got window={self.window}; expected an odd number, or 1 or less for all '
                f'points, or such a number for each of the {self.num_levels} levels')

    def divisor(self) -> int:
        """A multiple of it has whole windows at all levels, as the authors need them."""
        return common_multiple([2**level * (2 * (window // 2) if window > 1 else 1)
                                for level, window in enumerate(self.windows)])

    def pyramid(self, in_channels: int | Sequence[int], max_seq_len: int | None) -> Pyramid:
        """The network."""
        def block(level: int, stride: int) -> TransformerBlock:
            return TransformerBlock(
                self.width, MaskedAttention(
                    self.width, self.num_heads, window=self.windows[level], stride=stride,
                    dropout=self.dropout, relative_bias=self.relative_bias),
                stride=stride, dropout=self.dropout, drop_probability=self.drop_path)
        embeddings, stem, branch = self.arch
        return Pyramid(
            in_channels=in_channels, embed_dim=self.embed_dim, num_embeddings=embeddings,
            stem=[block(0, 1) for _ in range(stem)],
            branch=[block(1 + i, 2) for i in range(branch)],
            positions=self.positions, max_seq_len=max_seq_len)

    def neck(self) -> tuple[nn.Module, int]:
        """The neck and its width."""
        if self.fpn_channels is None:
            return Neck(self.width, self.num_levels), self.width
        return TopDownNeck(self.width, self.fpn_channels, self.num_levels), self.fpn_channels


class TransformerBlock(nn.Module):
    """Attention and MLP, each after a norm and beside a skip; max pooling is a halving one's skip.
    """

    def __init__(self, channels: int, attention: MaskedAttention, *, stride: int,
                 dropout: float = 0.0, drop_probability: float = 0.0) -> None:
        super().__init__()
        self.ln1, self.ln2 = ChannelNorm(channels), ChannelNorm(channels)
        self.attn, self.stride = attention, stride
        self.mlp = nn.Sequential(
            pointwise(channels, 4 * channels), nn.GELU(), nn.Dropout(dropout),
            pointwise(4 * channels, channels), nn.Dropout(dropout))
        self.drop_path_attn = drop_path(channels, drop_probability)
        self.drop_path_mlp = drop_path(channels, drop_probability)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, C, L * stride) and the output's mask (N, L) -> (N, C, L), 0 at padded points."""
        skip = x if self.stride == 1 else F.max_pool1d(x, 3, stride=self.stride, padding=1)
        x = skip * mask[:, None] + self.drop_path_attn(self.attn(self.ln1(x), mask))
        return x + self.drop_path_mlp(self.mlp(self.ln2(x)) * mask[:, None])


@MODELS.register_module()
class ActionFormerHead(OneStageHead):
    """ActionFormer as a head: any (N, C, L) features in, losses or labelled segments out.

    Outputs, losses and candidates equal the authors' program; its checkpoints load as they are.
    Defaults are those of THUMOS14.

    Deviations: windows of 3, and lengths that the windows of different levels do not divide
    alike, work; padded queries see themselves alone, which no valid point depends on.

    Args:
        in_channels: Of the features; of each source, where several come concatenated.
        num_classes: K. With 1 it is class-agnostic, as on ActivityNet.
        max_seq_len: Length that shorter features are padded to; None pads to what fits.
        backbone: Fields of `TransformerBackbone`.
        towers: `channels` (as the neck's where left out), `num_layers` with the last one,
            `kernel_size` and `empty_classes`, as in `ClassTower`.
        targets: Fields of `TargetAssignment`.
        loss: Fields of `OneStageLoss`.
        candidates: Fields of `CandidateSelection`.

    Raises:
        ValueError: For sizes that no network can have, and a `max_seq_len` that does not fit.
    """

    def __init__(self, *, in_channels: int | Sequence[int], num_classes: int,
                 max_seq_len: int | None = None, backbone: dict | None = None,
                 towers: dict | None = None, targets: dict | None = None,
                 loss: dict | None = None, candidates: dict | None = None) -> None:
        settings = TransformerBackbone(**(backbone or {}))
        neck, width = settings.neck()
        super().__init__(
            in_channels=in_channels, num_classes=num_classes,
            lengths=FittingLengths(divisor=settings.divisor(), max_seq_len=max_seq_len),
            backbone=settings.pyramid(in_channels, max_seq_len), neck=neck, targets=targets,
            candidates=candidates)
        towers = dict(channels=width) | (towers or {})
        self.cls_head = ClassTower(width, num_classes=num_classes, **towers)
        towers.pop('empty_classes', None)
        self.reg_head = OffsetTower(width, num_values=2, num_levels=settings.num_levels, **towers)
        self.criterion = OneStageLoss(**(loss or {}))

    def forward(self, features: Tensor, mask: Tensor | None = None) -> PointOutputs:
        """(N, C, L) and its valid positions (N, L) -> logits and offsets of all points."""
        levels, masks, points = self.encode(features, mask)
        logits, offsets = self.cls_head(levels, masks), self.reg_head(levels, masks)
        return PointOutputs.of(points, masks, logits, offsets)

    def losses(self, outputs: PointOutputs, targets: PointTargets) -> dict[str, Tensor]:
        """Focal loss of all valid points, distance IoU of the positive ones."""
        valid, positive = outputs.mask, targets.positive
        offsets = outputs.offsets[positive]
        by_class = self.criterion.class_entries(outputs.logits[valid], targets.classes[valid])
        by_offset = distance_iou_loss(offsets, targets.offsets[positive])
        return self.criterion.balance(by_class.sum(), by_offset.sum(), len(offsets))

    def distances(self, outputs: PointOutputs) -> Tensor:
        """(N, P, 2) to start and end, in strides."""
        return outputs.offsets
