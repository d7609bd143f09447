"""BMN as a head: any (N, C, L) features in, losses or proposals out.

Shapes: N videos, L snippets, D durations, C feature channels, K proposals of a video.
"""

from __future__ import annotations

from mmaction.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmlofi.models.heads.anchors import ProposalSelection, build_targets, cut_at_end
from mmlofi.models.parameter_names import rename_keys
from mmlofi.options import require_whole

from .losses import BMNLosses
from .network import LAYERS, BMNNetwork

GEOMETRY = ('sample_mask', 'bm_mask')  # in MMAction2's checkpoints, made anew for each L here


@MODELS.register_module()
class BMNHead(nn.Module):
    """Boundary-Matching Network, BMN (Lin et al., ICCV 2019), in the place of G-TAD.

    Loads MMAction2's checkpoints of BMN by `load_from` and plain `load_state_dict`. Beside
    MMAction2's `BMN` it takes any L in any batch, videos without actions, and a longest duration.

    A window that reaches past the video's end has its last snippet repeated, or padding, after it
    (`num_valid`): the network does not know, and learns that nothing lies there. Proposals are cut
    at the end.

    Deviation: as with `GTADHead` and against MMAction2, segments that end with the video are
    proposed too; `proposals=dict(allow_end_at_last=False)` leaves them out.

    Args:
        max_duration: the longest anchor as a share of the video.
        num_samples: bins that an anchor is sampled in.
        loss: fields of `BMNLosses`.
        proposals: fields of `ProposalSelection`.

    Raises:
        ValueError: for sizes no network can have.
    """

    def __init__(self, *, in_channels: int, max_duration: float = 1.0, num_samples: int = 32,
                 loss: dict | None = None, proposals: dict | None = None) -> None:
        super().__init__()
        _check_sizes(in_channels, max_duration, num_samples)
        self.in_channels, self.max_duration = in_channels, max_duration
        self.network = BMNNetwork(in_channels, num_samples)
        self.criterion = BMNLosses(**(loss or {}))
        self.select = ProposalSelection(**(dict(boundary_scores=True) | (proposals or {})))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, C, L) -> confidence map (N, 2, D, L), start and end (N, L), all probabilities."""
        if features.ndim != 3 or features.size(1) != self.in_channels or features.size(2) < 1:
            raise ValueError(
                f'BMNHead got features of shape {tuple(features.shape)}, expected (videos, '
                f'{self.in_channels}, snippets). Set in_channels to what the backbone gives, and '
                'put channels before snippets.')
        return self.network(features, self.num_durations(features.size(2)))

    def loss(self, features: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Losses against `gt_instances.segments` (K, 2), normalised, where K may be 0."""
        outputs = self(features)
        segments = [x.gt_instances.segments.to(outputs[0]) for x in data_samples]
        return self.criterion(*outputs, build_targets(
            segments, features.size(2), self.num_durations(features.size(2))))

    def predict(self, features: Tensor, data_samples: list | None = None) -> list[InstanceData]:
        """Class-agnostic `segments` (K, 2), normalised, and `scores` (K,) of each video."""
        return cut_at_end(self.select(*self(features)), data_samples, features.size(2))

    def num_durations(self, length: int) -> int:
        """D for videos of `length` snippets."""
        return min(length, max(1, round(self.max_duration * length)))

    @staticmethod
    def own_name(name: str) -> str:
        """Our name of a parameter of MMAction2's BMN, which a DataParallel may have prefixed."""
        bare = name.removeprefix('module.')
        return f'network.{bare}' if bare.partition('.')[0] in (*LAYERS, *GEOMETRY) else name

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        rename_keys(state_dict, prefix, self.own_name)
        for name in GEOMETRY:
            state_dict.pop(f'{prefix}network.{name}', None)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _check_sizes(in_channels: int, max_duration: float, num_samples: int) -> None:
    require_whole('BMNHead', in_channels=in_channels, num_samples=num_samples)
    if in_channels < 4 or in_channels % 4:
        raise ValueError(f'BMNHead got in_channels={in_channels}, expected a multiple of 4 (its '
                         'first convolution has 4 groups). Pad the features or project them first.')
    if not 0 < max_duration <= 1:
        raise ValueError(f'BMNHead got max_duration={max_duration}, expected a share of the video '
                         'above 0 and at most 1. Divide the longest duration by the snippets.')
