"""Each task in a process of its own: one that crashes takes no other with it."""
from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TypeVar

T, R = TypeVar('T'), TypeVar('R')


class Died(Exception):
    """A process that left no result, and how it ended."""


def run_apart(function: Callable[[T], R], tasks: Sequence[T], workers: int
              ) -> Iterator[tuple[T, R | BaseException]]:
    """Each task with what the function returned for it or raised, or `Died`, in the order of ends.

    A process costs 10 ms where it can be forked. Processes end with this one, whatever ends it, and
    with the iterator.

    Args:
        function: Of a task; what it returns or raises can be pickled.
        workers: Processes at a time.
    """
    methods = multiprocessing.get_all_start_methods()   # a spawned one imports torch for seconds
    context = multiprocessing.get_context('fork' if 'fork' in methods else 'spawn')
    running: dict[Connection, tuple[T, BaseProcess]] = {}
    waiting = list(reversed(tasks))
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                task = waiting.pop()
                results, sender = context.Pipe(duplex=False)
                process = context.Process(target=_run, args=(function, task, sender, os.getpid()),
                                          daemon=True)
                process.start()
                sender.close()   # so that the end of the process is the end of the pipe
                running[results] = task, process
            for results in wait(running):
                task, process = running.pop(results)
                yield task, _result(results, process)
    finally:
        for results, (_, process) in running.items():   # nobody waits for these
            process.terminate()
            process.join()
            results.close()


def _result(results: Connection, process: BaseProcess) -> object:
    try:
        found = results.recv()
    except EOFError:
        found = None
    results.close()
    process.join()
    if found is not None:
        return found[0]
    code = process.exitcode
    how = f'was killed by {signal.Signals(-code).name}' if code < 0 else f'ended with code {code}'
    return Died(f'its process {how}')


def _run(function: Callable[[T], R], task: T, sender: Connection, parent: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)   # what the parent does then is not for a worker
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        result = function(task)
    except Exception as error:   # the parent's to judge
        result = error
    sender.send([result])


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
