"""Reads safetensors, which hold weights by name and nothing that could run.

timm and transformers bring the library that does it; where it is absent, so are they.
"""
from __future__ import annotations

import importlib.util
from typing import BinaryIO

import torch
from torch import Tensor

# In front, the length of the table of weights, which is JSON, and as long as the library takes it.
LENGTH_BYTES, LONGEST_TABLE = 8, 100_000_000


def is_safetensors(head: bytes) -> bool:
    """Whether a file that begins so is one; torch's begin as archives or pickles."""
    return head[LENGTH_BYTES:LENGTH_BYTES + 1] == b'{' \
        and int.from_bytes(head[:LENGTH_BYTES], 'little') <= LONGEST_TABLE


def read_safetensors(file: BinaryIO, source: str, map_location: object = None) -> dict[str, Tensor]:
    """The weights of an open file; of one on a disk, without a second copy in memory.

    Args:
        source: What to call it in an error.

    Raises:
        ValueError: When it is damaged, or nothing here can read it.
    """
    if importlib.util.find_spec('safetensors') is None:
        raise ValueError(f'{source} is of safetensors, which is not installed; expected it beside '
                         'such a file: pip install safetensors')
    from safetensors import SafetensorError
    from safetensors.torch import load, load_file
    name = getattr(file, 'name', None)
    try:
        state = load_file(name) if isinstance(name, str) else load(file.read())
    except SafetensorError as error:
        raise ValueError(f'{source} cannot be read ({error}); expected a whole file of '
                         'safetensors: get it again') from error
    if isinstance(map_location, (str, torch.device)):
        return {name: value.to(map_location) for name, value in state.items()}
    return state
