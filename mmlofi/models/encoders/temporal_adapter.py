"""AdaTAD's temporal-informative adapter: a bottleneck beside a frozen block that looks along time.

Shape legend: B clips, N videos, L clips a video (B = N·L), S steps a clip, P patches of a step,
E channels of the transformer, h = E · ratio of the bottleneck.

A clip's tokens are ordered (step, row, column), and the clips of a video follow each other, so that
(B, S·P, E) is (N, L·S, P, E): a view, whose second axis is the time of the video.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlofi.models.encoders.clip_grouping import videos_in_call

SCOPES = ('snippet', 'video', 'both', None)


class TemporalAdapter(nn.Module):
    """x + γ · Up(a + t), with a = GELU(Down(x)) and t convolutions of a along time.

    AdaTAD (Liu et al. 2024). Names of the weights are the authors'. Deviations: the number of steps
    is that of the call, where theirs is fixed when the network is built (and videos of another
    length are silently glued together); a convolution inside each clip alone is possible.

    A fresh one is the identity bit for bit: Up is zero, and stays so when MMEngine initialises the
    network around it, by `init_weights`.

    Args:
        embed_dims: E.
        steps: S, which the frames of a clip and the backbone's tubelets give.
        ratio: h / E; h is rounded down.
        kernel_size: Of the convolutions, an odd number of steps.
        scope: Along which time: 'snippet' the steps of a clip, 'video' those of all clips of a
            video in a row (the authors'), 'both' those of a clip and, by a second convolution, the
            steps of the same number in neighbouring clips; None without any convolution.
        residual: Whether x is added; a ladder's module leaves it out.
    """

    def __init__(self, embed_dims: int, *, steps: int, ratio: float = 0.25, kernel_size: int = 3,
                 scope: str | None = 'snippet', residual: bool = True) -> None:
        super().__init__()
        h = int(embed_dims * ratio)
        self.steps, self.scope, self.residual = steps, scope, residual
        self.gamma = nn.Parameter(torch.ones(1))
        self.down_proj = nn.Linear(embed_dims, h)
        if scope is not None:
            self.dwconv, self.conv = _convolutions(h, kernel_size)
        if scope == 'both':
            self.snippet_dwconv, self.snippet_conv = _convolutions(h, kernel_size)
        self.up_proj = nn.Linear(h, embed_dims)
        self.init_weights()

    def init_weights(self) -> None:
        """The authors' initialisation."""
        nn.init.trunc_normal_(self.down_proj.weight, std=0.02)
        for layer in self.children():
            nn.init.zeros_(layer.bias)
            if isinstance(layer, nn.Conv1d):
                fan_in = layer.weight[0].numel()
                nn.init.normal_(layer.weight, std=(2 / fan_in)**0.5)
        nn.init.zeros_(self.up_proj.weight)
        nn.init.ones_(self.gamma)

    def forward(self, x: Tensor) -> Tensor:
        """(B, S·P, E) tokens to as many.

        Raises:
            RuntimeError: When clips are to be mixed and nobody said of how many videos they are.
        """
        a = F.gelu(self.down_proj(x))                                         # (B, S·P, h)
        added = self.up_proj(a + self._along_time(a)) * self.gamma
        return x + added if self.residual else added

    def _along_time(self, a: Tensor) -> Tensor | float:
        """t, (B, S·P, h)."""
        if self.scope is None:
            return 0.0
        B, tokens, h = a.shape
        P = tokens // self.steps
        if self.scope == 'video':
            N = self._videos(B)
            return _convolve(a.reshape(N, -1, P, h), self.dwconv, self.conv).reshape_as(a)
        t = _convolve(a.reshape(B, self.steps, P, h), self.dwconv, self.conv).reshape_as(a)
        if self.scope == 'both':
            grid = a.reshape(self._videos(B), -1, tokens, h)                  # (N, L, S·P, h)
            t = t + _convolve(grid, self.snippet_dwconv, self.snippet_conv).reshape_as(a)
        return t

    def _videos(self, B: int) -> int:
        N = videos_in_call()
        if N is None or B % N:
            raise RuntimeError(
                f'an adapter of scope {self.scope!r} got {B} clips of {N or "unknown"} videos; '
                'expected to be told of how many videos they are, so that it never mixes two: '
                'call the backbone through SnippetEncoder, or in `with clips_of(videos):`')
        return N


def _convolutions(h: int, kernel_size: int) -> tuple[nn.Conv1d, nn.Conv1d]:
    return (nn.Conv1d(h, h, kernel_size, padding=kernel_size // 2, groups=h), nn.Conv1d(h, h, 1))


def _convolve(a: Tensor, depthwise: nn.Conv1d, pointwise: nn.Conv1d) -> Tensor:
    """Both along the second axis of (n, time, places, h), at each place by itself.

    As an image of time × places in channels-last memory, which the tokens are already: nothing is
    copied there and back.
    """
    image = F.conv2d(a.permute(0, 3, 1, 2), depthwise.weight[..., None], depthwise.bias,
                     padding=(*depthwise.padding, 0), groups=a.shape[-1])     # (n, h, time, places)
    return F.linear(image.permute(0, 2, 3, 1), pointwise.weight[..., 0], pointwise.bias)
