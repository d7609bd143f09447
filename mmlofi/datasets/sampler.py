"""Yields whole mini-batches of (video, fidelity).

Why a batch sampler: an attribute that a hook sets on the dataset is never seen by persistent
workers, and one in shared memory is off by the loader's prefetch. A tag that travels with each
index is right at every step, whatever the number of workers or ranks.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from mmaction.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from mmlofi.fidelity import FULL, Fidelity, FidelityCycle


@DATA_SAMPLERS.register_module()
class FidelityBatchSampler(Sampler):
    """Groups a sampler's indices into batches and gives all of a batch the same fidelity.

    Which one is a pure function of (cycle, epoch, step): ranks agree without talking. The number of
    batches never depends on the fidelities and the last, smaller batch is dropped by default.

    `LoFiCycleHook` sets the cycle before training and the epoch before each one. A cycle given
    here by config serves scripts that run without a Runner.

    Args:
        sampler: Yields the videos' numbers of this rank (MMEngine's DefaultSampler).
        batch_size: Videos a batch, at every fidelity.
        cycle: A list of fidelities, as for `LoFiCycleHook`; full fidelity until one is set.
        drop_last: Whether a last batch with fewer videos is left out.

    Raises:
        ValueError: When an epoch would hold no batch.
    """

    def __init__(self, sampler: Sampler, batch_size: int, *,
                 cycle: Sequence[dict | Fidelity] = (FULL,), by: str = 'epoch', interval: int = 1,
                 drop_last: bool = True) -> None:
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f'FidelityBatchSampler got batch_size={batch_size!r}; expected a '
                             'whole number of 1 or more')
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.epoch = 0
        self.set_cycle(FidelityCycle.from_config(cycle, by, interval))
        if len(self) == 0:
            raise ValueError(f'a rank gets {len(sampler)} videos an epoch, fewer than '
                             f'batch_size={batch_size}, so that no batch is left; expected at '
                             'least one: lower batch_size or set drop_last=False')

    def set_cycle(self, cycle: FidelityCycle) -> None:
        """Takes the cycle that `LoFiCycleHook` owns."""
        self.cycle = cycle

    def set_epoch(self, epoch: int) -> None:
        """Says which epoch (from 0) the next iteration is, also to the inner sampler."""
        self.epoch = epoch
        if hasattr(self.sampler, 'set_epoch'):
            self.sampler.set_epoch(epoch)

    def fidelity_at(self, step: int) -> Fidelity:
        """The fidelity of a step (from 0) of the current epoch."""
        return self.cycle.at(self.epoch, step, len(self))

    def __iter__(self) -> Iterator[list[tuple[int, Fidelity]]]:
        indices = list(islice(self.sampler, len(self.sampler)))   # also of an endless sampler
        for step in range(len(self)):
            fidelity = self.fidelity_at(step)
            chosen = indices[step * self.batch_size:(step + 1) * self.batch_size]
            yield [(index, fidelity) for index in chosen]

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)
        return full + (rest > 0 and not self.drop_last)
