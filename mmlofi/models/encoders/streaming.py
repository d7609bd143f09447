"""Encodes videos of any length, a chunk of snippets at a time.

Shape legend: L snippets a video, l in a chunk, T frames a snippet, C channels, S steps in time of a
snippet (1 unless the encoder is `dense`), P positions of the head, K windows.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

from mmlofi.datasets.streaming import FailedVideo, SnippetChunk
from mmlofi.datasets.windows import SlidingWindows
from mmlofi.models.encoders.dense import refuse_gaps
from mmlofi.models.heads.lengths import count_valid
from mmlofi.models.localizer import EndToEndLocalizer


@torch.no_grad()
def encode_videos(model: EndToEndLocalizer, chunks: Iterable[SnippetChunk | FailedVideo],
                  on_failure: Callable[[FailedVideo], None] | None = None,
                  on_chunk: Callable[[SnippetChunk, Tensor], None] | None = None,
                  begun: MutableMapping[str, Tensor] | None = None
                  ) -> Iterator[tuple[ActionDataSample, Tensor]]:
    """Each video's sample and steps (C, L · S), as soon as its last chunk has come.

    `model.encoder.to_head` makes of them, or of those of a window, what the head gets. An encoder
    whose adapters mix snippets takes all of a video at once.

    Args:
        model: With a backbone, in evaluation mode.
        chunks: Of one video after the other, or of several in turns.
        on_failure: Called with each video that failed; what was encoded of it is dropped.
        on_chunk: Called with each chunk but a video's last, and its steps (C, l · S).
        begun: Steps of the snippets before the first chunk of a video, (C, l · S) by its name; each
            is taken out.
    """
    unfinished: dict[str, Tensor] = {}
    if model.encoder.mixes_snippets:
        chunks = _whole_videos(chunks)
    for chunk in chunks:
        if isinstance(chunk, FailedVideo):
            unfinished.pop(chunk.video, None)
            on_failure(chunk)
            continue
        encoded = encode_chunk(model, chunk)                                        # (C, l·S)
        S = encoded.shape[1] // len(chunk.inputs)
        if chunk.video not in unfinished:
            # One piece from the start: small ones would keep the heap from closing its gaps.
            unfinished[chunk.video] = encoded.new_empty(len(encoded), chunk.total * S)
            if chunk.first:
                unfinished[chunk.video][:, :chunk.first * S] = begun.pop(chunk.video)
        unfinished[chunk.video][:, chunk.first * S:chunk.end * S] = encoded         # (C, L·S)
        if chunk.end == chunk.total:
            yield chunk.data_sample, unfinished.pop(chunk.video)
        elif on_chunk is not None:
            on_chunk(chunk, encoded)


@torch.no_grad()
def encode_windows(model: EndToEndLocalizer, chunks: Iterable[SnippetChunk],
                   windows: SlidingWindows) -> tuple[ActionDataSample, Tensor]:
    """One video's sample and steps (K, C, L · S) of its K windows of L snippets, each by itself.

    As a test encodes them. It matters where adapters mix snippets: those at the end of a window do
    not see the next one's. Frames are held from the start of the window that waits for its last.
    """
    starts: list[int] | None = None
    held, begin, encoded = None, 0, []
    for chunk in chunks:
        starts = windows.starts(chunk.total) if starts is None else starts
        held = chunk.inputs if held is None else torch.cat([held, chunk.inputs])
        while starts and starts[0] + windows.num_snippets <= chunk.end:
            frames = held[starts.pop(0) - begin:][:windows.num_snippets]
            encoded.append(encode_chunk(model, chunk._replace(inputs=frames)))      # (C, L·S)
        drop = min((starts[0] if starts else chunk.end) - begin, len(held))
        held, begin = held[drop:], begin + drop
    return chunk.data_sample, torch.stack(encoded)


def _whole_videos(chunks: Iterable[SnippetChunk | FailedVideo]
                  ) -> Iterator[SnippetChunk | FailedVideo]:
    """The chunks of each video as one, once the last has come."""
    frames: dict[str, list[Tensor]] = {}
    for chunk in chunks:
        if isinstance(chunk, FailedVideo):
            frames.pop(chunk.video, None)
            yield chunk
            continue
        frames.setdefault(chunk.video, []).append(chunk.inputs)
        if chunk.end == chunk.total:
            yield chunk._replace(inputs=torch.cat(frames.pop(chunk.video)), first=0)


def encode_chunk(model: EndToEndLocalizer, chunk: SnippetChunk) -> Tensor:
    """(l, 3, T, H, W) frames to (C, l · S)."""
    data = dict(inputs=[chunk.inputs], data_samples=[chunk.data_sample])
    frames = model.data_preprocessor(data, training=False)['inputs']
    return model.extract_feat(frames, resample=False)[0]


def as_stored(model: EndToEndLocalizer, video: ActionDataSample, steps: Tensor
              ) -> tuple[Tensor, float | None]:
    """Features (C, P) of a whole video as its file has them, without those after its end.

    Also the seconds that they stand for, where these are not the video's own: clips of one length
    do not end with it.

    Raises:
        NoSteps: As `refuse_gaps`.
    """
    if model.encoder.dense:
        refuse_gaps([video])
    features = model.encoder.to_head(steps[None])[0]                                # (C, P)
    start, end = video.get('window_norm', (0.0, 1.0))
    if video.get('valid_share') is None and (start, end) == (0, 1):
        return features, None
    P = features.shape[1]
    count_valid([video], P)
    valid = video.get('num_valid') or P
    return features[:, :valid], video.duration_sec * end * valid / P
