"""What is known of the usual data sets: how many videos they have, which classes do not count."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple


class KnownSplit(NamedTuple):
    """Videos of a subset as published, and what is usually left of them."""

    videos: int
    note: str = ''


# ActivityNet-v1.3: its download page (activity-net.org/download.html, release 1.3); the smaller
# numbers are those of the annotation file that methods are compared on, without the videos that
# YouTube blocks.
# HACS: README of the authors' HACS-dataset, "Parsing segments", of v1.1.1 (2020), and before it of
# v1.1 (2019). THUMOS14: Idrees et al., 2017; the smaller number is that of the ground truth which
# G-TAD's authors score on.
KNOWN: Mapping[str, Mapping[str, KnownSplit]] = {
    'ActivityNet-v1.3': {
        'training': KnownSplit(10_024, '9,649 with the blocked ones removed'),
        'validation': KnownSplit(4_926, '4,728 with the blocked ones removed'),
        'testing': KnownSplit(5_044, 'not annotated')},
    'HACS-v1.1': {
        'training': KnownSplit(37_613, '37,618 before v1.1.1'),
        'validation': KnownSplit(5_981, '5,982 before v1.1.1'),
        'testing': KnownSplit(5_987, 'not annotated; 5,988 before v1.1.1')},
    'THUMOS14': {
        'training': KnownSplit(200, "THUMOS14's own validation videos"),
        'testing': KnownSplit(213, '210 in the ground truth that G-TAD is scored on')}}
OTHER_NAMES = {'THUMOS14': {'train': 'training', 'validation': 'training', 'test': 'testing'}}
# THUMOS14's evaluation neither counts these segments as truth nor what is found in them as false.
IGNORED: Mapping[str, tuple[str, ...]] = {'THUMOS14': ('Ambiguous',)}


def recognize(classes: Collection[str], num_videos: int) -> str | None:
    """Which of the known data sets this is, by its classes; ActivityNet and HACS share theirs."""
    names = set(classes)
    if len(names) in (20, 21) and {'CricketBowling', 'VolleyballSpiking'} <= names:
        return 'THUMOS14'
    if len(names) == 200 and {'Plataform diving', 'Polishing forniture'} <= names:
        return 'HACS-v1.1' if num_videos > 25_000 else 'ActivityNet-v1.3'
    return None


def known_split(dataset: str | None, subset: str) -> KnownSplit | None:
    """What is known of a subset, by whichever of its usual names."""
    name = subset.lower()
    return KNOWN.get(dataset, {}).get(OTHER_NAMES.get(dataset, {}).get(name, name))


def known_to_ignore(classes: Collection[str], num_videos: int) -> tuple[str, ...]:
    """The classes that do not count in the data set that has these ones, if it is known."""
    return IGNORED.get(recognize(classes, num_videos), ())
