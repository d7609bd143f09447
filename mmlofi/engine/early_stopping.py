"""MMEngine's early stopping, which counts on where a training is resumed."""
from __future__ import annotations

from math import isfinite

import mmengine.hooks
from mmaction.registry import HOOKS
from mmengine.logging import print_log
from mmengine.runner import Runner

STORED = 'early_stopping'


@HOOKS.register_module()
class EarlyStoppingHook(mmengine.hooks.EarlyStoppingHook):
    """MMEngine's EarlyStoppingHook, whose scores and patience are in checkpoints.

    MMEngine's begins to count anew after each resume: a training that is preempted more often than
    `patience` validations take never stops, and one that has stopped goes on. It counts before the
    checkpoint hook saves what scored best, so that such a checkpoint has its own validation in it.
    """

    priority = 'LOW'

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.last_score: float | None = None

    def before_train(self, runner: Runner) -> None:
        """Stops at once what had stopped before it was resumed, unless by the settings of now it
        would have gone on."""
        reason = self._reason()
        if reason is not None:
            print_log(f'{self.monitor} {reason}', logger='current')
            runner.train_loop.stop_training = True

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Also notes the score."""
        if self.monitor in metrics:
            self.last_score = float(metrics[self.monitor])
        super().after_val_epoch(runner, metrics)

    def _reason(self) -> str | None:
        """Why it had stopped, and how to go on."""
        last = self.last_score
        if last is not None and self.check_finite and not isfinite(last):
            return (f'was {last} when this training stopped; to go on, resume from a checkpoint '
                    'before that, or set check_finite=False')
        if last is not None and self.stopping_threshold is not None and self.rule_map[self.rule](
                last, self.stopping_threshold):
            return (f'was {last:g} when this training stopped; to go on, change '
                    f'stopping_threshold={self.stopping_threshold}')
        if self.wait_count >= self.patience:
            return (f'had not improved {self.wait_count} times when this training stopped; to go '
                    f'on, raise patience={self.patience}')
        return None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Adds what has been counted."""
        checkpoint.setdefault(STORED, {})[self.monitor] = dict(
            wait_count=int(self.wait_count), best_score=float(self.best_score),
            last_score=self.last_score)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Goes on counting, in a resumed training.

        Raises:
            ValueError: When the checkpoint has no counts where they should be.
        """
        stored = checkpoint.get(STORED) if runner._resume else None
        try:
            if stored is not None and self.monitor in stored:
                found = stored[self.monitor]
                self.wait_count = int(found['wait_count'])
                self.best_score = float(found['best_score'])
                last = found.get('last_score')   # which older checkpoints lack
                self.last_score = None if last is None else float(last)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'the checkpoint has {str(stored)[:80]} as the counts of early stopping; expected '
                'wait_count and best_score of each score, as a Runner writes them: resume from '
                'another checkpoint, or load_from this one') from error
