"""Encodes videos of any length, a chunk of snippets at a time.

Shape legend: L snippets a video, l in a chunk, T frames a snippet, C channels.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

from mmlofi.datasets.streaming import FailedVideo, SnippetChunk
from mmlofi.models.localizer import EndToEndLocalizer


@torch.no_grad()
def encode_videos(model: EndToEndLocalizer, chunks: Iterable[SnippetChunk | FailedVideo],
                  on_failure: Callable[[FailedVideo], None] | None = None
                  ) -> Iterator[tuple[ActionDataSample, Tensor]]:
    """Each video's sample and features (C, L), as soon as its last chunk has come.

    Args:
        model: With a backbone, in evaluation mode.
        chunks: Of one video after the other, or of several in turns.
        on_failure: Called with each video that failed; what was encoded of it is dropped.
    """
    unfinished: dict[str, Tensor] = {}
    for chunk in chunks:
        if isinstance(chunk, FailedVideo):
            unfinished.pop(chunk.video, None)
            on_failure(chunk)
            continue
        encoded = encode_chunk(model, chunk)                                        # (C, l)
        if chunk.video not in unfinished:
            # One piece from the start: small ones would keep the heap from closing its gaps.
            unfinished[chunk.video] = encoded.new_empty(len(encoded), chunk.total)  # (C, L)
        unfinished[chunk.video][:, chunk.first:chunk.end] = encoded
        if chunk.end == chunk.total:
            yield chunk.data_sample, unfinished.pop(chunk.video)


def encode_chunk(model: EndToEndLocalizer, chunk: SnippetChunk) -> Tensor:
    """(l, 3, T, H, W) frames to (C, l)."""
    data = dict(inputs=[chunk.inputs], data_samples=[chunk.data_sample])
    return model.extract_feat(model.data_preprocessor(data, training=False)['inputs'])[0]
