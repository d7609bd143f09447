"""How far a long piece of work is."""
from __future__ import annotations

import sys
import time
from datetime import timedelta


class ProgressLine:
    """Says on standard error how much is done and how long the rest will take.

    In a terminal the line is written over, elsewhere, as in a job's log, there is one each tenth.

    Args:
        what: Is counted, such as 'videos'.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._start = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` are done, which comes once for each."""
        in_terminal = sys.stderr.isatty()
        if not in_terminal and done * 10 // total == (done - 1) * 10 // total:
            return
        left = (time.monotonic() - self._start) / done * (total - done)
        text = f'{done} of {total} {self.what}, {timedelta(seconds=round(left))} left'
        if in_terminal:
            text = f'\r{text:50}'     # as wide as what it is written over
        print(text, end='' if in_terminal and done < total else '\n', file=sys.stderr, flush=True)
