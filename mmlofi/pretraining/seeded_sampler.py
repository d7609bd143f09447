"""Gives each sample random numbers of its own, whichever process makes it."""
from __future__ import annotations

from collections.abc import Iterator

from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import DefaultSampler

from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.randomness import derive_seed


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """MMEngine's, whose indices carry a seed: a function of (seed, epoch, index).

    It does not depend on batch size, workers or GPUs. `TSPDataset` draws a sample's random numbers
    from it.
    """

    def __iter__(self) -> Iterator[SampleIndex]:
        for index in super().__iter__():
            yield SampleIndex(index, seed=derive_seed(self.seed, self.epoch, index))
