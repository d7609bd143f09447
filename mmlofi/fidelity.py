"""Fidelity: what one video costs in a mini-batch.

Source: LoFi, section 3.2. Full fidelity is L × H × W, in the paper 100 × 224 × 224; r_t divides the
number of snippets L, r_s the frame's side H = W.
"""
from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Fidelity:
    """A temporal and a spatial reduction, with the name that logs and figures use.

    `temporal` is r_t >= 1: a video gets 1/r_t of the snippets, still over its whole length.
    `spatial` is r_s >= 1: a frame's side is divided by it.

    In the paper all fidelities cost the same, so the batch never changes. For those that do not
    (as in multigrid training) `batch_size` replaces the sampler's and `lr_factor` multiplies the
    learning rate of the steps at this fidelity.
    """

    name: str = 'full'
    temporal: float = 1.0
    spatial: float = 1.0
    batch_size: int | None = None
    lr_factor: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or '/' in self.name:
            raise ValueError(f'a fidelity is named {self.name!r}; expected a name without "/", '
                             'which logs put after it: call it "S", say')
        for axis in ('temporal', 'spatial'):
            value = getattr(self, axis)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not (
                    1 <= value < math.inf):
                raise ValueError(f'fidelity {self.name!r} has {axis}={value!r}; expected a '
                                 'reduction of 1 (full) or more, such as 2 for a half')
        if self.batch_size is not None and (
                not isinstance(self.batch_size, int) or self.batch_size < 1):
            raise ValueError(f'fidelity {self.name!r} has batch_size={self.batch_size!r}; expected '
                             "a whole number of videos, 1 or more, or None for the sampler's")
        if isinstance(self.lr_factor, bool) or not isinstance(self.lr_factor, (int, float)) or not (
                0 < self.lr_factor < math.inf):
            raise ValueError(f'fidelity {self.name!r} has lr_factor={self.lr_factor!r}; expected a '
                             "number above 0, such as 1 for the schedule's learning rate")

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
# C-LoFi's S, T and ST: a quarter of the pixels each (table 1 of the paper).
PAPER_CYCLE = (Fidelity('S', spatial=2), Fidelity('T', temporal=4),
               Fidelity('ST', temporal=2, spatial=math.sqrt(2)))


def _round_half_up(value: float) -> int:
    return math.floor(value + 0.5)
