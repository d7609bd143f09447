"""The shipped configs, and how to look into them."""
from __future__ import annotations

import copy
import os
import re
from functools import cache
from pathlib import Path

from mmengine.config import Config

from mmlofi import Fidelity, FidelityCycle

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'configs').rglob('*.py')
                 if '_base_' not in path.relative_to(ROOT).parts and path.name[0] != '_')
# Those of the paper's own table; test_adatad_settings.py has the transformers' facts.
LOFI = [name for name in CONFIGS if re.fullmatch(r'configs/\w*lofi_(?!adatad)\w+_(anet|hacs)\.py', name)]
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def load(name: str) -> Config:
    """The caller's own, read once for all tests that see the same variables."""
    return copy.deepcopy(_read(name, tuple(sorted(
        pair for pair in os.environ.items() if pair[0] != 'PYTEST_CURRENT_TEST'))))


@cache
def _read(name: str, variables: tuple[tuple[str, str], ...]) -> Config:
    return Config.fromfile(ROOT / name)


def cycle_of(cfg: Config) -> list[Fidelity]:
    hooks = [hook for hook in cfg.get('custom_hooks', []) if hook.type == 'LoFiCycleHook']
    return list(FidelityCycle.from_config(hooks[0].cycle).fidelities) if hooks else []


def transforms_of(cfg: Config, loader: str) -> dict[str, dict]:
    """A pipeline's transforms by type, those inside AtFidelity too."""
    inner = [step.get('transform', step) for step in cfg[loader].dataset.pipeline]
    return {step.type: step for step in inner}
