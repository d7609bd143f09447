"""Models with random weights, which localize something somewhere."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config

CONFIGS = Path(__file__).parents[2] / 'configs' / 'toy'
CLASSES = ('climb', 'dive', 'jump', 'run', 'swim')


@dataclass(frozen=True)
class Model:
    """A config and a checkpoint that fits it."""

    cfg: Config
    checkpoint: str


def make(path: Path, config: str, *, classes: tuple[str, ...] = CLASSES, **options) -> Model:
    """A toy config with `options` set in it, and random weights whose classes are `classes`."""
    cfg = Config.fromfile(CONFIGS / config)
    cfg.merge_from_dict(options)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=classes))),
               path)
    return Model(cfg, str(path))
