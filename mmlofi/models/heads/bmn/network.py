"""The network of BMN (Lin et al., ICCV 2019), of MMAction2's layers.

Shapes: N videos, L snippets, D durations, B bins of an anchor, A rows of anchors (see
anchors/align.py).
"""

from __future__ import annotations

import torch
from mmaction.models.localizers import BMN
from torch import Tensor, nn
from torch.nn import functional as F

from mmlofi.models.heads.anchors.align import project_then_align

from .sampling import SAMPLES, anchors_of

# The base, the starts, the ends, the proposals' features, the bins' projection, the map.
LAYERS = ('x_1d_b', 'x_1d_s', 'x_1d_e', 'x_1d_p', 'x_3d_p', 'x_2d_p')


class BMNNetwork(nn.Module):
    """Snippet features to confidence map, start and end probabilities.

    Outputs equal MMAction2's BMN with the same weights, whose parameters have the same names here.
    There the sampled features of all anchors are built, (256, B, D, L): 328 MB a video at
    L = D = 100, to which a convolution over the B bins is applied. Here each position is projected
    first. The map's 3x3 convolutions read their neighbours, also outside the video, so that from
    there on the full map is made, at 128 channels.
    """

    def __init__(self, in_channels: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        theirs = BMN(temporal_dim=1, boundary_ratio=0.5, num_samples=bins,
                     num_samples_per_bin=SAMPLES, feat_dim=in_channels, soft_nms_alpha=0,
                     soft_nms_low_threshold=0, soft_nms_high_threshold=0, post_process_top_k=0)
        for name in LAYERS:
            self.add_module(name, getattr(theirs, name))

    def forward(self, features: Tensor, durations: int) -> tuple[Tensor, Tensor, Tensor]:
        """(N, in_channels, L) -> confidence map (N, 2, D, L): regressed, classified; start, end.

        Start and end are (N, L), and all are probabilities in float32.
        """
        base = self.x_1d_b(features)
        confidence = self._score_anchors(self.x_1d_p(base), durations)
        start, end = self.x_1d_s[:-1](base).squeeze(1), self.x_1d_e[:-1](base).squeeze(1)
        return tuple(x.float().sigmoid() for x in (confidence, start, end))

    def _score_anchors(self, nodes: Tensor, durations: int) -> Tensor:
        """Logits (N, 2, D, L); the last layer of each of MMAction2's stacks is the sigmoid."""
        anchors = anchors_of(nodes.size(2), durations, self.bins, nodes.device,
                             torch.promote_types(nodes.dtype, torch.float32))
        of_bins, of_rows = self.x_3d_p[0], self.x_2d_p[0]
        # All bins are inner ones: the context, which G-TAD has besides, has none to read it.
        x = project_then_align(nodes, nodes, of_bins.weight.flatten(1), of_bins.bias, anchors,
                               self.bins)
        x = F.linear(F.relu(x), of_rows.weight.flatten(1), of_rows.bias)  # (N, A, 128)
        x = x[:, anchors.row_of].permute(0, 3, 1, 2)  # (N, 128, D, L)
        return self.x_2d_p[1:-1](x)
