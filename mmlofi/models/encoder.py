"""Turns the frames of snippets into one feature a snippet, with any MMAction2 backbone.

Shape legend: N videos, L snippets, T frames a snippet, H × W a frame, C channels.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn

from mmlofi.models.frame_limits import frame_limits, takes_clips
from mmlofi.models.positions import call_at_any_side

INPUT_FORMATS = ('auto', '2d', '3d')


class SnippetEncoder(nn.Module):
    """Applies a backbone to (N, L, 3, T, H, W) frames and averages to (N, C, L) features.

    LoFi, section 3.1: a snippet's frame features are averaged to one feature. Four families:

    - frames folded into the batch (TSN, TSM): (N·L·T, 3, H, W), averaged over space and T;
    - clips (SlowOnly, R(2+1)D, I3D, …): (N·L, 3, T, H, W), averaged over space and time;
    - several pathways (SlowFast): each averaged, then concatenated;
    - maps beside a class token (MViT): the map alone, averaged like that of other clips.

    It holds no parameters: the backbone stays where the localizer has it, so that checkpoints of
    recognizers fit without conversion.

    Args:
        input_format: '2d' folds frames into the batch, '3d' gives clips; 'auto' knows MMAction2's
            backbones, and decides for others by their first convolution.
    """

    def __init__(self, *, input_format: str = 'auto') -> None:
        super().__init__()
        if input_format not in INPUT_FORMATS:
            raise ValueError(f'SnippetEncoder got input_format={input_format!r}; expected one of '
                             f'{INPUT_FORMATS}')
        self.input_format = input_format

    def forward(self, backbone: nn.Module, frames: Tensor) -> Tensor:
        """Encodes (N, L, 3, T, H, W) normalised frames to (N, C, L).

        Raises:
            ValueError: When the input is not frames of that shape, the backbone takes snippets of
                another length or frames of other sides, or fails on what it is given.
        """
        if frames.ndim != 6:
            raise ValueError(
                f'SnippetEncoder got an input of shape {tuple(frames.shape)}; expected frames '
                "(N, L, 3, T, H, W): end the pipeline with FormatShape(input_format='NCTHW') and "
                'PackTALInputs, or remove the backbone to train on features')
        N, L, _, T, H, W = frames.shape
        clips = frames.flatten(0, 1)                                          # (N·L, 3, T, H, W)
        frame_limits(backbone).check(type(backbone).__name__, T, H, W)
        if self._is_2d(backbone):
            images = clips.transpose(1, 2).reshape(-1, 3, H, W)               # (N·L·T, 3, H, W)
            features = self._encode(backbone, images)                         # (N·L·T, C)
            features = features.unflatten(0, (-1, T)).mean(1)                 # (N·L, C)
        else:
            features = self._encode(backbone, clips)                          # (N·L, C)
        return features.unflatten(0, (N, L)).transpose(1, 2)                  # (N, C, L)

    def _encode(self, backbone: nn.Module, inputs: Tensor) -> Tensor:
        try:
            return _pool(call_at_any_side(backbone, inputs))
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            given, other, setting = ('images', 'clips', '3d') if inputs.ndim == 4 \
                else ('clips', 'images', '2d')
            raise ValueError(
                f'{type(backbone).__name__} failed on {given} of shape {tuple(inputs.shape)} '
                f'({error}); expected a backbone that takes {given}, by input_format='
                f'{self.input_format!r}: if it takes {other}, set '
                f"encoder=dict(input_format='{setting}')") from error

    def _is_2d(self, backbone: nn.Module) -> bool:
        if self.input_format != 'auto':
            return self.input_format == '2d'
        clips = takes_clips(backbone)
        if clips is None:
            raise ValueError(
                f'SnippetEncoder cannot tell what {type(backbone).__name__} takes, as it has no '
                "convolution; expected a backbone for frames: set encoder=dict(input_format='2d') "
                "or '3d'")
        return not clips


def _pool(features: Tensor | tuple[Tensor, ...] | list[Tensor]) -> Tensor:
    """Averages each pathway over all but (batch, channel) and concatenates: (B, C).

    A vector beside a map, as MViT's class token, is another view of it and no pathway.
    """
    if isinstance(features, (tuple, list)):
        maps = [one for one in features if isinstance(one, (tuple, list)) or one.ndim > 2]
        return torch.cat([_pool(one) for one in maps or features], dim=1)
    return features.flatten(2).mean(2) if features.ndim > 2 else features
