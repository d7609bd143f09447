"""Checks folders of pictures by what will open them, for the check of a data set."""
from __future__ import annotations

import json
from functools import cache

from mmlofi.datasets.checks.video_check import VideoCheck
from mmlofi.datasets.transforms import OpenFrames
from mmlofi.datasets.videos.facts import FolderFacts

SHOWN = 3   # pictures in a fault


def check_folder(one: VideoCheck, facts: FolderFacts, *, every: bool) -> None:
    """Notes how long the video is, and what is wrong with its pictures.

    Args:
        facts: What the folder is, of which the first picture was decoded.
        every: Whether all pictures are.
    """
    opener = opener_of(one.source.opener)
    try:
        one.duration_sec = opener.time_axis(
            dict(filename=one.filename, duration_sec=one.record.duration_sec),
            facts.total_frames)['duration_sec']
    except ValueError as error:
        one.faults.append(('unreadable', str(error).partition(';')[0]))
    bad = opener.find_bad_pictures(one.filename, facts.total_frames) if every else []
    if bad:
        one.faults.append(('bad pictures', f'{len(bad)} of {facts.total_frames}: '
                                           f'{"; ".join(bad[:SHOWN])}{"; …" * (len(bad) > SHOWN)}'))


@cache
def opener_of(settings: str) -> OpenFrames:
    """The transform that opens folders, of the json of its settings."""
    return OpenFrames(**json.loads(settings))
