"""Lets MMAction2's video transformer attend without a map of all pairs of tokens.

Its `Attention` keeps softmax(q kᵀ) of every block for the backward pass: heads × N² numbers a
snippet of N tokens. torch's fused kernels make it piece by piece, twice, and keep tokens alone.

Shape legend: B snippets, N tokens of a snippet, H heads, C channels.
"""
from __future__ import annotations

import torch
from mmaction.models.backbones.vit_mae import Attention
from torch import Tensor, nn
from torch.nn import functional as F


class FusedAttention(Attention):
    """MMAction2's attention by `scaled_dot_product_attention`, with the same parameters.

    Deviation: `qkv` is called where it is no plain linear layer, as with low-rank adaptation;
    MMAction2 takes its weight alone.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Attends among the tokens (B, N, C) of each snippet."""
        B, N, C = x.shape
        qkv = self._project(x).reshape(B, N, 3, self.num_heads, -1)           # (B, N, 3, H, C / H)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)                                  # (B, H, N, C / H)
        dropout = self.attn_drop.p if self.training else 0.0
        x = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=self.scale)
        x = x.transpose(1, 2).reshape(B, N, -1)                               # (B, N, C)
        return self.proj_drop(self.proj(x))

    def _project(self, x: Tensor) -> Tensor:
        if not hasattr(self, 'q_bias'):
            return self.qkv(x)
        bias = torch.cat([self.q_bias, torch.zeros_like(self.v_bias), self.v_bias])
        if type(self.qkv) is nn.Linear:
            return F.linear(x, self.qkv.weight, bias)
        return self.qkv(x) + bias


def fuse_attention(backbone: nn.Module) -> None:
    """Gives each `Attention` of MMAction2 in a backbone the fused form; names and weights stay.

    Raises:
        ValueError: When the backbone has none.
    """
    found = [module for module in backbone.modules() if isinstance(module, Attention)]
    if not found:
        raise ValueError(
            f"fused_attention=True found none of VisionTransformer's attention in "
            f'{type(backbone).__name__}; expected a VisionTransformer of MMAction2 (VideoMAE): '
            'leave the option out, as transformers of other libraries are fused by themselves')
    for module in found:
        module.__class__ = FusedAttention
