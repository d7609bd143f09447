"""The ground truth that detections are scored against, and how command lines name it."""
from __future__ import annotations

import argparse

from mmlofi.datasets.annotations import VideoRecord, load_annotations


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
        FileNotFoundError, ValueError: As `load_annotations`.
    """
    return load_annotations(args.ground_truth, args.subset, ignore=args.ignore_classes)
