"""Tools that clear up behind them when they are told to end."""
from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """Lets SIGTERM end a process as Ctrl-C does: what is half written goes, what is found is kept.

    Python by itself ends at once. That is as well where all is written in an instant, and better
    for the ranks of a job: one that waits for others in C runs no handler, and torchrun would wait
    for it.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
