"""VideoMAE of five sizes under ActionFormer, as AdaTAD trains it: what trains, what saves memory.

768 frames as 48 clips of 16 that lie one after the other, two of whose frames make a step; the 384
steps are interpolated to 768 positions.
"""
from __future__ import annotations

from mmengine.config import Config

from mmlofi.planning.training_plan import Source

FRAMES = 16
SIZES = dict(
    S=dict(embed_dims=384, depth=12, num_heads=6), B=dict(embed_dims=768, depth=12, num_heads=12),
    L=dict(embed_dims=1024, depth=24, num_heads=16),
    H=dict(embed_dims=1280, depth=32, num_heads=16),
    g=dict(embed_dims=1408, depth=40, num_heads=16, mlp_ratio=48 / 11, patch_size=14))
TRAINED = {
    'all weights': None,
    'adapters': dict(type='temporal', scope='video'),
    'ladder': dict(type='ladder', scope='video'),
    'low rank': dict(type='lora', rank=8, targets=['qkv', 'proj'])}
OPTIONS = {
    'plain': {}, 'checkpointing': dict(checkpointing=True), 'chunks': dict(chunk_size=4),
    'bf16': {}, 'bf16+checkpointing': dict(checkpointing=True),
    'bf16+checkpointing+chunks': dict(checkpointing=True, chunk_size=4)}


def config(size: str, trained: str, option: str, *, fused: bool = True,
           depth: int | None = None) -> Config:
    """Model, optimizer and mean of the weights of a training; `depth` leaves blocks out."""
    backbone = SIZES[size] | (dict(depth=depth) if depth else {})
    return Config(dict(
        model=dict(
            type='EndToEndLocalizer',
            backbone=dict(dict(type='VisionTransformer', num_frames=FRAMES, return_feat_map=True),
                          **backbone),
            encoder=dict(dense=True, resample=2.0, fused_attention=fused, **OPTIONS[option],
                         adapters=adapters(size, trained, option)),
            head=dict(type='ActionFormerHead', in_channels=SIZES[size]['embed_dims'],
                      num_classes=20, backbone=dict(window=-1)),
            data_preprocessor=dict(type='ActionDataPreprocessor', format_shape='NCTHW',
                                   mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])),
        optim_wrapper=dict(type='AmpOptimWrapper' if 'bf16' in option else 'OptimWrapper',
                           optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05)),
        custom_hooks=[dict(type='ModelEMAHook', momentum=1e-3)]))


def adapters(size: str, trained: str, option: str) -> dict | None:
    """AdaTAD's; in chunks, which do not see each other, adapters look along their own clip."""
    chosen = TRAINED[trained] and dict(TRAINED[trained])
    if trained == 'adapters' and 'chunks' in option:
        chosen['scope'] = 'snippet'
    if trained == 'ladder':
        chosen['ratio'] = 1 / 8 if size == 'g' else 1 / 4
    return chosen


def source(size: str, clips: int = 48, side: int = 160) -> Source:
    """A window at full fidelity; the side holds whole patches, of 14 as many as 160 has."""
    patch = SIZES[size].get('patch_size', 16)
    return Source(num_snippets=clips, clip_len=FRAMES, side=side // patch * patch, divisor=patch)
