"""Several sets of predictions, as command lines name them: [NAME=]FILE."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mmlofi.detections.predictions import Detections, load_detections


def named_files(texts: Iterable[str]) -> dict[str, str]:
    """The file of each set: 'lofi.json' of 'LoFi=lofi.json'; a bare file is called by its name.

    Raises:
        ValueError: When two have the same name.
    """
    files = {}
    for text in texts:
        name, equals, path = text.partition('=')
        if not equals or Path(text).exists():
            name, path = Path(text).name.removesuffix('.gz').removesuffix('.json'), text
        if name in files:
            raise ValueError(f'two sets of predictions are called {name!r}; expected different '
                             'names: write NAME=FILE')
        files[name] = path
    return files


def load_named(texts: Iterable[str]) -> dict[str, Detections]:
    """The detections of each set.

    Raises:
        FileNotFoundError, ValueError: As `named_files` and `load_detections`.
    """
    return {name: load_detections(path) for name, path in named_files(texts).items()}
