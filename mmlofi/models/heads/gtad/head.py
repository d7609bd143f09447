"""G-TAD as a head: any (N, C, L) features in, losses or proposals out.

Shapes: N videos, L snippets, D durations, C feature channels, K proposals of a video.
"""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmlofi.models.heads.anchors import ProposalSelection, build_targets, cut_at_end
from mmlofi.models.parameter_names import rename_keys
from mmlofi.options import require_whole

from .losses import GTADLoss
from .network import GTADNetwork

# The parts of the authors' parameter names that differ from ours.
AUTHORS_NAMES = {'backbone1.': 'stem.', 'backbone2.0.': 'nodes.', 'regu_s.': 'start.',
                 'regu_e.': 'end.', 'localization.': 'map.', 'tconvs.': 'temporal.',
                 'sconvs.': 'semantic.'}
AUTHORS_PARTS = ('backbone1.', 'backbone2.', 'regu_s.', 'regu_e.', 'localization.')


@MODELS.register_module()
class GTADHead(nn.Module):
    """Sub-graph localization, G-TAD (Xu et al., CVPR 2020), the head of the LoFi paper.

    Loads the authors' checkpoints by plain `load_state_dict`. ActivityNet and HACS are the
    defaults; THUMOS has `max_duration=0.25, inner_bins=16, context_bins=16, kernel_size=3`.

    A window that reaches past the video's end has its last snippet repeated, or padding, after it
    (`num_valid`): the network does not know, and learns that nothing lies there. Proposals are cut
    at the end.

    Args:
        max_duration: the longest anchor as a share of the video.
        kernel_size: of the two middle convolutions of the IoU map.
        loss: fields of `GTADLoss`.
        proposals: fields of `ProposalSelection`.

    Raises:
        ValueError: for sizes no network can have.
    """

    def __init__(self, *, in_channels: int, max_duration: float = 1.0, inner_bins: int = 32,
                 context_bins: int = 4, kernel_size: int = 1, loss: dict | None = None,
                 proposals: dict | None = None) -> None:
        super().__init__()
        _check_sizes(in_channels, max_duration, inner_bins, context_bins, kernel_size)
        self.in_channels, self.max_duration = in_channels, max_duration
        self.network = GTADNetwork(in_channels, inner_bins, context_bins, kernel_size)
        self.criterion = GTADLoss(**(loss or {}))
        self.select = ProposalSelection(**(proposals or {}))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, C, L) -> IoU map (N, 2, D, L) and start and end (N, L), all probabilities."""
        if features.ndim != 3 or features.size(1) != self.in_channels or features.size(2) < 1:
            raise ValueError(
                f'GTADHead got features of shape {tuple(features.shape)}, expected (videos, '
                f'{self.in_channels}, snippets). Set in_channels to what the backbone gives, and '
                'put channels before snippets.')
        return self.network(features, self.num_durations(features.size(2)))

    def loss(self, features: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Losses against `gt_instances.segments` (K, 2), normalised, where K may be 0."""
        outputs = self(features)
        segments = [x.gt_instances.segments.to(features.device, torch.float32)
                    for x in data_samples]
        length = features.size(2)
        return self.criterion(*outputs, build_targets(segments, length, self.num_durations(length)))

    def predict(self, features: Tensor, data_samples: list | None = None) -> list[InstanceData]:
        """Class-agnostic `segments` (K, 2), normalised, and `scores` (K,) of each video."""
        return cut_at_end(self.select(*self(features)), data_samples, features.size(2))

    def num_durations(self, length: int) -> int:
        """D for videos of `length` snippets."""
        return min(length, max(1, round(self.max_duration * length)))

    @staticmethod
    def own_name(name: str) -> str:
        """Our name of a parameter of the authors, which a DataParallel may have prefixed."""
        bare = name.removeprefix('module.')
        if not bare.startswith(AUTHORS_PARTS):
            return name
        for theirs, ours in AUTHORS_NAMES.items():
            bare = bare.replace(theirs, ours)
        return f'network.{bare}'

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        rename_keys(state_dict, prefix, self.own_name)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _check_sizes(in_channels: int, max_duration: float, inner_bins: int, context_bins: int,
                 kernel_size: int) -> None:
    require_whole('GTADHead', in_channels=in_channels, inner_bins=inner_bins,
                  context_bins=context_bins, kernel_size=kernel_size)
    if in_channels < 4 or in_channels % 4:
        raise ValueError(f'GTADHead got in_channels={in_channels}, expected a multiple of 4 (its '
                         'first convolution has 4 groups). Pad the features or project them first.')
    if not 0 < max_duration <= 1:
        raise ValueError(f'GTADHead got max_duration={max_duration}, expected a share of the video '
                         'above 0 and at most 1. Divide the longest duration by the snippets.')
    if kernel_size % 2 == 0:
        raise ValueError(f'GTADHead got kernel_size={kernel_size}, expected an odd number. Take 1 '
                         'for ActivityNet and HACS, 3 for THUMOS.')
