"""The ground truth that detections are scored against, and how command lines name it."""
from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from mmlofi.datasets.annotations import VideoRecord, load_annotations, load_class_names


def load_ground_truth(path: str | os.PathLike, subset: str | Sequence[str] | None = None, *,
                      ignore: str | Sequence[str] | None = None,
                      backend_args: dict | None = None) -> list[VideoRecord]:
    """Reads the videos of a subset, as `load_annotations` does.

    Args:
        ignore: Classes that do not count, all of which the file has to have. None: those of the
            data set, if it is known (THUMOS14's `Ambiguous`); () for none.
        backend_args: The MMEngine file backend that has the file; None reads from disk.

    Raises:
        FileNotFoundError, ValueError: As `load_annotations`, and for a class to ignore that the
            file does not have.
    """
    if ignore:
        names = load_class_names(path, backend_args, ignore=())
        asked = [ignore] if isinstance(ignore, str) else ignore
        unknown = sorted(set(asked).difference(names))
        if unknown:
            raise ValueError(f'asked to ignore the classes {unknown}, which {path} does not have; '
                             f'expected some of {list(names[:5])}, …: correct the names')
    return load_annotations(path, subset, backend_args, ignore)


def add_ground_truth(parser: argparse.ArgumentParser) -> None:
    """Adds the annotations that detections are held against, for `read_ground_truth`."""
    parser.add_argument('ground_truth', help="annotations in ActivityNet's format")
    parser.add_argument('--subset', default='validation', help='subset of the annotations')
    parser.add_argument('--ignore-classes', nargs='*', metavar='CLASS',
                        help='classes that are neither truth nor, where detections overlap their '
                             "segments, false; default: THUMOS14's Ambiguous; without names: none")


def read_ground_truth(args: argparse.Namespace) -> list[VideoRecord]:
    """The videos that a command line names.

    Raises:
        FileNotFoundError, ValueError: As `load_ground_truth`.
    """
    return load_ground_truth(args.ground_truth, args.subset, ignore=args.ignore_classes)
