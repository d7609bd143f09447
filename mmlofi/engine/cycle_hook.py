"""The hook that owns the fidelity cycle of a training."""
from __future__ import annotations

from collections.abc import Sequence

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmlofi.datasets.sampler import FidelityBatchSampler
from mmlofi.fidelity import Fidelity, FidelityCycle


@HOOKS.register_module()
class LoFiCycleHook(Hook):
    """Walks training through a cycle of fidelities (C-LoFi, section 3.3).

    `by='epoch', interval=1` is the paper's long cycle and its best; `by='iter', interval=16` its
    short one. A cycle of one fidelity is S-, T- or ST-LoFi.

    The hook hands the cycle to `FidelityBatchSampler` before training and tells it each epoch;
    it logs every change, and r_t and r_s beside the losses as `fidelity/temporal` and
    `fidelity/spatial`.

    Args:
        cycle: Fidelities as dicts of name, temporal (r_t, default 1) and spatial (r_s, default 1).
        by: 'epoch' or 'iter'.
        interval: Epochs or iterations at each fidelity.

    Raises:
        ValueError: Before the first step, when the training data loader has no
            `FidelityBatchSampler`, or the loop is not by epoch; before the first step of a
            fidelity, when the pipeline gave it the size of another one.
    """

    priority = 'ABOVE_NORMAL'   # before the sampler-seed hook, which looks at the inner sampler

    def __init__(self, cycle: Sequence[dict | Fidelity], *, by: str = 'epoch',
                 interval: int = 1) -> None:
        self.cycle = FidelityCycle.from_config(cycle, by, interval)
        self._current: Fidelity | None = None
        self._shapes: dict[Fidelity, tuple[int, ...]] = {}

    def before_train(self, runner: Runner) -> None:
        """Hands over the cycle."""
        sampler = getattr(runner.train_dataloader, 'batch_sampler', None)
        if not isinstance(sampler, FidelityBatchSampler):
            raise ValueError(
                f'LoFiCycleHook found the batch sampler {type(sampler).__name__}; expected a '
                "FidelityBatchSampler: set train_dataloader.batch_sampler="
                "dict(type='FidelityBatchSampler')")
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ValueError(
                f'LoFiCycleHook found {type(runner.train_loop).__name__}; expected an '
                'EpochBasedTrainLoop, since a cycle counts epochs and the steps in them: set '
                'train_cfg=dict(by_epoch=True, max_epochs=…)')
        sampler.set_cycle(self.cycle)
        sampler.set_epoch(runner.epoch)

    def before_train_epoch(self, runner: Runner) -> None:
        """Tells the sampler which epoch its next iteration is."""
        runner.train_dataloader.batch_sampler.set_epoch(runner.epoch)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None
                          ) -> None:
        """Logs the fidelity of the step that is about to run."""
        fidelity = runner.train_dataloader.batch_sampler.fidelity_at(batch_idx)
        if data_batch is not None and fidelity not in self._shapes:
            self._check_shape(fidelity, tuple(data_batch['inputs'][0].shape))
        if fidelity != self._current:
            print_log(f'fidelity {fidelity.name}: r_t={fidelity.temporal:g}, '
                      f'r_s={fidelity.spatial:g}, {fidelity.pixel_share:.0%} of the pixels '
                      f'(epoch {runner.epoch + 1}, iteration {runner.iter + 1})', logger='current')
            self._current = fidelity
        runner.message_hub.update_scalar('train/fidelity/temporal', fidelity.temporal)
        runner.message_hub.update_scalar('train/fidelity/spatial', fidelity.spatial)

    def _check_shape(self, fidelity: Fidelity, shape: tuple[int, ...]) -> None:
        """Refuses a pipeline that does not follow the cycle, whose saving would be on paper only.

        Inputs are frames (L, 3, T, H, W), or features (C, L), which have no side to reduce.
        """
        frames = len(shape) == 5
        for other, seen in self._shapes.items():
            same_snippets = seen[0 if frames else -1] == shape[0 if frames else -1]
            if other.temporal != fidelity.temporal and same_snippets:
                raise ValueError(
                    f'fidelities {other.name!r} and {fidelity.name!r} differ in r_t, yet both '
                    f'gave inputs of shape {shape}; expected another number of snippets: sample '
                    'them with SampleSnippets, and enough of them to divide')
            if frames and other.spatial != fidelity.spatial and seen[-2:] == shape[-2:]:
                raise ValueError(
                    f'fidelities {other.name!r} and {fidelity.name!r} differ in r_s, yet both '
                    f'gave frames of {shape[-2]} x {shape[-1]}; expected another side: wrap '
                    "Resize and crops in dict(type='AtFidelity', transform=…)")
        self._shapes[fidelity] = shape
