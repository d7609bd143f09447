"""ActionFormer's self-attention: masked, global or within a window, on a halved grid.

Shape legend: N videos, C channels, H heads, L points, w window, r = w // 2, B blocks of b queries.

Local attention never builds L x L. All videos lie in one row and are cut into blocks of b queries;
a block sees b + 2r keys, which are a view of that row and not a copy of it, and goes through
`scaled_dot_product_attention` with the band as its mask::

    keys      . . r . [    b    ] . r . .
    block             [    b    ]
    next block                   [    b    ]

Of torch's own operators this one computes b + 2r logits for w that count and keeps none of them for
the backward pass. Windows of single queries (`unfold` to w keys each) would be copied w times over;
`flex_attention` builds L x L unless it is compiled, and does not train on a CPU.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import ChannelNorm, MaskedConv

BLOCK = 64


class MaskedAttention(nn.Module):
    """Attention whose queries, keys and values are depthwise convolutions of their own.

    The stride is in these convolutions: with 2 everything happens on the halved grid.

    Args:
        channels: C.
        num_heads: H.
        window: A point sees those at most window // 2 away; 1 or less sees all.
        stride: 1 or 2.
        dropout: After the projection.
        relative_bias: Whether each head has a learnt logit for each distance in the window.
    """

    def __init__(self, channels: int, num_heads: int, *, window: int, stride: int = 1,
                 dropout: float = 0.0, relative_bias: bool = False) -> None:
        super().__init__()
        self.num_heads, self.window = num_heads, window
        for name in ('query', 'key', 'value'):
            setattr(self, f'{name}_conv', MaskedConv(channels, channels, 3, stride=stride,
                                                     groups=channels, bias=False))
            setattr(self, f'{name}_norm', ChannelNorm(channels))
            setattr(self, name, pointwise(channels, channels))
        self.proj = pointwise(channels, channels)
        self.proj_drop = nn.Dropout(dropout)
        self.rel_pe = None
        if relative_bias and window > 1:
            self.rel_pe = nn.Parameter(torch.zeros(1, 1, num_heads, window))
            nn.init.trunc_normal_(self.rel_pe, std=(2 / channels) ** 0.5)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, C, L * stride) and the output's mask (N, L) -> (N, C, L), 0 at padded points."""
        query = self.query(self.query_norm(self.query_conv(x, mask)))
        key = self.key(self.key_norm(self.key_conv(x, mask)))
        value = self.value(self.value_norm(self.value_conv(x, mask)))
        heads = [part.unflatten(1, (self.num_heads, -1)) for part in (query, key, value)]
        if self.window > 1:
            seen = local_attention(*heads, mask, self.window, self.rel_pe)
        else:
            seen = global_attention(*heads, mask)
        return self.proj_drop(self.proj(seen.flatten(1, 2))) * mask[:, None]


def pointwise(in_channels: int, out_channels: int) -> nn.Conv1d:
    """A convolution of kernel 1 whose bias starts at 0."""
    conv = nn.Conv1d(in_channels, out_channels, 1)
    nn.init.zeros_(conv.bias)
    return conv


def global_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """(N, H, C/H, L) each and (N, L) valid keys -> (N, H, C/H, L)."""
    query, key, value = (x.transpose(2, 3).contiguous() for x in (query, key, value))
    seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
    return seen.transpose(2, 3)


def local_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, window: int,
                    bias: Tensor | None = None) -> Tensor:
    """The same within a window; what padded points get has no meaning.

    Args:
        query: (N, H, C/H, L).
        key: As well.
        value: As well.
        mask: (N, L) valid points.
        window: w, odd.
        bias: (1, 1, H, w) added to the logits, by the key's distance from w // 2 before the query.
    """
    N, H, _, L = query.shape
    reach, size = window // 2, min(BLOCK, L)
    rest = -L % size
    rows = [F.pad(x, (0, rest)).permute(0, 3, 1, 2).flatten(0, 1) for x in (query, key, value)]
    blocks = rows[0].unflatten(0, (-1, size)).transpose(1, 2)                  # (B, H, b, C/H)
    keys, values = (windows(row, size, reach) for row in rows[1:])             # (B, H, b + 2r, ..)
    seen_keys = seen_by(F.pad(mask, (0, rest)), size, reach)[:, None]          # (B, 1, b, b + 2r)
    if bias is not None:
        seen_keys = torch.where(seen_keys, by_distance(bias, size), -torch.inf)
    seen = F.scaled_dot_product_attention(blocks, keys, values, attn_mask=seen_keys)
    seen = seen.transpose(1, 2).reshape(N, L + rest, H, -1)[:, :L]
    return seen.permute(0, 2, 3, 1)


def windows(row: Tensor, size: int, reach: int) -> Tensor:
    """(B * b, ...) -> (B, ..., b + 2r) turned to (B, H, b + 2r, C/H), a view of the padded row."""
    row = F.pad(row, (0, 0, 0, 0, reach, reach))
    return row.unfold(0, size + 2 * reach, size).transpose(2, 3)


def seen_by(mask: Tensor, size: int, reach: int) -> Tensor:
    """(N, B/N * b) valid points -> (B, b, b + 2r) which keys each query of a block sees.

    Those in its window that are valid and of its own video. It always sees itself, lest padded
    queries see nothing, whose softmax has no numbers.
    """
    video = torch.arange(len(mask), device=mask.device)[:, None].expand_as(mask)
    owner = F.pad(video.where(mask, -1).flatten(), (reach, reach), value=-1)
    own = owner.unfold(0, size + 2 * reach, size) == video.flatten()[::size, None]  # (B, b + 2r)
    ahead = torch.arange(size + 2 * reach, device=mask.device) \
        - torch.arange(size, device=mask.device)[:, None]                           # (b, b + 2r)
    return (own[:, None] & (ahead >= 0) & (ahead <= 2 * reach)) | (ahead == reach)


def by_distance(bias: Tensor, size: int) -> Tensor:
    """(1, 1, H, w) -> (H, b, b + 2r): the bias of each pair; outside the window it has no meaning.
    """
    window = bias.size(-1)
    ahead = torch.arange(size + window - 1, device=bias.device) \
        - torch.arange(size, device=bias.device)[:, None]
    return bias[0, 0][:, ahead.clamp(0, window - 1)]
