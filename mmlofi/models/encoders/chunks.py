"""Encodes snippets a few at a time, so that only these few have activations.

A localizer needs all snippets of a video at once, an encoder does not: its forward pass keeps the
features alone, and its backward pass takes the same few again. Costs one more forward pass.

Shape legend: B snippets of all videos of a batch, C channels (and steps in time, where a snippet
has several).
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mmlofi.models.encoders.clip_grouping import clips_of
from mmlofi.models.encoders.recompute import recompute

Encode = Callable[[Tensor], Tensor]


# A graph for each chunk rather than one of all, where the model is compiled.
@torch.compiler.disable(recursive=False)
def encode_in_chunks(encode: Encode, clips: Tensor, chunk_size: int | None,
                     backbone: nn.Module, *, videos: int | None = None) -> Tensor:
    """(B, …) clips to (B, C) features; gradients are those of all at once.

    Statistics of a batch, where batch norm takes them, are those of a chunk.

    Args:
        videos: How many the clips are of, for a backbone whose adapters mix those of one.
    """
    places = list(range(len(clips)))
    size = chunk_size or len(clips)
    chunks = [slice(first, first + size) for first in places[::size]]
    with clips_of(videos):
        return _encode_each(encode, clips, chunks, backbone)


@torch.compiler.disable(recursive=False)
def encode_with_share(encode: Encode, clips: Tensor, chunk_size: int | None, backbone: nn.Module,
                      kept: Tensor, rest: Tensor) -> Tensor:
    """The same, with a gradient for the snippets at the indices `kept` alone.

    Those at `rest` keep nothing, and are encoded as many at a time as there are kept ones.
    """
    if not len(rest):
        return encode_in_chunks(encode, clips, chunk_size, backbone)
    with torch.no_grad():
        without = _encode_each(encode, clips, rest.split(chunk_size or len(kept)), backbone)
    torch.clear_autocast_cache()   # of weights that were cast where no gradient is kept
    features = _encode_each(encode, clips, kept.split(chunk_size or len(kept)), backbone)
    order = torch.cat([rest, kept]).argsort()
    return torch.cat([without, features])[order]


def choose_snippets(num_videos: int, num_snippets: int, share: float) -> tuple[Tensor, Tensor]:
    """Indices among B of a random share of each video's snippets, at least one, and of the rest."""
    count = max(1, round(share * num_snippets))
    order = torch.rand(num_videos, num_snippets).argsort(1)
    order += num_snippets * torch.arange(num_videos)[:, None]
    return order[:, :count].flatten(), order[:, count:].flatten()


@torch.compiler.disable(recursive=False)
def _encode_each(encode: Encode, clips: Tensor, chunks: Sequence[slice | Tensor],
                 backbone: nn.Module) -> Tensor:
    """The last chunk keeps its activations, since the backward pass begins with it."""
    def encode_chunk(chunk: slice | Tensor) -> Tensor:
        return encode(clips[chunk])

    if not torch.is_grad_enabled():
        return torch.cat([encode_chunk(chunk) for chunk in chunks])
    *others, last = chunks
    return torch.cat([*(recompute(encode_chunk, backbone, chunk) for chunk in others),
                      encode_chunk(last)])
