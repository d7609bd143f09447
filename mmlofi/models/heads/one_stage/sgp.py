"""TriDet's scalable-granularity perception: a block that mixes time without attention.

Shape legend: N videos, C channels, L positions of a level. Masks (N, L) are those of a block's
output, as in `pyramid.py`.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from mmlofi.options import require_number, require_whole

from .attention import pointwise
from .layers import ChannelNorm, drop_path
from .lengths import common_multiple
from .pyramid import Pyramid, PyramidSettings

GROUPS = 16  # of the norm before the MLP


@dataclass(frozen=True, kw_only=True)
class SGPBackbone(PyramidSettings):
    """TriDet (Shi et al., CVPR 2023), section 3.2: the settings of its pyramid.

    `init_conv_vars` is the standard deviation that a block's five depthwise convolutions start
    with. At 0, the authors' default, with which they published THUMOS14 and EPIC-Kitchens, they
    are exactly 0 and stay so: each is a factor of a product whose other factor is 0, and no
    gradient reaches any. A block is then `x + s * norm(x)` and the MLP. To start them elsewhere is
    said to lose much on THUMOS14; ActivityNet has 0.2, HACS 0.1.

    Args:
        embed_dim: As in `PyramidSettings`, a multiple of 16.
        window: w of the paper, odd; the stem's blocks have 1 whatever it says.
        window_factor: k of the paper: how much wider the wide branch sees (`wide_kernel`).
        mlp_channels: Inside a block's MLP.
        downsample: 'max', or 'avg' with a projection.
        init_conv_vars: See above.
        kwargs: The other fields of `PyramidSettings`.

    Raises:
        ValueError: For sizes that no network can have.
    """

    window_factor: float = 5
    mlp_channels: int = 768
    downsample: str = 'max'
    init_conv_vars: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number('backbone', least=0, init_conv_vars=self.init_conv_vars)
        require_number('backbone', above=0, window_factor=self.window_factor)
        require_whole('backbone', mlp_channels=self.mlp_channels)
        if self.width % GROUPS:
            raise ValueError(f'backbone got embed_dim={self.embed_dim}; expected a multiple of '
                             f'{GROUPS}, the groups of its norms')
        if self.downsample not in ('max', 'avg'):
            raise ValueError(f"backbone got downsample={self.downsample!r}; expected 'max' or "
                             "'avg'")
        if len(self.windows) != self.num_levels or any(
                window < 1 or window % 2 == 0 for window in self.windows):
            raise ValueError(f'backbone got window={self.window}; expected an odd number from 1 '
                             f'on, or one for each of the {self.num_levels} levels')

    def divisor(self) -> int:
        """What the authors round longer videos to: a multiple of it has whole windows everywhere.

        No block here needs that, but what TriDet gives depends on how much padding there is.
        """
        return common_multiple([2**level * window for level, window in enumerate(self.windows)])

    def pyramid(self, in_channels: int | Sequence[int], max_seq_len: int | None) -> Pyramid:
        """The network."""
        embeddings, stem, branch = self.arch
        shared = dict(channels=self.width, factor=self.window_factor, hidden=self.mlp_channels,
                      init_std=self.init_conv_vars)
        return Pyramid(
            in_channels=in_channels, embed_dim=self.embed_dim, num_embeddings=embeddings,
            stem=[SGPBlock(window=1, **shared) for _ in range(stem)],
            branch=[SGPBlock(window=self.windows[1 + i], downsample=self.downsample,
                             drop_probability=self.drop_path, **shared) for i in range(branch)],
            positions=self.positions, max_seq_len=max_seq_len)


class SGPBlock(nn.Module):
    """Instant and windowed branches beside a skip, then an MLP.

    The branches' sum has the normed input itself as another term. The mean and the group norm run
    over all L positions, padded ones too, so that what a video gives depends on how much padding
    follows it; and the skip alone is masked.

    Args:
        channels: C.
        window: w, the odd kernel of the narrow branch and of the gate.
        factor: k, of the wide branch.
        hidden: Channels inside the MLP.
        downsample: 'max' or 'avg' halves the positions first, None keeps them.
        drop_probability: Of drop path; 0 leaves out its learnt scale as well, as the authors' stem.
        init_std: Standard deviation that the five depthwise convolutions start with.
    """

    def __init__(self, *, channels: int, window: int, factor: float, hidden: int,
                 downsample: str | None = None, drop_probability: float = 0.0,
                 init_std: float = 0.0) -> None:
        super().__init__()
        self.ln, self.gn = ChannelNorm(channels), nn.GroupNorm(GROUPS, channels)
        for name, kernel in (('psi', window), ('fc', 1), ('convw', window),
                             ('convkw', wide_kernel(window, factor)), ('global_fc', 1)):
            setattr(self, name, depthwise(channels, kernel, init_std))
        self.downsample = downsampling(downsample, channels)
        self.mlp = nn.Sequential(pointwise(channels, hidden), nn.GELU(),
                                 pointwise(hidden, channels))
        self.drop_path_out = drop_path(channels, drop_probability)
        self.drop_path_mlp = drop_path(channels, drop_probability)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, C, L) or, where it halves them, 2 L positions, and (N, L) -> (N, C, L)."""
        x = self.downsample(x)
        y = self.ln(x)
        instant = self.fc(y) * self.global_fc(y.mean(-1, keepdim=True)).relu()
        windowed = (self.convw(y) + self.convkw(y)) * self.psi(y)
        x = x * mask[:, None] + self.drop_path_out(instant + windowed + y)
        return x + self.drop_path_mlp(self.mlp(self.gn(x)))


def wide_kernel(window: int, factor: float) -> int:
    """`(window + 1) * factor`, rounded as Python rounds (half to even), then up to an odd number.
    """
    size = round((window + 1) * factor)
    return size + 1 - size % 2


def depthwise(channels: int, kernel: int, init_std: float) -> nn.Conv1d:
    """A convolution of each channel alone."""
    conv = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
    nn.init.normal_(conv.weight, 0, init_std)
    nn.init.zeros_(conv.bias)
    return conv


def downsampling(kind: str | None, channels: int) -> nn.Module:
    """(N, C, L) to half the positions, rounded up, or as it is."""
    if kind is None:
        return nn.Identity()
    if kind == 'max':
        return nn.MaxPool1d(3, stride=2, padding=1)
    return nn.Sequential(nn.AvgPool1d(2, ceil_mode=True), pointwise(channels, channels))
