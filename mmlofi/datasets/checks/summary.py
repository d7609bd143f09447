"""What a check of a data set comes to: by subset what it lacks, and what of it can be used."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mmlofi.datasets.annotations import read_entries
from mmlofi.datasets.checks.video_check import VideoCheck
from mmlofi.datasets.several_classes import SeveralClasses, mend, overlaps

WHOLE_VIDEO = ('VideoClassifier', 'ClassScoreFile')


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


class Labelling(NamedTuple):
    """What a subset's labels are like."""

    videos: SeveralClasses
    actions: int
    overlap_same: int     # actions that share time with another one of their class
    overlap_other: int    # and with one of another class

    def __str__(self) -> str:
        return (f'{self.videos}; of {self.actions} actions {self.overlap_same} overlap one of the '
                f'same class, {self.overlap_other} one of another')

    def counts(self) -> dict[str, int]:
        """As the report has them."""
        return dict(several_classes=self.videos.several, overlap_same_class=self.overlap_same,
                    overlap_other_class=self.overlap_other)


def labelling(checks: Iterable[VideoCheck]) -> dict[str, Labelling]:
    """By subset that has actions, how its videos and they share classes and time."""
    subsets: dict[str, list[VideoCheck]] = defaultdict(list)
    for one in checks:
        if one.record.labels:
            subsets[one.record.subset].append(one)
    found = {}
    for subset, mine in subsets.items():
        shared = [overlaps(one.record.segments_sec, one.record.labels) for one in mine]
        found[subset] = Labelling(
            SeveralClasses.of(one.record.labels for one in mine),
            sum(len(one.record.labels) for one in mine), *map(sum, zip(*shared)))
    return found


def warn_of_several_classes(labels: Mapping[str, Labelling], model: Mapping | None) -> str:
    """What to say where several classes a video are usual and scores are of the whole video.

    Args:
        labels: By subset.
        model: That of the config, if annotations are checked for one.
    """
    usual = [f'{subset or "(none)"} ({one.videos.several} of {one.videos.labelled} videos)'
             for subset, one in labels.items() if one.videos.usual]
    kind = WHOLE_VIDEO[0]
    if model is not None:
        kind = (model.get('class_scores') or {}).get('type')
        if kind not in WHOLE_VIDEO or (model.get('head') or {}).get('num_classes', 1) > 1:
            return ''       # the head labels its segments, or the classifier does
    return (f'\nwarning, several classes a video are usual in {", ".join(usual)}: class scores of '
            f'the whole video ({kind if model else ", ".join(WHOLE_VIDEO)}) give all of its '
            f'proposals the same; to score each: {mend(kind)}') if usual else ''


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
