"""A video and what was found in it, which the formats have to bring to others and back."""
from __future__ import annotations

import pytest
from exported_classes import CLASSES

from mmlofi.detections.exports.videos import ExportedVideo, Segment


@pytest.fixture
def found(numbered_video):
    """Ten seconds at ten frames a second; two that overlap, and one to the very end."""
    return ExportedVideo(numbered_video.stem, numbered_video.name, (
        Segment(0.0, 1.5, CLASSES[0], 0.9), Segment(1.0, 2.5, CLASSES[1], 0.25),
        Segment(3.0, 4.0, CLASSES[0], 0.5), Segment(8.0, 10.0, CLASSES[2], 0.7)), numbered_video)


@pytest.fixture
def unseen():
    """A video whose file nobody gave, and in which nothing was found."""
    return ExportedVideo('day/empty', 'day/empty.mp4', ())
