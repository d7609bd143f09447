"""One input of a fuzzer: it has seconds, and a failure names its seed."""
from __future__ import annotations

import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HANGS_SEC = 600     # by the clock


@contextmanager
def timed_case(seed: int, shown: object = '', *, seconds: float = 5) -> Iterator[None]:
    """Fails with the seed and what is shown of the input when the block fails or takes longer.

    The seconds are those of this process, whatever else the machine has to do. Where it hangs
    without work, or in a library's own code, where no signal is answered, the process is ended.
    """
    def stop(*_: object) -> None:
        raise AssertionError(f'it takes more than {seconds} s of the processor')
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    faulthandler.dump_traceback_later(HANGS_SEC, exit=True)
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:   # the latter is none of the former
        raise AssertionError(f'seed {seed}: {type(error).__name__}: {error}\n{shown!r:.2000}'
                             ) from error
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def assert_named(error: Exception, path: Path) -> None:
    """Sees that an error names the file, and says what was expected."""
    assert str(path) in str(error), error
    assert 'expected' in str(error), error
