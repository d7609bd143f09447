"""Gives each sample random numbers of its own, whichever process makes it."""
from __future__ import annotations

from collections.abc import Iterator, Sized

from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import DefaultSampler

from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.options import require_whole
from mmlofi.randomness import derive_seed


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """MMEngine's, whose indices carry a seed: a function of (seed, epoch, index).

    It does not depend on batch size, workers or GPUs. `TSPDataset` and `PlaybackDataset` draw a
    sample's random numbers from it.

    Args:
        dataset: Any of a length.
        group: So many items from a multiple of it on stay beside each other, and share a seed.
        kwargs: `shuffle`, `seed` and `round_up` of MMEngine's.

    Raises:
        ValueError: When items are no whole groups, or a data set has others.
    """

    def __init__(self, dataset: Sized, *, group: int = 1, **kwargs) -> None:
        require_whole('SeededSampler', group=group)
        if len(dataset) % group:
            raise ValueError(f'SeededSampler got {len(dataset)} items for groups of {group}; '
                             'expected whole groups: set `group` to what the data set has, such as '
                             'the number of rates of a PlaybackDataset')
        wanted = getattr(dataset, 'group', group)
        if group not in (1, wanted):
            raise ValueError(f'SeededSampler got group={group} for a {type(dataset).__name__} with '
                             f'{wanted} items of each video; expected group={wanted}, for all of a '
                             'video beside each other, or 1')
        super().__init__(range(len(dataset) // group), **kwargs)
        self.group = group

    def __iter__(self) -> Iterator[SampleIndex]:
        for number in super().__iter__():
            seed = derive_seed(self.seed, self.epoch, number)
            for place in range(self.group):
                yield SampleIndex(number * self.group + place, seed=seed)

    def __len__(self) -> int:
        return super().__len__() * self.group
