"""The hook that owns the fidelity schedule of a training."""
from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn

from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.datasets.sampler import Batch, FidelityBatchSampler
from mmlofi.engine.memory import peak_memory_mib, reset_peak_memory
from mmlofi.engine.sharding import is_sharded
from mmlofi.engine.train_loop import FidelityTrainLoop
from mmlofi.fidelity import FULL, PAPER_CYCLE, Fidelity
from mmlofi.schedule import FidelitySchedule


@HOOKS.register_module()
class LoFiCycleHook(Hook):
    """Walks training through a schedule of fidelities (C-LoFi, section 3.3).

    `by='epoch', interval=1` is the paper's long cycle and its best; `by='iter', interval=16` its
    short one. A cycle of one fidelity is S-, T- or ST-LoFi. `phases` are cycles one after the
    other, such as a warm-up::

        phases=[dict(epochs=3, cycle=[ST]), dict(cycle=[S, T, ST])]

    The hook hands the schedule to `FidelityBatchSampler` before training and tries the pipeline on
    one video at each fidelity; it checks at every step that what reaches the model has the fidelity
    of that step, logs every change, and logs losses, time and memory for each fidelity (`S/loss`,
    `S/time`, …) beside r_t and r_s.

    Args:
        cycle: Fidelities as dicts of name, temporal (r_t, default 1), spatial (r_s, default 1),
            batch_size and lr_factor; the paper's S, T, ST by default.
        by: 'epoch' or 'iter'.
        interval: Epochs or weight updates at each fidelity.
        weights: Turns of each fidelity in a round of the cycle; once each by default.
        phases: In place of all these, dicts of them with `epochs`, in order.
        share_update: Whether the steps whose gradients are added up
            (`optim_wrapper.accumulative_counts`) share a fidelity. An epoch then holds whole
            updates.

    Raises:
        ValueError: Before the first step, when the loop is not a `FidelityTrainLoop`, the sampler
            cannot serve the schedule, the pipeline gives two fidelities (full fidelity is one of
            them) the same size, or the encoder does not take the frames of one; before a step, when
            a sample has another fidelity than the step.
    """

    priority = 'NORMAL'   # after MMEngine's timer, whose times it reads, and before its logger

    def __init__(self, cycle: Sequence[dict | Fidelity] | None = None, *, by: str = 'epoch',
                 interval: int = 1, weights: Sequence[int] | None = None,
                 phases: Sequence[dict] | None = None, share_update: bool = True) -> None:
        if cycle is None and phases is None:
            cycle = PAPER_CYCLE
        self.schedule = FidelitySchedule.from_config(cycle, by, interval, weights, phases)
        self.share_update = share_update
        self.steps = Counter({one.name: 0 for one in self.schedule.fidelities})   # of this process
        self._current: Fidelity | None = None
        self._learning_rates: list[float] | None = None

    def set_schedule(self, runner: Runner, sampler: FidelityBatchSampler,
                     max_epochs: int) -> None:
        """Hands over the schedule when the loop is built, before anything asks for its length."""
        wrapper = runner.optim_wrapper   # a config still, unless the caller built it
        counts = wrapper.get('accumulative_counts', 1) if isinstance(wrapper, dict) \
            else getattr(wrapper, '_accumulative_counts', 1)
        sampler.set_schedule(self.schedule, counts if self.share_update else 1)
        epochs = [sampler.batches(epoch) for epoch in range(max_epochs)]
        _warn_of_unreached(self.schedule, epochs)
        lengths = set(map(len, epochs))
        if len(lengths) > 1 and _converts_epochs(runner.param_schedulers):
            raise ValueError(
                'param_scheduler has convert_to_iter_based=True, and epochs have '
                f'{min(lengths)} to {max(lengths)} steps, as fidelities have batch sizes of '
                'their own; expected epochs of one length: give the scheduler by_epoch=False with '
                'begin and end in steps (tools/plan.py prints them), or leave it in epochs')

    def before_run(self, runner: Runner) -> None:
        """Refuses what the schedule cannot drive."""
        if not runner._train_loop or isinstance(runner._train_loop, dict):   # only a test
            return
        if not isinstance(runner.train_loop, FidelityTrainLoop):
            raise ValueError(
                f'LoFiCycleHook found {type(runner.train_loop).__name__}; expected a '
                'FidelityTrainLoop, whose steps are those of the schedule: set train_cfg=dict('
                "type='FidelityTrainLoop', max_epochs=…)")
        if isinstance(runner.optim_wrapper, OptimWrapperDict):
            raise ValueError('LoFiCycleHook found several optimizers; expected one, for encoder '
                             'and head: give the encoder its own learning rate by paramwise_cfg')

    def before_train(self, runner: Runner) -> None:
        """Tries pipeline and encoder on one video at each fidelity; of a model in shards, the
        pipeline alone."""
        dataset, shapes = runner.train_dataloader.dataset, {}
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        tries = hasattr(model, 'try_frames') and not is_sharded(runner.model)
        for fidelity in dict.fromkeys((FULL, *self.schedule.fidelities)):
            sample = dataset[SampleIndex(0, fidelity, seed=0)]
            self._check_samples(fidelity, [sample['data_samples']])
            shapes[fidelity] = tuple(sample['inputs'].shape)
            if fidelity in self.schedule.fidelities and tries:
                self._try_frames(model, fidelity, sample['inputs'])
        for (fidelity, shape), (other, seen) in combinations(shapes.items(), 2):
            _check_shapes(other, seen, fidelity, shape)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None
                          ) -> None:
        """Checks and logs the fidelity of the step that is about to run, and takes its memory."""
        fidelity = runner.train_loop.sampler.fidelity_at(batch_idx)
        self._check_samples(fidelity, data_batch['data_samples'])
        if fidelity != self._current:
            print_log(f'fidelity {fidelity.name}: r_t={fidelity.temporal:g}, '
                      f'r_s={fidelity.spatial:g}, {fidelity.pixel_share:.0%} of the pixels '
                      f'(epoch {runner.epoch + 1}, iteration {runner.iter + 1})', logger='current')
            self._current = fidelity
        runner.message_hub.update_scalar('train/fidelity/temporal', fidelity.temporal)
        runner.message_hub.update_scalar('train/fidelity/spatial', fidelity.spatial)
        if fidelity.lr_factor != 1:
            self._scale_lr(runner, fidelity.lr_factor)
        reset_peak_memory()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """Puts the learning rate back, before a scheduler moves it, and logs by fidelity."""
        if self._learning_rates is not None:
            for group, lr in zip(runner.optim_wrapper.param_groups, self._learning_rates):
                group['lr'] = lr
            self._learning_rates = None
        hub, name = runner.message_hub, self._current.name
        self.steps[name] += 1
        for key, value in dict(outputs or {}, memory=peak_memory_mib()).items():
            hub.update_scalar(f'train/{name}/{key}', value)
        for key in ('time', 'data_time'):
            if f'train/{key}' in hub.log_scalars:   # a run without MMEngine's timer has none
                hub.update_scalar(f'train/{name}/{key}', hub.get_scalar(f'train/{key}').current())

    def _try_frames(self, model: nn.Module, fidelity: Fidelity, inputs: Tensor) -> None:
        """Fails before the first step, and not an epoch later, on frames that do not fit."""
        try:
            model.try_frames(inputs)
        except ValueError as error:
            raise ValueError(f'at fidelity {fidelity.name!r}: {error}') from error

    def _scale_lr(self, runner: Runner, factor: float) -> None:
        groups = runner.optim_wrapper.param_groups
        self._learning_rates = [group['lr'] for group in groups]
        for group in groups:
            group['lr'] *= factor
        for name, values in runner.optim_wrapper.get_lr().items():
            runner.message_hub.update_scalar(f'train/{name}', values[0])

    def _check_samples(self, fidelity: Fidelity, data_samples: list) -> None:
        """Refuses a batch that lost its fidelity on the way, such as in a dataset wrapper."""
        found = {sample.fidelity for sample in data_samples}
        if found != {fidelity.name}:
            raise ValueError(
                f'fidelity {fidelity.name!r} was asked for and got samples of {sorted(found)}; '
                'expected the fidelity that travels with the index of a sample: a dataset wrapper '
                'that looks indices up loses it (RepeatDataset and ConcatDataset keep it), so take '
                'UntrimmedVideoDataset itself or one of these')


def _warn_of_unreached(schedule: FidelitySchedule, epochs: list[list[Batch]]) -> None:
    unreached = schedule.unreached([{batch.fidelity for batch in epoch} for epoch in epochs])
    if unreached:
        print_log(f'in its {len(epochs)} epochs this training never comes to '
                  f'{"; ".join(unreached)}: set train_cfg.max_epochs, or shorten the interval and '
                  "the phases' epochs of LoFiCycleHook, if it should", logger='current',
                  level=logging.WARNING)


def _converts_epochs(schedulers: dict | list | None) -> bool:
    """Whether a config among them is to be turned from epochs to steps."""
    if isinstance(schedulers, dict):
        schedulers = [schedulers]
    return any(isinstance(one, dict) and one.get('convert_to_iter_based')
               for one in schedulers or [])


def _check_shapes(fidelity: Fidelity, shape: tuple[int, ...], other: Fidelity,
                  seen: tuple[int, ...]) -> None:
    """Refuses a pipeline that does not follow the schedule, whose saving would be on paper only.

    Inputs are frames (L, 3, T, H, W), or features (C, L), which have no side to reduce.
    """
    frames = len(shape) == 5
    names = f'fidelities {other.name!r} and {fidelity.name!r}'
    place = 0 if frames else -1
    if other.temporal != fidelity.temporal and seen[place] == shape[place]:
        raise ValueError(
            f'{names} differ in r_t, yet both gave inputs of shape {shape}; expected another '
            'number of snippets: sample them with SampleSnippets, and enough of them to divide')
    if frames and other.spatial != fidelity.spatial and seen[-2:] == shape[-2:]:
        raise ValueError(
            f'{names} differ in r_s, yet both gave frames of {shape[-2]} x {shape[-1]}; expected '
            "another side: wrap Resize and crops in dict(type='AtFidelity', transform=…)")
