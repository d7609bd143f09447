"""What is known of the usual data sets: their numbers of videos, what does not count, how to score.

Each is told by its classes, so that any copy of its annotations is known for what it is.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple


class KnownSplit(NamedTuple):
    """Videos of a subset as published, and what is usually left of them."""

    videos: int
    note: str = ''


class Scoring(NamedTuple):
    """How a data set is usually scored: settings of `TALMetric`."""

    subset: str
    tious: str
    metric_type: str | tuple[str, ...] = 'mAP'


# ActivityNet-v1.3: its download page (activity-net.org/download.html, release 1.3); the smaller
# numbers are those of the annotation file that methods are compared on, without the videos that
# YouTube blocks.
# HACS: README of the authors' HACS-dataset, "Parsing segments", of v1.1.1 (2020), and before it of
# v1.1 (2019). THUMOS14: Idrees et al., 2017; the smaller number is that of the ground truth which
# G-TAD's authors score on. MultiTHUMOS: Yeung et al., 2018, and its numbered json. Charades:
# Sigurdsson et al., 2016. EPIC-Kitchens-100: Damen et al., 2022, table 1. Ego4D: Grauman et al.,
# 2022, moments queries. FineAction: Liu et al., 2022, section III.
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
        'testing': KnownSplit(213, '210 in the ground truth that G-TAD is scored on')},
    'MultiTHUMOS': {
        'training': KnownSplit(200, "THUMOS14's own validation videos"),
        'testing': KnownSplit(213)},
    'Charades': {
        'training': KnownSplit(7_985),
        'testing': KnownSplit(1_863)},
    'EPIC-Kitchens-100': {
        'training': KnownSplit(495),
        'validation': KnownSplit(138),
        'testing': KnownSplit(67, 'not annotated')},
    'Ego4D-MQ': {
        'training': KnownSplit(1_486, 'clips of v1'),
        'validation': KnownSplit(521, 'clips of v1'),
        'testing': KnownSplit(481, 'clips of v1, not annotated')},
    'FineAction': {
        'training': KnownSplit(8_440),
        'validation': KnownSplit(4_174),
        'testing': KnownSplit(4_118, 'not annotated')}}
OTHER_NAMES = {
    'THUMOS14': {'train': 'training', 'validation': 'training', 'test': 'testing'},
    'MultiTHUMOS': {'train': 'training', 'validation': 'training', 'test': 'testing'},
    'Charades': {'train': 'training', 'validation': 'testing', 'test': 'testing'},
    'EPIC-Kitchens-100': {'train': 'training', 'val': 'validation', 'test': 'testing'},
    'Ego4D-MQ': {'train': 'training', 'val': 'validation', 'test': 'testing'}}
# ActivityNet, HACS and FineAction: ten tIoUs, by ActivityNet's code. THUMOS14, EPIC and Ego4D: as
# ActionFormer has them, where Ego4D's recall is `Recall@1x@0.50`, that at tIoU 0.5. MultiTHUMOS and
# Charades: as OpenTAD has them.
SCORING: Mapping[str, Scoring] = {
    'ActivityNet-v1.3': Scoring('validation', '0.5:0.95:0.05'),
    'HACS-v1.1': Scoring('validation', '0.5:0.95:0.05'),
    'THUMOS14': Scoring('testing', '0.3:0.7:0.1'),
    'MultiTHUMOS': Scoring('testing', '0.1:0.9:0.1'),
    'Charades': Scoring('testing', '0.1:0.9:0.1'),
    'EPIC-Kitchens-100': Scoring('validation', '0.1:0.5:0.1'),
    'Ego4D-MQ': Scoring('validation', '0.1:0.5:0.1', ('mAP', 'Recall@1x')),
    'FineAction': Scoring('validation', '0.5:0.95:0.05')}
# THUMOS14's evaluation neither counts these segments as truth nor what is found in them as false.
IGNORED: Mapping[str, tuple[str, ...]] = {'THUMOS14': ('Ambiguous',)}

# Classes that tell a data set, by name or where only numbers were left, and how many it has at
# most; a subset need not have all.
_TELLING = (
    ('MultiTHUMOS', 65, {'CricketBowling', 'VolleyballSpiking', 'BasketballDribble'}),
    ('MultiTHUMOS', 65, {str(number) for number in range(1, 66)}),
    ('Charades', 157, {'Holding some clothes', 'Closing a door'}),
    ('Charades', 157, {'c000', 'c092', 'c147'}),
    ('EPIC-Kitchens-100', 97, {'take', 'put', 'turn-on', 'turn-off', 'scoop'}),
    ('EPIC-Kitchens-100', 300, {'board:chopping', 'liquid:washing', 'cupboard'}),
    ('Ego4D-MQ', 110, {'use_phone', 'clean_/_wipe_other_surface_or_object'}))


def recognize(classes: Collection[str], num_videos: int) -> str | None:
    """Which of the known data sets this is, by its classes; ActivityNet and HACS share theirs."""
    names = set(classes)
    if len(names) in (20, 21) and {'CricketBowling', 'VolleyballSpiking'} <= names:
        return 'THUMOS14'
    if len(names) == 200 and {'Plataform diving', 'Polishing forniture'} <= names:
        return 'HACS-v1.1' if num_videos > 25_000 else 'ActivityNet-v1.3'
    if len(names) == 106 and num_videos > 4_000:   # the only one of so many classes
        return 'FineAction'
    return next((dataset for dataset, most, telling in _TELLING
                 if len(names) <= most and telling <= names), None)


def known_split(dataset: str | None, subset: str) -> KnownSplit | None:
    """What is known of a subset, by whichever of its usual names."""
    name = subset.lower()
    return KNOWN.get(dataset, {}).get(OTHER_NAMES.get(dataset, {}).get(name, name))


def known_to_ignore(classes: Collection[str], num_videos: int) -> tuple[str, ...]:
    """The classes that do not count in the data set that has these ones, if it is known."""
    return IGNORED.get(recognize(classes, num_videos), ())
