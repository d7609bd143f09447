"""What a check of a data set comes to: by subset what it lacks, and what of it can be used."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from mmlofi.datasets.annotations import read_entries
from mmlofi.datasets.check import VideoCheck


def missing_classes(checks: Iterable[VideoCheck]) -> dict[str, list[str]]:
    """By subset, the classes that only other subsets have usable videos of."""
    having: dict[str, set[str]] = defaultdict(set)
    for one in checks:
        having[one.record.subset].update(() if one.errors else one.record.labels)
    every = {label for one in checks for label in one.record.labels}
    return {subset: sorted(every - classes) for subset, classes in having.items()
            if classes or len(having) == 1}       # one without annotations lacks none


def without_actions(checks: Iterable[VideoCheck]) -> dict[str, bool]:
    """The subsets without an action of any length, and whether they are for training."""
    subsets: dict[str, list[VideoCheck]] = defaultdict(list)
    for one in checks:
        subsets[one.record.subset].append(one)
    idle = [subset for subset, mine in subsets.items() if subset and not any(
        end > start for one in mine for start, end in one.record.segments_sec)]
    return {subset: subset.lower() in ('train', 'training') or any(
        one.source.training for one in subsets[subset]) for subset in idle}


def usable_entries(checks: Iterable[VideoCheck]) -> dict[str, dict]:
    """The entries of usable videos as their annotation files have them, by name.

    One of MMAction2's form, which has no subset, is given that which it was read as.
    """
    files: dict[str, dict] = {}
    for one in checks:
        if one.source.ann_file not in files:
            files[one.source.ann_file] = read_entries(one.source.ann_file).videos
    # A video in several subsets has no error in the last of them, so that names are unique.
    return {one.record.name: dict(subset=one.record.subset) |
            files[one.source.ann_file][one.record.name] for one in checks if not one.errors}
