"""One checkpoint for all ranks: chosen by one of them, and the same when it is loaded."""
from __future__ import annotations

import logging
from collections.abc import Callable

import mmengine.runner.runner
from mmengine.dist import broadcast_object_list, get_rank, get_world_size
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch.nn.parallel import DistributedDataParallel

from mmlofi.engine.parted_ranks import failing_together, refuse_parted_ranks
from mmlofi.models.encoders.frozen_base import SHOWN, hash_weights


def load_together(runner: Runner, load: Callable[[Runner], None]) -> None:
    """Loads or resumes what rank 0 chose, on all ranks, or fails on all of them.

    Each rank looks for the latest checkpoint by itself in MMEngine: a file that reaches machines at
    different moments, or work dirs that are not shared, make ranks train on from different ones.

    Args:
        load: MMEngine's `Runner.load_or_resume`.

    Raises:
        ValueError: When the ranks then differ in epoch, iteration or weights.
        RuntimeError: When another rank failed to load.
    """
    if runner._has_loaded or get_world_size() == 1:
        load(runner)
        return
    _take_choice_of_rank_0(runner)
    with failing_together(f'could not load {runner._load_from or "what it should"}'):
        load(runner)
    if runner._has_loaded:
        refuse_parted_ranks(_state(runner), mend=(
            'give all machines the same file, in a work dir that they share or by --resume '
            'CHECKPOINT (or load_from)'))


def _take_choice_of_rank_0(runner: Runner) -> None:
    choice: list = [None, None, None]   # resume, load_from, what went wrong
    if get_rank() == 0:
        resume, load_from = runner._resume, runner._load_from
        try:
            if resume is True and load_from is None:
                load_from = mmengine.runner.runner.find_latest_checkpoint(runner.work_dir)
                resume = load_from is not None
                runner.logger.info(f'Auto resumed from the latest checkpoint {load_from}.')
            choice = [resume, load_from, None]
        except Exception as caught:
            choice[2] = caught
    broadcast_object_list(choice)
    resume, load_from, error = choice
    if error is not None:
        raise error
    found = runner._load_from
    if found is not None and found != load_from:
        print_log(f'rank {get_rank()} found {found}, and takes {load_from} as rank 0 does',
                  'current', logging.WARNING)
    runner._resume, runner._load_from = resume, load_from


def _state(runner: Runner) -> dict[str, object]:
    """What ranks must have in common; weights where they are no shards of a model."""
    model, state = runner.model, {}
    if isinstance(runner._train_loop, BaseLoop):
        state |= dict(epoch=runner._train_loop.epoch, iteration=runner._train_loop.iter)
    if not is_model_wrapper(model) or isinstance(model, DistributedDataParallel):
        state['weights'] = hash_weights(dict(model.named_parameters()))[:SHOWN]
    return state
