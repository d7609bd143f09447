"""Lets a torchvision that was built for another torch be imported, for the models in it."""
from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import torch

_SHAPES = 'torchvision._meta_registrations'   # of what its compiled operators give


def mend_torchvision_operators() -> None:
    """Keeps torchvision (0.15 to 0.29) from describing operators that it does not have.

    A wheel built for CUDA beside a torch for CPUs cannot load its compiled operators, and then
    stops at `operator torchvision::nms does not exist` when it is imported, and with it MMEngine
    and MMAction2 where transformers is installed. Its models and transforms are Python and need
    none of them.
    """
    spec = importlib.util.find_spec('torchvision')
    if spec is None or _SHAPES in sys.modules or _has_operators(Path(spec.origin).parent):
        return
    sys.modules[_SHAPES] = types.ModuleType(_SHAPES)


def _has_operators(folder: Path) -> bool:
    """Whether the compiled operators load, as torchvision itself would load them."""
    compiled = next(iter(sorted(folder.glob('_C*.so'))), None)
    if compiled is None:
        return hasattr(torch.ops.torchvision, 'nms')
    try:
        torch.ops.load_library(str(compiled))
    except OSError:
        return False
    return True
