"""Runs a function on two gloo ranks, which are forks of this process: nothing is imported anew."""
from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import distributed

RANKS = 2


def on_two_ranks(function: Callable, folder: Path, *args: object) -> list:
    """What `function(rank, *args)` returns on each; of an error its type's name and words."""
    context = get_context('fork')
    answers = context.SimpleQueue()
    meeting = folder / f'meeting_{os.urandom(4).hex()}'
    processes = [context.Process(target=_run, args=(function, rank, meeting, answers, args))
                 for rank in range(RANKS)]
    for process in processes:
        process.start()
    found = dict(answers.get() for _ in processes)
    for process in processes:
        process.join(600)
    return [found[rank] for rank in range(RANKS)]


def _run(function: Callable, rank: int, meeting: Path, answers: object, args: tuple) -> None:
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(RANKS), LOCAL_RANK=str(rank))
    distributed.init_process_group('gloo', init_method=f'file://{meeting}', rank=rank,
                                   world_size=RANKS, timeout=timedelta(seconds=600))
    try:
        answer = function(rank, *args)
        distributed.barrier()
    except Exception as error:
        traceback.print_exc()
        answer = f'{type(error).__name__}: {error}'
    answers.put((rank, answer))
    os._exit(0)   # no exit handlers of the tests' process
