"""Parameter schedulers where a training goes on with another number of steps an epoch."""
from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

from mmengine.optim import OptimWrapper, OptimWrapperDict, _ParamScheduler
from mmengine.runner import Runner

INITIAL = 'initial_'   # before a scheduled parameter's name: its value before any scheduler


def scheduler_configs(schedulers: object) -> object | None:
    """A copy of what schedulers are built from; None where they are built already."""
    if any(isinstance(one, _ParamScheduler) for one in _flat(schedulers)):
        return None
    return copy.deepcopy(schedulers)


def follow_count(runner: Runner, configs: object | None, lengths: Sequence[int], *,
                 lr_factor: float = 1.0) -> None:
    """Builds schedulers anew and steps them as often as epochs of these lengths would have.

    A checkpoint's know the old count alone: a cosine by step would end elsewhere than it should.

    Args:
        configs: Of `scheduler_configs`.
        lengths: Steps of each epoch that was trained, by the present count.
        lr_factor: On initial learning rates, which a checkpoint has as they were scaled then.

    Raises:
        ValueError: When one by step was built by the caller, or stands beside one by score.
    """
    present = list(_flat(runner.param_schedulers))
    if not present:
        _scale(runner, lr_factor)
        return
    by_score = any(getattr(one, 'need_val_args', False) for one in present)
    if configs is None or by_score:
        by_step = [type(one).__name__ for one in present if not one.by_epoch]
        if by_step:
            raise ValueError(
                f'the training has {sum(lengths)} steps behind it by its present count, and its '
                f'{by_step[0]} by step '
                f'{"stands beside one by score" if by_score else "was built by the caller"}, so '
                'that it cannot follow; expected param_scheduler as configs, without one by score: '
                'restore ranks and batch size, or set convert_to_iter_based and by_epoch so that '
                'schedulers count epochs')
        _scale(runner, lr_factor)   # what those by epoch go on from
        return
    for wrapper in _wrappers(runner):
        _reset(wrapper, lr_factor)
    runner.param_schedulers = runner.build_param_scheduler(configs)
    for wrapper in _wrappers(runner):
        wrapper._global_step = 0   # or each scheduler would warn that no optimizer has stepped
    schedulers = list(_flat(runner.param_schedulers))
    for length in lengths:
        for _ in range(length):
            for scheduler in schedulers:
                if not scheduler.by_epoch:
                    scheduler.step()
        for scheduler in schedulers:
            if scheduler.by_epoch:
                scheduler.step()


def _scale(runner: Runner, lr_factor: float) -> None:
    """Moves learning rates from the old batch's to the new one's."""
    for wrapper in _wrappers(runner):
        for group in wrapper.param_groups:
            for key in ('lr', f'{INITIAL}lr'):
                if key in group:
                    group[key] *= lr_factor


def _reset(wrapper: OptimWrapper, lr_factor: float) -> None:
    for group in wrapper.param_groups:
        for key in [key for key in group if key.startswith(INITIAL)]:
            if key == f'{INITIAL}lr':
                group[key] *= lr_factor
            group[key.removeprefix(INITIAL)] = group[key]


def _wrappers(runner: Runner) -> list[OptimWrapper]:
    wrapper = runner.optim_wrapper
    return list(wrapper.values()) if isinstance(wrapper, OptimWrapperDict) else [wrapper]


def _flat(schedulers: object) -> Iterator[object]:
    if isinstance(schedulers, dict) and 'type' not in schedulers:   # of several optimizers
        schedulers = [one for value in schedulers.values() for one in _flat(value)]
    yield from schedulers if isinstance(schedulers, (list, tuple)) else \
        [] if schedulers is None else [schedulers]
