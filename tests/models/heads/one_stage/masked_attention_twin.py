"""ActionFormer's local attention with the whole L x L map and a mask: plain, and slow."""
from __future__ import annotations

import torch
from torch import Tensor


def masked_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, window: int,
                     bias: Tensor | None = None) -> Tensor:
    """As `local_attention`: (N, H, C/H, L) each, (N, L) valid points, (1, 1, H, w) bias."""
    query, key, value = (x.transpose(2, 3) for x in (query, key, value))
    L, width, reach = *query.shape[2:], window // 2
    logits = query / width**0.5 @ key.transpose(2, 3)                   # (N, H, L, L)
    ahead = torch.arange(L)[None] - torch.arange(L)[:, None]
    if bias is not None:
        logits = logits + bias[0, 0][:, (ahead + reach).clamp(0, window - 1)]
    logits = logits.masked_fill(~mask[:, None, None], -1e4)
    logits = logits.masked_fill(ahead.abs() > reach, -torch.inf)
    return (logits.softmax(-1) @ value).transpose(2, 3)
