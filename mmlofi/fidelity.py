"""Fidelity: what one video costs in a mini-batch, and the cycle that training walks through.

Source: LoFi, section 3.2 (fidelities) and 3.3 (C-LoFi). Full fidelity is L × H × W, in the paper
100 × 224 × 224; r_t divides the number of snippets L, r_s the frame's side H = W.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fidelity:
    """A temporal and a spatial reduction, with the name that logs and figures use.

    `temporal` is r_t >= 1: a video gets 1/r_t of the snippets, still over its whole length.
    `spatial` is r_s >= 1: a frame's side is divided by it.
    """

    name: str = 'full'
    temporal: float = 1.0
    spatial: float = 1.0

    def __post_init__(self) -> None:
        for axis in ('temporal', 'spatial'):
            value = getattr(self, axis)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not (
                    1 <= value < math.inf):
                raise ValueError(f'fidelity {self.name!r} has {axis}={value!r}; expected a '
                                 'reduction of 1 (full) or more, such as 2 for a half')

    def reduce_snippets(self, num_snippets: int) -> int:
        """The number of snippets at this fidelity: 100 at r_t = 4 is 25; never less than 1."""
        return max(1, _round_half_up(num_snippets / self.temporal))

    def reduce_side(self, side: int, divisor: int = 2) -> int:
        """The frame side at this fidelity, to the nearest multiple of `divisor`.

        224 at r_s = √2 is 158. ViT wants a multiple of its patch, Swin of patch × window; full
        fidelity is returned as it came.
        """
        if self.spatial == 1:
            return side
        return max(divisor, divisor * _round_half_up(side / self.spatial / divisor))

    @property
    def pixel_share(self) -> float:
        """Pixels of a video relative to full fidelity: 1 / (r_t · r_s²)."""
        return 1 / (self.temporal * self.spatial**2)


FULL = Fidelity()


@dataclass(frozen=True)
class FidelityCycle:
    """Which fidelity each step of training has: a pure function of (epoch, step).

    `by='epoch'` is the paper's long cycle (the next fidelity every `interval` epochs), `by='iter'`
    the short one (every `interval` steps of the whole training). Being a function of position
    alone, it agrees on all ranks and after a restart.
    """

    fidelities: tuple[Fidelity, ...]
    by: str = 'epoch'
    interval: int = 1

    def __post_init__(self) -> None:
        if not self.fidelities:
            raise ValueError('a fidelity cycle got no fidelity; expected at least one, such as '
                             "dict(name='S', spatial=2)")
        if self.by not in ('epoch', 'iter'):
            raise ValueError(f"a fidelity cycle got by={self.by!r}; expected 'epoch' (long cycle) "
                             "or 'iter' (short cycle)")
        if not isinstance(self.interval, int) or self.interval < 1:
            raise ValueError(f'a fidelity cycle got interval={self.interval!r}; expected a whole '
                             f'number of {self.by}s, 1 or more')
        names = [fidelity.name for fidelity in self.fidelities]
        for fidelity in set(self.fidelities):
            if len({other for other in self.fidelities if other.name == fidelity.name}) > 1:
                raise ValueError(f'two different fidelities are named {fidelity.name!r} in {names};'
                                 ' give each its own name, since logs tell them apart by it')

    @classmethod
    def from_config(cls, cycle: Sequence[dict | Fidelity], by: str = 'epoch',
                    interval: int = 1) -> FidelityCycle:
        """Builds a cycle from a config's dicts of `name`, `temporal` and `spatial`."""
        fidelities = []
        for item in cycle:
            try:
                fidelities.append(item if isinstance(item, Fidelity) else Fidelity(**item))
            except TypeError as error:
                raise ValueError(f'a fidelity in the cycle is {item!r}; expected a dict of name, '
                                 f'temporal (r_t) and spatial (r_s) ({error})') from error
        return cls(tuple(fidelities), by, interval)

    def at(self, epoch: int, step: int, steps_per_epoch: int) -> Fidelity:
        """The fidelity of step `step` (from 0) of epoch `epoch` (from 0)."""
        position = epoch if self.by == 'epoch' else epoch * steps_per_epoch + step
        return self.fidelities[position // self.interval % len(self.fidelities)]


def _round_half_up(value: float) -> int:
    return math.floor(value + 0.5)
