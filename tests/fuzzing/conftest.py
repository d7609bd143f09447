"""A limit of time for each input."""
from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest


@pytest.fixture
def time_limit() -> Callable[[float], AbstractContextManager]:
    """Gives `with time_limit(SECONDS):`, after which a test fails that still goes on."""
    @contextmanager
    def limit(seconds: float) -> Iterator[None]:
        def stop(*_: object) -> None:
            raise AssertionError(f'it hangs: more than {seconds} s')
        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    return limit
