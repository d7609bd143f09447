"""Checkpoints of models that have learned nothing."""
from __future__ import annotations

from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope


def save_random_weights(config: Path, path: Path) -> Path:
    """Writes that of a config's model, and returns where."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(config).model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), path)
    return path
