"""Early stopping counts on where a training is resumed."""
from __future__ import annotations

import contextlib
import logging
from types import SimpleNamespace

import pytest
from mmengine.hooks import Hook
from recording import make_runner

from mmlofi.engine.early_stopping import EarlyStoppingHook

SCORES = [0.1, 0.5, 0.5, 0.5, 0.5, 0.5]   # the best after epoch 2


class Scores(Hook):
    """In place of validations, just when one would end."""

    def __init__(self, kill_after=None):
        self.kill_after = kill_after

    def after_train_epoch(self, runner):
        (stop,) = (hook for hook in runner.hooks if isinstance(hook, EarlyStoppingHook))
        stop.after_val_epoch(runner, dict(mAP=SCORES[runner.epoch]))
        if runner.epoch + 1 == self.kill_after:
            raise KeyboardInterrupt


def run(videos, name, *, resume=False, kill_after=None, epochs=6):
    """Epochs done in the end."""
    runner = make_runner(
        videos, epochs=epochs, hook={}, workers=0, resume=resume, experiment_name=name,
        default_hooks=dict(stop=dict(type='EarlyStoppingHook', monitor='mAP', patience=2)))
    runner.register_hook(Scores(kill_after))
    with contextlib.suppress(KeyboardInterrupt):
        runner.train()
    return runner.epoch


def test_a_resumed_training_stops_where_one_that_was_left_alone_stops(videos):
    assert run(videos, f'{videos.name}_alone') == 4
    for path in (videos / 'work').glob('*'):
        if path.is_file():
            path.unlink()
    for kill_after in (2, 3):
        run(videos, f'{videos.name}_{kill_after}', resume=kill_after > 2, kill_after=kill_after)
    assert run(videos, f'{videos.name}_last', resume=True) == 4
    assert run(videos, f'{videos.name}_more', resume=True) == 4     # it has stopped


@pytest.mark.parametrize(('score', 'settings', 'changed'), [
    (0.9, dict(stopping_threshold=0.8), dict(stopping_threshold=0.95)),
    (float('nan'), dict(), dict(check_finite=False))])
def test_a_stop_by_a_score_outlasts_a_resume_unless_its_setting_has_changed(score, settings,
                                                                            changed):
    stopped, checkpoint = EarlyStoppingHook(monitor='mAP', **settings), {}
    runner = SimpleNamespace(train_loop=SimpleNamespace(stop_training=False), _resume=True,
                             logger=logging.getLogger('stop'))
    stopped.after_val_epoch(runner, dict(mAP=score))
    assert runner.train_loop.stop_training
    stopped.before_save_checkpoint(runner, checkpoint)
    for now, stops in ((settings, True), (changed, False)):
        resumed = EarlyStoppingHook(monitor='mAP', **now)
        runner.train_loop.stop_training = False
        resumed.after_load_checkpoint(runner, checkpoint)
        resumed.before_train(runner)
        assert runner.train_loop.stop_training == stops


def test_counts_that_are_none_are_named():
    hook = EarlyStoppingHook(monitor='mAP')
    with pytest.raises(ValueError, match='as the counts of early stopping; expected wait_count'):
        hook.after_load_checkpoint(type('Resumed', (), dict(_resume=True)),
                                   dict(early_stopping=dict(mAP=dict(wait_count='x'))))
