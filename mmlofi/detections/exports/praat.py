"""Detections as a TextGrid of Praat, written by pympi-ling.

The interval tier `detections` has the classes; those that overlap are on further ones, `detections
2`, …, as intervals of a tier do not overlap. Times are seconds (manual of Praat, TextGrid file
formats).
"""
from __future__ import annotations

from pathlib import Path

from mmlofi.datasets.annotations.labelling.elan import pympi_eaf
from mmlofi.detections.exports.elan import TIER
from mmlofi.detections.exports.videos import ExportedVideo, lanes
from mmlofi.files import whole_file


def write_textgrid(video: ExportedVideo, path: Path) -> None:
    """Writes the tiers of one video.

    Raises:
        ImportError: Without pympi.
    """
    pympi_eaf()    # says what to install
    from pympi import Praat
    grid = Praat.TextGrid(xmin=0, xmax=video.duration_sec)
    for number, lane in enumerate(lanes(video.segments) or [[]], start=1):
        tier = grid.add_tier(TIER if number == 1 else f'{TIER} {number}')
        for segment in lane:
            tier.add_interval(segment.start_sec, segment.end_sec, segment.label)
    with whole_file(path) as partial:
        grid.to_file(partial)
