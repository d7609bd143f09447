"""Keeps the steps in time of each clip's map as positions for the head.

AdaTAD (Liu et al., CVPR 2024): the clips of a video lie one after the other, so their steps do as
well, and a head that sees these sees time as finely as the backbone. A clip of 16 frames gives
VideoMAE 8 steps, 48 of them 384 positions, and `resample=2` makes 768 of these::

    clips        |------ 0 ------|------ 1 ------|  ...    L
    steps        |-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|  ...    L · S, mean over space
    positions    |||||||||||||||||||||||||||||||||  ...    P = resample · L · S

Shape legend: N videos, L clips, B clips of all videos, S steps a clip, P positions, C channels.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor, nn
from torch.nn import functional as F

Output = Tensor | tuple | list


class NoSteps(ValueError):
    """A backbone gives no steps in time, or not as many in all of its parts, or they do not follow
    each other."""


def ask_for_map(backbone: nn.Module) -> None:
    """Has MMAction2's `VisionTransformer` give its map in place of one feature a clip.

    Its last norm, which is for the mean, then takes no part: VideoMAE's map has none.
    """
    if hasattr(backbone, 'return_feat_map'):
        backbone.return_feat_map = True
        if getattr(backbone, 'fc_norm', None) is not None:
            backbone.fc_norm.requires_grad_(False)


def refuse_gaps(data_samples: Sequence[ActionDataSample]) -> None:
    """Sees that snippets lie one after the other, where they say how they lie.

    Raises:
        NoSteps: With the video, since the steps of others would be taken for those of other
            seconds.
    """
    for sample in data_samples:
        placement, name = sample.get('placement'), sample.get('video_name', '')
        if placement not in (None, 'contiguous'):
            raise NoSteps(
                f'an encoder with dense=True got snippets of video {name!r} with placement='
                f'{placement!r}, between which there are gaps, or which overlap; '
                "expected one after the other: set placement='contiguous' in SampleSnippets")


def steps_of_clips(output: Output, name: str) -> Tensor:
    """(B, C, S) of maps (B, C, S, h, w).

    Pathways and stages are concatenated; those of more steps are averaged to the fewest of any. A
    vector beside a map, as MViT's class token, is left out.

    Raises:
        NoSteps: When the backbone gives no map, or one's steps are no multiple of another's.
    """
    maps = [one.flatten(3).mean(3) if one.ndim > 3 else one
            for one in _tensors(output) if one.ndim in (3, 5)]
    if not maps:
        shapes = [tuple(one.shape) for one in _tensors(output)]
        raise NoSteps(f'{name} gives {shapes} for clips; expected maps (B, C, steps, h, w), of '
                      'which dense=True keeps the steps: leave dense out, or set what makes the '
                      'backbone give its map')
    fewest = min(one.shape[2] for one in maps)
    if any(one.shape[2] % fewest for one in maps):
        raise NoSteps(f'{name} gives maps of {[one.shape[2] for one in maps]} steps; expected as '
                      'many in all, or multiples of the fewest: set a clip_len that all of its '
                      'pathways divide')
    return torch.cat([one.unflatten(2, (fewest, -1)).mean(3) for one in maps], dim=1)


def steps_of_frames(features: Tensor, num_clips: int) -> Tensor:
    """(B, C, S) of (B · S, C), the features of images: each frame is a step.

    TSM's steps know their neighbours in the clip, from which it shifts channels.
    """
    return features.unflatten(0, (num_clips, -1)).transpose(1, 2)


def join_clips(steps: Tensor, num_videos: int) -> Tensor:
    """(N, C, L · S) of (N · L, C, S), in the order of time."""
    return steps.unflatten(0, (num_videos, -1)).transpose(1, 2).flatten(2)


def num_positions(num_clips: int, num_steps: int, resample: float) -> int:
    """P of so many clips of so many steps; never less than 1."""
    return max(1, round(num_clips * num_steps * resample))


def resample_positions(features: Tensor, resample: float) -> Tensor:
    """(N, C, L · S) to (N, C, P), linearly over the same time (align_corners False)."""
    size = num_positions(1, features.shape[2], resample)
    if size == features.shape[2]:
        return features
    return F.interpolate(features, size=size, mode='linear', align_corners=False)


def _tensors(output: Output) -> list[Tensor]:
    if isinstance(output, (tuple, list)):
        return [tensor for one in output for tensor in _tensors(one)]
    return [output]
