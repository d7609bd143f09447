"""Turns the frames of snippets into features, with any MMAction2 backbone.

Shape legend: N videos, L snippets, T frames a snippet, H × W a frame, C channels, S steps in time
of a snippet's map, P positions of the head.
"""
from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mmlofi.models.encoders.adapters import build_adapters, check_beside
from mmlofi.models.encoders.chunks import choose_snippets, encode_in_chunks, encode_with_share
from mmlofi.models.encoders.dense import (
    NoSteps,
    ask_for_map,
    join_clips,
    num_positions,
    resample_positions,
    steps_of_clips,
    steps_of_frames,
)
from mmlofi.models.encoders.frame_limits import frame_limits, takes_clips
from mmlofi.models.encoders.fused_attention import fuse_attention
from mmlofi.models.encoders.norm import (
    NORM_MODES,
    batch_norms,
    let_norms_learn,
    set_norm_mode,
)
from mmlofi.models.encoders.positions import call_at_any_side
from mmlofi.models.encoders.recompute import checkpoint_blocks
from mmlofi.models.encoders.what_trains import freeze_all_but_adapters, hold_frozen
from mmlofi.options import require_number

INPUT_FORMATS = ('auto', '2d', '3d')


class SnippetEncoder(nn.Module):
    """Applies a backbone to (N, L, 3, T, H, W) frames and averages to (N, C, L) features.

    LoFi, section 3.1: a snippet's frame features are averaged to one feature. Four families:

    - frames folded into the batch (TSN, TSM): (N·L·T, 3, H, W), averaged over space and T;
    - clips (SlowOnly, R(2+1)D, I3D, …): (N·L, 3, T, H, W), averaged over space and time;
    - several pathways (SlowFast): each averaged, then concatenated;
    - maps beside a class token (MViT): the map alone, averaged like that of other clips.

    With `dense` the steps of each snippet's map stay apart, (N, C, P), as `dense.py` has it.

    It holds no parameters: the backbone stays where the localizer has it, so that checkpoints of
    recognizers fit without conversion.

    Args:
        input_format: '2d' folds frames into the batch, '3d' gives clips; 'auto' knows MMAction2's
            backbones, and decides for others by their first convolution.
        chunk_size: Snippets that have activations at a time, of all videos of a batch together;
            one more forward pass in training. None: all.
        grad_ratio: Share of each video's snippets, drawn at every step, through which the encoder
            learns (ETAD, Liu et al. 2022); all are encoded. Gradients are not scaled for it.
        checkpointing: Whether blocks with MMAction2's `with_cp`, or else those of a transformer,
            recompute their activations.
        channels_last: Whether backbone and frames have torch's channels-last memory format.
        fused_attention: Whether MMAction2's VisionTransformer (VideoMAE) attends by torch's fused
            kernels, which keep no map of all pairs of tokens.
        norm: Statistics of batch norm in training: 'frozen' (those of the checkpoint), 'mean_only'
            (each batch's mean, whose running mean is for testing, and the checkpoint's variance),
            'running' (each batch's, and their running mean for testing) or 'reestimated' (each
            batch's, and by `NormStatisticsHook` those of full fidelity for testing). None leaves it
            to the backbone's own settings (`norm_eval`, CSN's `bn_frozen`, ResNet's `partial_bn`),
            over which the others go.
        dense: Whether a snippet gives a feature for each step in time of its map (of each frame,
            where the backbone takes images) in place of one. It goes with snippets that lie one
            after the other, `SampleSnippets(placement='contiguous')`.
        resample: Positions of the head for a step of `dense`, P = resample · L · S at each
            fidelity, interpolated linearly: 2 makes the 384 steps of 768 frames 768.
        adapters: Of small trained parts in the backbone, all else of which is then frozen, such as
            dict(type='temporal'); docs/adapters.md. None trains the backbone itself.

    Raises:
        ValueError: For settings out of range, or that do not go together.
    """

    def __init__(self, *, input_format: str = 'auto', chunk_size: int | None = None,
                 grad_ratio: float = 1.0, checkpointing: bool = False,
                 channels_last: bool = False, fused_attention: bool = False,
                 norm: str | None = None, dense: bool = False, resample: float = 1.0,
                 adapters: dict | None = None) -> None:
        super().__init__()
        if input_format not in INPUT_FORMATS:
            raise ValueError(f'SnippetEncoder got input_format={input_format!r}; expected one of '
                             f'{INPUT_FORMATS}')
        if chunk_size is not None and (type(chunk_size) is not int or chunk_size < 1):
            raise ValueError(f'SnippetEncoder got chunk_size={chunk_size!r}; expected a number of '
                             'snippets, 1 or more, or None for all at once')
        if type(grad_ratio) not in (int, float) or not 0 < grad_ratio <= 1:
            raise ValueError(f'SnippetEncoder got grad_ratio={grad_ratio!r}; expected a share of '
                             'the snippets above 0, and 1 for all')
        if norm not in NORM_MODES:
            raise ValueError(f'SnippetEncoder got norm={norm!r}; expected one of {NORM_MODES}')
        require_number('SnippetEncoder', above=0, resample=resample)
        if resample != 1 and not dense:
            raise ValueError(f'SnippetEncoder got resample={resample!r} and dense={dense!r}; '
                             'expected 1, since one feature a snippet is a position of the head: '
                             'set dense=True as well')
        self.norm, self.dense, self.resample = norm, dense, resample
        self.adapters = build_adapters(adapters)
        if self.adapters is not None:
            check_beside(self.adapters, chunk_size=chunk_size, grad_ratio=grad_ratio, norm=norm)
        self.input_format, self.chunk_size, self.grad_ratio = input_format, chunk_size, grad_ratio
        self.checkpointing, self.channels_last = checkpointing, channels_last
        self.fused_attention = fused_attention

    def prepare(self, backbone: nn.Module) -> None:
        """Gives a new backbone the adapters, batch norm, memory format and checkpointing asked for.

        Raises:
            ValueError: When the backbone has nothing to checkpoint, no attention to fuse, or does
                not take the adapters.
        """
        if self.fused_attention:
            fuse_attention(backbone)
        let_norms_learn(backbone, self.norm)
        if self.norm is not None and not batch_norms(backbone):
            print_log(f'{type(backbone).__name__} has no batch norm: norm={self.norm!r} of its '
                      'encoder changes nothing', logger='current', level=logging.WARNING)
        if self.dense:
            ask_for_map(backbone)
        whole = self.adapters is None or not self.adapters.keeps_backbone
        if self.adapters is not None:
            self.adapters.attach(backbone, chunk_size=self.chunk_size,
                                 checkpointing=self.checkpointing)
            freeze_all_but_adapters(backbone)
        checkpoint_blocks(backbone, all_blocks=self.checkpointing and whole)
        if self.channels_last:
            for module in backbone.modules():
                if isinstance(module, (nn.Conv2d, nn.Conv3d)):
                    module.to(memory_format=_channels_last(module.weight))
        self.set_mode(backbone)

    @property
    def mixes_snippets(self) -> bool:
        """Whether a feature depends on other snippets of its video than its own."""
        return self.adapters is not None and self.adapters.mixes_clips

    def set_mode(self, backbone: nn.Module) -> None:
        """Puts parts of a backbone in training into the mode that they have there: batch norms, and
        what is frozen beside adapters.
        """
        set_norm_mode(backbone, self.norm)
        if self.adapters is not None:
            hold_frozen(backbone, drop_path=self.adapters.drop_path)

    def init_adapters(self, backbone: nn.Module) -> None:
        """Lets adapters change nothing, whatever MMEngine's initialisation made of them."""
        if self.adapters is not None:
            self.adapters.init_weights(backbone)

    def forward(self, backbone: nn.Module, frames: Tensor,
                normalize: Callable[[Tensor], Tensor] | None = None, *,
                resample: bool = True) -> Tensor:
        """Encodes (N, L, 3, T, H, W) frames to (N, C, L), or (N, C, P) where `dense`.

        Args:
            normalize: Makes (B, 3, T, H, W) frames what the backbone takes, chunk by chunk.
            resample: False leaves the steps as they are, (N, C, L · S): for those who have only
                some of a video's snippets, and join them before `to_head`.

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
        frame_limits(backbone).check(type(backbone).__name__, T, H, W)
        clips = frames.flatten(0, 1)                                          # (N·L, 3, T, H, W)
        encode = partial(self._encode_clips, backbone, normalize)
        chunk_size = self.snippets_of_a_call
        try:
            if self.grad_ratio < 1 and self.training and torch.is_grad_enabled():
                kept, rest = choose_snippets(N, L, self.grad_ratio)
                features = encode_with_share(encode, clips, chunk_size, backbone, kept, rest)
            else:
                features = encode_in_chunks(encode, clips, chunk_size, backbone,
                                            videos=N)                         # (N·L, C)
        except (NoSteps, torch.OutOfMemoryError):
            raise
        except Exception as error:
            raise ValueError(self._explain(backbone, clips, error)) from error
        if self.dense:
            features = join_clips(features, N)                                # (N, C, L·S)
            return self.to_head(features) if resample else features           # (N, C, P)
        return features.unflatten(0, (N, L)).transpose(1, 2)                  # (N, C, L)

    @property
    def snippets_of_a_call(self) -> int | None:
        """The most that the backbone gets at a time; None: all."""
        if self.adapters is not None and self.adapters.keeps_backbone:
            return None                  # its blocks take chunks by themselves
        return self.chunk_size

    def to_head(self, features: Tensor) -> Tensor:
        """(N, C, L · S) steps to the (N, C, P) that the head gets; one feature a snippet stays."""
        return resample_positions(features, self.resample) if self.dense else features

    def num_positions(self, num_snippets: int, num_steps: int) -> int:
        """P of snippets with so many steps each, where `dense`; one of a snippet otherwise."""
        return num_positions(num_snippets, num_steps, self.resample) if self.dense \
            else num_snippets

    def _encode_clips(self, backbone: nn.Module, normalize: Callable[[Tensor], Tensor] | None,
                      clips: Tensor) -> Tensor:
        """(B, 3, T, H, W) frames, uint8 or not, to (B, C), or (B, C, S) where `dense`."""
        inputs = normalize(clips) if normalize else clips
        images = self._is_2d(backbone)
        if images:
            inputs = inputs.transpose(1, 2).flatten(0, 1)                     # (B·T, 3, H, W)
        if self.channels_last:
            inputs = inputs.contiguous(memory_format=_channels_last(inputs))
        output = call_at_any_side(backbone, inputs)
        if self.dense and not images:
            return steps_of_clips(output, type(backbone).__name__)            # (B, C, S)
        features = _pool(output)
        if self.dense:
            return steps_of_frames(features, len(clips))
        return features.unflatten(0, (len(clips), -1)).mean(1) if images else features  # (B, C)

    def _explain(self, backbone: nn.Module, clips: Tensor, error: Exception) -> str:
        B, _, T, H, W = clips.shape
        given, other, setting, shape = ('images', 'clips', '3d', (B * T, 3, H, W)) \
            if self._is_2d(backbone) else ('clips', 'images', '2d', (B, 3, T, H, W))
        return (f'{type(backbone).__name__} failed on {given} of shape {shape} ({error}); expected '
                f'a backbone that takes {given}, by input_format={self.input_format!r}: if it '
                f"takes {other}, set encoder=dict(input_format='{setting}')")

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


def _channels_last(tensor: Tensor) -> torch.memory_format:
    return torch.channels_last if tensor.ndim == 4 else torch.channels_last_3d


def _pool(features: Tensor | tuple[Tensor, ...] | list[Tensor]) -> Tensor:
    """Averages each pathway over all but (batch, channel) and concatenates: (B, C).

    A vector beside a map, as MViT's class token, is another view of it and no pathway.
    """
    if isinstance(features, (tuple, list)):
        maps = [one for one in features if isinstance(one, (tuple, list)) or one.ndim > 2]
        return torch.cat([_pool(one) for one in maps or features], dim=1)
    return features.flatten(2).mean(2) if features.ndim > 2 else features
