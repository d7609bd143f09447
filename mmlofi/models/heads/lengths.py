"""Which positions of a video are valid, where the videos of a batch have different lengths.

A video's valid positions come first; what follows them, padding, stands for no part of it::

    0                    num_valid          L
    |--------------------|==================|
      positions of a video   padding
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor


def valid_mask(data_samples: Sequence[ActionDataSample], length: int,
               device: torch.device | str | None = None) -> Tensor:
    """(N, L) which positions are valid: the first `num_valid` of each video, all without one.

    Raises:
        ValueError: With the video, for a `num_valid` that is not from 1 to `length`.
    """
    counts = []
    for sample in data_samples:
        count = sample.get('num_valid')
        count = length if count is None else count
        if not 1 <= count <= length:
            raise ValueError(
                f'video {sample.get("video_name", "")!r} has num_valid={count} of {length} '
                'positions; expected 1 to all of them: let PackTALInputs say it')
        counts.append(count)
    return torch.arange(length, device=device) < torch.tensor(counts, device=device)[:, None]


def count_valid(data_samples: Sequence[ActionDataSample], length: int) -> None:
    """Sets `num_valid` of samples that say by `valid_share` what part of a window is the video's.

    Of `length` positions those count whose middle is in it, at least the first one.
    """
    for sample in data_samples:
        share = sample.get('valid_share')
        if share is not None:
            valid = max(1, math.ceil(share * length - 0.5 - 1e-6))
            sample.set_metainfo(dict(num_valid=None if valid >= length else valid))


def refuse_other_lengths(inputs: Tensor, data_samples: Sequence[ActionDataSample]) -> None:
    """MMAction2's preprocessor pads what is shorter, without a word: all times would be others.

    Args:
        inputs: Frames (N, L, 3, T, H, W) or features (N, C, L).

    Raises:
        ValueError: With a video of another length than the batch.
    """
    length = inputs.size(1 if inputs.ndim == 6 else -1)
    for sample in data_samples:
        count = sample.get('num_snippets', length)
        if count != length:
            raise ValueError(
                f'video {sample.get("video_name", "")!r} has {count} snippets in a batch of '
                f'{length}; expected as many in all its videos: put PadFeatures(max_seq_len=…) '
                'before PackTALInputs, give SampleSnippets or LoadSnippetFeatures a num_snippets, '
                'or set batch_size=1')
