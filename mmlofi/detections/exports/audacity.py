"""Detections as a label track of Audacity: start, end and class, between tabs.

(Manual of Audacity, "Importing and Exporting Labels": File > Import > Labels.)
"""
from __future__ import annotations

from mmlofi.detections.exports.videos import ExportedVideo


def to_audacity(video: ExportedVideo) -> str:
    """The text of one video's labels, which may overlap."""
    return ''.join(f'{start:.6f}\t{end:.6f}\t{" ".join(label.split())}\n'
                   for start, end, label, _ in video.segments)
