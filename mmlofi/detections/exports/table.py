"""Tables of what was found, for spreadsheets."""
from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The text of a csv file; no text in it is one that spreadsheets compute."""
    text = io.StringIO(newline='')
    table = csv.writer(text)
    table.writerow(columns)
    table.writerows([_cell(value) if isinstance(value, str) else value for value in row]
                    for row in rows)
    return text.getvalue()


def _cell(text: str) -> str:
    """With an apostrophe in front of `=HYPERLINK(…)`."""
    return f"'{text}" if text.startswith(('=', '+', '-', '@', '\t', '\r')) else text
