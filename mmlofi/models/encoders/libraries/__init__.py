"""Backbones of other libraries, by a prefix: `type='torchvision.r2plus1d_18'`.

A library is imported when a config names it, and only then. Its model stays what it is, its names
of parameters too; what is said here is which part of it is the encoder and what that takes.
"""
from __future__ import annotations

import importlib
import importlib.util

from torch import nn

# By prefix, the module here that knows it. Each is an extra of the same name.
LIBRARIES = {'torchvision': 'torchvision_models', 'timm': 'timm_models',
             'transformers': 'transformers_models'}


def library_of(kind: str) -> str | None:
    """The library that a type names by its prefix; None for MMAction2's and one's own."""
    prefix, dot, name = kind.partition('.')
    return prefix if prefix in LIBRARIES and dot and name else None


def why_absent(kind: str) -> str | None:
    """Why a type's library cannot be used here; None where it can, or where it names none."""
    library = library_of(kind)
    if library is None or importlib.util.find_spec(library) is not None:
        return None
    return f'it needs {library}, which is not installed: pip install "mmlofi[{library}]"'


def build_from_library(cfg: dict) -> nn.Module:
    """A library's model as a backbone, without weights: those that it names are loaded later.

    Its output is a map: (B, C, T', h, w) of clips, (B, C, h, w) of images.

    Raises:
        ValueError: When the library has no such model, or one that is no encoder of frames.
    """
    return _module(cfg).build(**_arguments(cfg))


def checkpoint_of(cfg: dict) -> str | None:
    """The file or address of the weights that a config names, where `CheckpointLoader` reads them.

    None where none are named, or the library itself has to find them.
    """
    return _module(cfg).checkpoint_of(**_arguments(cfg))


def _module(cfg: dict):
    return importlib.import_module(f'{__name__}.{LIBRARIES[library_of(cfg["type"])]}')


def _arguments(cfg: dict) -> dict:
    """Without what is MMEngine's; `name` is the type without its prefix."""
    rest = {key: value for key, value in cfg.items() if key not in ('type', 'init_cfg')}
    return dict(rest, name=cfg['type'].partition('.')[2])
