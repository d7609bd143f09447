"""Sees that the score by which the best checkpoint is kept is one that a validation gives.

MMEngine's hook ends in KeyError: 'mAP' after the first epoch where it is not.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping

from mmengine.runner import Runner

AUTO = 'auto'   # the first score of a validation, whatever it is


def refuse_other_prefixes(save_best: Collection[str], runner: Runner) -> None:
    """Before the first epoch, where all metrics put a prefix before their scores, as `acc/mean`.

    Raises:
        ValueError: For a name without one of these.
    """
    # A loop of another library may have several evaluators, or none: then the scores tell.
    metrics = getattr(getattr(runner._val_loop, 'evaluator', None), 'metrics', ())
    prefixes = [getattr(metric, 'prefix', None) for metric in metrics]
    if prefixes and all(prefixes):
        _refuse([name for name in save_best if name != AUTO and not name.startswith(
            tuple(f'{prefix}/' for prefix in prefixes))], [f'{one}/…' for one in prefixes])


def refuse_missing(save_best: Collection[str], scores: Mapping[str, float]) -> None:
    """After a validation, which may give none at all.

    Raises:
        ValueError: For a name that is not among its scores.
    """
    if scores:
        _refuse([name for name in save_best if name != AUTO and name not in scores], list(scores))


def _refuse(wrong: Collection[str], present: Collection[str]) -> None:
    if wrong:
        raise ValueError(
            f'default_hooks.checkpoint.save_best names {", ".join(wrong)}, and the validation '
            f'gives {", ".join(present)}; expected one of its scores, such as acc/mean of '
            'TSPMetric and mAP of TALMetric, or None: set it, and go on with --resume where there '
            'is a checkpoint')
