"""The graph network of G-TAD (Xu et al., CVPR 2020), from snippet features to scores of anchors.

Shapes: N videos, L snippets (graph nodes), C = 256 channels, K = 3 neighbours, D durations,
A rows of anchors (see anchors/align.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlofi.models.heads.anchors.align import project_then_align

from .sampling import anchors_of

CHANNELS = 256
NEIGHBOURS = 3


class GCNeXt(nn.Module):
    """A node learns from those beside it in time and from those like it: G-TAD, section 3.2.

    ReLU(x + temporal(x) + max over neighbours of semantic(neighbour, x)), 32 paths of width 4.
    """

    def __init__(self, channels: int = CHANNELS, paths: int = 32, width: int = 4) -> None:
        super().__init__()
        middle = paths * width
        self.temporal = nn.Sequential(
            nn.Conv1d(channels, middle, 1), nn.ReLU(),
            nn.Conv1d(middle, middle, 3, padding=1, groups=paths), nn.ReLU(),
            nn.Conv1d(middle, channels, 1))
        self.semantic = nn.Sequential(
            nn.Conv2d(2 * channels, middle, 1), nn.ReLU(),
            nn.Conv2d(middle, middle, 1, groups=paths), nn.ReLU(),
            nn.Conv2d(middle, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        similar = self._semantic_edges(x).max(dim=-1).values
        return F.relu(x + self.temporal(x) + similar)

    def _semantic_edges(self, x: Tensor) -> Tensor:
        """(N, C, L, K). An edge is concat(neighbour, self); each half is projected before it."""
        first = self.semantic[0]
        of_neighbour, of_self = first.weight.squeeze(-1).chunk(2, dim=1)
        edges = neighbours(F.conv1d(x, of_neighbour), nearest_nodes(x)) \
            + F.conv1d(x, of_self, first.bias).unsqueeze(-1)
        return self.semantic[1:](edges)


@torch.no_grad()
def nearest_nodes(x: Tensor) -> Tensor:
    """The K nodes nearest to each node by Euclidean distance, itself among them: (N, L, K)."""
    nodes = x.float().transpose(1, 2)  # half precision would confuse the near ones
    return torch.cdist(nodes, nodes).topk(min(NEIGHBOURS, x.size(2)), largest=False).indices


def neighbours(x: Tensor, nearest: Tensor) -> Tensor:
    """(N, C, L) nodes -> (N, C, L, K), for each node those named by (N, L, K) `nearest`."""
    index = nearest.flatten(1).unsqueeze(1).expand(-1, x.size(1), -1)
    return x.gather(2, index).unflatten(2, nearest.shape[1:])


class GTADNetwork(nn.Module):
    """Snippet features to IoU map, start and end probabilities.

    Outputs equal the authors' network. Where the map's convolutions are 1x1 (`kernel_size=1`),
    only anchors inside the video are computed and those outside share one result; larger kernels
    read their neighbours, so there the full map is made, at 128 channels.
    """

    def __init__(self, in_channels: int, inner_bins: int, context_bins: int,
                 kernel_size: int) -> None:
        super().__init__()
        self.inner_bins, self.context_bins, self.kernel_size = inner_bins, context_bins, kernel_size
        self.stem = nn.Sequential(nn.Conv1d(in_channels, CHANNELS, 3, padding=1, groups=4),
                                  nn.ReLU(), GCNeXt())
        self.start = nn.Sequential(GCNeXt(), nn.Conv1d(CHANNELS, 1, 1))
        self.end = nn.Sequential(GCNeXt(), nn.Conv1d(CHANNELS, 1, 1))
        self.nodes = GCNeXt()
        same = dict(kernel_size=kernel_size, padding=kernel_size // 2)
        self.map = nn.Sequential(
            nn.Conv2d(CHANNELS * (inner_bins + context_bins), 512, 1), nn.ReLU(),
            nn.Conv2d(512, 128, 1), nn.ReLU(),
            nn.Conv2d(128, 128, **same), nn.ReLU(),
            nn.Conv2d(128, 128, **same), nn.ReLU(),
            nn.Conv2d(128, 2, 1))

    def forward(self, features: Tensor, durations: int) -> tuple[Tensor, Tensor, Tensor]:
        """(N, in_channels, L) -> IoU map (N, 2, D, L): regressed, classified; start, end (N, L)."""
        base = self.stem(features)
        iou_map = self._score_anchors(self.nodes(base), durations)
        start, end = self.start(base).squeeze(1), self.end(base).squeeze(1)
        return tuple(x.float().sigmoid() for x in (iou_map, start, end))

    def _score_anchors(self, nodes: Tensor, durations: int) -> Tensor:
        anchors = anchors_of(nodes.size(2), durations, self.inner_bins, self.context_bins,
                             nodes.device, torch.promote_types(nodes.dtype, torch.float32))
        first, second = self.map[0], self.map[2]
        context = neighbours(nodes, nearest_nodes(nodes)).mean(dim=-1)
        x = project_then_align(nodes, context, first.weight.flatten(1), first.bias, anchors,
                               self.inner_bins)
        x = F.relu(F.linear(F.relu(x), second.weight.flatten(1), second.bias))  # (N, A, 128)
        if self.kernel_size == 1:
            x = self.map[4:](x.transpose(1, 2).unsqueeze(-1))  # (N, 2, A, 1)
            return x.squeeze(-1)[:, :, anchors.row_of]
        return self.map[4:](x[:, anchors.row_of].permute(0, 3, 1, 2))
