"""Says which of several files of detections a warning or an error is about."""
from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def about(path: str | os.PathLike) -> Iterator[None]:
    """Puts a path before what is warned of and raised inside, which names none by itself.

    Raises:
        ValueError: For one raised inside.

    Warns:
        UserWarning: Once for each different text.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            yield
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from error
    for text in dict.fromkeys(str(warning.message) for warning in caught):
        warnings.warn(f'{path}: {text}', stacklevel=3)
