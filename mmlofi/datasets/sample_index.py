"""The index of a sample, with everything that its making depends on."""
from __future__ import annotations

from mmlofi.fidelity import FULL, Fidelity


class SampleIndex(int):
    """A video's number that carries the sample's fidelity and random seed.

    It is a number, so that dataset wrappers can do arithmetic on it: `RepeatDataset` takes it
    modulo, `ConcatDataset` subtracts, and the result still carries both. A wrapper that looks it up
    in a table of its own loses them, which `LoFiCycleHook` notices at the first batch.
    """

    fidelity: Fidelity
    seed: int | None

    def __new__(cls, index: int, fidelity: Fidelity = FULL, seed: int | None = None) -> SampleIndex:
        self = super().__new__(cls, index)
        self.fidelity, self.seed = fidelity, seed
        return self

    def __reduce__(self) -> tuple:
        return type(self), (int(self), self.fidelity, self.seed)

    def __mod__(self, other: int) -> SampleIndex:
        return SampleIndex(int(self) % other, self.fidelity, self.seed)

    def __sub__(self, other: int) -> SampleIndex:
        return SampleIndex(int(self) - other, self.fidelity, self.seed)
