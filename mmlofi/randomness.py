"""Random numbers as a function of position, so that a restart does not change them."""
from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derive_seed(*position: int) -> int:
    """A seed below 2**32 from whole numbers of 0 or more, such as (seed, epoch, step, rank)."""
    return int(np.random.SeedSequence(position).generate_state(1)[0])


def seed_all(seed: int) -> None:
    """Seeds Python's, numpy's and torch's generators, those of GPUs included."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Runs a block from `seed`, and puts the generators of the CPU back; None changes nothing."""
    if seed is None:
        yield
        return
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)
    torch.random.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
