"""What a snippet costs its encoder: tokens, pairs that attend to each other, operations.

Pixels tell the cost of convolutions. A transformer's grows with its tokens, and that of attention
with their pairs: a quarter of the frames' area has a sixteenth of the pairs, a quarter of the
snippets a quarter. Everything is seen in one run on tensors that hold nothing.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

aten = torch.ops.aten
FUSED = 'aten::_scaled_dot_product'
SOFTMAX = ('aten::_softmax', 'aten::_safe_softmax')


@dataclass(frozen=True)
class SnippetWork:
    """Of one snippet.

    Attributes:
        tokens: Places of the patch embedding; 0 of an encoder without attention.
        pairs: Of a query and a key, of all heads and blocks, in a forward pass.
        forward: Operations of a forward pass: two for a multiplication with its addition, of matrix
            products, convolutions and attention.
        step: Those of a forward pass with its backward pass, as far as there are gradients.
    """

    tokens: int
    pairs: int
    forward: int
    step: int


@dataclass(frozen=True)
class VideoWork:
    """Of a video in a training step, each snippet as often as it is encoded."""

    tokens: int
    pairs: int
    operations: float


def count_snippet(encode: Callable[[], Tensor]) -> SnippetWork:
    """The work of an encoder for one snippet, which each call of `encode` gives to it anew."""
    with torch.no_grad(), AttentionCounter() as attention, _operations() as forward:
        encode()
    with _operations() as step:
        features = encode()
        if features.requires_grad:
            features.sum().backward()
    return SnippetWork(attention.tokens if attention.pairs else 0, attention.pairs,
                       forward.get_total_flops(), step.get_total_flops())


def of_video(one: SnippetWork, *, num_snippets: int, batch_size: int = 1, grad_ratio: float = 1.0,
             chunk_size: int | None = None) -> VideoWork:
    """That of a video of a batch: all snippets forward, a share of them backward.

    All chunks but the last are encoded again in the backward pass.
    """
    learning = num_snippets
    if grad_ratio < 1:
        learning = max(1, round(grad_ratio * num_snippets))
    learning *= batch_size
    last = learning if chunk_size is None else learning % chunk_size or min(chunk_size, learning)
    forward = (batch_size * num_snippets - learning) + (learning - last)
    return VideoWork(num_snippets * one.tokens, num_snippets * one.pairs,
                     (forward * one.forward + learning * one.step) / batch_size)


class AttentionCounter(TorchDispatchMode):
    """Tokens and pairs of the forward passes while this is entered.

    Pairs are those of fused kernels, and the numbers that softmax gives where there is a map.
    Tokens are the places that the first convolution gives.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tokens = self.pairs = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (),
                           kwargs: dict | None = None) -> Any:
        """The operator's own result."""
        result, name = func(*args, **(kwargs or {})), func._schema.name
        if name.startswith(FUSED) and 'backward' not in name:
            query, key = args[:2]
            self.pairs += math.prod(query.shape[:-1]) * key.shape[-2]
        elif name in SOFTMAX and result.ndim > 2:
            self.pairs += result.numel()
        elif name == 'aten::convolution' and not self.tokens:
            self.tokens = result.numel() // result.shape[1]
        return result


def _operations() -> FlopCounterMode:
    """torch's own count, which leaves out the kernels of attention on a CPU."""
    def forward(query, key, value, *_, **__) -> int:
        return sdpa_flop_count(query, key, value)

    def backward(gradient, query, key, value, *_, **__) -> int:
        return sdpa_backward_flop_count(gradient, query, key, value)
    return FlopCounterMode(display=False, custom_mapping={
        aten._scaled_dot_product_flash_attention_for_cpu: forward,
        aten._scaled_dot_product_flash_attention_for_cpu_backward: backward})
