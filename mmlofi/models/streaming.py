"""Encodes videos of any length, a chunk of snippets at a time.

Shape legend: L snippets a video, l in a chunk, T frames a snippet, C channels.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

from mmlofi.datasets.streaming import SnippetChunk
from mmlofi.models.localizer import EndToEndLocalizer


@torch.inference_mode()
def encode_videos(model: EndToEndLocalizer, chunks: Iterable[SnippetChunk]
                  ) -> Iterator[tuple[ActionDataSample, Tensor]]:
    """Each video's sample and features (C, L), as soon as its last chunk has come.

    Args:
        model: With a backbone, in evaluation mode.
        chunks: Of one video after the other, or of several in turns.
    """
    unfinished: dict[str, list[Tensor]] = {}
    for chunk in chunks:
        encoded = unfinished.setdefault(chunk.video, [])
        encoded.append(_encode(model, chunk))
        if chunk.end == chunk.total:
            yield chunk.data_sample, torch.cat(unfinished.pop(chunk.video), dim=1)


def _encode(model: EndToEndLocalizer, chunk: SnippetChunk) -> Tensor:
    """(l, 3, T, H, W) frames to (C, l)."""
    data = dict(inputs=[chunk.inputs], data_samples=[chunk.data_sample])
    return model.extract_feat(model.data_preprocessor(data, training=False)['inputs'])[0]
