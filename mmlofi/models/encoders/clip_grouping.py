"""How many videos the clips of a call are of, for modules in a backbone that mix those of one.

A backbone gets (N·L, …) clips and does not know N. Whoever calls it says so here; a recomputation
in the backward pass, perhaps on another thread, is given what its first pass had (`recompute.py`).
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_VIDEOS: ContextVar[int | None] = ContextVar('videos_in_call', default=None)


@contextmanager
def clips_of(videos: int | None) -> Iterator[None]:
    """Says that the clips of calls in this context are those of so many videos, one after another.

    None takes back what was said.
    """
    token = _VIDEOS.set(videos)
    try:
        yield
    finally:
        _VIDEOS.reset(token)


@torch.compiler.disable
def videos_in_call() -> int | None:
    """As `clips_of` said; None where nobody did. A compiled graph breaks here, without a word."""
    return _VIDEOS.get()
