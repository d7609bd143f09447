"""Yields whole mini-batches of videos, each with the fidelity that its step has.

Why a batch sampler: an attribute that a hook sets on the dataset is never seen by persistent
workers, and one in shared memory is off by the loader's prefetch. A tag that travels with each
index is right at every step, whatever the number of workers or ranks.
"""
from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from mmaction.registry import DATA_SAMPLERS
from mmengine.dist import get_rank
from torch.utils.data import Sampler

from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.fidelity import Fidelity
from mmlofi.randomness import derive_seed
from mmlofi.schedule import FidelitySchedule

DEFAULT = "set train_dataloader.sampler=dict(type='DefaultSampler', shuffle=True)"
ONE_OWNER = ('in a Runner give the schedule to its one owner: '
             "custom_hooks=[dict(type='LoFiCycleHook', cycle=…)] and train_cfg="
             "dict(type='FidelityTrainLoop', max_epochs=…)")


class Batch(NamedTuple):
    """What one step takes on each rank."""

    fidelity: Fidelity
    videos: int


@DATA_SAMPLERS.register_module()
class FidelityBatchSampler(Sampler):
    """Groups a sampler's indices into batches and gives all of a batch the same fidelity.

    Which one is a pure function of (schedule, epoch, step): ranks agree without talking. So is the
    number of batches of every epoch, also where fidelities have batch sizes of their own. Each
    sample's index also carries a random seed, a function of (the inner sampler's seed, epoch, step,
    rank, place in the batch): augmentation does not depend on which worker makes the sample.

    Every video comes at most once an epoch. The rest that fills no update is dropped, another one
    each epoch since the sampler shuffles; with `drop_last=False` it makes a smaller last batch.

    `LoFiCycleHook` sets the schedule before training, and the train loop the epoch before each one.
    A schedule given here serves scripts that run without a Runner and call `set_epoch` themselves;
    a Runner's `FidelityTrainLoop` refuses it, and other loops are refused when they begin.

    Args:
        sampler: Yields the videos' numbers of this rank, for an epoch always in the same order
            (MMEngine's DefaultSampler).
        batch_size: Videos a batch, at every fidelity that has no batch size of its own.
        schedule: Settings of `FidelitySchedule.from_config`; full fidelity until one is set.
        drop_last: Whether a last batch with fewer videos is left out.

    Raises:
        ValueError: When an epoch would hold no batch, or ranks would have different numbers; when
            it is iterated with a schedule of its own and without `set_epoch`.
    """

    def __init__(self, sampler: Sampler, batch_size: int, *, schedule: dict | None = None,
                 drop_last: bool = True) -> None:
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f'FidelityBatchSampler got batch_size={batch_size!r}; expected a '
                             'whole number of 1 or more')
        if getattr(sampler, 'world_size', 1) > 1 and not getattr(sampler, 'round_up', True):
            raise ValueError('FidelityBatchSampler got a sampler with round_up=False on '
                             f'{sampler.world_size} ranks, which may get different numbers of '
                             'videos; expected round_up=True, so that all have the same steps')
        if not hasattr(sampler, '__len__'):
            raise ValueError(f'FidelityBatchSampler got a {type(sampler).__name__}, which has no '
                             f'length; expected a sampler of an epoch: {DEFAULT}')
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.first_step = 0
        self._epoch: int | None = None   # until it is told
        self.has_own_schedule = schedule is not None
        self.set_schedule(FidelitySchedule() if schedule is None
                          else FidelitySchedule.from_config(**schedule))

    def set_schedule(self, schedule: FidelitySchedule, steps_per_update: int = 1) -> None:
        """Takes the schedule that `LoFiCycleHook` owns.

        Args:
            steps_per_update: Batches that share a fidelity because their gradients are added up; an
                epoch then holds whole updates, and a short cycle counts these.

        Raises:
            ValueError: When an epoch would hold no batch, or its rest would make no whole update.
        """
        if steps_per_update > 1 and not self.drop_last:
            raise ValueError(
                'FidelityBatchSampler has drop_last=False, and gradients of '
                f'{steps_per_update} steps make an update (optim_wrapper.accumulative_counts), for '
                'which a smaller last batch is too little; expected whole updates: set '
                'train_dataloader.batch_sampler.drop_last=True, or accumulative_counts=1')
        self.schedule, self.steps_per_update = schedule, steps_per_update
        self._epochs: list[list[Batch]] = []
        self._starts = [0]   # steps before each epoch that is planned, and after the last
        for fidelity in schedule.fidelities:
            needed = self._size(fidelity) * steps_per_update
            if len(self.sampler) < (needed if self.drop_last else 1):
                what = f'batch_size={self._size(fidelity)}' + (
                    f' times {steps_per_update} steps an update' if steps_per_update > 1 else '')
                raise ValueError(f'a rank gets {len(self.sampler)} videos an epoch, fewer than '
                                 f'{what} at fidelity {fidelity.name!r}, so that no batch is left; '
                                 'expected at least one: lower batch_size or set drop_last=False')

    def set_epoch(self, epoch: int, first_step: int = 0) -> None:
        """Says which epoch (from 0) the next iteration is, and at which of its steps it begins.

        Steps before `first_step` are not given out, so that nothing of them is decoded; `len`
        stays that of the whole epoch.
        """
        self._epoch, self.first_step = epoch, first_step
        if hasattr(self.sampler, 'set_epoch'):
            self.sampler.set_epoch(epoch)

    @property
    def epoch(self) -> int:
        """That of `set_epoch`, else the inner sampler's, which MMEngine's own loops tell alone."""
        return getattr(self.sampler, 'epoch', 0) if self._epoch is None else self._epoch

    @property
    def seed(self) -> int:
        """The inner sampler's seed, equal on all ranks: with the epoch it gives the order."""
        return getattr(self.sampler, 'seed', None) or 0

    @seed.setter
    def seed(self, seed: int) -> None:
        self.sampler.seed = seed

    def order(self, epoch: int) -> list[int]:
        """This rank's videos, as the inner sampler has them in an epoch."""
        if hasattr(self.sampler, 'set_epoch'):
            self.sampler.set_epoch(epoch)
        return list(islice(self.sampler, len(self.sampler)))   # an endless one would not stop

    def refuse_own_schedule(self) -> None:
        """What a Runner does with a schedule that was given at construction.

        Raises:
            ValueError: When there is one, with its owner in a Runner.
        """
        if self.has_own_schedule:
            raise ValueError(
                'train_dataloader.batch_sampler has a schedule, whose learning rates and updates '
                f'no hook would follow; expected one without: {ONE_OWNER}')

    def check_order(self) -> None:
        """Asks whether the order of an epoch depends on seed and epoch alone.

        Raises:
            ValueError: When asked twice, the inner sampler gives two orders, as endless ones and
                those of a generator of their own do.
        """
        first, again = self.order(0), self.order(0)
        if first != again or len(first) != len(self.sampler):
            raise ValueError(
                f'{type(self.sampler).__name__} gave {_shown(first)} as the order of the first '
                f'epoch, and {_shown(again)} when asked again; expected one that depends on seed '
                'and epoch alone, so that ranks agree and a restart goes on in it: ' + DEFAULT)

    def batches(self, epoch: int) -> list[Batch]:
        """What the steps of an epoch take, equal on all ranks."""
        self.steps_before(epoch + 1)
        return self._epochs[epoch]

    def steps_before(self, epoch: int) -> int:
        """Steps of all epochs before this one; of `max_epochs`, all steps of the training."""
        while len(self._epochs) < epoch:   # a short cycle goes on where the last epoch left it
            self._epochs.append(self._plan(len(self._epochs)))
            self._starts.append(self._starts[-1] + len(self._epochs[-1]))
        return self._starts[epoch]

    def fidelity_at(self, step: int) -> Fidelity:
        """The fidelity of a step (from 0) of the current epoch."""
        return self.batches(self.epoch)[step].fidelity

    def __iter__(self) -> Iterator[list[SampleIndex]]:
        if self.has_own_schedule and self._epoch is None:
            raise ValueError(
                'FidelityBatchSampler(schedule=…) was iterated without set_epoch, as loops other '
                'than FidelityTrainLoop do, so that it would stay at the fidelity of the first '
                f'epoch; expected set_epoch(epoch) before each epoch of a script; {ONE_OWNER}')
        epoch, first_step, rank = self.epoch, self.first_step, get_rank()
        indices = iter(list(islice(self.sampler, len(self.sampler))))
        for step, (fidelity, videos) in enumerate(self.batches(epoch)):
            chosen = list(islice(indices, videos))
            if step >= first_step:
                yield [SampleIndex(index, fidelity,
                                   derive_seed(self.seed, epoch, step, rank, place))
                       for place, index in enumerate(chosen)]

    def __len__(self) -> int:
        return len(self.batches(self.epoch))

    def _size(self, fidelity: Fidelity) -> int:
        return fidelity.batch_size or self.batch_size

    def _plan(self, epoch: int) -> list[Batch]:
        cycle, first_epoch = self.schedule.cycle_of(epoch)
        steps = self._starts[epoch] - self._starts[first_epoch]
        update, left, batches = steps // self.steps_per_update, len(self.sampler), []
        while left:
            fidelity = cycle.at(epoch - first_epoch, update)
            size = self._size(fidelity)
            if left < size * self.steps_per_update:
                if not self.drop_last:
                    batches.append(Batch(fidelity, left))
                break
            batches += [Batch(fidelity, size)] * self.steps_per_update
            left -= size * self.steps_per_update
            update += 1
        return batches


def _shown(order: list[int]) -> str:
    return str(order) if len(order) < 5 else f'[{", ".join(map(str, order[:4]))}, …]'
