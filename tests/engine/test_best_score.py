"""The score that says which checkpoint is the best."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
from mmengine.evaluator import Evaluator
from mmengine.runner import BaseLoop, ValLoop

from mmlofi.engine.atomic_checkpoint import AtomicCheckpointHook
from mmlofi.engine.best_score import refuse_other_prefixes
from mmlofi.pretraining import TSPMetric


class OtherLoop(BaseLoop):
    """Of another library, with several evaluators."""

    evaluators = ()

    def run(self):
        """Nothing."""


def before_training(save_best, *metrics):
    loop = ValLoop.__new__(ValLoop)
    loop.evaluator = Evaluator(list(metrics))
    refuse_other_prefixes([save_best], SimpleNamespace(_val_loop=loop))


def test_a_score_that_no_metric_can_give_is_refused_before_the_first_epoch():
    with pytest.raises(ValueError, match=r'save_best names mAP, and the validation gives acc/…; '
                                         'expected one of its scores, such as acc/mean'):
        before_training('mAP', TSPMetric())
    for name in ('acc/mean', 'auto'):
        before_training(name, TSPMetric())
    for loop in (None, OtherLoop.__new__(OtherLoop)):
        refuse_other_prefixes(['mAP'], SimpleNamespace(_val_loop=loop))


def test_a_score_that_a_validation_did_not_give_is_named_beside_those_that_it_gave():
    hook = AtomicCheckpointHook(save_best='acc/middle', rule='greater')
    runner = SimpleNamespace(epoch=1, message_hub=SimpleNamespace(update_info=lambda *_: None))
    with pytest.raises(ValueError, match='acc/middle, .* gives acc/action, acc/mean; .*resume'):
        hook.after_val_epoch(runner, {'acc/action': 1.0, 'acc/mean': 2.0})
