"""What the command lines of tools that score detections have in common."""
from __future__ import annotations

import argparse

from mmlofi.datasets.annotations import VideoRecord, load_annotations

RESAMPLES = 1000   # of a bootstrap


def add_ground_truth(parser: argparse.ArgumentParser) -> None:
    """Adds the annotations that detections are held against, for `read_ground_truth`."""
    parser.add_argument('ground_truth', help="annotations in ActivityNet's format")
    add_subset(parser)


def add_subset(parser: argparse.ArgumentParser) -> None:
    """Adds what of the ground truth counts."""
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


def add_bootstrap(parser: argparse.ArgumentParser) -> None:
    """Adds the number of resamples; None where they are not asked for."""
    parser.add_argument('--bootstrap', type=int, nargs='?', const=RESAMPLES, metavar='N',
                        help='how sure the average mAP is: its interval over N resamples of the '
                             f'videos; default {RESAMPLES}')
