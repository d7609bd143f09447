"""Sees that the labels of a data set are such as can be learned."""
from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from mmengine.logging import print_log

from mmlofi.datasets.annotations import VideoRecord, alike


def refuse_no_actions(records: Sequence[VideoRecord], ann_file: str,
                      subset: str | Sequence[str]) -> None:
    """Refuses to train on what labels nothing.

    Raises:
        ValueError: When no segment has a length.
    """
    if not any(end > start for record in records for start, end in record.segments_sec):
        raise ValueError(f'{ann_file} labels no action in any of the {len(records)} '
                         f'videos of subset {subset!r}; expected some to train on: set '
                         '`ann_file` and `subset` to what has "annotations", or test_mode=True '
                         'where nothing is trained')


def refuse_missing_file(classes: Sequence[str] | str | None) -> None:
    """Refuses the path of a file of class names, which MMEngine reads where it is there.

    Raises:
        FileNotFoundError: For a path.
    """
    if isinstance(classes, str):
        raise FileNotFoundError(
            f'no file of class names at {classes!r}; expected the names, or a text file with one '
            'a line, in the order of the labels: correct metainfo.classes')


def refuse_unknown_classes(records: Sequence[VideoRecord], classes: Collection[str],
                           ann_file: str, subset: str | Sequence[str]) -> None:
    """Refuses labels outside the classes.

    Raises:
        ValueError: With the first few.
    """
    unknown = sorted({label for record in records for label in record.labels
                      if label not in classes})
    if unknown:
        raise ValueError(f'{ann_file} labels actions as {unknown[:5]} ({len(unknown)} '
                         f'unknown classes in subset {subset!r}); expected the '
                         f'{len(classes)} of metainfo.classes: add them there, or correct '
                         'the annotations')


def tell_of_doubtful(records: Sequence[VideoRecord], classes: Sequence[str], ann_file: str,
                     subset: str | Sequence[str]) -> None:
    """Logs segments of no length, and classes whose names are hardly different."""
    empty = sum(end <= start for record in records for start, end in record.segments_sec)
    if empty:
        print_log(f'{ann_file}: {empty} segments of {subset} have no length and do '
                  'not take part in training', logger='current')
    for names in alike(classes):
        print_log(f'{ann_file}: the classes {names} differ by case or spaces alone and '
                  'are learned as different ones; if they are not, correct the annotations',
                  logger='current', level=logging.WARNING)
