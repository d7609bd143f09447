"""Tables of text, as `tools/plan.py` prints them."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

WORDS = ('fidelity', 'fits', 'costs', 'option')   # columns that are no numbers
GIB = 2**30


def gib(size: int) -> str:
    return f'{size / GIB:.2f}'


def aligned(table: Sequence[list[str] | str]) -> list[str]:
    """Columns of equal width, numbers to the right; lines of text stay as they are."""
    rows = [row for row in table if not isinstance(row, str)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    words = [name in WORDS for name in rows[0]]
    return [row if isinstance(row, str) else '  '.join(
        cell.ljust(width) if left else cell.rjust(width)
        for cell, width, left in zip(row, widths, words)).rstrip() for row in table]


def span(values: Iterable[int]) -> str:
    """The value, or the smallest and largest of several."""
    values = sorted(set(values))
    return f'{values[0]:,}' if len(values) == 1 else f'{values[0]:,}-{values[-1]:,}'
