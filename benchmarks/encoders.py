"""The encoders that benchmarks measure, each as a config of stage 2."""
from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import videomae
from mmengine.config import Config
from mmengine.hub import get_config

from mmlofi.planning.step_memory import without_weights
from mmlofi.planning.training_plan import Source, read_source

CONFIGS = Path(__file__).parents[1] / 'configs'


@dataclass(frozen=True)
class Encoder:
    """A config of stage 2; a preset's backbone in it, with its clips, where one is named.

    `full` is the paper's full fidelity, `options` those that are measured.
    """

    config: str
    preset: str | None = None
    channels: int = 0
    clip_len: int | None = None
    divisor: int | None = None
    full: tuple[int, int] = (100, 224)
    options: tuple[str, ...] = ('plain', 'chunk', 'grad_ratio', 'bf16')

    def load(self) -> Config:
        cfg = Config.fromfile(CONFIGS / self.config)
        if self.preset is not None:
            preset = get_config(self.preset).model
            cfg.model.update(backbone=preset.backbone, data_preprocessor=preset.data_preprocessor)
            cfg.model.head.in_channels = cfg.model.class_scores.in_channels = self.channels
        cfg.model.backbone = without_weights(cfg.model.backbone)
        cfg.optim_wrapper.pop('accumulative_counts', None)
        return cfg

    def source(self, cfg: Config, num_snippets: int, side: int) -> Source:
        """What a video of that size is to the encoder, at each fidelity."""
        source = read_source(cfg.train_dataloader.dataset.pipeline)
        return replace(source, num_snippets=num_snippets, side=side,
                       clip_len=self.clip_len or source.clip_len,
                       divisor=self.divisor or source.divisor)


@dataclass(frozen=True)
class VideoMAE:
    """AdaTAD's encoder of one size, with all or a part of it training."""

    size: str
    trained: str
    options: tuple[str, ...] = ('plain', 'checkpointing', 'bf16', 'bf16+checkpointing')
    full: tuple[int, int] = (48, 160)

    def load(self) -> Config:
        cfg = videomae.config(self.size, self.trained, 'plain')
        cfg.custom_hooks = []                    # a step here averages no weights
        if self.trained == 'adapters':           # can be taken in chunks, and costs as much
            cfg.model.encoder.adapters.scope = 'snippet'
        return cfg

    def source(self, cfg: Config, num_snippets: int, side: int) -> Source:
        return videomae.source(self.size, num_snippets, side)


ENCODERS = {
    'TSM-R18': Encoder('lofi_tsm_anet.py'),
    'TSM-R50': Encoder('lofi_tsm_r50_anet.py'),
    'SlowFast-R50': Encoder('lofi_slowfast_anet.py'),
    'R(2+1)D-18': Encoder('lofi_r2plus1d_anet.py'),
    'VideoMAE-B': Encoder(
        'lofi_tsm_anet.py', channels=768, clip_len=16, divisor=16,
        preset='mmaction::recognition/videomae/vit-base-p16_videomae-k400-pre_16x4x1_'
               'kinetics-400.py')}
ENCODERS |= {f'VideoMAE-{size} {trained}': VideoMAE(size, trained)
             for size in 'SB' for trained in videomae.TRAINED}
ENCODERS |= {f'VideoMAE-{size} {trained}': VideoMAE(size, trained, ('bf16+checkpointing',))
             for size in 'LHg' for trained in videomae.TRAINED}

# What benchmarks/train_step.py measures by itself, and on a GPU besides.
DEFAULT = ('TSM-R18', 'TSM-R50', 'SlowFast-R50', 'R(2+1)D-18', 'VideoMAE-B', 'VideoMAE-S adapters',
           'VideoMAE-B adapters', 'VideoMAE-B ladder', 'VideoMAE-B low rank')
LARGE = ('VideoMAE-g adapters', 'VideoMAE-g ladder')
SMALL = (8, 96)     # snippets and side at full fidelity on a CPU
