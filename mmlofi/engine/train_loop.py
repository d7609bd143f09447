"""Epochs that can be resumed at any step, and whose random numbers do not depend on restarts."""
from __future__ import annotations

import hashlib
import logging
from functools import cached_property
from math import isfinite
from numbers import Integral, Real

from mmaction.registry import LOOPS
from mmengine.dist import all_gather_object
from mmengine.hooks import SyncBuffersHook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from mmlofi.datasets.sampler import DEFAULT, FidelityBatchSampler
from mmlofi.datasets.videos.enlarging import warn_of_enlarging
from mmlofi.engine.parted_ranks import refuse_parted_ranks
from mmlofi.engine.schedulers import follow_count, scheduler_configs
from mmlofi.engine.sharding import refuse_what_shards_break
from mmlofi.json_values import brief
from mmlofi.randomness import derive_seed, seed_all

# In the message hub, and so in every checkpoint.
POSITION = 'loop_position'
VALIDATED = 'validated_epoch'
RUNNING = 'running_values'


@LOOPS.register_module()
class FidelityTrainLoop(EpochBasedTrainLoop):
    """MMEngine's loop by epoch, continued after a restart with the very next step.

    MMEngine's own starts an interrupted epoch anew. Here a checkpoint that was written in the
    middle of an epoch (`CheckpointHook` with `by_epoch=False`) goes on in it: the same order of
    videos, the same fidelities, and steps that were done are not decoded. Before each step the
    random generators are seeded by (seed, epoch, step, rank), so that none of them has to be
    stored: with the same number of ranks the result is that of an uninterrupted training, on a CPU
    with one thread bit for bit. A validation that a restart may have cut short is run again. A
    module's `running_values`, numbers by name that move while it trains, go on as well.

    All ranks compare where they are before the first step, and stop together where one differs.
    With other ranks, batch sizes or videos a training goes on at an epoch's end, and its parameter
    schedulers go where they would be at its new count of steps.

    Epochs need not be equally long, since fidelities may have batch sizes of their own. A hook's
    `set_schedule(runner, sampler, max_epochs)` is called when the loop is built, before the Runner
    makes its parameter schedulers, which ask how many steps there are.

    Args:
        kwargs: `max_epochs`, `val_begin`, `val_interval`, … of EpochBasedTrainLoop.

    Raises:
        ValueError: At construction when the data loader has no `FidelityBatchSampler`, or one with
            a schedule of its own or no fixed order; before the first step when ranks differ; on
            resume when the checkpoint is of the middle of an epoch with other videos, batches,
            ranks, fidelities or order.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader | dict, **kwargs) -> None:
        super().__init__(runner, dataloader, **kwargs)
        self.sampler = getattr(self.dataloader, 'batch_sampler', None)
        if not isinstance(self.sampler, FidelityBatchSampler):
            raise ValueError(
                f'FidelityTrainLoop found the batch sampler {type(self.sampler).__name__}; '
                'expected a FidelityBatchSampler: set train_dataloader.batch_sampler='
                "dict(type='FidelityBatchSampler')")
        self.sampler.refuse_own_schedule()
        self.sampler.check_order()
        self._scheduler_configs = scheduler_configs(runner.param_schedulers)
        runner.call_hook('set_schedule', sampler=self.sampler, max_epochs=self._max_epochs)

    @property
    def max_iters(self) -> int:
        """Steps of the whole training, exactly."""
        return self.sampler.steps_before(self._max_epochs)

    def run(self) -> nn.Module:
        """Trains, from where the checkpoint left off when there is one."""
        refuse_what_shards_break(self.runner)
        self._refuse_parted_ranks()
        self._check_counts()
        if self._iter:
            self._resume_position()
            self._check_place()
        self._refuse_equal_shares()
        self._keep_running_values()
        warn_of_enlarging(self.dataloader.dataset, self.sampler.schedule.fidelities)
        self.runner.call_hook('before_train')
        if self._iter and self._is_unvalidated():
            for hook in self.runner.hooks:
                if isinstance(hook, SyncBuffersHook):   # as they are in the checkpoint: the mean of
                    hook.called_in_train = True         # three equal numbers may be another one
            self.runner.val_loop.run()
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            if self._validates():
                self.runner.val_loop.run()
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Trains what is left of one epoch."""
        first_step = self._iter - self.sampler.steps_before(self._epoch)
        self.sampler.set_epoch(self._epoch, first_step)
        self.runner.message_hub.update_info(POSITION, dict(
            self._position(self._epoch), order=self._orders(self._epoch)))
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        if first_step < len(self.sampler):
            for step, data_batch in enumerate(self.dataloader, first_step):
                seed_all(derive_seed(self.sampler.seed, self._epoch, step, self.runner.rank))
                self.run_iter(step, data_batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def _keep_running_values(self) -> None:
        """Takes up the modules' running values, and puts them where checkpoints find them."""
        hub = self.runner.message_hub
        model = self.runner.model
        model = model.module if is_model_wrapper(model) else model
        live = {name: module.running_values for name, module in model.named_modules()
                if hasattr(module, 'running_values')}
        saved = hub.get_info(RUNNING, {}) if self._iter else {}
        for name, values in live.items():
            for key, value in (saved.get(name) or {}).items():
                if key not in values or not isinstance(value, Real) or not isfinite(value):
                    raise ValueError(
                        f'the checkpoint has {key}={brief(value)} of {name}; expected a number for '
                        f'each of {sorted(values)}: resume from another checkpoint, or load_from '
                        'this one')
                values[key] = float(value)
        hub.update_info(RUNNING, live)   # the same dicts, so that each checkpoint has them as then

    def _validates(self) -> bool:
        """Whether the epoch that has just ended is one to score."""
        self._decide_current_val_interval()
        return self.runner.val_loop is not None and self._epoch >= self.val_begin and (
            self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs)

    def _is_unvalidated(self) -> bool:
        """Whether the checkpoint is of an epoch's end whose score may have been lost."""
        at_end = self._iter == self.sampler.steps_before(self._epoch)
        return at_end and self._validates() and (
            self.runner.message_hub.get_info(VALIDATED, None) != self._epoch)

    def _position(self, epoch: int) -> dict:
        """What a resumed training must have in common with this one, as plain values."""
        sampler = self.sampler
        return dict(
            seed=sampler.seed, epoch=epoch, first_iter=sampler.steps_before(epoch),
            steps=len(sampler.batches(epoch)), lr_scale=self._lr_scale(),
            setting=dict(
                ranks=self.runner.world_size, videos_per_rank=len(sampler.sampler),
                batch_size=sampler.batch_size, drop_last=sampler.drop_last,
                steps_per_update=sampler.steps_per_update, schedule=repr(sampler.schedule),
                videos=self._videos))

    @cached_property
    def _videos(self) -> str:
        """The data set's videos in short: another one among them is another order of all."""
        dataset = self.dataloader.dataset
        look_up = getattr(dataset, 'get_data_info', lambda index: {})   # a wrapper may have none
        infos = map(look_up, range(len(dataset)))
        names = ['@'.join(str(info[key]) for key in ('video_name', 'first_snippet') if key in info)
                 for info in infos]
        return hashlib.sha256('\n'.join(names).encode()).hexdigest()[:12]

    def _orders(self, epoch: int) -> list[str]:
        """The order of an epoch in short, of each rank; all have to ask."""
        order = self.sampler.order(epoch)
        return all_gather_object(hashlib.sha256(repr(order).encode()).hexdigest()[:12])

    def _lr_scale(self) -> float:
        """What MMEngine multiplied learning rates with, for the batch of all ranks."""
        scale = getattr(self.runner, 'auto_scale_lr', None) or getattr(   # FlexibleRunner's
            self.runner, '_auto_scale_lr', None) or {}
        batch = self.sampler.batch_size * self.runner.world_size
        return batch / scale['base_batch_size'] if scale.get('enable') else 1.0

    def _refuse_parted_ranks(self) -> None:
        """Compares what each rank resumed, and what it would train."""
        facts = dict(
            epoch=self._epoch, iteration=self._iter, seed=self.sampler.seed,
            position=self.runner.message_hub.get_info(POSITION, None),
            **self._position(0)['setting'])
        refuse_parted_ranks(facts, mend=(
            'give all machines the same checkpoint, config, options and annotation files'))

    def _refuse_equal_shares(self) -> None:
        orders = self._orders(min(self._epoch, self._max_epochs - 1))
        if len(orders) > 1 and len(set(orders)) == 1 and len(self.sampler.sampler) > 1:
            raise ValueError(
                f'{type(self.sampler.sampler).__name__} gave all {len(orders)} ranks the same '
                f'videos in the same order; expected a share for each: {DEFAULT}')

    def _check_counts(self) -> None:
        """Refuses what a checkpoint says of where it was written, where that is no place."""
        saved = self.runner.message_hub.get_info(POSITION, None)
        counts = [self._epoch, self._iter]
        if saved is not None:
            setting = saved.get('setting') if isinstance(saved, dict) else None
            counts += [saved.get(key) for key in ('seed', 'epoch', 'first_iter', 'steps')] \
                if isinstance(setting, dict) else [None]
        if not all(isinstance(count, Integral) and count >= 0 for count in counts):
            raise ValueError(f'the checkpoint was written at {brief(counts)} (epoch, iteration, …)'
                             '; expected whole numbers, as a Runner writes them: resume from '
                             'another checkpoint, or load_from this one')
        if self._epoch > self._max_epochs:
            raise ValueError(f'the checkpoint was written after {self._epoch} epochs; expected at '
                             f'most the {self._max_epochs} of this training: set train_cfg.'
                             'max_epochs, or resume from another checkpoint')

    def _check_place(self) -> None:
        done = self._iter - self.sampler.steps_before(self._epoch)
        steps = len(self.sampler.batches(self._epoch)) if self._epoch < self._max_epochs else 0
        if not 0 <= done <= steps:
            raise ValueError(f'the checkpoint was written {done} steps after the start of epoch '
                             f'{self._epoch + 1}; expected one of its {steps} steps: resume from '
                             'another checkpoint, or load_from this one')

    def _resume_position(self) -> None:
        """Puts sampler and counters where the checkpoint was written."""
        saved = self.runner.message_hub.get_info(POSITION, None)
        if saved is None:
            self._restart_count('was written by another loop')
            return
        self.sampler.seed = saved['seed']
        setting = self._position(0)['setting']
        changed = '; '.join(f'{name} {before!r} → {setting[name]!r}'
                            for name, before in saved['setting'].items() if setting[name] != before)
        done = self._iter - saved['first_iter']
        if changed and done < saved['steps']:
            raise ValueError(
                f'the checkpoint was written at step {done} of {saved["steps"]} of epoch '
                f'{saved["epoch"] + 1}, and the training has changed since: {changed}. The epoch '
                'cannot go on with the videos that are left; expected the same settings: restore '
                "them, or resume from a checkpoint of an epoch's end")
        if changed:
            self._epoch = saved['epoch'] + 1
            lr_scale = saved.get('lr_scale')
            self._restart_count(f'was written with other settings ({changed})', lr_factor=(
                self._lr_scale() / lr_scale if isinstance(lr_scale, float) and lr_scale else 1.0))
        elif done < saved['steps'] and 'order' in saved and \
                saved['order'] != self._orders(saved['epoch']):
            raise ValueError(
                f'the checkpoint was written at step {done} of {saved["steps"]} of epoch '
                f'{saved["epoch"] + 1}, whose videos had another order than they have now; '
                'expected the same, so that none comes twice: restore train_dataloader.sampler, or '
                "resume from a checkpoint of an epoch's end")

    def _restart_count(self, why: str, *, lr_factor: float = 1.0) -> None:
        """Goes on at the start of an epoch, where steps have to be counted anew."""
        iters = self.sampler.steps_before(self._epoch)
        print_log(f'the checkpoint {why}: training goes on at epoch {self._epoch + 1}, step 1 '
                  f'(iteration {self._iter} → {iters}), not exactly as it would have', 'current',
                  logging.WARNING)
        self._iter = iters
        self.runner.optim_wrapper.initialize_count_status(self.runner.model, iters, self.max_iters)
        lengths = [len(self.sampler.batches(epoch)) for epoch in range(self._epoch)]
        follow_count(self.runner, self._scheduler_configs, lengths, lr_factor=lr_factor)
