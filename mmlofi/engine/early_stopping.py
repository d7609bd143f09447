"""MMEngine's early stopping, which counts on where a training is resumed."""
from __future__ import annotations

import mmengine.hooks
from mmaction.registry import HOOKS
from mmengine.logging import print_log
from mmengine.runner import Runner

STORED = 'early_stopping'


@HOOKS.register_module()
class EarlyStoppingHook(mmengine.hooks.EarlyStoppingHook):
    """MMEngine's EarlyStoppingHook, whose best score and patience are in checkpoints.

    MMEngine's begins to count anew after each resume: a training that is preempted more often than
    `patience` validations take never stops. It counts before the checkpoint hook saves what scored
    best, so that such a checkpoint has its own validation in it.
    """

    priority = 'LOW'

    def before_train(self, runner: Runner) -> None:
        """Stops at once what had stopped before it was resumed."""
        if self.wait_count >= self.patience:
            print_log(f'{self.monitor} had not improved {self.wait_count} times when this training '
                      f'stopped; to go on, raise patience={self.patience}', logger='current')
            runner.train_loop.stop_training = True

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Adds what has been counted."""
        checkpoint.setdefault(STORED, {})[self.monitor] = dict(
            wait_count=int(self.wait_count), best_score=float(self.best_score))

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
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'the checkpoint has {str(stored)[:80]} as the counts of early stopping; expected '
                'wait_count and best_score of each score, as a Runner writes them: resume from '
                'another checkpoint, or load_from this one') from error
