"""Json that others wrote: how its bytes are read, and when a value in it is a number or a name.

Readers of annotations and of detections judge by the same functions, so that what is trained on and
what is scored is held to one rule.
"""
from __future__ import annotations

import contextlib
import gc
import json
import re
import reprlib
from collections import Counter
from collections.abc import Callable, Iterator

# Halves of surrogate pairs, by json's escapes, and what a terminal obeys (ESC and its kind).
_UNWRITABLE = re.compile('[\0-\x08\x0e-\x1f\x7f\x9b\ud800-\udfff]')


class Doubled(dict):
    """A json object that has a key more than once; as a dict it keeps the last value of each."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def repeats(self) -> dict[str, bool]:
        """The keys that come again, and whether with another value."""
        counts = Counter(key for key, _ in self.pairs)
        return {key: any(value != self[key] for name, value in self.pairs if name == key)
                for key, count in counts.items() if count > 1}


def parse_json(data: bytes, count_keys: Callable[[object], int] | None = None) -> object:
    """What json says; an object with a key more than once is a `Doubled`.

    A byte-order mark and UTF-16 are taken: spreadsheets and PowerShell write them.

    Args:
        data: A file's content.
        count_keys: How many keys there are in what was read, not one too many; for files of
            millions of objects. Where the file has no more colons, no key came twice, and the
            objects need not be looked at one by one, which takes a quarter of the time.

    Raises:
        ValueError: When it is no json, with the reason, which names no file.
    """
    if not data.strip():
        raise ValueError('it is empty')
    try:
        if count_keys is not None:
            content = json.loads(data)
            if count_keys(content) == data.count(b':'):   # which texts may have, too
                return content
        return json.loads(data, object_pairs_hook=_keep_repeats)
    except RecursionError:
        raise ValueError('it is nested too deeply') from None
    except ValueError as error:
        raise ValueError(f'{error}; it begins with {data[:40]!r}') from error


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Three times faster: the collector would go through a million fresh objects many times."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def repeated_keys(content: object, *, differing: bool = True) -> list[str]:
    """The keys of an object that come more than once with different, or with equal, values."""
    if not isinstance(content, Doubled):
        return []
    return [key for key, differs in content.repeats().items() if differs == differing]


def number(value: object) -> float:
    """A number, or a text that is one (HACS, THUMOS14); it need not be finite.

    Raises:
        ValueError: When it is neither; true and false are no numbers.
    """
    if type(value) is float:
        return value
    readable = isinstance(value, (int, float)) and not isinstance(value, bool) or (
        isinstance(value, str) and '_' not in value)   # 1_000 is Python's way of writing
    try:
        return float(value) if readable else _refuse(value)
    except (ValueError, OverflowError):                # of an integer of 400 digits
        return _refuse(value)


def pair(value: object) -> tuple[float, float]:
    """The start and end of a segment, which need not be in this order.

    Raises:
        ValueError: When it is no list of two numbers.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f'{brief(value)} is no pair [start, end]')
    return number(value[0]), number(value[1])


def text_fault(value: object) -> str | None:
    """Why something cannot be the name of a class, a video or a subset, or None."""
    if not isinstance(value, str):
        return f'{brief(value)} is no text'
    if not value.strip():
        return f'{value!r} is empty'
    if _UNWRITABLE.search(value):
        return f'{brief(value)} has characters that no name can have, of control'
    return None


def brief(value: object) -> str:
    """A value in a message: short, and however deep it is nested."""
    return _BRIEF.repr(value)


def _keep_repeats(pairs: list[tuple[str, object]]) -> dict:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Doubled(pairs)


def _refuse(value: object) -> float:
    raise ValueError(f'{brief(value)} is no number')


class _Brief(reprlib.Repr):
    repr_Doubled = reprlib.Repr.repr_dict

    def repr_int(self, value: int, level: int) -> str:
        try:
            return super().repr_int(value, level)
        except ValueError:   # Python writes numbers of up to 4,300 digits
            return 'a number of thousands of digits'


_BRIEF = _Brief()
_BRIEF.maxstring, _BRIEF.maxlevel = 80, 3
