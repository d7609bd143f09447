"""Small trained parts in a frozen encoder, by `model.encoder.adapters`; docs/adapters.md."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

from mmaction.models.backbones import VisionTransformer
from torch import Tensor, nn

from mmlofi.models.encoders.ladder import Ladder
from mmlofi.models.encoders.low_rank import LowRankAdapters
from mmlofi.models.encoders.norm import BATCHES_OWN
from mmlofi.models.encoders.temporal_adapter import SCOPES, TemporalAdapter

MIXING = ('video', 'both')   # scopes in which clips of a video see each other


class Adapters(Protocol):
    """What the encoder asks of any kind.

    Attributes:
        mixes_clips: Whether a feature depends on other clips of its video.
        keeps_backbone: Whether the backbone keeps nothing for the backward pass, and takes
            `chunk_size` and `checkpointing` by itself.
        drop_path: Whether frozen blocks may be skipped at random in training.
        feature_settings: What features depend on besides the weights.
    """

    mixes_clips: bool
    keeps_backbone: bool
    drop_path: bool
    feature_settings: str

    def attach(self, backbone: nn.Module, *, chunk_size: int | None, checkpointing: bool) -> None:
        """Puts adapters into a new backbone; raises ValueError where it takes none."""

    def init_weights(self, backbone: nn.Module) -> None:
        """Makes the backbone's adapters the identity again, whatever initialised them."""


class TemporalAdapters:
    """A `TemporalAdapter` behind each of some blocks of MMAction2's VisionTransformer, or a
    `Ladder` of them beside it.

    They are the blocks' own `adapter`, or the backbone's `ladders.adapters`, as the authors' are,
    so that checkpoints of recognizers and theirs fit beside them.

    Args:
        ladder: Whether they stand beside the blocks.
        blocks: Numbers from 0 (from -1 of the last), 'all' or 'upper', the upper half.
        ratio, kernel_size, scope: Of `TemporalAdapter`.
        drop_path: Whether frozen blocks may be skipped at random in training, as in the authors'
            program, by the backbone's `drop_path_rate`.

    Raises:
        ValueError: For settings out of range.
    """

    def __init__(self, *, ladder: bool = False, blocks: str | Sequence[int] | None = None,
                 ratio: float = 0.25, kernel_size: int = 3, scope: str | None = 'snippet',
                 drop_path: bool = False) -> None:
        if blocks is None:
            blocks = 'upper' if ladder else 'all'
        if blocks not in ('all', 'upper') and (isinstance(blocks, str) or not blocks or any(
                type(i) is not int for i in blocks)):
            raise ValueError(f"adapters got blocks={blocks!r}; expected 'all', 'upper' for the "
                             'upper half, or a list of numbers from 0 of the first block')
        if type(ratio) not in (int, float) or not 0 < ratio <= 1:
            raise ValueError(f'adapters got ratio={ratio!r}; expected the width of the bottleneck '
                             'as a share of the channels, such as 0.25')
        if type(kernel_size) is not int or kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f'adapters got kernel_size={kernel_size!r}; expected an odd number of '
                             'steps, such as 3')
        if scope not in SCOPES:
            raise ValueError(f'adapters got scope={scope!r}; expected one of {SCOPES}')
        self.ladder, self.blocks, self.drop_path = ladder, blocks, drop_path
        self.settings = dict(ratio=ratio, kernel_size=kernel_size, scope=scope)
        self.feature_settings = f'scope={scope}'
        self.mixes_clips, self.keeps_backbone = scope in MIXING, ladder

    def attach(self, backbone: nn.Module, *, chunk_size: int | None, checkpointing: bool) -> None:
        """Adds new adapters.

        Raises:
            ValueError: When the backbone is no VisionTransformer, or has no such blocks.
        """
        if not isinstance(backbone, VisionTransformer):
            raise ValueError(
                f'adapters of type {"ladder" if self.ladder else "temporal"!r} got a '
                f"{type(backbone).__name__}; expected MMAction2's VisionTransformer (VideoMAE), "
                "whose tokens they know: use it, or adapters=dict(type='lora', rank=8, "
                'targets=[…]), which any backbone with linear layers takes')
        steps = backbone.pos_embed.shape[1] // (backbone.grid_size[0] * backbone.grid_size[1])
        numbers = self._numbers(len(backbone.blocks))
        adapters = [TemporalAdapter(backbone.embed_dims, steps=steps, residual=not self.ladder,
                                    **self.settings) for _ in numbers]
        if self.ladder:
            backbone.ladders = Ladder(adapters)
            backbone.ladders.stand_beside(backbone.blocks, numbers, chunk_size=chunk_size,
                                          checkpointing=checkpointing)
            return
        for i, adapter in zip(numbers, adapters):
            block = backbone.blocks[i]
            block.adapter = adapter
            block.forward = partial(_adapted, block, block.forward)

    def init_weights(self, backbone: nn.Module) -> None:
        """Makes the adapters those of a new backbone."""
        for module in backbone.modules():
            if isinstance(module, TemporalAdapter):
                module.init_weights()

    def _numbers(self, depth: int) -> list[int]:
        if isinstance(self.blocks, str):
            return list(range(depth // 2 if self.blocks == 'upper' else 0, depth))
        wrong = [i for i in self.blocks if not -depth <= i < depth]
        numbers = sorted({i % depth for i in self.blocks})
        if wrong or len(numbers) < len(self.blocks):
            raise ValueError(f'adapters got blocks={list(self.blocks)} for a backbone of {depth} '
                             f'blocks; expected each number once, from 0 to {depth - 1}')
        return numbers


KINDS = dict(temporal=TemporalAdapters, ladder=partial(TemporalAdapters, ladder=True),
             lora=LowRankAdapters)


def build_adapters(cfg: Mapping | None) -> Adapters | None:
    """The adapters of a config such as `dict(type='temporal', ratio=0.25)`; None of None.

    Raises:
        ValueError: For a kind or settings that are none.
    """
    if cfg is None:
        return None
    settings = dict(cfg) if isinstance(cfg, Mapping) else {}
    kind = settings.pop('type', None)
    if kind not in KINDS:
        raise ValueError(f'encoder got adapters={cfg!r}; expected a dict with type one of '
                         f"{tuple(KINDS)}, such as dict(type='temporal', scope='snippet')")
    try:
        return KINDS[kind](**settings)
    except TypeError as error:
        raise ValueError(f'adapters of type {kind!r} do not take {settings!r} ({error}); expected '
                         'settings that docs/adapters.md lists') from error


def check_beside(adapters: Adapters, *, chunk_size: int | None, grad_ratio: float,
                 norm: str | None) -> None:
    """Refuses settings of an encoder that would make other features of adapters than are meant.

    A block with an adapter that mixes clips reaches one clip further than the block before it, so
    that a chunk would need as many neighbours as there are blocks. A ladder reads what the blocks
    made of each clip alone, and takes all clips at once.

    Raises:
        ValueError: With the reason and another way to the same end.
    """
    if adapters.mixes_clips and chunk_size is not None and not adapters.keeps_backbone:
        raise ValueError(
            f'the encoder got chunk_size={chunk_size} and adapters that mix the snippets of a '
            'video, one snippet further with each block; expected all snippets at once, or '
            "features would change with the chunk: for memory set checkpointing=True in place of "
            "chunk_size, or take adapters of type='ladder', or of scope='snippet'")
    if adapters.mixes_clips and grad_ratio < 1:
        raise ValueError(
            f'the encoder got grad_ratio={grad_ratio} and adapters that mix the snippets of a '
            'video; expected grad_ratio=1, as those with a gradient would be encoded without their '
            "neighbours: set it, or scope='snippet' in adapters")
    if norm in BATCHES_OWN:
        raise ValueError(
            f'the encoder got norm={norm!r} and adapters, beside which the backbone is frozen; '
            "expected norm='frozen' or None: its statistics are what the adapters were trained on")


def _adapted(block: nn.Module, forward: partial, x: Tensor) -> Tensor:
    """In place of a block's own call."""
    return block.adapter(forward(x))
