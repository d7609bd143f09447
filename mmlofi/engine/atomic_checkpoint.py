"""Checkpoints of which a kill at any moment leaves a whole one."""
from __future__ import annotations

import os.path as osp
import re
import time
from collections import deque

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner
from torch import nn

from mmlofi.engine.atomic_backend import AtomicLocalBackend
from mmlofi.engine.best_score import refuse_missing, refuse_other_prefixes
from mmlofi.engine.rank_buffers import (
    copy_buffers_to_mean,
    gather_buffers,
    put_into_checkpoint,
    take_from_checkpoint,
)
from mmlofi.engine.resumed_from import LAST, note_resumed_from
from mmlofi.engine.train_loop import VALIDATED, FidelityTrainLoop
from mmlofi.engine.trial import try_to_load
from mmlofi.engine.whole_strategy import write_beside
from mmlofi.files import remove_dead
from mmlofi.models.encoders.frozen_base import (
    frozen_weights,
    hash_weights,
    leave_out_frozen,
    put_back_frozen,
)

INTERIM = 'interim_{}.pth'   # by steps done; one at a time, until the next checkpoint of any kind


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """MMEngine's CheckpointHook, of which a kill while it saves loses nothing.

    MMEngine's writes into the file itself, and deletes the old checkpoint (also the best one)
    before the new one is there. This one writes beside it and renames, then says that it is the
    last one, then deletes. The first one of a process is read again at once, so that what no
    training could resume from is found then, and not after a preemption.

    What hooks do at an epoch's end is in each checkpoint of it: one that was written after its last
    step is written again, the last epoch of a training that stopped early is saved, and before each
    the hooks' `before_checkpoint(runner)` is called, on all ranks. Buffers that differ between
    ranks are in it as their mean, and as each rank's own for a resumed training.

    Args:
        weights: 'all', or 'trained' for what trains beside a frozen encoder with adapters, and the
            digest of what it stands on: such a checkpoint is loaded onto that alone, which
            `model.backbone.init_cfg` has to name.
        kwargs: Of CheckpointHook: `interval`, `by_epoch`, `max_keep_ckpts`, `save_best`, …. With
            `by_epoch=False, interval=N` every N steps, also within an epoch. `backend_args` are
            for storage that is not a local disk, whose writes are as atomic as it makes them.
    """

    def __init__(self, *args, backend_args: dict | None = None, weights: str = 'all',
                 **kwargs) -> None:
        if weights not in ('all', 'trained'):
            raise ValueError(f"AtomicCheckpointHook got weights={weights!r}; expected 'all', or "
                             "'trained' for those of the head and of adapters")
        self.weights, self._stands_on = weights, None
        self.saved_iter, self.saved_sec = -1, 0.0   # steps done, and time.monotonic()
        self._is_tried = False
        self._rank_buffers: tuple[int, dict] = -1, {}   # at which iteration
        named = kwargs.get('file_client_args') or '://' in str(kwargs.get('out_dir') or '')
        if backend_args is None and not named:
            backend_args = dict(backend='atomic')
        super().__init__(*args, backend_args=backend_args, **kwargs)

    def before_train(self, runner: Runner) -> None:
        """Also removes what a killed run left half written, and notes what it is resumed from.

        Raises:
            ValueError: When checkpoints would be written between the steps of a weight update,
                whose gradients they do not hold, or be the best by a score that is not given.
        """
        counts = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if not self.by_epoch and self.interval % counts:
            raise ValueError(
                f'a checkpoint every {self.interval} steps falls between the {counts} steps of a '
                f'weight update; expected a multiple of {counts}: change default_hooks.checkpoint.'
                'interval, so that no gradients are lost on resume')
        ends = _epoch_ends(runner.train_loop)
        uneven = [end - start for start, end in zip([0, *ends], ends[:-1]) if end % counts]
        if uneven:   # the last epoch alone may, since MMEngine then updates with what there is
            raise ValueError(
                f'epochs of {uneven[0]} steps end between the {counts} steps of a weight update, '
                'whose gradients a checkpoint does not hold; expected whole updates: leave '
                "LoFiCycleHook's share_update=True, or choose batch_size or optim_wrapper."
                'accumulative_counts so that they divide')
        _check_kept(runner)
        if self.weights == 'trained':
            self._stands_on = _what_it_stands_on(runner)
        super().before_train(runner)
        if self.save_best is not None:
            refuse_other_prefixes(self.key_indicators, runner)
            self.best_ckpt_path = self._own(getattr(self, 'best_ckpt_path', None))
            self.best_ckpt_path_dict = {name: self._own(path) for name, path in
                                        getattr(self, 'best_ckpt_path_dict', {}).items()}
        if isinstance(self.file_backend, AtomicLocalBackend):
            write_beside(runner)
            if is_main_process():
                remove_dead(self.out_dir)
        note_resumed_from(runner)

    def _own(self, path: object) -> str | None:
        """The best checkpoint of that name in the folder of this training, or None.

        A resumed training deletes it for a better one, and its path comes from a file.
        """
        name = osp.basename(path) if isinstance(path, str) else ''
        return self.file_backend.join_path(self.out_dir, name) if name.startswith('best_') else None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Puts in what ranks have of their own, and leaves out what is frozen, where that is asked
        for; last of all hooks."""
        iteration, buffers = self._rank_buffers
        if iteration == runner.iter:
            put_into_checkpoint(buffers, checkpoint)
        if self._stands_on is not None:
            leave_out_frozen(checkpoint, self._stands_on)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Puts it back, where no `CheckpointFitHook` did, and gives a resumed rank its own."""
        put_back_frozen(checkpoint, _inner(runner), 'the checkpoint')
        if runner._resume:
            take_from_checkpoint(runner, checkpoint)

    def after_train_epoch(self, runner: Runner) -> None:
        """Also writes the checkpoint of its last step again, with what hooks did since."""
        super().after_train_epoch(runner)
        if not self.by_epoch and self._has_saved(runner.iter) and isinstance(
                runner.train_loop, EpochBasedTrainLoop):
            self._save_checkpoint_with_step(
                runner, runner.iter, meta=dict(epoch=runner.epoch + 1, iter=runner.iter))

    def after_train(self, runner: Runner) -> None:
        """Also saves the epoch that was the last because the training stopped early."""
        step = runner.epoch if self.by_epoch else runner.iter
        stopped = getattr(runner.train_loop, 'stop_training', False)
        if self.save_last and stopped and not self._has_saved(step) and runner.iter in \
                _epoch_ends(runner.train_loop):
            self._save_checkpoint_with_step(
                runner, step, meta=dict(epoch=runner.epoch, iter=runner.iter))
        super().after_train(runner)

    def _has_saved(self, step: int) -> bool:
        """Whether the last checkpoint is of that epoch or step."""
        return osp.basename(self.last_ckpt or '') == self.filename_tmpl.format(step)

    def _prepare(self, runner: Runner) -> None:
        """What a checkpoint needs of all ranks, each of which has to come here."""
        copy_buffers_to_mean(runner)
        runner.call_hook('before_checkpoint')
        self._rank_buffers = runner.iter, gather_buffers(runner)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Lets the checkpoint with the best score know that its epoch was scored."""
        runner.message_hub.update_info(VALIDATED, runner.epoch)
        if self.save_best is not None:
            refuse_missing(self.key_indicators, metrics)
        super().after_val_epoch(runner, metrics)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """As MMEngine's, in the order: save, name it as the last one, delete outdated ones."""
        outdated = self._keep(runner, step) if self.max_keep_ckpts > 0 else []
        self._write(runner, self.filename_tmpl.format(step), meta, by_epoch=self.by_epoch)
        if is_main_process():
            for old in outdated:
                self._remove(self.file_backend.join_path(self.out_dir,
                                                         self.filename_tmpl.format(old)))

    def save_now(self, runner: Runner, *, at_epoch_end: bool = False) -> None:
        """Saves between the checkpoints by interval, unless that of this step is there already.

        All ranks call it at the same whole update, after its step or at an epoch's end. The newest
        alone is kept, until a later checkpoint of any kind.
        """
        done = runner.iter + (not at_epoch_end)
        if done != self.saved_iter:
            self._write(runner, INTERIM.format(done),
                        dict(epoch=runner.epoch + at_epoch_end, iter=done), by_epoch=at_epoch_end)

    def _write(self, runner: Runner, filename: str, meta: dict, *, by_epoch: bool) -> None:
        """Saves, tries the first one, names it as the last one."""
        self._prepare(runner)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, filename)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir, filename, self.file_client_args, save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler, meta=meta, by_epoch=by_epoch,
            backend_args=self.backend_args, **self.args)
        if not self._is_tried:
            try_to_load(self.last_ckpt)
            self._is_tried = True
        self.saved_iter, self.saved_sec = meta['iter'], time.monotonic()
        if is_main_process():
            AtomicLocalBackend().put_text(self.last_ckpt, osp.join(runner.work_dir, LAST))
            for name in list(self.file_backend.list_dir_or_file(self.out_dir)):
                if _is_interim(name) and name != filename:
                    self._remove(self.file_backend.join_path(self.out_dir, name))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, float]) -> None:
        """As MMEngine's, but the best one so far is deleted after the new one is there, and the
        checkpoint that is written again, which then names it, stays an interim one."""
        if self.save_best:
            self._prepare(runner)
        single = self.save_best is not None and len(self.key_indicators) == 1
        before = self.best_ckpt_path if single else None
        if single:
            self.best_ckpt_path = None   # so that MMEngine leaves the file alone
        interim, best = self.last_ckpt if _is_interim(self.last_ckpt) else None, _best(runner)
        if interim:
            self.last_ckpt = None        # so that MMEngine writes none that no interval asked for
        super()._save_best_checkpoint(runner, metrics)
        if interim:
            self.last_ckpt = interim
        if interim and best != _best(runner):
            self._write(runner, INTERIM.format(runner.iter),
                        dict(epoch=runner.epoch, iter=runner.iter), by_epoch=True)
        if single and self.best_ckpt_path is None:
            self.best_ckpt_path = before
        elif before is not None and before != self.best_ckpt_path and is_main_process():
            self._remove(before)

    def _keep(self, runner: Runner, step: int) -> list[int]:
        """Notes a step among those kept; gives the steps that have to go."""
        kept = [other for other in self.keep_ckpt_ids if other != step] + [step]
        outdated, kept = kept[:-self.max_keep_ckpts], kept[-self.max_keep_ckpts:]
        self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
        runner.message_hub.update_info('keep_ckpt_ids', kept)
        return outdated

    def _remove(self, path: str) -> None:
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):   # as DeepSpeed saves
            self.file_backend.rmtree(path)


def _is_interim(path: str | None) -> bool:
    return re.fullmatch(INTERIM.format(r'\d+'), osp.basename(path or '')) is not None


def _best(runner: Runner) -> dict[str, str]:
    """Paths of the best checkpoints so far."""
    return {name: value for name, value in runner.message_hub.runtime_info.items()
            if name.startswith('best_ckpt')}


def _what_it_stands_on(runner: Runner) -> dict[str, str]:
    """Digest and source of the frozen weights of a training.

    Raises:
        ValueError: When nothing is frozen beside adapters, or the weights came from a file that no
            later run would load before the checkpoint.
    """
    model = _inner(runner)
    if getattr(getattr(model, 'encoder', None), 'adapters', None) is None:
        raise ValueError("default_hooks.checkpoint.weights='trained' got a model without adapters; "
                         "expected model.encoder.adapters, beside which all else is frozen: set "
                         "weights='all'")
    loaded = None if runner._resume else runner._load_from
    if loaded or not model.backbone_source:
        raise ValueError(
            "default_hooks.checkpoint.weights='trained' got an encoder "
            f'{f"from load_from={loaded!r}" if loaded else "of random weights"}, which no later '
            'run would have before it loads the checkpoint; expected one that the model names: set '
            "model.backbone.init_cfg=dict(type='Pretrained', checkpoint=…) and leave load_from "
            "out, or set weights='all'")
    return dict(sha256=hash_weights(frozen_weights(model)), source=model.backbone_source)


def _inner(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _check_kept(runner: Runner) -> None:
    """Refuses what a checkpoint says of the numbers of those to delete, where they are none."""
    kept = runner.message_hub.runtime_info.get('keep_ckpt_ids', [])
    if not isinstance(kept, list) or not all(type(step) is int for step in kept):
        raise ValueError(f'the checkpoint lists {str(kept)[:80]} as checkpoints to keep; expected '
                         'numbers of epochs or steps, as a Runner writes them: resume from another '
                         'checkpoint, or load_from this one')


def _epoch_ends(loop: BaseLoop) -> list[int]:
    """Steps done at the end of each epoch; of a loop by iteration there is none."""
    if isinstance(loop, FidelityTrainLoop):
        return [loop.sampler.steps_before(epoch + 1) for epoch in range(loop.max_epochs)]
    if isinstance(loop, EpochBasedTrainLoop):
        return [len(loop.dataloader) * (epoch + 1) for epoch in range(loop.max_epochs)]
    return []
