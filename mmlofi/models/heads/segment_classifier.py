"""Which classes a proposal is of, from the features inside it and a little around it.

For heads that only find when. A proposal is cut into bins: one before it, some inside, one after,
and each is the mean of what it covers, where position i covers [i, i+1)::

    0                                                L
    |----|----|----|----|----|----|----|----|----|----|
           [before][  1  |  2  |  3  |  4  ][after]
                   start                  end

The mean over [a, b) is (S(b) - S(a)) / (b - a), S the sum from 0 on, linear within a position:
exact for any bounds, and the cost of a proposal does not depend on its length.

Shape legend: N videos, L positions, C channels, H hidden channels, B bins, G actions of a video,
K proposals of a video, P those of all.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmlofi.models.heads.class_scores import refuse_unknown_labels
from mmlofi.models.heads.lengths import valid_mask
from mmlofi.options import require_number, require_whole

INNER_BINS = 4
CONTEXT = 0.5        # of a proposal's length, before and after it
POSITIVE = 0.5       # tIoU from which a proposal is one of an action's class
PRIOR = 0.05         # of a class, at the start: most proposals are of none
AT_ONCE = 2048       # proposals, of which each takes B * H numbers
SHIFT = 0.6          # of an action's length, by which its ends are moved at the most
LEAST = 0.02         # of a video, the shortest of the random segments


@MODELS.register_module()
class SegmentClassifier(BaseModule):
    """Multi-label classifier of proposals, trained beside the head, on segments of its own.

    Not in the papers of G-TAD and BMN, which give each proposal the classes of its video: where
    videos hold several, that names most of them wrongly (benchmarks/segment_classes.py). It trains
    on the annotated segments, shifted copies of them and random segments, so that it has seen
    proposals of all overlaps and of none, whatever the head proposes.

    Each class has a sigmoid of its own: the same seconds can be of two, as THUMOS14's Diving and
    CliffDiving are. Tried on features in which the order of two parts tells the class, one seed,
    mAP@0.5: 96.9 so, 97.1 by a softmax with background, 96.0 with tIoU as target, and 67.8 with one
    bin inside. Layer norm did as well as batch norm there (96.9), and leaves a video's result its
    own in training too, whatever the fidelities beside it.

    Args:
        in_channels: C of the features.
        num_classes: Number of classes.
        loss_weight: Weight of its binary cross-entropy.
        hidden_channels: H.
        samples: Segments drawn of a video in a step of training.
        detach: Whether its loss stays away from the encoder, as `VideoClassifier`'s does.
    """

    per_segment = True   # `predict` takes proposals, and gives a row of scores for each

    def __init__(self, *, in_channels: int, num_classes: int, loss_weight: float = 1.0,
                 hidden_channels: int = 256, samples: int = 64, detach: bool = True,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        require_whole('SegmentClassifier', in_channels=in_channels, num_classes=num_classes,
                      hidden_channels=hidden_channels, samples=samples)
        require_number('SegmentClassifier', least=0, loss_weight=loss_weight)
        self.norm = nn.LayerNorm(in_channels)
        self.project = nn.Linear(in_channels, hidden_channels)
        self.hidden = nn.Linear((INNER_BINS + 2) * hidden_channels, hidden_channels)
        self.linear = nn.Linear(hidden_channels, num_classes)
        nn.init.constant_(self.linear.bias, -math.log(1 / PRIOR - 1))
        self.num_classes, self.loss_weight = num_classes, loss_weight
        self.samples, self.detach = samples, detach

    def forward(self, features: Tensor, valid: Tensor, segments: Sequence[Tensor]) -> Tensor:
        """Logits (P, classes) of each video's segments (K, 2), one video's after the other's.

        Args:
            features: (N, C, L)
            valid: (N, L) which positions are of the video; nothing is read of others.
            segments: Start and end as shares of the L positions; a video may have none.

        Raises:
            ValueError: For features of other channels.
        """
        sums = self._sums(features, valid)
        video = torch.cat([torch.full((len(one),), n) for n, one in enumerate(segments)])
        every = torch.cat([one.reshape(-1, 2) for one in segments])
        return self._classify(sums, valid.sum(1), video.to(sums.device), every.to(sums.device))

    def loss(self, features: Tensor, data_samples: list) -> dict[str, Tensor]:
        """`loss_segment_class` of the mean segment, the sum over its classes.

        Raises:
            ValueError: For a label that is not from 0 to `num_classes` - 1.
        """
        valid = valid_mask(data_samples, features.size(2), features.device)
        drawn, targets = [], []
        for sample, share in zip(data_samples, valid.double().mean(1).tolist()):
            labels = sample.gt_instances.labels.cpu()
            refuse_unknown_labels(type(self).__name__, labels, self.num_classes)
            actions = sample.gt_instances.segments.cpu().float().clamp(0, share)
            there = actions[:, 1] > actions[:, 0]
            actions, labels = actions[there], labels[there]
            drawn.append(draw_segments(actions, self.samples, share))
            targets.append(class_targets(drawn[-1], actions, labels, self.num_classes))
        logits = self(features, valid, drawn)
        targets = torch.cat(targets).to(logits)
        loss = F.binary_cross_entropy_with_logits(logits, targets, reduction='sum') / len(targets)
        return dict(loss_segment_class=self.loss_weight * loss)

    def predict(self, features: Tensor, data_samples: list, proposals: Sequence[Tensor]
                ) -> list[Tensor]:
        """Probabilities (K, classes) of each video's proposals (K, 2), which are shares of the
        L positions."""
        valid = valid_mask(data_samples, features.size(2), features.device)
        sums, counts = self._sums(features, valid), valid.sum(1)
        found = []
        for n, segments in enumerate(proposals):
            logits = [self._classify(sums, counts, torch.full((len(some),), n, device=sums.device),
                                     some.to(sums.device)) for some in segments.split(AT_ONCE)]
            found.append(torch.cat(logits).sigmoid())
        return found

    def _sums(self, features: Tensor, valid: Tensor) -> Tensor:
        """(N, L + 1, H) the sums of all projected positions before each, in double precision.

        Differences of long sums would lose the digits that a short bin needs.
        """
        if features.ndim != 3 or features.size(1) != self.project.in_features:
            raise ValueError(
                f'SegmentClassifier got features of shape {tuple(features.shape)}; expected '
                f'(videos, {self.project.in_features}, snippets): set class_scores.in_channels to '
                'the channels of the features')
        features = (features.detach() if self.detach else features).float()
        nodes = self.project(self.norm(features.transpose(1, 2))).relu()                # (N, L, H)
        nodes = nodes.double().masked_fill(~valid[..., None], 0)
        return F.pad(nodes.cumsum(1), (0, 0, 1, 0))

    def _classify(self, sums: Tensor, counts: Tensor, video: Tensor, segments: Tensor) -> Tensor:
        """Logits (P, classes) of segments (P, 2) of the videos (P,), of which `counts` (N,)
        positions are valid."""
        edges = bin_edges(segments.double() * (sums.size(1) - 1))                       # (P, B + 1)
        edges = edges.clamp(min=0).minimum(counts[video, None])
        widths = edges.diff(dim=1)                                                          # (P, B)
        totals = _sums_until(sums, video, edges).diff(dim=1)                             # (P, B, H)
        # A bin outside of the video has no width, and reads zeros.
        means = totals / widths.clamp(min=1e-6)[..., None]
        return self.linear(self.hidden(means.float().flatten(1)).relu()).float()


def bin_edges(segments: Tensor) -> Tensor:
    """(P, B + 1) where the bins of segments (P, 2) begin and end, in positions.

    A segment shorter than a position is widened to one: it is seen as what it lies in.
    """
    start, end = segments.unbind(1)
    short = (1 - (end - start)).clamp(min=0) / 2
    start, end = (start - short)[:, None], (end + short)[:, None]
    inner = torch.linspace(0, 1, INNER_BINS + 1, dtype=segments.dtype, device=segments.device)
    shares = F.pad(inner, (1, 1))
    shares[0], shares[-1] = -CONTEXT, 1 + CONTEXT
    return start + (end - start) * shares


def _sums_until(sums: Tensor, video: Tensor, places: Tensor) -> Tensor:
    """(P, B + 1, H) the integral of each video's positions from 0 to `places` (P, B + 1)."""
    before = places.long().clamp(max=sums.size(1) - 2)
    share = (places - before)[..., None]
    video = video[:, None]
    return torch.lerp(sums[video, before], sums[video, before + 1], share)


def draw_segments(actions: Tensor, count: int, share: float) -> Tensor:
    """The actions (G, 2) themselves, and `count` segments more: (G + count, 2).

    Half of these are actions whose start and end are moved by up to 0.6 of their length each, so
    that their tIoU goes from 1 to 0; the rest, or all without actions, lie anywhere from 0 to
    `share`, with lengths spread evenly over their logarithm. From torch's generator.
    """
    length = LEAST ** torch.rand(count, 1)
    centre = torch.rand(count, 1)
    drawn = torch.cat([centre - length / 2, centre + length / 2], dim=1).clamp(0, 1) * share
    if len(actions):
        near = count // 2
        chosen = actions[torch.randint(len(actions), (near,))]
        moved = chosen + (chosen[:, 1:] - chosen[:, :1]) * SHIFT * (2 * torch.rand(near, 2) - 1)
        drawn[:near] = moved.sort(dim=1).values.clamp(0, share)
    return torch.cat([actions, drawn])


def class_targets(segments: Tensor, actions: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """(P, classes) 1 where a segment (P, 2) has a tIoU of POSITIVE with an action (G, 2) of a
    class, else 0."""
    start, end = segments[:, :1], segments[:, 1:]
    common = (end.minimum(actions[:, 1]) - start.maximum(actions[:, 0])).clamp(min=0)       # (P, G)
    union = (end - start) + (actions[:, 1] - actions[:, 0]) - common
    near = (common >= POSITIVE * union).float()
    of_class = F.one_hot(labels, num_classes).float()                                 # (G, classes)
    return (near @ of_class).clamp(max=1)
