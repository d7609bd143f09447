"""The one switch for files that are trusted, and the words for those that are not."""
from __future__ import annotations

import os

UNSAFE_SWITCH = 'MMLOFI_UNSAFE_LOAD'


def is_trusted() -> bool:
    """Whether files may run code, since MMLOFI_UNSAFE_LOAD=1 says so."""
    return os.environ.get(UNSAFE_SWITCH) == '1'


def refusal(source: str, found: str, mend: str = 'get another file') -> ValueError:
    """The error for a checkpoint that holds more than it may.

    Args:
        source: The checkpoint.
        found: What it holds.
        mend: What to do, beside trusting it.
    """
    return ValueError(
        f'{source} was not loaded, because it holds {found}; expected tensors, plain values and '
        f"the log histories of MMEngine, so that nothing of the file's author runs: {mend}, or, if "
        f'you trust them, set the environment variable {UNSAFE_SWITCH}=1')
