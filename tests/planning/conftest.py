"""Configs of small trainings, whose memory is counted and measured."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from mmengine.config import Config

CLIP_LEN = 4


@pytest.fixture
def training() -> Callable[..., Config]:
    """A config of TSM with G-TAD; `changes` are by dotted names."""
    def make(depth: int = 18, **changes: object) -> Config:
        cfg = Config(dict(
            model=dict(
                type='EndToEndLocalizer',
                backbone=dict(type='ResNetTSM', depth=depth, pretrained=None, pretrained2d=False,
                              num_segments=CLIP_LEN, shift_div=8),
                encoder=dict(norm='frozen'),
                head=dict(type='GTADHead', in_channels=512 if depth < 50 else 2048)),
            optim_wrapper=dict(type='OptimWrapper',
                               optimizer=dict(type='SGD', lr=0.1, momentum=0.9))))
        cfg.merge_from_dict({name.replace('__', '.'): value for name, value in changes.items()})
        return cfg
    return make
