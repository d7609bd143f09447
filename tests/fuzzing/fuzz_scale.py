"""How many inputs the fuzzers try: the environment variable MMLOFI_FUZZ multiplies them."""
from __future__ import annotations

import os


def scaled(count: int) -> int:
    """`count` inputs, times MMLOFI_FUZZ (1 where it is not set)."""
    return count * int(os.environ.get('MMLOFI_FUZZ', '1'))
